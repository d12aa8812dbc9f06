package secrets

import (
	"cmp"
	"fmt"
	"maps"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
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
	var names []string
	for _, of := range workloads {
		names = append(names, c.Entry(of))
	}
	// Two environments may read from one namespace.
	return c.allow(e, e.name, workload.Name(workload.MaxLabel, e.id().PartOf, "secrets"), names, child...)
}

// allow lets the account read Secrets of those names: by a Role with a name of its own in their namespace.
func (c ClusterStore) allow(
	e *External, name, called string, secrets []string, opts ...pulumi.ResourceOption,
) ([]pulumi.Resource, error) {
	if len(secrets) == 0 {
		return nil, nil // Without names it would be all of them.
	}
	const group = "rbac.authorization.k8s.io"
	id := e.id()
	meta := c.meta(id, called)
	rule := pulumi.Map{
		"apiGroups": pulumi.ToStringArray([]string{""}), "resources": pulumi.ToStringArray([]string{"secrets"}),
		"verbs": pulumi.ToStringArray([]string{"get"}), "resourceNames": pulumi.ToStringArray(secrets),
	}
	role, err := workload.Object(e.ctx, name+"-role", group+"/v1", "Role", meta,
		pulumi.Map{"rules": pulumi.Array{rule}}, opts...)
	if err != nil {
		return nil, err
	}
	bound, err := workload.Object(e.ctx, name+"-role-binding", group+"/v1", "RoleBinding", meta, pulumi.Map{
		"roleRef": pulumi.StringMap{
			"apiGroup": pulumi.String(group), "kind": pulumi.String("Role"), "name": pulumi.String(called),
		},
		"subjects": pulumi.Array{pulumi.StringMap{
			"kind": pulumi.String("ServiceAccount"), "name": pulumi.String(Account),
			"namespace": pulumi.String(id.Namespace),
		}},
	}, opts...)
	return []pulumi.Resource{role, bound}, err
}

// meta is the metadata of an object in the store's namespace.
func (c ClusterStore) meta(id workload.ID, called string) metav1.ObjectMetaArgs {
	return metav1.ObjectMetaArgs{
		Name: pulumi.String(called), Namespace: pulumi.String(c.Namespace), Labels: workload.StringMap(id.Labels()),
	}
}

// Write makes a Secret in the store's namespace, PREFIX-SECRET, with a Role for it alone.
func (c ClusterStore) Write(
	e *External, name string, args *Kept, opts ...pulumi.ResourceOption,
) (string, []pulumi.Resource, error) {
	entry := workload.Name(workload.MaxLabel, c.Prefix, args.Secret)
	made, err := corev1.NewSecret(e.ctx, name, &corev1.SecretArgs{
		Metadata: c.meta(args.ID, entry), Type: pulumi.String("Opaque"), StringData: pulumi.StringMap(args.Values),
	}, opts...)
	if err != nil {
		return "", nil, fmt.Errorf("creating secret %s in the namespace %s: %w", entry, c.Namespace, err)
	}
	allowed, err := c.allow(e, name, entry, []string{entry}, opts...)
	return entry, append(allowed, made), err
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

// Write puts values into an entry of their own: see [Server.write].
func (v Server) Write(
	e *External, name string, args *Kept, opts ...pulumi.ResourceOption,
) (string, []pulumi.Resource, error) {
	entry, made, err := v.write(e.ctx, name, args, opts...)
	return entry, []pulumi.Resource{made}, err
}

var (
	_ Writer = ClusterStore{}
	_ Writer = Server{}
)
