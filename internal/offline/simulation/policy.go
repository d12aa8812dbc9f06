package simulation

import (
	"encoding/json"
	"fmt"
	"slices"
)

// checkPolicy finds out whether a text is a policy document in JSON:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html. That actions and resources exist is
// not checked; IAM does not either.
func checkPolicy(text string) error {
	var document map[string]any
	if err := json.Unmarshal([]byte(text), &document); err != nil {
		return fmt.Errorf("contains an invalid JSON policy: %w", err)
	}
	for key := range document {
		if !slices.Contains([]string{"Version", "Id", "Statement"}, key) {
			return fmt.Errorf("must have Version, Id and Statement alone, got %s", key)
		}
	}
	if v, given := document["Version"]; given && v != "2012-10-17" && v != "2008-10-17" {
		return fmt.Errorf(`element Version: must be "2012-10-17" or "2008-10-17", got %v`, v)
	}
	statements, ok := document["Statement"].([]any)
	if one, single := document["Statement"].(map[string]any); single {
		statements, ok = []any{one}, true
	}
	if !ok || len(statements) == 0 {
		return fmt.Errorf("element Statement: must be there, one at least")
	}
	for i, s := range statements {
		statement, ok := s.(map[string]any)
		if !ok {
			return fmt.Errorf("element Statement[%d]: must be an object", i)
		}
		if err := checkStatement(statement); err != nil {
			return fmt.Errorf("element Statement[%d]: %w", i, err)
		}
	}
	return nil
}

func checkStatement(statement map[string]any) error {
	known := []string{
		"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition",
	}
	for key := range statement {
		if !slices.Contains(known, key) {
			return fmt.Errorf("has no element %s", key)
		}
	}
	if effect := statement["Effect"]; effect != "Allow" && effect != "Deny" {
		return fmt.Errorf(`element Effect: must be "Allow" or "Deny", got %v`, effect)
	}
	for _, pair := range [][2]string{{"Action", "NotAction"}, {"Resource", "NotResource"}, {"Principal", "NotPrincipal"}} {
		_, with := statement[pair[0]]
		_, without := statement[pair[1]]
		switch {
		case with && without:
			return fmt.Errorf("must have %s or %s, not both", pair[0], pair[1])
		case pair[0] == "Action" && !with && !without:
			return fmt.Errorf("must have Action or NotAction")
		}
	}
	for _, key := range []string{"Action", "NotAction", "Resource", "NotResource"} {
		if v, given := statement[key]; given && !oneOrMore(v) {
			return fmt.Errorf("%s: must be a string or a list of strings, not empty, got %v", key, v)
		}
	}
	return nil
}

func oneOrMore(v any) bool {
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	return len(list) > 0 && !slices.ContainsFunc(list, func(e any) bool {
		s, ok := e.(string)
		return !ok || s == ""
	})
}
