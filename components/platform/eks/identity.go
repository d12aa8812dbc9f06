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
		permitted, err := c.permission(grant)
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
		Annotations: pulumi.StringMap{}, Edges: agent(), Ready: append(acting.effective, association),
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

// agent is where pods get their credentials: on their node, at an address that is the same everywhere.
// https://docs.aws.amazon.com/eks/latest/userguide/pod-id-how-it-works.html.
func agent() []binding.Edge {
	return []binding.Edge{{To: binding.Peer{CIDR: "169.254.170.23/32"}, Ports: []binding.Port{{Number: 80}}}}
}

// permission says in AWS's words what a grant permits. On is the ARN of the bucket, the secret or the key. What is
// encrypted with the environment's key takes a permission for that, too: it is given for this service and this one
// bucket or secret, which the service says in the context of what it encrypts.
func (c *Cluster) permission(grant binding.Grant) ([]statement, error) {
	if grant.On == nil {
		return nil, fmt.Errorf("grant %q: it is about nothing: the ARN is missing", grant.Allow)
	}
	on := []pulumi.StringInput{grant.On}
	switch grant.Allow {
	case binding.ReadObjects:
		return append(objects(grant, nil, "s3:GetObject"),
			c.decrypts("s3", "aws:s3:arn", on, "kms:Decrypt")...), nil
	case binding.WriteObjects:
		var whole []string
		if grant.Prefix == "" {
			// It knows no prefixes, and would show what others upload.
			whole = []string{"s3:ListBucketMultipartUploads"}
		}
		return append(objects(grant, whole, "s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject",
			"s3:ListMultipartUploadParts", "s3:PutObject"),
			c.decrypts("s3", "aws:s3:arn", on, "kms:Decrypt", "kms:GenerateDataKey")...), nil
	case binding.SignURLs:
		return nil, nil // Whoever has credentials signs with them.
	case binding.ReadSecret:
		return append([]statement{
			{actions: []string{"secretsmanager:DescribeSecret"}, resources: on},
			{
				actions: []string{"secretsmanager:GetSecretValue"}, resources: on,
				// The current version is meant where a request names none.
				conditions: []condition{
					when("StringEqualsIfExists", "secretsmanager:VersionStage", "AWSCURRENT"),
					when("Null", "secretsmanager:VersionId", "true"),
				},
			},
		}, c.decrypts("secretsmanager", "SecretARN", on, "kms:Decrypt")...), nil
	case binding.Decrypt:
		return []statement{{
			actions:   []string{"kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"},
			resources: on,
		}}, nil
	default:
		return nil, fmt.Errorf("grant %q: want %s, %s, %s, %s or %s", grant.Allow, binding.ReadObjects,
			binding.WriteObjects, binding.SignURLs, binding.ReadSecret, binding.Decrypt)
	}
}

// objects permits actions on the objects of a bucket that a grant is about, to list them, and whole on all of the
// bucket.
func objects(grant binding.Grant, whole []string, actions ...string) []statement {
	bucket := []pulumi.StringInput{grant.On}
	inside := []pulumi.StringInput{pulumi.Sprintf("%s/%s*", grant.On, grant.Prefix)}
	list := statement{actions: append([]string{"s3:GetBucketLocation", "s3:ListBucket"}, whole...), resources: bucket}
	statements := []statement{list}
	if grant.Prefix != "" {
		statements[0].actions = []string{"s3:GetBucketLocation"}
		statements = append(statements, statement{
			actions: []string{"s3:ListBucket"}, resources: bucket,
			conditions: []condition{when("StringLike", "s3:prefix", grant.Prefix+"*")},
		})
	}
	return append(statements, statement{actions: actions, resources: inside})
}

// decrypts permits to use the environment's key, where there is one, by way of a service and for what that encrypts: on
// is what it calls so in the context, by that key.
func (c *Cluster) decrypts(service, key string, on []pulumi.StringInput, actions ...string) []statement {
	if c.key == nil {
		return nil
	}
	return []statement{{
		actions: actions, resources: []pulumi.StringInput{c.key.Arn},
		conditions: []condition{
			when("StringEquals", "kms:ViaService", service+"."+c.args.Location.Region+".amazonaws.com"),
			{"StringLike", "kms:EncryptionContext:" + key, on},
		},
	}}
}
