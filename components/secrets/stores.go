package secrets

import (
	"cmp"
	"maps"

	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/workload"
)

// ClusterStore leads to Secrets in another namespace of the same cluster, where somebody keeps them.
type ClusterStore struct {
	// Namespace is where they are.
	Namespace string
	// Prefix starts the names of Secrets: PREFIX-WORKLOAD.
	Prefix string
	// Entries are their names by workload, where they differ.
	Entries map[string]string
}

// Provider asks the API server, in the account's own name.
func (c ClusterStore) Provider(account string) pulumi.Map {
	return pulumi.Map{"kubernetes": pulumi.Map{
		"remoteNamespace": pulumi.String(c.Namespace),
		"server": pulumi.Map{"caProvider": pulumi.Map{
			// In every namespace, by Kubernetes: https://kubernetes.io/docs/concepts/configuration/configmap/.
			"type": pulumi.String("ConfigMap"), "name": pulumi.String("kube-root-ca.crt"), "key": pulumi.String("ca.crt"),
		}},
		"auth": pulumi.Map{"serviceAccount": pulumi.Map{"name": pulumi.String(account)}},
	}}
}

// Entry is a Secret's name.
func (c ClusterStore) Entry(of string) string {
	return cmp.Or(c.Entries[of], workload.Name(workload.MaxLabel, c.Prefix, of))
}

// Prepare lets the account read those Secrets, and no other.
func (c ClusterStore) Prepare(
	e *External, child []pulumi.ResourceOption, workloads []string,
) ([]pulumi.Resource, error) {
	names := pulumi.StringArray{}
	for _, of := range workloads {
		names = append(names, pulumi.String(c.Entry(of)))
	}
	const group = "rbac.authorization.k8s.io"
	id := e.id()
	// Two environments may read from one namespace.
	called := workload.Name(workload.MaxLabel, id.PartOf, "secrets")
	meta := metav1.ObjectMetaArgs{
		Name: pulumi.String(called), Namespace: pulumi.String(c.Namespace), Labels: workload.StringMap(id.Labels()),
	}
	rule := pulumi.Map{
		"apiGroups": pulumi.ToStringArray([]string{""}), "resources": pulumi.ToStringArray([]string{"secrets"}),
		"verbs": pulumi.ToStringArray([]string{"get"}), "resourceNames": names,
	}
	role, err := workload.Object(e.ctx, e.name+"-role", group+"/v1", "Role", meta,
		pulumi.Map{"rules": pulumi.Array{rule}}, child...)
	if err != nil {
		return nil, err
	}
	bound, err := workload.Object(e.ctx, e.name+"-role-binding", group+"/v1", "RoleBinding", meta, pulumi.Map{
		"roleRef": pulumi.StringMap{
			"apiGroup": pulumi.String(group), "kind": pulumi.String("Role"), "name": pulumi.String(called),
		},
		"subjects": pulumi.Array{pulumi.StringMap{
			"kind": pulumi.String("ServiceAccount"), "name": pulumi.String(Account),
			"namespace": pulumi.String(id.Namespace),
		}},
	}, child...)
	return []pulumi.Resource{role, bound}, err
}

// Provider logs in to Vault by the Kubernetes method.
func (v Server) Provider(account string) pulumi.Map {
	vault := pulumi.Map{
		"server": pulumi.String(v.Address), "path": pulumi.String(v.Mount), "version": pulumi.String("v2"),
		"auth": pulumi.Map{"kubernetes": pulumi.Map{
			"mountPath": pulumi.String(v.Auth), "role": pulumi.String(v.Role),
			"serviceAccountRef": pulumi.Map{
				"name": pulumi.String(account), "audiences": pulumi.ToStringArray([]string{v.Audience}),
			},
		}},
	}
	if v.Authority != "" {
		maps.Copy(vault, pulumi.Map{"caProvider": pulumi.Map{
			"type": pulumi.String("Secret"), "name": pulumi.String(v.Authority), "key": pulumi.String("ca.crt"),
		}})
	}
	return pulumi.Map{"vault": vault}
}

// Prepare does nothing: see [Server.Commands].
func (v Server) Prepare(*External, []pulumi.ResourceOption, []string) ([]pulumi.Resource, error) {
	return nil, nil
}
