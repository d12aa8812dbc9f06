package secrets

import (
	"cmp"
	"fmt"
	"slices"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/workload"
)

// externalVersion is the only one that External Secrets serves since v0.17.
const externalVersion = "external-secrets.io/v1"

// Account is the service account that the operators read values as. It is for nothing else: no pod runs as it, and it
// has no token but those that an operator asks for.
const Account = "plinth-secrets-reader"

// Store is what a SecretStore leads to.
type Store interface {
	// Provider is the store's spec.provider, which reads as a service account in the store's namespace.
	Provider(account string) pulumi.Map
	// Entry is what the entry of a workload is called there.
	Entry(workload string) string
	// Prepare makes what the account needs in order to read entries. An administrator does it for stores outside of the
	// cluster.
	Prepare(e *External, child []pulumi.ResourceOption, workloads []string) ([]pulumi.Resource, error)
}

// External has External Secrets fetch values: a SecretStore with an account of its own, and an ExternalSecret for each
// workload.
type External struct {
	pulumi.ResourceState

	ctx   *pulumi.Context
	name  string
	args  *ExternalArgs
	ready []pulumi.Resource
}

// ExternalArgs says where values are.
type ExternalArgs struct {
	// Namespace is where the workloads run.
	Namespace *workload.Namespace
	// PartOf names the environment.
	PartOf string
	// Store is where the values are.
	Store Store
	// Workloads are all that need values, sorted.
	Workloads []string
	// Keys are the entries' keys by the names of values, where they differ.
	Keys map[string]string
	// Refresh is how often values are fetched, as 30s, 5m or 1h.
	Refresh string
	// Ready is the operator.
	Ready []pulumi.Resource
}

// NewExternal makes the store.
func NewExternal(
	ctx *pulumi.Context, name string, args *ExternalArgs, opts ...pulumi.ResourceOption,
) (*External, error) {
	e := &External{ctx: ctx, name: name, args: args}
	if err := ctx.RegisterComponentResource("plinth:secrets:External", name, e, opts...); err != nil {
		return nil, fmt.Errorf("registering secret store %s: %w", name, err)
	}
	child := []pulumi.ResourceOption{
		pulumi.Parent(e), pulumi.DependsOn(slices.Concat(args.Namespace.Ready, args.Ready)),
	}
	account, err := newAccount(ctx, name, e.id(), annotationsFor(args.Store), child...)
	if err != nil {
		return nil, err
	}
	rights, err := args.Store.Prepare(e, child, args.Workloads)
	if err != nil {
		return nil, err
	}
	store, err := workload.Object(ctx, name+"-store", externalVersion, "SecretStore",
		ready(e.id().Meta(e.store()), "condition=Ready"),
		pulumi.Map{"spec": pulumi.Map{"provider": args.Store.Provider(Account)}},
		append(child, pulumi.DependsOn(append(rights, account)))...)
	if err != nil {
		return nil, err
	}
	e.ready = append(slices.Concat(args.Ready, rights), account, store)
	return e, ctx.RegisterResourceOutputs(e, pulumi.Map{})
}

func (e *External) id() workload.ID { return storeID(e.args.Namespace, e.args.PartOf) }

// storeID is whose the objects of a backend are.
func storeID(namespace *workload.Namespace, partOf string) workload.ID {
	return workload.ID{Name: "secrets", Component: "secrets", PartOf: partOf, Namespace: namespace.Name}
}

// store is the SecretStore's name.
func (e *External) store() string { return "plinth" }

// Secret makes an ExternalSecret, of the name of what it asks for, in the program too: a wrong entry is then a new
// object that is never ready, rather than an old one that was, and the pods go on with the old Secret, which goes only
// once another is in use. Where the entry is gone later on, the Secret stays as it was last.
func (e *External) Secret(
	ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption,
) (*Reference, error) {
	s, err := begin(ctx, name, args, opts...)
	if err != nil {
		return nil, err
	}
	data, entry := pulumi.Array{}, e.args.Store.Entry(args.ID.Name)
	content := []string{entry}
	for _, value := range args.Names {
		key := cmp.Or(e.args.Keys[value], value)
		content = append(content, value, key)
		data = append(data, e.fetched(value, entry, key))
	}
	called := workload.Hashed(name, content...)
	made, err := workload.Object(ctx, called, externalVersion, "ExternalSecret",
		ready(args.ID.Meta(called), "condition=Ready"), pulumi.Map{"spec": e.external(called, data)},
		s.child(e.ready...)...)
	if err != nil {
		return nil, err
	}
	return s.end(s.own(called, made))
}

// external is the specification of an ExternalSecret that fills the Secret of that name.
func (e *External) external(called string, data pulumi.Array) pulumi.Map {
	return pulumi.Map{
		"refreshInterval": pulumi.String(e.args.Refresh),
		"secretStoreRef":  pulumi.Map{"kind": pulumi.String("SecretStore"), "name": pulumi.String(e.store())},
		"target": pulumi.Map{
			"name": pulumi.String(called), "creationPolicy": pulumi.String("Owner"),
			"deletionPolicy": pulumi.String("Retain"),
		},
		"data": data,
	}
}

// fetched is one value of an ExternalSecret: the Secret's key, and where it comes from.
func (*External) fetched(key, entry, property string) pulumi.Map {
	return pulumi.Map{
		"secretKey": pulumi.String(key),
		"remoteRef": pulumi.Map{"key": pulumi.String(entry), "property": pulumi.String(property)},
	}
}

// newAccount makes the account that values are read as.
func newAccount(
	ctx *pulumi.Context, name string, id workload.ID, annotations pulumi.StringMap, opts ...pulumi.ResourceOption,
) (pulumi.Resource, error) {
	meta := id.Meta(Account)
	if len(annotations) > 0 {
		meta.Annotations = annotations
	}
	account, err := corev1.NewServiceAccount(ctx, name+"-account", &corev1.ServiceAccountArgs{
		Metadata: meta, AutomountServiceAccountToken: pulumi.Bool(false),
	}, opts...)
	if err != nil {
		return nil, fmt.Errorf("creating the account that secrets are read as: %w", err)
	}
	return account, nil
}
