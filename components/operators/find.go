package operators

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Find makes sure that an operator which somebody else looks after is there: a preview already fails where it is not,
// and names the definition that is missing.
func Find(ctx *pulumi.Context, name, operator string, opts ...pulumi.ResourceOption) (*Operator, error) {
	remedy := "install the operator"
	if _, ours := catalogue()[operator]; ours {
		remedy += ", or add plinth:operators." + operator + ": {}"
	}
	return FindKinds(ctx, name, "operator "+operator, remedy, Definitions(operator), opts...)
}

// FindKinds does the same for definitions of kinds, by their names: what they belong to, and what to do where one is
// missing, are for the message.
func FindKinds(
	ctx *pulumi.Context, name, of, remedy string, definitions []string, opts ...pulumi.ResourceOption,
) (*Operator, error) {
	o := &Operator{}
	if err := ctx.RegisterComponentResource("plinth:operators:Found", name, o, opts...); err != nil {
		return nil, fmt.Errorf("looking for %s: %w", of, err)
	}
	for i, definition := range definitions {
		found := &pulumi.CustomResourceState{}
		err := ctx.ReadResource("kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition",
			fmt.Sprintf("%s-%d", name, i), pulumi.ID(definition), nil, found, pulumi.Parent(o))
		if err != nil {
			return nil, fmt.Errorf("%s: its definition %s is not in the cluster: %s: %w", of, definition, remedy, err)
		}
		o.Ready = append(o.Ready, found)
	}
	return o, ctx.RegisterResourceOutputs(o, pulumi.Map{})
}
