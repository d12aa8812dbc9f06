package aws

import (
	"encoding/json"
	"slices"
	"strings"

	"plinth/internal/offline/simulation"
)

// identityTypes are roles, policies and what joins them. Names and errors:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html,
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteRole.html.
func identityTypes() map[string]simulation.Type {
	const name = `[\w+=,.@-]+`
	return map[string]simulation.Type{
		roleType: tagged(simulation.Type{
			Replace: []string{"name", "namePrefix", "path"}, Auto: "name",
			Defaults: object{"path": "/", "forceDetachPolicies": false, "maxSessionDuration": float64(3600)},
			Texts: []simulation.Text{
				{Path: "name", Min: 1, Max: 64, Pattern: name}, {Path: "description", Max: 1000}, {
					Path:    "path",
					Pattern: `/(.*/)?`,
				},
			},
			Policies: []string{"assumeRolePolicy", "inlinePolicies.*.policy"},
			Unique: []simulation.Unique{{
				By: []string{"name", "account"}, Taken: "EntityAlreadyExists: Role with name {value} already exists.",
			}},
			References: []simulation.Reference{toPolicy("managedPolicyArns"), toPolicy("permissionsBoundary")},
			Rules:      []simulation.Rule{saysWho},
			ID:         "{name}", Name: "{name}",
			Outputs: object{
				"arn": "arn:{partition}:iam::{account}:role{path}{name}", "createDate": "{now}", "uniqueId": "AROA{upper:17}",
			},
			Held: "DeleteConflict: Cannot delete entity, must detach all policies first.",
		}),
		policyType: tagged(simulation.Type{
			Replace: []string{"name", "namePrefix", "path", "description"}, Auto: "name",
			Defaults: object{"path": "/"},
			Texts:    []simulation.Text{{Path: "name", Min: 1, Max: 128, Pattern: name}, {Path: "description", Max: 1000}},
			Policies: []string{"policy"},
			Unique: []simulation.Unique{{
				By: []string{"name", "account"}, Taken: "EntityAlreadyExists: A policy called {value} already exists. Duplicate " +
					"names are not allowed.",
			}},
			Rules: []simulation.Rule{saysWhat("policy")},
			ID:    "arn:{partition}:iam::{account}:policy{path}{name}", Name: "{name}",
			Outputs: object{"arn": "{id}", "policyId": "ANPA{upper:17}", "attachmentCount": float64(0)},
			Held:    "DeleteConflict: Cannot delete a policy attached to entities.",
		}),
		"aws:iam/rolePolicy:RolePolicy": {
			Replace: []string{"name", "namePrefix", "role"}, Auto: "name",
			Texts:    []simulation.Text{{Path: "name", Min: 1, Max: 128, Pattern: name}},
			Policies: []string{"policy"}, References: []simulation.Reference{toRoleName()},
			Rules: []simulation.Rule{saysWhat("policy")},
			ID:    "{role}:{name}", Name: "{name}",
		},
		"aws:iam/rolePolicyAttachment:RolePolicyAttachment": {
			Replace: []string{"role", "policyArn"}, References: []simulation.Reference{toRoleName(), toPolicy("policyArn")},
			ID: "{role}-{digits:26}", Name: "{policyArn}",
		},
		"aws:iam/openIdConnectProvider:OpenIdConnectProvider": tagged(simulation.Type{
			Replace: []string{"url"},
			Texts:   []simulation.Text{{Path: "url", Max: 255, Pattern: `https://.+`}},
			Unique: []simulation.Unique{{
				By: []string{"url", "account"}, Taken: "EntityAlreadyExists: Provider with url {value} already exists.",
			}},
			ID: "arn:{partition}:iam::{account}:oidc-provider/{hex:8}", Outputs: object{"arn": "{id}"}, Name: "{url}",
		}),
	}
}

