package gke

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/platform/gke/slim"
	"plinth/components/workload"
)

// rotation is how often a new version of the key takes over: every 90 days.
const rotation = "7776000s"

// useKey is the role of those who encrypt and decrypt with a key.
const useKey = "roles/cloudkms.cryptoKeyEncrypterDecrypter"

// key is the environment's own.
type key struct {
	id pulumi.StringOutput
	// cluster and disks are who may use it: what waits for them can encrypt Secrets and disks.
	cluster, disks pulumi.Resource
	// storage is the same for buckets: nil before there is one.
	storage pulumi.Resource
}

// makeKey makes a key for Secrets, disks and images. Neither key rings nor keys can be deleted, and their names stay
// taken: https://cloud.google.com/kms/docs/faq#cannot_delete. So the ring's name ends in something that is never there
// twice, the unique id of the nodes' service account, and stays what it was first. Destroying leaves the ring; of the
// key it destroys the versions, unless they are needed to read what is retained, disks for instance.
func (c *Cluster) makeKey(ctx *pulumi.Context) error {
	if !c.args.EncryptWithOwnKey {
		return nil
	}
	ring, err := slim.NewKeyRing(ctx, c.name+"-key-ring", &slim.KeyRingArgs{
		Name:     c.unique(maxKey),
		Location: pulumi.String(c.args.Location.Region),
	}, c.child(c.after(apiKMS), pulumi.RetainOnDelete(true), pulumi.IgnoreChanges([]string{"name"}))...)
	if err != nil {
		return fmt.Errorf("creating the key ring: %w", err)
	}
	made, err := slim.NewCryptoKey(ctx, c.name+"-key", &slim.CryptoKeyArgs{
		Name:           pulumi.String(c.called(maxKey)),
		KeyRing:        ring.ID().ToStringOutput(),
		Purpose:        pulumi.String("ENCRYPT_DECRYPT"),
		RotationPeriod: pulumi.String(rotation),
	}, c.kept(pulumi.Protect(c.args.Protect))...)
	if err != nil {
		return fmt.Errorf("creating the key: %w", err)
	}
	c.key = &key{id: made.ID().ToStringOutput()}
	// The accounts of these two are there as soon as their API is.
	c.key.cluster, err = c.allowKey(ctx, "cluster", c.agent("container-engine-robot"), c.child(c.after(apiContainer)))
	if err != nil {
		return err
	}
	// It reads disks that are retained, too.
	c.key.disks, err = c.allowKey(ctx, "disks", c.agent("compute-system"), c.kept(c.after(apiCompute)))
	return err
}

// agent is the member that one of Google's services acts as in the project.
func (c *Cluster) agent(service string) pulumi.StringOutput {
	return pulumi.Sprintf("serviceAccount:service-%s@%s.iam.gserviceaccount.com", c.number, service)
}

// allowKey lets a member use the key.
func (c *Cluster) allowKey(
	ctx *pulumi.Context, who string, member pulumi.StringInput, opts []pulumi.ResourceOption,
) (pulumi.Resource, error) {
	made, err := slim.NewKeyMember(ctx, c.name+"-key-"+who, &slim.KeyMemberArgs{
		CryptoKeyID: c.key.id, Role: pulumi.String(useKey), Member: member,
	}, opts...)
	if err != nil {
		return nil, fmt.Errorf("letting %s use the key: %w", who, err)
	}
	return made, nil
}

// keyName is the key's, nothing where there is none.
func (c *Cluster) keyName() pulumi.StringInput {
	if c.key == nil {
		return nil
	}
	return c.key.id
}

// unique is a name of the environment's that is never there twice, however often it is destroyed and made again.
func (c *Cluster) unique(limit int) pulumi.StringInput {
	return pulumi.Sprintf("%s-%s", workload.Name(limit-uniqueID, c.args.Environment), c.account.UniqueID)
}
