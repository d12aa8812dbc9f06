package eks

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// statement is one statement of a policy document:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html.
type statement struct {
	// deny refuses what the statement is about; otherwise it allows it.
	deny bool
	// services and principals are whom it is for, by name and by ARN: one of them in policies of roles and resources, none
	// in those that a role carries.
	services   []string
	principals []pulumi.StringInput
	// federated is an identity provider whose tokens it is for.
	federated pulumi.StringInput
	actions   []string
	// resources are empty where the policy belongs to the resource.
	resources  []pulumi.StringInput
	conditions []condition
	// when are conditions whose keys are known only later, instead of conditions.
	when pulumi.Input
}

// condition holds where operator holds between a key of the request and one of the values.
type condition struct {
	operator, key string
	values        []pulumi.StringInput
}

// when is a condition with values known beforehand.
func when(operator, key string, values ...string) condition {
	return condition{operator, key, texts(values)}
}

// whole is the resource of actions for which AWS knows no narrower one, and in a key's policy the key itself.
const whole = "*"

// policy writes a document. It is the only place that does.
func policy(statements ...statement) pulumi.StringOutput {
	all := make(pulumi.Array, len(statements))
	for i, s := range statements {
		one := pulumi.Map{"Effect": pulumi.String("Allow"), "Action": list(texts(s.actions))}
		if s.deny {
			one["Effect"] = pulumi.String("Deny")
		}
		switch {
		case len(s.services) > 0:
			one["Principal"] = pulumi.Map{"Service": list(texts(s.services))}
		case len(s.principals) > 0:
			one["Principal"] = pulumi.Map{"AWS": list(s.principals)}
		case s.federated != nil:
			one["Principal"] = pulumi.Map{"Federated": s.federated}
		}
		if len(s.resources) > 0 {
			one["Resource"] = list(s.resources)
		}
		if len(s.conditions) > 0 {
			one["Condition"] = conditions(s.conditions)
		} else if s.when != nil {
			one["Condition"] = s.when
		}
		all[i] = one
	}
	return pulumi.JSONMarshal(pulumi.Map{"Version": pulumi.String("2012-10-17"), "Statement": all})
}

func conditions(of []condition) pulumi.Map {
	byOperator := map[string]pulumi.Map{}
	for _, c := range of {
		if byOperator[c.operator] == nil {
			byOperator[c.operator] = pulumi.Map{}
		}
		byOperator[c.operator][c.key] = list(c.values)
	}
	out := pulumi.Map{}
	for operator, keys := range byOperator {
		out[operator] = keys
	}
	return out
}

func list(values []pulumi.StringInput) pulumi.Array {
	out := make(pulumi.Array, len(values))
	for i, v := range values {
		out[i] = v
	}
	return out
}

func texts(values []string) []pulumi.StringInput {
	out := make([]pulumi.StringInput, len(values))
	for i, v := range values {
		out[i] = pulumi.String(v)
	}
	return out
}

// role is a role with its permissions.
type role struct {
	*iam.Role

	// effective is what makes the permissions hold: whatever acts as the role comes after it and goes before it. Without
	// it EKS could not take away the security groups and interfaces that it made.
	effective []pulumi.Resource
}

// roleArgs say what a role may do.
type roleArgs struct {
	description string
	// trust says who may act as it.
	trust []statement
	// managed are names of AWS's own policies, with their path.
	managed []string
	// own are permissions besides.
	own []statement
}

// makeRole makes a role. parts name it in the account, opts are those of all its resources.
func makeRole(
	ctx *pulumi.Context, name, physical string, partition string, args roleArgs, opts []pulumi.ResourceOption,
) (*role, error) {
	made, err := iam.NewRole(ctx, name+"-role", &iam.RoleArgs{
		Name: pulumi.String(physical), Description: pulumi.String(args.description),
		AssumeRolePolicy: policy(args.trust...),
	}, opts...)
	if err != nil {
		return nil, fmt.Errorf("creating the role %s: %w", physical, err)
	}
	r := &role{Role: made, effective: []pulumi.Resource{made}}
	for _, managed := range args.managed {
		short := managed[strings.LastIndex(managed, "/")+1:]
		attachment, err := iam.NewRolePolicyAttachment(ctx, name+"-"+short, &iam.RolePolicyAttachmentArgs{
			Role: made.Name, PolicyArn: pulumi.String("arn:" + partition + ":iam::aws:policy/" + managed),
		}, opts...)
		if err != nil {
			return nil, fmt.Errorf("attaching the policy %s to %s: %w", short, physical, err)
		}
		r.effective = append(r.effective, attachment)
	}
	if len(args.own) > 0 {
		own, err := iam.NewRolePolicy(ctx, name+"-policy", &iam.RolePolicyArgs{
			Role: made.Name, Policy: policy(args.own...),
		}, opts...)
		if err != nil {
			return nil, fmt.Errorf("creating the policy of %s: %w", physical, err)
		}
		r.effective = append(r.effective, own)
	}
	return r, nil
}

// newRole makes a role of the cluster's.
func (c *Cluster) newRole(ctx *pulumi.Context, part string, args roleArgs) (*role, error) {
	return makeRole(ctx, c.name+"-"+part, c.roleName(part), c.partition(), args, c.child())
}

// trusted lets a service of AWS act as a role.
func trusted(service string, conditions ...condition) []statement {
	return []statement{{services: []string{service}, actions: []string{"sts:AssumeRole"}, conditions: conditions}}
}

// partition is the part of AWS that the region is in. China's has services of other names and is not supported.
func (c *Cluster) partition() string {
	if strings.HasPrefix(c.args.Location.Region, "us-gov-") {
		return "aws-us-gov"
	}
	return "aws"
}

// arn is the ARN of something in the account and the region.
func (c *Cluster) arn(service, rest string) pulumi.StringOutput {
	return pulumi.Sprintf("arn:%s:%s:%s:%s:%s", c.partition(), service, c.args.Location.Region, c.account, rest)
}

// dependsOn waits for the resources of lists.
func dependsOn(lists ...[]pulumi.Resource) pulumi.ResourceOption {
	return pulumi.DependsOn(slices.Concat(lists...))
}
