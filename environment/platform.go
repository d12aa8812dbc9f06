package environment

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-random/sdk/v4/go/random"
	"github.com/pulumi/pulumi-tls/sdk/v5/go/tls"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/platform"
	"plinth/components/platform/existing"
	"plinth/config"
)

func (e *environment) platform() (err error) {
	if e.generated, err = random.NewProvider(e.ctx, "random", nil); err != nil {
		return fmt.Errorf("creating the provider of random values: %w", err)
	}
	if e.certificates, err = tls.NewProvider(e.ctx, "tls", nil); err != nil {
		return fmt.Errorf("creating the provider of certificates: %w", err)
	}
	if e.cfg.Cloud == config.Existing {
		c := e.cfg.Cluster
		e.cluster, err = existing.New(e.ctx, "cluster", &existing.Args{
			Kubeconfig: c.Kubeconfig, Context: c.Context, Stack: c.Stack, Identifier: c.Identifier,
		})
		return err
	}
	cloud, err := e.cloud()
	if err != nil {
		return err
	}
	args := e.cloudArgs()
	if e.cluster, err = cloud.New(e.ctx, "cluster", args); err != nil {
		return err
	}
	// What another stack needs to use this cluster: see [existing.Args].
	e.ctx.Export(existing.KubeconfigOutput, pulumi.ToSecret(e.cluster.Kubeconfig()))
	e.ctx.Export(existing.IdentifierOutput, pulumi.String(args.Identifier))
	e.ctx.Export(existing.StorageClassOutput, pulumi.String(e.cluster.StorageClass()))
	return nil
}

// cloud is the platform that the configuration names.
func (e *environment) cloud() (platform.Platform, error) {
	var known []string
	for _, p := range e.platforms {
		if p.Cloud() == string(e.cfg.Cloud) {
			return p, nil
		}
		known = append(known, p.Cloud())
	}
	slices.Sort(known)
	has := "none"
	if len(known) > 0 {
		has = strings.Join(known, ", ")
	}
	return nil, fmt.Errorf("plinth:cloud is %s, and this program was built without it (it has %s): "+
		"the command plinth builds the one that a stack needs by itself, and `go build -tags %s ./cmd/plinth` does; "+
		"`pulumi up` in the project's folder has every cloud", e.cfg.Cloud, has, e.cfg.Cloud)
}

// cloudArgs says in the platforms' terms what the configuration says.
func (e *environment) cloudArgs() *platform.Args {
	c, n := e.cfg.Cluster, e.cfg.Network
	args := &platform.Args{
		Environment: config.Project + "-" + e.cfg.Stack,
		Identifier:  c.Identifier,
		Generation:  c.Generation,
		Tags: map[string]string{
			"managed-by":              config.Project,
			config.Project + "-stack": e.cfg.Stack,
			config.Project + "-tier":  string(e.cfg.Tier),
		},
		Protect: c.Protect, Retain: c.Retain,
		Location: platform.Location{Account: e.cfg.AWS.Account, Region: e.cfg.AWS.Region, Zones: e.cfg.AWS.Zones},
		Network: platform.Network{
			CIDR: n.CIDR, Pods: n.Pods, Services: n.Services, Endpoints: n.Endpoints,
			NAT: platform.NAT(n.NAT), FlowLogs: n.FlowLogs,
		},
		Version:  string(c.Version),
		Endpoint: platform.Endpoint(c.Endpoint),
		Admins:   e.cfg.AWS.Admins,
		Nodes:    map[string]platform.Nodes{},

		EncryptWithOwnKey: c.OwnKey, LogRetention: c.LogRetention,
		Repositories: c.Repositories, MaintenanceStart: c.MaintenanceStart,
	}
	if e.cfg.Cloud == config.OnGCP {
		g := e.cfg.GCP
		args.Location = platform.Location{Account: g.Project, Region: g.Region, Zones: g.Zones}
		args.Admins = g.Admins
	}
	for _, d := range e.cfg.Databases {
		args.Databases = args.Databases || d.Engine.ByCloud()
	}
	for name, group := range c.Nodes {
		args.Nodes[name] = nodes(group)
	}
	return args
}

func nodes(n config.Nodes) platform.Nodes {
	made := platform.Nodes{
		Size: platform.Size(n.Size), Machine: n.Machine, Min: n.Min, Max: n.Max, Spot: n.Spot, Disk: n.Disk,
		Labels: n.Labels,
	}
	for _, t := range n.Taints {
		made.Taints = append(made.Taints, platform.Taint{Key: t.Key, Value: t.Value, Effect: string(t.Effect)})
	}
	return made
}
