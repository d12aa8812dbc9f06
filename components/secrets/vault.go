package secrets

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/workload"
)

// vaultVersion is the only one that Vault Secrets Operator serves.
const vaultVersion = "secrets.hashicorp.com/v1beta1"

// Vault has Vault Secrets Operator fetch values: one way to the server and one login for the environment, and a
// VaultStaticSecret for each workload.
type Vault struct {
	pulumi.ResourceState

	args  *VaultArgs
	ready []pulumi.Resource
}

// VaultArgs says where values are.
type VaultArgs struct {
	// Namespace is where the workloads run.
	Namespace *workload.Namespace
	// PartOf names the environment.
	PartOf string
	// Server is where the values are.
	Server Server
	// Keys are the entries' keys by the names of values, where they differ.
	Keys map[string]string
	// Refresh is how often values are fetched, as 30s, 5m or 1h.
	Refresh string
	// Ready is the operator.
	Ready []pulumi.Resource
}

// NewVault makes the way to the server and the login.
func NewVault(ctx *pulumi.Context, name string, args *VaultArgs, opts ...pulumi.ResourceOption) (*Vault, error) {
	v := &Vault{args: args}
	if err := ctx.RegisterComponentResource("plinth:secrets:Vault", name, v, opts...); err != nil {
		return nil, fmt.Errorf("registering vault %s: %w", name, err)
	}
	id := storeID(args.Namespace, args.PartOf)
	child := func(after ...pulumi.Resource) []pulumi.ResourceOption {
		return []pulumi.ResourceOption{
			pulumi.Parent(v), pulumi.DependsOn(slices.Concat(args.Namespace.Ready, args.Ready, after)),
		}
	}
	account, err := newAccount(ctx, name, id, nil, child()...)
	if err != nil {
		return nil, err
	}
	way := pulumi.Map{"address": pulumi.String(args.Server.Address), "skipTLSVerify": pulumi.Bool(false)}
	if args.Server.Authority != "" {
		way["caCertSecretRef"] = pulumi.String(args.Server.Authority)
	}
	connection, err := workload.Object(ctx, name+"-connection", vaultVersion, "VaultConnection",
		id.Meta(v.called()), pulumi.Map{"spec": way}, child()...)
	if err != nil {
		return nil, err
	}
	login, err := workload.Object(ctx, name+"-login", vaultVersion, "VaultAuth", id.Meta(v.called()), pulumi.Map{
		"spec": pulumi.Map{
			"vaultConnectionRef": pulumi.String(v.called()),
			"method":             pulumi.String("kubernetes"),
			"mount":              pulumi.String(args.Server.Auth),
			"kubernetes": pulumi.Map{
				"role": pulumi.String(args.Server.Role), "serviceAccount": pulumi.String(Account),
				"audiences": pulumi.ToStringArray([]string{args.Server.Audience}),
			},
		},
	}, child(connection, account)...)
	if err != nil {
		return nil, err
	}
	v.ready = append(slices.Clone(args.Ready), account, connection, login)
	return v, ctx.RegisterResourceOutputs(v, pulumi.Map{})
}

// called is what the connection and the login are called.
func (v *Vault) called() string { return "plinth" }

// Secret makes a VaultStaticSecret. The Secret gets the values that the workload asked for and nothing else of the
// entry. A key that the entry lacks is an error that names both, and leaves the Secret as it is. The name is that of
// what is asked for: see [External.Secret].
func (v *Vault) Secret(
	ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption,
) (*Reference, error) {
	s, err := begin(ctx, name, args, opts...)
	if err != nil {
		return nil, err
	}
	path := v.args.Server.Entry(args.ID.Name)
	content := []string{v.args.Server.Mount, path}
	templates := pulumi.Map{}
	for _, value := range args.Names {
		key := cmp.Or(v.args.Keys[value], value)
		content = append(content, value, key)
		templates[value] = v.args.Server.template(path, key)
	}
	restart := pulumi.Array{}
	for _, deployment := range args.Restart {
		restart = append(restart, pulumi.StringMap{
			"kind": pulumi.String("Deployment"), "name": pulumi.String(deployment),
		})
	}
	called := workload.Hashed(name, content...)
	spec := v.static(called, path, templates, workload.StringMap(args.ID.Labels()))
	spec["rolloutRestartTargets"] = restart
	made, err := workload.Object(ctx, called, vaultVersion, "VaultStaticSecret", ready(args.ID.Meta(called), synced),
		pulumi.Map{"spec": spec}, s.child(v.ready...)...)
	if err != nil {
		return nil, err
	}
	return s.end(s.own(called, made))
}

// synced is true of a VaultStaticSecret whose first read has succeeded; its status has no conditions.
const synced = "jsonpath={.status.secretMAC}"

// static is the specification of a VaultStaticSecret that fills the Secret of that name with what templates make of an
// entry.
func (v *Vault) static(called, entry string, templates pulumi.Map, labels pulumi.StringMap) pulumi.Map {
	return pulumi.Map{
		"vaultAuthRef": pulumi.String(v.called()),
		"mount":        pulumi.String(v.args.Server.Mount),
		"type":         pulumi.String("kv-v2"),
		"path":         pulumi.String(entry),
		"refreshAfter": pulumi.String(v.args.Refresh),
		// Without it the operator cannot tell a changed value, and restarts nothing.
		"hmacSecretData": pulumi.Bool(true),
		"destination": pulumi.Map{
			"name": pulumi.String(called), "create": pulumi.Bool(true), "labels": labels,
			"transformation": pulumi.Map{
				"excludeRaw": pulumi.Bool(true),
				"excludes":   pulumi.ToStringArray([]string{".*"}),
				"templates":  templates,
			},
		},
	}
}

// template makes a Secret's value of one key of an entry, and an error that names both of a key that is not there.
func (v Server) template(entry, key string) pulumi.Map {
	return pulumi.Map{"text": pulumi.String(fmt.Sprintf(
		`{{- if hasKey .Secrets %q -}}{{- get .Secrets %q -}}{{- else -}}{{- fail %q -}}{{- end -}}`,
		key, key, fmt.Sprintf("%s/%s has no key %s", v.Mount, entry, key)))}
}
