package kubernetes

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/util/jsonpath"
)

// customReadiness waits for what pulumi.com/waitFor names: jsonpath={EXPRESSION}[=VALUE], condition=TYPE[=STATUS], or a
// JSON list of such, all of which must hold.
func customReadiness(c *cluster, annotation string) (*readiness, error) {
	expressions := []string{annotation}
	if strings.HasPrefix(strings.TrimSpace(annotation), "[") {
		expressions = nil
		if err := json.Unmarshal([]byte(annotation), &expressions); err != nil {
			return nil, fmt.Errorf("%s: must be an expression or a JSON list of them, got %q", waitForKey, annotation)
		}
	}
	tests := make([]func(*unstructured.Unstructured) bool, len(expressions))
	for i, expression := range expressions {
		test, err := parseExpectation(expression)
		if err != nil {
			return nil, err
		}
		tests[i] = test
	}
	return &readiness{usualTimeout, func(ctx context.Context, live *unstructured.Unstructured, how depth) verdict {
		v := verdict{ready: true}
		for i, test := range tests {
			if !test(live) {
				v.ready = false
				v.reasons = append(v.reasons, expressions[i]+" does not hold")
			}
		}
		v.progress = "waiting for " + strings.Join(expressions, " and ")
		if !v.ready && how == thorough {
			v.reasons = append(v.reasons, complaints(live)...)
			v.reasons = append(v.reasons, c.warnings(ctx, live)...)
		}
		return v
	}}, nil
}

// complaints are what the conditions of an object say that do not hold.
func complaints(live *unstructured.Unstructured) []string {
	var said []string
	conditions, _ := get(live.Object, "status", "conditions").([]any)
	for _, condition := range conditions {
		m, _ := condition.(map[string]any)
		if message := text(m, "message"); text(m, "status") == "False" && message != "" {
			said = append(said, describe(live)+": "+join(text(m, "reason"), message))
		}
	}
	return said
}

func parseExpectation(expression string) (func(*unstructured.Unstructured) bool, error) {
	if rest, ok := strings.CutPrefix(expression, "jsonpath="); ok {
		return parseJSONPath(expression, rest)
	}
	if rest, ok := strings.CutPrefix(expression, "condition="); ok {
		kind, want, found := strings.Cut(rest, "=")
		if !found {
			want = "True"
		}
		return func(live *unstructured.Unstructured) bool {
			got, ok := condition(live, kind)
			return ok && strings.EqualFold(text(got, "status"), want)
		}, nil
	}
	return nil, fmt.Errorf("%s: an expression starts with jsonpath= or condition=, got %q", waitForKey, expression)
}

func parseJSONPath(expression, rest string) (func(*unstructured.Unstructured) bool, error) {
	end := strings.LastIndex(rest, "}")
	if !strings.HasPrefix(rest, "{") || end < 0 || end+1 < len(rest) && rest[end+1] != '=' {
		return nil, fmt.Errorf("%s: must be jsonpath={EXPRESSION} or jsonpath={EXPRESSION}=VALUE, got %q", waitForKey,
			expression)
	}
	path := jsonpath.New(expression).AllowMissingKeys(true)
	if err := path.Parse(rest[:end+1]); err != nil {
		return nil, fmt.Errorf("%s: %q: %w", waitForKey, expression, err)
	}
	want, compare := strings.CutPrefix(rest[end+1:], "=")
	return func(live *unstructured.Unstructured) bool {
		results, err := path.FindResults(live.Object)
		if err != nil || len(results) == 0 || len(results[0]) == 0 {
			return false
		}
		if !compare {
			return true
		}
		for _, value := range results[0] {
			if fmt.Sprint(value.Interface()) != want {
				return false
			}
		}
		return true
	}, nil
}

// condition finds a condition of an object by its type, whatever its case.
func condition(live *unstructured.Unstructured, kind string) (map[string]any, bool) {
	conditions, _ := get(live.Object, "status", "conditions").([]any)
	for _, c := range conditions {
		if m, ok := c.(map[string]any); ok && strings.EqualFold(text(m, "type"), kind) {
			return m, true
		}
	}
	return nil, false
}
