package eks

import (
	"errors"
	"fmt"

	awseks "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/eks"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/binding"
	"plinth/components/platform"
)

// identity is a role that the pods of one service account act as.
type identity struct {
	pulumi.ResourceState
}

// Identity implements [platform.Cluster]: EKS Pod Identity. The service account needs no annotation, the agent on the
// node knows it by its name.
func (c *Cluster) Identity(
	ctx *pulumi.Context, name string, args *platform.IdentityArgs, opts ...pulumi.ResourceOption,
) (*platform.Identity, error) {
	if len(args.Grants) == 0 {
		return nil, fmt.Errorf("identity of %s/%s: %w", args.Namespace, args.ServiceAccount, errors.New(
			"no grants: a workload without any needs no identity"))
	}
	var own []statement
	for _, grant := range args.Grants {
		permitted, err := permission(grant)
		if err != nil {
			return nil, fmt.Errorf("identity of %s/%s: %w", args.Namespace, args.ServiceAccount, err)
		}
		own = append(own, permitted...)
	}
	i := &identity{}
	if err := ctx.RegisterComponentResource("plinth:platform:EksIdentity", name, i, opts...); err != nil {
		return nil, fmt.Errorf("registering the identity %s: %w", name, err)
	}
	child := []pulumi.ResourceOption{pulumi.Parent(i), pulumi.Provider(c.provider)}
	acting, err := makeRole(ctx, name, c.roleName("pod", args.Namespace, args.ServiceAccount), c.partition(), roleArgs{
		description: "Pods of " + args.Namespace + "/" + args.ServiceAccount,
		trust:       c.pods(args.Namespace, args.ServiceAccount), own: own,
	}, child)
	if err != nil {
		return nil, err
	}
	association, err := awseks.NewPodIdentityAssociation(ctx, name+"-association", &awseks.PodIdentityAssociationArgs{
		ClusterName: c.cluster.Name, RoleArn: acting.Arn,
		Namespace: pulumi.String(args.Namespace), ServiceAccount: pulumi.String(args.ServiceAccount),
	}, append(child, dependsOn(acting.effective, []pulumi.Resource{c.podIdentity}))...)
	if err != nil {
		return nil, fmt.Errorf("creating the association of %s/%s: %w", args.Namespace, args.ServiceAccount, err)
	}
	return &platform.Identity{
		Annotations: pulumi.StringMap{}, Ready: append(acting.effective, association),
	}, ctx.RegisterResourceOutputs(i, pulumi.Map{"role": acting.Arn})
}

// pods is the trust of a role that the pods of one service account in this cluster act as, and no others: another
// association with the role gets nothing of it. https://docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html.
func (c *Cluster) pods(namespace, account string) []statement {
	return []statement{{
		services: []string{"pods.eks.amazonaws.com"},
		actions:  []string{"sts:AssumeRole", "sts:TagSession"},
		conditions: []condition{
			when("StringEquals", "aws:RequestTag/eks-cluster-name", c.physical()),
			when("StringEquals", "aws:RequestTag/kubernetes-namespace", namespace),
			when("StringEquals", "aws:RequestTag/kubernetes-service-account", account),
		},
	}}
}

// permission says in AWS's words what a grant permits. On is the ARN of the bucket, the secret or the key.
func permission(grant binding.Grant) ([]statement, error) {
	if grant.On == nil {
		return nil, fmt.Errorf("grant %q: it is about nothing: the ARN is missing", grant.Allow)
	}
	on := []pulumi.StringInput{grant.On}
	inside := []pulumi.StringInput{pulumi.Sprintf("%s/*", grant.On)}
	switch grant.Allow {
	case binding.ReadObjects:
		return []statement{
			{actions: []string{"s3:GetBucketLocation", "s3:ListBucket"}, resources: on},
			{actions: []string{"s3:GetObject"}, resources: inside},
		}, nil
	case binding.WriteObjects:
		return []statement{
			{actions: []string{"s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"}, resources: on},
			{
				actions: []string{
					"s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject",
				},
				resources: inside,
			},
		}, nil
	case binding.ReadSecret:
		return []statement{
			{actions: []string{"secretsmanager:DescribeSecret"}, resources: on},
			{
				actions: []string{"secretsmanager:GetSecretValue"}, resources: on,
				// The current version is meant where a request names none.
				conditions: []condition{
					when("StringEqualsIfExists", "secretsmanager:VersionStage", "AWSCURRENT"),
					when("Null", "secretsmanager:VersionId", "true"),
				},
			},
		}, nil
	case binding.Decrypt:
		return []statement{{
			actions:   []string{"kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"},
			resources: on,
		}}, nil
	default:
		return nil, fmt.Errorf("grant %q: want %s, %s, %s or %s", grant.Allow,
			binding.ReadObjects, binding.WriteObjects, binding.ReadSecret, binding.Decrypt)
	}
}
