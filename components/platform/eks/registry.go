package eks

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/platform/eks/slim"
)

// pulling are the actions of who pulls an image.
func pulling() []string {
	return []string{"ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"}
}

// makeRepositories makes the image repositories: every image is scanned as it comes, a tag means one image for good,
// and all is encrypted. Nodes may pull; whoever pushes gets that permission where it is made, not here.
func (c *Cluster) makeRepositories(ctx *pulumi.Context, nodes *role) error {
	for _, name := range c.args.Repositories {
		made, err := slim.NewRepository(ctx, c.name+"-images-"+name, &slim.RepositoryArgs{
			Name:                       pulumi.String(repositoryName(c.args.Environment, name)),
			ImageTagMutability:         pulumi.String("IMMUTABLE"),
			ImageScanningConfiguration: &slim.RepositoryImageScanningConfigurationArgs{ScanOnPush: pulumi.Bool(true)},
			EncryptionConfigurations: []slim.RepositoryEncryptionConfigurationArgs{
				{EncryptionType: pulumi.String("KMS"), KmsKey: c.keyARN()},
			},
			// Images are gone with the environment unless it retains what it has.
			ForceDelete: pulumi.Bool(!c.args.Retain),
			Tags:        c.tags("images-" + name),
		}, c.kept()...)
		if err != nil {
			return fmt.Errorf("creating the image repository %s: %w", name, err)
		}
		_, err = slim.NewRepositoryPolicy(ctx, c.name+"-images-"+name+"-policy", &slim.RepositoryPolicyArgs{
			Repository: made.Name,
			Policy: policy(statement{
				principals: []pulumi.StringInput{nodes.Arn}, actions: pulling(),
			}),
		}, c.child()...)
		if err != nil {
			return fmt.Errorf("creating the policy of the image repository %s: %w", name, err)
		}
		c.repositories[name] = made
	}
	return nil
}
