package kubernetes

import (
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// immutable lists the fields of a kind whose change replaces the object, beside its name and namespace. A field names
// everything under it; "*" is any element of a list. They are those of pulumi-kubernetes,
// provider/pkg/provider/diff.go (forceNew). A PodDisruptionBudget was replaced in policy/v1beta1 alone, and of a
// PersistentVolumeClaim the requested size is not listed: both are updated.
func immutable(object *unstructured.Unstructured, s settings) []string {
	gvk := object.GroupVersionKind()
	switch gvk.Group + "/" + gvk.Kind {
	case "apps/Deployment", "apps/DaemonSet":
		return []string{"spec.selector"}
	case "apps/StatefulSet":
		return []string{
			"spec.podManagementPolicy", "spec.revisionHistoryLimit", "spec.selector", "spec.serviceName",
			"spec.volumeClaimTemplates",
		}
	case "batch/Job":
		return []string{"spec.completions", "spec.parallelism", "spec.selector", "spec.template"}
	case "rbac.authorization.k8s.io/RoleBinding", "rbac.authorization.k8s.io/ClusterRoleBinding":
		return []string{"roleRef"}
	case "storage.k8s.io/StorageClass":
		return []string{"parameters", "provisioner"}
	case "policy/PodDisruptionBudget":
		if gvk.Version == "v1beta1" {
			return []string{"spec"}
		}
	case "/ConfigMap":
		if !s.configMapMutable || object.Object["immutable"] == true {
			return []string{"binaryData", "data"}
		}
	case "/Secret":
		if !s.secretMutable || object.Object["immutable"] == true {
			return []string{"data", "stringData", "type"}
		}
		return []string{"type"}
	case "/PersistentVolumeClaim":
		return []string{"spec.accessModes", "spec.selector", "spec.storageClassName", "spec.volumeName"}
	case "/PersistentVolume":
		return sources()
	case "/ResourceQuota":
		return []string{"spec.scopes"}
	case "/Service":
		return []string{"spec.clusterIP"}
	case "/Pod":
		return podFields()
	}
	return nil
}

// sources are the fields of a PersistentVolume that say where its bytes are.
func sources() []string {
	return []string{
		"spec.awsElasticBlockStore", "spec.azureDisk", "spec.azureFile", "spec.cephfs", "spec.cinder", "spec.csi", "spec.fc",
		"spec.flexVolume", "spec.flocker", "spec.gcePersistentDisk", "spec.glusterfs", "spec.hostPath", "spec.iscsi",
		"spec.local", "spec.nfs", "spec.photonPersistentDisk", "spec.portworxVolume", "spec.quobyte", "spec.rbd",
		"spec.scaleIO", "spec.storageos", "spec.vsphereVolume",
	}
}

// podFields are the fields of a Pod, and of its containers, that replace it.
func podFields() []string {
	fields := []string{
		"spec.affinity", "spec.automountServiceAccountToken", "spec.dnsConfig", "spec.dnsPolicy", "spec.enableServiceLinks",
		"spec.hostAliases", "spec.hostIPC", "spec.hostNetwork", "spec.hostPID", "spec.hostname", "spec.imagePullSecrets",
		"spec.nodeName", "spec.nodeSelector", "spec.overhead", "spec.preemptionPolicy", "spec.priority",
		"spec.priorityClassName", "spec.readinessGates", "spec.restartPolicy", "spec.runtimeClassName", "spec.schedulerName",
		"spec.securityContext", "spec.serviceAccount", "spec.serviceAccountName", "spec.shareProcessNamespace",
		"spec.subdomain", "spec.terminationGracePeriodSeconds", "spec.volumes",
	}
	for _, list := range []string{"spec.containers.*.", "spec.initContainers.*."} {
		for _, field := range []string{
			"args", "command", "env", "image", "imagePullPolicy", "lifecycle", "livenessProbe", "ports", "readinessProbe",
			"resources", "securityContext", "stdin", "stdinOnce", "terminationMessagePath", "terminationMessagePolicy", "tty",
			"volumeDevices", "volumeMounts", "workingDir",
		} {
			fields = append(fields, list+field)
		}
	}
	return fields
}

// covers reports whether a change at path touches the field.
func covers(field string, path resource.PropertyPath) bool {
	keys := strings.Split(field, ".")
	if len(path) < len(keys) {
		return false
	}
	for i, key := range keys {
		if key == "*" {
			if _, index := path[i].(int); !index {
				return false
			}
		} else if path[i] != key {
			return false
		}
	}
	return true
}