// toRoleName is the reference of what is part of a role and must go first.
func toRoleName() simulation.Reference {
	return by("role", roleType, "name", "NoSuchEntity: The role with name {value} cannot be found.", simulation.Holds)
}

// toPolicy is a reference to a policy by its ARN, one of AWS's own among them: those that programs attach, as
// https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html has them. A program that attaches
// another one adds it here.
func toPolicy(path string) simulation.Reference {
	r := by(path, policyType, "arn", "NoSuchEntity: Policy {value} does not exist or is not attachable.", simulation.Holds)
	r.Provided = `arn:aws[a-z-]*:iam::aws:policy/(` + strings.Join([]string{
		"AmazonEKSClusterPolicy", "AmazonEKSVPCResourceController", "AmazonEKSWorkerNodePolicy",
		"AmazonEKSWorkerNodeMinimalPolicy", "AmazonEKS_CNI_Policy", "AmazonEC2ContainerRegistryReadOnly",
		"AmazonEC2ContainerRegistryPullOnly", "AmazonSSMManagedInstanceCore", "CloudWatchAgentServerPolicy",
		"AWSXrayWriteOnlyAccess", "service-role/AmazonEBSCSIDriverPolicy", "service-role/AmazonRDSEnhancedMonitoringRole",
		"ReadOnlyAccess", "SecurityAudit",
	}, "|") + `)`
	return r
}

// policyStatement is a statement of a policy, as far as rules here look at it.
type policyStatement struct {
	Effect              string
	Principal, Action   any
	Resource, NotAction any
	Condition           any
}

// statements are those of a policy document that parses.
func statements(document string) []policyStatement {
	var many struct{ Statement []policyStatement }
	if json.Unmarshal([]byte(document), &many) == nil {
		return many.Statement
	}
	var one struct{ Statement policyStatement }
	if json.Unmarshal([]byte(document), &one) == nil {
		return []policyStatement{one.Statement}
	}
	return nil
}

// saysWho demands principals of a trust policy, and no resources.
func saysWho(o *simulation.Operation) error {
	for _, s := range statements(o.Text("assumeRolePolicy")) {
		switch {
		case s.Principal == nil:
			return o.Refuse("MalformedPolicyDocument: Missing required field Principal")
		case s.Resource != nil:
			return o.Refuse("MalformedPolicyDocument: Has prohibited field Resource")
		}
	}
	return nil
}

// saysWhat demands resources of a role's or user's policy, and no principals.
func saysWhat(path string) simulation.Rule {
	return func(o *simulation.Operation) error {
		for _, s := range statements(o.Text(path)) {
			switch {
			case s.Principal != nil:
				return o.Refuse("MalformedPolicyDocument: Policy document should not specify a principal.")
			case s.Resource == nil:
				return o.Refuse("MalformedPolicyDocument: Policy statement must contain resources.")
			}
		}
		return nil
	}
}

// trusts demands that the roles which a path names may be assumed by a service.
func trusts(path, service string) simulation.Rule {
	return func(o *simulation.Operation) error {
		for _, arn := range o.Texts(path) {
			role, ok := o.Find(roleType, arn, "arn")
			if ok && !slices.ContainsFunc(statements(role.Text("assumeRolePolicy")), func(s policyStatement) bool {
				return s.Effect == "Allow" && mentions(s.Principal, service)
			}) {
				return o.Refuse("InvalidParameterException: the trust policy of role %s does not allow %s to assume it: %s", arn,
					service, "trust policy provided in Role is not valid")
			}
		}
		return nil
	}
}

// mentions reports whether a word is anywhere in a value.
func mentions(v any, word string) bool {
	switch v := v.(type) {
	case string:
		return v == word || v == "*"
	case []any:
		return slices.ContainsFunc(v, func(e any) bool { return mentions(e, word) })
	case map[string]any:
		for _, e := range v {
			if mentions(e, word) {
				return true
			}
		}
	}
	return false
}
