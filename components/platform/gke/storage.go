package gke

import (
	"fmt"

	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	storagev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/storage/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// storageClass is the name of the class that volumes are made from.
const storageClass = "plinth"

// makeStorageClass makes a class of our own: those that GKE brings know neither the environment's key nor its labels,
// by which a disk that is left behind is found. It is the default. GKE's default one says so of itself as well, and
// would again if it were changed; of two the younger is taken:
// https://kubernetes.io/docs/concepts/storage/storage-classes/#default-storageclass.
//
// Nothing waits for it: a claim that comes first is bound when the class is there, and a volume does not need its class
// any more.
func (c *Cluster) makeStorageClass(ctx *pulumi.Context) error {
	parameters := pulumi.StringMap{
		"type":   pulumi.String("pd-balanced"),
		"labels": pulumi.String(c.labelText()),
	}
	if c.key != nil {
		parameters["disk-encryption-kms-key"] = c.key.id
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
		Provisioner: pulumi.String("pd.csi.storage.gke.io"),
		Parameters:  parameters,
		// A disk is in one zone: that of the pod, which is known when it is scheduled.
		VolumeBindingMode:    pulumi.String("WaitForFirstConsumer"),
		AllowVolumeExpansion: pulumi.Bool(true),
		ReclaimPolicy:        pulumi.String(reclaim),
		// A class cannot be changed, and there cannot be two of a name.
	}, pulumi.Parent(c), pulumi.Provider(c.kubernetes), pulumi.DeleteBeforeReplace(true))
	if err != nil {
		return fmt.Errorf("creating storage class %s: %w", storageClass, err)
	}
	return nil
}
