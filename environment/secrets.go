package environment

import (
	"cmp"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/app"
	"plinth/components/binding"
	"plinth/components/operators"
	"plinth/components/platform"
	"plinth/components/secrets"
	"plinth/components/workload"
	"plinth/config"
)

// operators installs what the stack names, side by side, and makes sure that what it needs besides is there.
func (e *environment) operators() error {
	e.operator = map[string][]pulumi.Resource{}
	for _, name := range slices.Sorted(maps.Keys(e.cfg.Operators)) {
		c := e.cfg.Operators[name]
		args := &operators.Args{
			Operator: name, Namespace: c.Namespace, PartOf: e.partOf, Images: c.Images,
			Resolve: workload.Images{Mirrors: e.cfg.Images.Mirrors}.Resolve, Timeout: c.Timeout,
		}
		if name == config.OperatorOf(e.cfg.Secrets.Backend) {
			args.Edges = vaultEdges(e.cfg.Secrets)
			if usesManagedStore(e.cfg.Secrets) {
				args.Edges = platform.PublicEdges(nil)
			}
		}
		made, err := operators.New(e.ctx, name, args, e.inCluster()...)
		if err != nil {
			return err
		}
		e.operator[name] = made.Ready
	}
	for _, needed := range e.needed() {
		if e.operator[needed] != nil {
			continue
		}
		found, err := operators.Find(e.ctx, needed+"-installed", needed, e.inCluster()...)
		if err != nil {
			return err
		}
		e.operator[needed] = found.Ready
	}
	return nil
}

// needed are the operators that something of the stack speaks to.
func (e *environment) needed() []string {
	var needed []string
	if backend := config.OperatorOf(e.cfg.Secrets.Backend); backend != "" {
		needed = append(needed, backend)
	}
	watched := slices.ContainsFunc(slices.Collect(maps.Values(e.cfg.Apps)),
		func(a config.App) bool { return a.Metrics != nil }) ||
		slices.ContainsFunc(slices.Collect(maps.Values(e.cfg.Databases)),
			func(d config.Database) bool { return d.Metrics != nil })
	if e.cfg.Monitoring.Operator && watched {
		needed = append(needed, operators.Prometheus)
	}
	if e.cfg.GitOps.HandsOver() {
		needed = append(needed, operators.ArgoCD)
	}
	return needed
}

// vaultEdges lead an operator to Vault.
func vaultEdges(s config.Secrets) []binding.Edge {
	address, err := url.Parse(s.Vault.Address)
	if !usesVault(s) || err != nil {
		return nil
	}
	port, err := strconv.Atoi(address.Port())
	if err != nil {
		port = map[string]int{"http": 80, "https": 443}[address.Scheme]
	}
	ports := []binding.Port{{Number: port}}
	if namespace, inside := s.Vault.Service(); inside {
		return []binding.Edge{{To: binding.Peer{Namespace: namespace}, Ports: ports}}
	}
	var edges []binding.Edge
	for _, cidr := range s.Vault.CIDRs {
		edges = append(edges, binding.Edge{To: binding.Peer{CIDR: cidr}, Ports: ports})
	}
	return edges
}

// secretsName is the backend's own, in the stack.
const secretsName = "secrets"

// secretsBackend makes what the apps' secret values come from, and where those go that are made here.
func (e *environment) secretsBackend() error {
	s := e.cfg.Secrets
	e.signing = map[string]pulumi.StringInput{}
	for _, pair := range s.SigningKeys {
		// Who fills Secrets that exist makes the keys in them.
		if s.Backend == config.ExistingSecrets {
			break
		}
		if err := e.signingKey(pair); err != nil {
			return err
		}
	}
	e.keeper = secrets.Kubernetes{}
	backend, err := e.backend()
	if err != nil {
		return err
	}
	e.secrets = backend
	// Nothing but the values of apps is written to a cloud's secret manager.
	keeper, ok := backend.(secrets.Keeper)
	if ok && s.Generated == config.GeneratedInBackend && !usesManagedStore(s) {
		e.keeper = keeper
	}
	return nil
}

