package environment

import (
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
	watched := func(a config.App) bool { return a.Metrics != nil }
	if e.cfg.Monitoring.Operator && slices.ContainsFunc(slices.Collect(maps.Values(e.cfg.Apps)), watched) {
		needed = append(needed, operators.Prometheus)
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

// secretsBackend makes what the apps' secret values come from.
func (e *environment) secretsBackend() (err error) {
	s := e.cfg.Secrets
	ready := e.operator[config.OperatorOf(s.Backend)]
	switch s.Backend {
	case config.KubernetesSecrets:
		values := map[string]pulumi.StringInput{}
		for name := range e.cfg.SecretValues {
			values[name] = e.secretValue(name)
		}
		for _, pair := range s.SigningKeys {
			if err := e.signingKey(pair, values); err != nil {
				return err
			}
		}
		e.secrets = secrets.Kubernetes{Values: values}
	case config.ExistingSecrets:
		e.secrets = secrets.Existing{Secrets: s.Existing, Keys: s.Keys}
	case config.SealedSecrets:
		e.secrets = secrets.Sealed{Values: s.Sealed, Ready: ready}
	case config.ExternalBackend:
		var store secrets.Store = secrets.ClusterStore{
			Namespace: s.External.Namespace, Prefix: e.namespace.Name, Entries: s.External.Entries,
		}
		if s.External.Store == config.VaultStore {
			store = Vault(e.cfg)
		}
		if usesManagedStore(s) {
			if store, err = e.managedStore(); err != nil {
				return err
			}
		}
		e.secrets, err = secrets.NewExternal(e.ctx, secretsName, &secrets.ExternalArgs{
			Namespace: e.namespace, PartOf: e.partOf, Store: store, Workloads: readers(e.cfg), Keys: s.Keys,
			Refresh: s.Refresh, Ready: ready,
		}, e.inCluster()...)
	case config.VaultSecrets:
		e.secrets, err = secrets.NewVault(e.ctx, secretsName, &secrets.VaultArgs{
			Namespace: e.namespace, PartOf: e.partOf, Server: Vault(e.cfg), Keys: s.Keys, Refresh: s.Refresh, Ready: ready,
		}, e.inCluster()...)
	default:
		err = fmt.Errorf("secrets: backend %q is not known", s.Backend)
	}
	return err
}

// signingKey makes an RSA key pair once. It is kept in the state, encrypted, until the configuration has it no more.
func (e *environment) signingKey(pair string, values map[string]pulumi.StringInput) error {
	made, err := secrets.NewSigningKey(e.ctx, secretsName+"-"+pair, e.inCluster()...)
	if err != nil {
		return err
	}
	values[pair+"-private"], values[pair+"-public"] = made.Private, made.Public
	return nil
}

// readers are the apps that read secret values, sorted.
func readers(cfg *config.Config) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(cfg.Apps)), func(name string) bool {
		return len(cfg.Apps[name].SecretNames()) == 0
	})
}

// useSecrets gives an app its secret values.
func (e *environment) useSecrets(name string, c config.App) ([]binding.Binding, error) {
	names := c.SecretNames()
	if len(names) == 0 {
		return nil, nil
	}
	object := name + "-secrets"
	args := &secrets.Args{
		Namespace: e.namespace, Names: names,
		ID: workload.ID{Name: name, Component: "application", PartOf: e.partOf, Namespace: e.namespace.Name},
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
	made, err := e.secrets.Secret(e.ctx, object, args, e.inCluster()...)
	if err != nil {
		return nil, err
	}
	bound, err := made.Binding(c.Secrets, c.SecretFiles)
	if err != nil {
		return nil, fmt.Errorf("secrets of application %s: %w", name, err)
	}
	return []binding.Binding{bound}, nil
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
		for _, value := range cfg.Apps[app].SecretNames() {
			key := value
			if other, found := s.Keys[value]; found {
				key = other
			}
			need.Keys = append(need.Keys, key)
		}
		needs = append(needs, need)
	}
	var commands []string
	for _, pair := range s.SigningKeys {
		commands = append(commands,
			fmt.Sprintf("openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072 -out %s-private", pair),
			fmt.Sprintf("openssl pkey -in %[1]s-private -pubout -out %[1]s-public", pair))
	}
	return append(commands, Vault(cfg).Commands(cfg.Namespace.Name, needs)...)
}
