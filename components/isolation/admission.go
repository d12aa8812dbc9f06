package isolation

import (
	"fmt"
	"strconv"
	"strings"

	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/workload"
)

// Admission is what the API server refuses in some namespaces, whoever asks: pods that were made by hand, by an
// operator or by another tool too.
type Admission struct {
	pulumi.ResourceState

	// Ready is what must be there before a pod that it is to judge.
	Ready []pulumi.Resource
}

// AdmissionArgs says what is refused. At least one rule.
type AdmissionArgs struct {
	// Environment is part of the policy's name, which the whole cluster shares: a DNS label.
	Environment string
	// PartOf names the environment in labels.
	PartOf string
	// Namespaces are where it holds.
	Namespaces []string
	// Digests refuses images without a digest.
	Digests bool
	// Registries are what the references of images may begin with: a host and an optional path. Empty: anything.
	Registries []string
}

// containers are all of a pod, those of a debugging session too.
const containers = "(object.spec.containers + object.spec.?initContainers.orValue([]) + " +
	"object.spec.?ephemeralContainers.orValue([]))"

// rule is one thing that must be true of each container.
type rule struct{ each, message string }

func (a *AdmissionArgs) rules() []rule {
	var rules []rule
	if a.Digests {
		rules = append(rules, rule{
			each:    `c.image.matches('@sha256:[0-9a-f]{64}$')`,
			message: `'must have a digest (NAME:TAG@sha256:DIGEST)'`,
		})
	}
	if len(a.Registries) > 0 {
		var from []string
		for _, prefix := range a.Registries {
			from = append(from, "c.image.startsWith("+strconv.Quote(prefix+"/")+")")
		}
		rules = append(rules, rule{
			each:    strings.Join(from, " || "),
			message: strconv.Quote("must be pulled from " + strings.Join(a.Registries, " or ")),
		})
	}
	return rules
}

// NewAdmission makes the policy and has it hold.
func NewAdmission(
	ctx *pulumi.Context, name string, args *AdmissionArgs, opts ...pulumi.ResourceOption,
) (*Admission, error) {
	a := &Admission{}
	if err := ctx.RegisterComponentResource("plinth:isolation:Admission", name, a, opts...); err != nil {
		return nil, fmt.Errorf("registering admission policy %s: %w", name, err)
	}
	id := workload.ID{Name: name, Component: "admission", PartOf: args.PartOf}
	object := workload.Name(workload.MaxLabel, args.Environment, "images")
	meta := func() metav1.ObjectMetaArgs {
		return metav1.ObjectMetaArgs{Name: pulumi.String(object), Labels: workload.StringMap(id.Labels())}
	}
	validations := pulumi.Array{}
	for _, r := range args.rules() {
		validations = append(validations, pulumi.StringMap{
			"expression": pulumi.String(containers + ".all(c, " + r.each + ")"),
			"messageExpression": pulumi.String("'image ' + " + containers + ".filter(c, !(" + r.each + ")).map(c, c.image)" +
				".join(', ') + ' ' + " + r.message),
			"reason": pulumi.String("Forbidden"),
		})
	}
	const api = "admissionregistration.k8s.io/v1"
	policy, err := workload.Object(ctx, name+"-policy", api, "ValidatingAdmissionPolicy", meta(), pulumi.Map{
		"spec": pulumi.Map{
			// One that cannot be judged is refused.
			"failurePolicy": pulumi.String("Fail"),
			"matchConstraints": pulumi.Map{"resourceRules": pulumi.Array{pulumi.Map{
				"apiGroups": pulumi.ToStringArray([]string{""}), "apiVersions": pulumi.ToStringArray([]string{"v1"}),
				"operations": pulumi.ToStringArray([]string{"CREATE", "UPDATE"}),
				"resources":  pulumi.ToStringArray([]string{"pods", "pods/ephemeralcontainers"}),
			}}},
			"validations": validations,
		},
	}, pulumi.Parent(a))
	if err != nil {
		return nil, err
	}
	bound, err := workload.Object(ctx, name+"-binding", api, "ValidatingAdmissionPolicyBinding", meta(), pulumi.Map{
		"spec": pulumi.Map{
			"policyName":        pulumi.String(object),
			"validationActions": pulumi.ToStringArray([]string{"Deny"}),
			"matchResources": pulumi.Map{"namespaceSelector": pulumi.Map{"matchExpressions": pulumi.Array{pulumi.Map{
				"key": pulumi.String("kubernetes.io/metadata.name"), "operator": pulumi.String("In"),
				"values": pulumi.ToStringArray(args.Namespaces),
			}}}},
		},
	}, pulumi.Parent(a), pulumi.DependsOn([]pulumi.Resource{policy}))
	if err != nil {
		return nil, err
	}
	a.Ready = []pulumi.Resource{policy, bound}
	return a, ctx.RegisterResourceOutputs(a, pulumi.Map{"name": pulumi.String(object)})
}