func (e *environment) backend() (secrets.Backend, error) {
	s := e.cfg.Secrets
	ready := e.operator[config.OperatorOf(s.Backend)]
	switch s.Backend {
	case config.KubernetesSecrets:
		values := maps.Clone(e.signing)
		for name := range e.cfg.SecretValues {
			values[name] = e.secretValue(name)
		}
		return secrets.Kubernetes{Values: values}, nil
	case config.ExistingSecrets:
		return secrets.Existing{Secrets: s.Existing, Keys: s.Keys}, nil
	case config.SealedSecrets:
		return secrets.Sealed{Values: s.Sealed, Certificate: s.Certificate, Ready: ready}, nil
	case config.ExternalBackend:
		store, err := e.store()
		if err != nil {
			return nil, err
		}
		return secrets.NewExternal(e.ctx, secretsName, &secrets.ExternalArgs{
			Namespace: e.namespace, PartOf: e.partOf, Store: store, Workloads: readers(e.cfg), Keys: s.Keys,
			Refresh: s.Refresh, Ready: ready,
		}, e.inCluster()...)
	case config.VaultSecrets:
		server, err := e.vault()
		if err != nil {
			return nil, err
		}
		return secrets.NewVault(e.ctx, secretsName, &secrets.VaultArgs{
			Namespace: e.namespace, PartOf: e.partOf, Server: server, Keys: s.Keys, Refresh: s.Refresh, Ready: ready,
		}, e.inCluster()...)
	}
	return nil, fmt.Errorf("secrets: backend %q is not known", s.Backend)
}

// store is what External Secrets reads.
func (e *environment) store() (secrets.Store, error) {
	s := e.cfg.Secrets
	switch {
	case s.External.Store == config.VaultStore:
		return e.vault()
	case usesManagedStore(s):
		return e.managedStore()
	}
	return secrets.ClusterStore{
		Namespace: s.External.Namespace, Prefix: e.namespace.Name, Entries: s.External.Entries,
	}, nil
}

// vault is the server, with who writes to it where something is written.
func (e *environment) vault() (secrets.Server, error) {
	server := Vault(e.cfg)
	if !e.cfg.WritesToVault() {
		return server, nil
	}
	w := e.cfg.Secrets.Vault.Writer
	writer, err := secrets.NewVaultWriter(e.ctx, "vault", w.Address, e.secretValue(w.Token))
	server.Writer = writer
	return server, err
}

// signingKey makes an RSA key pair once. It is kept in the state, encrypted, until the configuration has it no more.
func (e *environment) signingKey(pair string) error {
	made, err := secrets.NewSigningKey(e.ctx, secretsName+"-"+pair, e.inCluster()...)
	if err != nil {
		return err
	}
	e.signing[pair+"-private"], e.signing[pair+"-public"] = made.Private, made.Public
	return nil
}

// readers are the apps that read values from the backend, sorted.
func readers(cfg *config.Config) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(cfg.Apps)), func(name string) bool {
		stored, _ := valuesOf(cfg, name)
		return len(stored) == 0
	})
}

// valuesOf are the names of the values that an app reads: those that are in the backend, and those that are made here
// and kept in a Secret of their own. Where Pulumi writes all of them, or somebody else does, they are in one.
func valuesOf(cfg *config.Config, app string) (stored, made []string) {
	s := cfg.Secrets
	together := s.Backend == config.KubernetesSecrets || s.Backend == config.ExistingSecrets || usesManagedStore(s)
	for _, name := range cfg.Apps[app].SecretNames() {
		if pair, _ := s.SigningKey(name); pair == "" || together {
			stored = append(stored, name)
		} else {
			made = append(made, name)
		}
	}
	return stored, made
}

