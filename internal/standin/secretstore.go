package standin

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/platform"
)

// SecretStore implements [platform.Cluster]: it keeps nothing.
func (c cluster) SecretStore(
	_ *pulumi.Context, _ string, args *platform.SecretStoreArgs, _ ...pulumi.ResourceOption,
) (*platform.SecretStore, error) {
	names := map[string]string{}
	for of, entry := range args.Entries {
		names[of] = "entry-of-" + of
		if entry.Existing != "" {
			names[of] = entry.Existing
		}
	}
	return &platform.SecretStore{
		Provider: pulumi.Map{c.cloud: pulumi.Map{"account": pulumi.String(args.ServiceAccount)}}, Names: names,
		Annotations: pulumi.StringMap{"example.com/reads": pulumi.String("entries")},
	}, nil
}
