package eks

import (
	"fmt"

	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	storagev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/storage/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// storageClass is the name of the class of volumes.
const storageClass = "gp3"

// makeStorage makes the driver of volumes. The volumes get the environment's tags: they are made by the driver, and
// would be found by nobody otherwise.
func (c *Cluster) makeStorage(ctx *pulumi.Context, nodes []pulumi.Resource) (pulumi.Resource, error) {
	var own []statement
	if c.key != nil {
		own = []statement{
			{actions: use(), resources: []pulumi.StringInput{c.key.Arn}},
			{
				actions: []string{"kms:CreateGrant"}, resources: []pulumi.StringInput{c.key.Arn},
				conditions: []condition{when("Bool", "kms:GrantIsForAWSResource", "true")},
			},
		}
	}
	acting, err := c.newRole(ctx, "storage", roleArgs{
		description: "Volumes of pods", trust: c.pods("kube-system", "ebs-csi-controller-sa"),
		managed: []string{"service-role/AmazonEBSCSIDriverPolicy"}, own: own,
	})
	if err != nil {
		return nil, err
	}
	return c.makeAddon(ctx, addon{
		name: "aws-ebs-csi-driver", version: c.versions.ebsCSI, account: "ebs-csi-controller-sa", acting: acting,
		settings: map[string]any{
			"controller":          map[string]any{"extraVolumeTags": c.args.Tags},
			"defaultStorageClass": map[string]any{"enabled": false},
		},
	}, nodes...)
}

// makeStorageClass makes the class of encrypted volumes that can grow, the cluster's default. Nothing waits for it: a
// claim that comes first is bound when the class is there. It has a name that people use, so a change of what cannot
// be changed deletes it first; volumes do not need their class any more.
func (c *Cluster) makeStorageClass(ctx *pulumi.Context) error {
	parameters := pulumi.StringMap{"type": pulumi.String("gp3"), "encrypted": pulumi.String("true")}
	if c.key != nil {
		parameters["kmsKeyId"] = c.key.Arn
	}
	reclaim := "Delete"
	if c.args.Retain {
		reclaim = "Retain"
	}
	_, err := storagev1.NewStorageClass(ctx, c.name+"-storage-class", &storagev1.StorageClassArgs{
		Metadata: metav1.ObjectMetaArgs{
			Name:        pulumi.String(storageClass),
			Annotations: pulumi.StringMap{"storageclass.kubernetes.io/is-default-class": pulumi.String("true")},
		},
		Provisioner: pulumi.String("ebs.csi.aws.com"),
		Parameters:  parameters,
		// A volume is made in the zone of the node that its pod runs on.
		VolumeBindingMode:    pulumi.String("WaitForFirstConsumer"),
		AllowVolumeExpansion: pulumi.Bool(true),
		ReclaimPolicy:        pulumi.String(reclaim),
	}, pulumi.Parent(c), pulumi.Provider(c.kubernetes), pulumi.DeleteBeforeReplace(true))
	if err != nil {
		return fmt.Errorf("creating the storage class %s: %w", storageClass, err)
	}
	return nil
}
