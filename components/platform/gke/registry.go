package gke

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/platform/gke/slim"
)

// makeRegistry makes the image repositories: one of Artifact Registry, which holds an image for each name. Tags never
// move, every image is scanned for as long as it is there (that is what the API containerscanning does to a project
// that has it switched on), and only the nodes may pull: who has that role on the repository is a closed list. Who
// pushes is given the role roles/artifactregistry.writer outside of the environment.
//
// Its name has nothing random in it, since people and pipelines know it. So it is not retained when the environment is
// destroyed: making it anew would fail.
func (c *Cluster) makeRegistry(ctx *pulumi.Context) ([]pulumi.Resource, error) {
	if len(c.args.Repositories) == 0 {
		return nil, nil
	}
	var needs []pulumi.Resource
	if c.key != nil {
		member := pulumi.Sprintf("serviceAccount:%s", c.registryAgent.Email)
		allowed, err := c.allowKey(ctx, "registry", member, c.child(c.after(apiRegistry)))
		if err != nil {
			return nil, err
		}
		needs = append(needs, allowed)
	}
	var err error
	c.registry, err = slim.NewRepository(ctx, c.name+"-repository", &slim.RepositoryArgs{
		RepositoryID: pulumi.String(c.called(maxRepository)),
		Location:     pulumi.String(c.args.Location.Region),
		Format:       pulumi.String("DOCKER"),
		Description:  pulumi.String("Images of " + c.args.Environment),
		DockerConfig: &slim.DockerConfig{ImmutableTags: pulumi.Bool(true)},
		KMSKeyName:   c.keyName(),
	}, c.guarded(c.afterAll([]string{apiRegistry, apiScanning}, needs))...)
	if err != nil {
		return nil, fmt.Errorf("creating the image repositories: %w", err)
	}
	pull, err := slim.NewRepositoryBinding(ctx, c.name+"-repository-pull", &slim.RepositoryBindingArgs{
		Location:   pulumi.String(c.args.Location.Region),
		Repository: c.registry.Name,
		Role:       pulumi.String("roles/artifactregistry.reader"),
		Members:    pulumi.StringArray{c.account.Member},
	}, c.child()...)
	if err != nil {
		return nil, fmt.Errorf("letting nodes pull images: %w", err)
	}
	return []pulumi.Resource{pull}, nil
}

// registryAddress is where the repositories are.
func (c *Cluster) registryAddress() pulumi.StringOutput {
	return pulumi.Sprintf("%s-docker.pkg.dev/%s/%s", c.args.Location.Region, c.args.Location.Account, c.registry.Name)
}
