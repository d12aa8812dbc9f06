package eks

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/platform/eks/slim"
)

// deletionWindow is how many days a key that is deleted can still be had back: the fewest that KMS offers. Where more
// is needed the environment retains its key.
const deletionWindow = 7

// use are the actions of who encrypts and decrypts with a key.
func use() []string {
	return []string{
		"kms:Decrypt", "kms:DescribeKey", "kms:Encrypt",
		"kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncryptFrom", "kms:ReEncryptTo",
	}
}

// makeKey makes the environment's own key, for Secrets in the cluster, disks, logs and images. Otherwise each service
// encrypts with a key of its own.
func (c *Cluster) makeKey(ctx *pulumi.Context) error {
	if !c.args.EncryptWithOwnKey {
		return nil
	}
	var err error
	c.key, err = slim.NewKey(ctx, c.name+"-key", &slim.KeyArgs{
		Description:          pulumi.String("Everything of " + c.physical()),
		EnableKeyRotation:    pulumi.Bool(true),
		DeletionWindowInDays: pulumi.Int(deletionWindow),
		Policy:               policy(c.keyPolicy()...),
		Tags:                 c.tags("key"),
	}, c.kept()...)
	if err != nil {
		return fmt.Errorf("creating the key: %w", err)
	}
	return nil
}

// keyPolicy says who may use the key. In a key's own policy the resource "*" is that key.
func (c *Cluster) keyPolicy() []statement {
	account := condition{"StringEquals", "kms:CallerAccount", []pulumi.StringInput{c.account}}
	scaling := condition{"ArnEquals", "aws:PrincipalArn", []pulumi.StringInput{pulumi.Sprintf(
		"arn:%s:iam::%s:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling",
		c.partition(), c.account)}}
	groups := append(c.clusterLogs(), c.flowLogs())
	if c.args.Databases {
		groups = append(groups, c.databaseLogs())
	}
	logs := make([]pulumi.StringInput, 0, len(groups))
	for _, group := range groups {
		logs = append(logs, c.arn("logs", "log-group:"+group))
	}
	return []statement{
		// Roles of the account use it as their own policies say. Without this nobody could ever change the key:
		// https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html.
		{
			principals: []pulumi.StringInput{pulumi.Sprintf("arn:%s:iam::%s:root", c.partition(), c.account)},
			actions:    []string{"kms:*"}, resources: texts([]string{whole}),
		},
		// CloudWatch encrypts our log groups and no others:
		// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html.
		{
			services: []string{"logs." + c.args.Location.Region + ".amazonaws.com"},
			actions:  use(), resources: texts([]string{whole}),
			conditions: []condition{{"ArnLike", "kms:EncryptionContext:aws:logs:arn", logs}},
		},
		// Auto Scaling starts nodes whose disks are encrypted:
		// https://docs.aws.amazon.com/autoscaling/ec2/userguide/key-policy-requirements-EBS-encryption.html. It acts as a
		// role that an empty account does not have yet, and KMS refuses a principal that is not there: so the role is
		// named by a condition.
		{
			principals: texts([]string{whole}), actions: use(), resources: texts([]string{whole}),
			conditions: []condition{account, scaling},
		},
		{
			principals: texts([]string{whole}), actions: []string{"kms:CreateGrant"}, resources: texts([]string{whole}),
			conditions: []condition{account, scaling, when("Bool", "kms:GrantIsForAWSResource", "true")},
		},
	}
}

// keyARN is the environment's own key for resources that take one, nil where there is none.
func (c *Cluster) keyARN() pulumi.StringInput {
	if c.key == nil {
		return nil
	}
	return c.key.Arn
}
