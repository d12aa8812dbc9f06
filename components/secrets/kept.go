package secrets

import (
	"fmt"
	"maps"
	"slices"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/workload"
)

// Keeper is where values go that the environment makes for itself: passwords, keys, certificates.
type Keeper interface {
	// Keep puts values where they are kept, and makes the Secret that workloads read them from. What it makes has logical
	// names that start with name, and opts.
	Keep(ctx *pulumi.Context, name string, args *Kept, opts ...pulumi.ResourceOption) (*Reference, error)
}

// Kept are values that the environment has made, for one Secret.
type Kept struct {
	// ID is whose they are. Its namespace is where the Secret is.
	ID workload.ID
	// Secret is what the Secret is called. Where Pulumi does not write it itself, -VERSION is appended.
	Secret string
	// Type is the Secret's; empty for Opaque.
	Type string
	// Labels are the Secret's besides those of ID.
	Labels map[string]string
	// Values are secret, by their keys in the Secret.
	Values map[string]pulumi.StringInput
	// Version tells these values from earlier ones, if there were any: a few lower case letters and digits. What another
	// version is in is another object, which can be waited for, while whoever runs goes on with the old one. Values that
	// change without it reach those who read files, a refresh later.
	Version string
}

// called is the Secret's name where somebody else writes it.
func (k *Kept) called() string {
	if k.Version == "" {
		return k.Secret
	}
	return workload.Name(workload.MaxLabel, k.Secret, k.Version)
}

// kind is the Secret's type.
func (k *Kept) kind() string {
	if k.Type == "" {
		return "Opaque"
	}
	return k.Type
}

// meta is the metadata of an object of that name.
func (k *Kept) meta(name string) metav1.ObjectMetaArgs {
	meta := k.ID.Meta(name)
	if len(k.Labels) > 0 {
		meta.Labels = k.labels()
	}
	return meta
}

func (k *Kept) labels() pulumi.StringMap {
	labels := maps.Clone(k.ID.Labels())
	maps.Copy(labels, k.Labels)
	return workload.StringMap(labels)
}

func (k *Kept) keys() []string { return slices.Sorted(maps.Keys(k.Values)) }

// reference is to the Secret of that name.
func (k *Kept) reference(name string, ready pulumi.Resource) *Reference {
	r := &Reference{Secret: name, Keys: map[string]string{}, Ready: []pulumi.Resource{ready}}
	for key := range k.Values {
		r.Keys[key] = key
	}
	return r
}

// KeepApart keeps values of nobody's component in one of their own, after what else there must be.
func KeepApart(
	ctx *pulumi.Context, name string, keeper Keeper, args *Kept, after []pulumi.Resource, opts ...pulumi.ResourceOption,
) (*Reference, error) {
	s, err := begin(ctx, name, &Args{ID: args.ID}, opts...)
	if err != nil {
		return nil, err
	}
	made, err := keeper.Keep(ctx, name+"-secret", args, pulumi.Parent(s), pulumi.DependsOn(after))
	if err != nil {
		return nil, err
	}
	return s.end(made)
}

// Keep writes the Secret.
func (Kubernetes) Keep(
	ctx *pulumi.Context, name string, args *Kept, opts ...pulumi.ResourceOption,
) (*Reference, error) {
	made, err := corev1.NewSecret(ctx, name, &corev1.SecretArgs{
		Metadata: args.meta(args.Secret), Type: pulumi.String(args.kind()), StringData: pulumi.StringMap(args.Values),
	}, opts...)
	if err != nil {
		return nil, fmt.Errorf("creating secret %s: %w", args.Secret, err)
	}
	return args.reference(args.Secret, made), nil
}

// Writer is a [Store] that Pulumi can write to.
type Writer interface {
	Store
	// Write puts values into an entry of its own, and lets the account read it. It returns what the entry is called and
	// what must be there before somebody reads it. What it makes has logical names that start with name, and opts.
	Write(
		e *External, name string, args *Kept, opts ...pulumi.ResourceOption,
	) (entry string, ready []pulumi.Resource, err error)
}

// Keep writes an entry of the store, and has External Secrets fetch it.
func (e *External) Keep(
	ctx *pulumi.Context, name string, args *Kept, opts ...pulumi.ResourceOption,
) (*Reference, error) {
	writer, ok := e.args.Store.(Writer)
	if !ok {
		return nil, fmt.Errorf("secret %s: this store cannot be written to", args.Secret)
	}
	entry, written, err := writer.Write(e, name+"-kept", args, opts...)
	if err != nil {
		return nil, err
	}
	data := pulumi.Array{}
	for _, key := range args.keys() {
		data = append(data, e.fetched(key, entry, key))
	}
	called := args.called()
	spec := e.external(called, data)
	spec["target"].(pulumi.Map)["template"] = pulumi.Map{ //nolint:forcetypeassert // It is made so.
		"type": pulumi.String(args.kind()), "metadata": pulumi.Map{"labels": args.labels()},
	}
	made, err := workload.Object(ctx, name, externalVersion, "ExternalSecret",
		ready(args.meta(called), "condition=Ready"), pulumi.Map{"spec": spec},
		append(slices.Clone(opts), pulumi.DependsOn(slices.Concat(e.ready, written)))...)
	if err != nil {
		return nil, err
	}
	return args.reference(called, made), nil
}

// Keep writes an entry, and has Vault Secrets Operator fetch it.
func (v *Vault) Keep(
	ctx *pulumi.Context, name string, args *Kept, opts ...pulumi.ResourceOption,
) (*Reference, error) {
	entry, written, err := v.args.Server.write(ctx, name+"-kept", args, opts...)
	if err != nil {
		return nil, err
	}
	templates := pulumi.Map{}
	for _, key := range args.keys() {
		templates[key] = v.args.Server.template(entry, key)
	}
	called := args.called()
	spec := v.static(called, entry, templates, args.labels())
	spec["destination"].(pulumi.Map)["type"] = pulumi.String(args.kind()) //nolint:forcetypeassert // It is made so.
	made, err := workload.Object(ctx, name, vaultVersion, "VaultStaticSecret",
		ready(args.meta(called), synced), pulumi.Map{"spec": spec},
		append(slices.Clone(opts), pulumi.DependsOn(append(slices.Clone(v.ready), written)))...)
	if err != nil {
		return nil, err
	}
	return args.reference(called, made), nil
}

var (
	_ Keeper = Kubernetes{}
	_ Keeper = (*External)(nil)
	_ Keeper = (*Vault)(nil)
	_ Keeper = Sealed{}
)