// useSecrets gives an app its secret values.
func (e *environment) useSecrets(name string, c config.App) ([]binding.Binding, error) {
	stored, made := valuesOf(e.cfg, name)
	var bound []binding.Binding
	bind := func(reference *secrets.Reference, names []string) error {
		b, err := reference.Binding(only(c.Secrets, names), only(c.SecretFiles, names))
		bound = append(bound, b)
		return err
	}
	if len(stored) > 0 {
		reference, err := e.storedSecrets(name, c, stored)
		if err == nil {
			err = bind(reference, stored)
		}
		if err != nil {
			return nil, fmt.Errorf("secrets of application %s: %w", name, err)
		}
	}
	if len(made) > 0 {
		object := name + "-keys"
		values := map[string]pulumi.StringInput{}
		for _, value := range made {
			values[value] = e.signing[value]
		}
		reference, err := secrets.KeepApart(e.ctx, object, e.keeper, &secrets.Kept{
			ID: e.application(name), Secret: object, Values: values,
		}, e.namespace.Ready, e.inCluster()...)
		if err == nil {
			err = bind(reference, made)
		}
		if err != nil {
			return nil, fmt.Errorf("signing keys of application %s: %w", name, err)
		}
	}
	return bound, nil
}

// only is the part of a mapping that leads to one of the names.
func only(mapping map[string]string, names []string) map[string]string {
	part := maps.Clone(mapping)
	maps.DeleteFunc(part, func(_, value string) bool { return !slices.Contains(names, value) })
	return part
}

func (e *environment) application(name string) workload.ID {
	namespace := e.in(e.cfg.Apps[name].Namespace).Name
	return workload.ID{Name: name, Component: "application", PartOf: e.partOf, Namespace: namespace}
}

// storedSecrets are an app's values that are in the backend.
func (e *environment) storedSecrets(name string, c config.App, names []string) (*secrets.Reference, error) {
	object := name + "-secrets"
	args := &secrets.Args{
		Namespace: e.in(c.Namespace), Names: names, ID: e.application(name),
		Aliases: []pulumi.Alias{{
			Name: pulumi.String(object),
			ParentURN: pulumi.CreateURN(pulumi.String(name), pulumi.String("plinth:app:App"), nil,
				pulumi.String(e.ctx.Project()), pulumi.String(e.ctx.Stack())),
		}},
	}
	if len(c.Secrets) > 0 {
		args.Restart = []string{name}
		if c.Canary != nil {
			args.Restart = append(args.Restart, app.CanaryName(name))
		}
	}
	return e.secrets.Secret(e.ctx, object, args, e.inCluster()...)
}

// usesVault says whether values come from there.
func usesVault(s config.Secrets) bool {
	return s.Backend == config.VaultSecrets || s.Backend == config.ExternalBackend && s.External.Store == config.VaultStore
}

// Vault is the server that a configuration names.
func Vault(cfg *config.Config) secrets.Server {
	v := cfg.Secrets.Vault
	return secrets.Server{
		Address: v.Address, Mount: v.Mount, Auth: v.Auth, Role: v.Role, Audience: v.Audience, Authority: v.Authority,
		Prefix: cfg.Namespace.Name, Paths: v.Paths,
	}
}

// Preparation is what somebody has to do before the stack can be deployed, as commands; none for most stacks.
func Preparation(cfg *config.Config) []string {
	s := cfg.Secrets
	if !usesVault(s) {
		return nil
	}
	var needs []secrets.Needs
	for _, app := range readers(cfg) {
		need := secrets.Needs{Workload: app}
		names, _ := valuesOf(cfg, app)
		for _, value := range names {
			need.Keys = append(need.Keys, cmp.Or(s.Keys[value], value))
		}
		needs = append(needs, need)
	}
	return Vault(cfg).Commands(cfg.Namespace.Name, needs, cfg.WritesToVault())
}
