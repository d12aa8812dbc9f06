package kubernetes

import (
	"context"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// clusterScoped reports whether a kind of Kubernetes itself has no namespace, and whether the kind is one of
// Kubernetes. It answers where no cluster can be asked: in a preview whose cluster is still to be made.
func clusterScoped(kind schema.GroupVersionKind) (scoped, builtIn bool) {
	switch kind.Group + "/" + kind.Kind {
	case "/ComponentStatus", "/Namespace", "/Node", "/PersistentVolume",
		"admissionregistration.k8s.io/MutatingAdmissionPolicy", "admissionregistration.k8s.io/MutatingAdmissionPolicyBinding",
		"admissionregistration.k8s.io/MutatingWebhookConfiguration", "admissionregistration.k8s.io/ValidatingAdmissionPolicy",
		"admissionregistration.k8s.io/ValidatingAdmissionPolicyBinding",
		"admissionregistration.k8s.io/ValidatingWebhookConfiguration",
		"apiextensions.k8s.io/CustomResourceDefinition", "apiregistration.k8s.io/APIService",
		"authentication.k8s.io/SelfSubjectReview", "authentication.k8s.io/TokenReview",
		"authorization.k8s.io/SelfSubjectAccessReview", "authorization.k8s.io/SelfSubjectRulesReview",
		"authorization.k8s.io/SubjectAccessReview",
		"certificates.k8s.io/CertificateSigningRequest", "certificates.k8s.io/ClusterTrustBundle",
		"flowcontrol.apiserver.k8s.io/FlowSchema", "flowcontrol.apiserver.k8s.io/PriorityLevelConfiguration",
		"internal.apiserver.k8s.io/StorageVersion",
		"networking.k8s.io/IPAddress", "networking.k8s.io/IngressClass", "networking.k8s.io/ServiceCIDR",
		"node.k8s.io/RuntimeClass",
		"rbac.authorization.k8s.io/ClusterRole", "rbac.authorization.k8s.io/ClusterRoleBinding",
		"resource.k8s.io/DeviceClass", "resource.k8s.io/DeviceTaintRule", "resource.k8s.io/ResourceSlice",
		"scheduling.k8s.io/PriorityClass",
		"storage.k8s.io/CSIDriver", "storage.k8s.io/CSINode", "storage.k8s.io/StorageClass",
		"storage.k8s.io/VolumeAttachment", "storage.k8s.io/VolumeAttributesClass",
		"storagemigration.k8s.io/StorageVersionMigration":
		return true, true
	}
	return false, isBuiltIn(kind.Group)
}

// isBuiltIn reports whether a group is one that an API server of Kubernetes serves by itself.
func isBuiltIn(group string) bool {
	switch group {
	case "", "admissionregistration.k8s.io", "apiextensions.k8s.io", "apiregistration.k8s.io", "apps",
		"authentication.k8s.io", "authorization.k8s.io", "autoscaling", "batch", "certificates.k8s.io",
		"coordination.k8s.io", "discovery.k8s.io", "events.k8s.io", "extensions", "flowcontrol.apiserver.k8s.io",
		"internal.apiserver.k8s.io", "networking.k8s.io", "node.k8s.io", "policy", "rbac.authorization.k8s.io",
		"resource.k8s.io", "scheduling.k8s.io", "storage.k8s.io", "storagemigration.k8s.io":
		return true
	}
	return false
}

// namespaced reports whether objects of a kind have a namespace. A custom kind that is not known yet is taken to have
// one, unless a definition that this program is to create says otherwise.
func (s *server) namespaced(ctx context.Context, kind schema.GroupVersionKind) bool {
	if scoped, builtIn := clusterScoped(kind); builtIn {
		return !scoped
	}
	if scope, ok := s.definitions.Load(kind.GroupKind()); ok {
		return scope != "Cluster"
	}
	if c, err := s.connect(ctx); err == nil {
		if mapping, err := c.mapping(kind); err == nil {
			return mapping.Scope.Name() == "namespace"
		}
	}
	return true
}
