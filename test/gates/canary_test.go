package gates_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"plinth/environment"
	"plinth/internal/record"
	"plinth/internal/standin"
)

// secretsKey is the one key of secret values.
const secretsKey = "plinth:secretValues"

// plant gives every secret value of the stack a canary, and returns the stack and the canaries.
func (s stack) plant(t *testing.T) (stack, []string) {
	t.Helper()
	if s.options.Config[secretsKey] == "" {
		return s, nil
	}
	values := map[string]string{}
	if err := json.Unmarshal([]byte(s.options.Config[secretsKey]), &values); err != nil {
		t.Fatal(err)
	}
	var canaries []string
	for _, name := range slices.Sorted(maps.Keys(values)) {
		values[name] = "Canary-" + name + "-7f3a9c\"'\\&<>"
		canaries = append(canaries, "Canary-"+name+"-7f3a9c")
	}
	text, err := json.Marshal(values)
	if err != nil {
		t.Fatal(err)
	}
	s.options.Config = maps.Clone(s.options.Config)
	s.options.Config[secretsKey] = string(text)
	s.options.SecretKeys = []string{secretsKey}
	return s, canaries
}

// sighted returns the canaries that a text shows: as they are, or in base64, wherever in the text's groups of three.
func sighted(text string, canaries []string) []string {
	return slices.DeleteFunc(slices.Clone(canaries), func(canary string) bool {
		if strings.Contains(text, canary) {
			return false
		}
		for shift := range 3 {
			encoded := base64.StdEncoding.EncodeToString([]byte(strings.Repeat(" ", shift) + canary))
			// Its first and last group also encode what is around the canary.
			if strings.Contains(text, encoded[4:len(encoded)-4]) {
				return false
			}
		}
		return true
	})
}

// inPlain is everything that a recording shows to whoever may not see secrets.
func inPlain(rec *record.Recording) string {
	var shown strings.Builder
	for _, line := range rec.Log {
		fmt.Fprintln(&shown, line)
	}
	show := func(properties resource.PropertyMap) { fmt.Fprintln(&shown, visible(resource.NewProperty(properties))) }
	show(rec.Outputs)
	for _, r := range rec.Resources {
		fmt.Fprintln(&shown, r.URN, r.ID, r.Dependencies, r.Aliases)
		show(r.Inputs)
		show(r.Outputs)
	}
	return shown.String()
}

func visible(v resource.PropertyValue) any {
	switch {
	case v.IsSecret(), v.IsOutput() && v.OutputValue().Secret:
		return "[secret]"
	case v.IsOutput():
		return visible(v.OutputValue().Element)
	case v.IsObject():
		out := map[string]any{}
		for key, value := range v.ObjectValue() {
			out[string(key)] = visible(value)
		}
		return out
	case v.IsArray():
		var out []any
		for _, value := range v.ArrayValue() {
			out = append(out, visible(value))
		}
		return out
	default:
		return v.V
	}
}

// hidden is everything that a recording holds, secrets too.
func hidden(rec *record.Recording) string {
	var all strings.Builder
	for _, r := range rec.Resources {
		fmt.Fprintln(&all, r.Inputs)
	}
	return all.String()
}

func (s stack) record(t *testing.T, fail func(*record.Resource) error) (*record.Recording, error) {
	t.Helper()
	s.options.Fail = fail
	return record.Run(t.Context(), s.options, environment.Program(func() []string {
		return slices.Collect(maps.Keys(s.options.Config))
	}, standin.Clouds()...))
}

func TestNoSecretIsSeenInARecordingOrItsLog(t *testing.T) {
	planted := 0
	for _, s := range stacks(t) {
		s, canaries := s.plant(t)
		planted += len(canaries)
		rec, err := s.record(t, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := sighted(hidden(rec), canaries); !slices.Equal(got, canaries) {
			t.Errorf("stack %s: the recording holds the secrets %v, want %v, else nothing is shown here",
				s.name, got, canaries)
		}
		if got := sighted(inPlain(rec), canaries); len(got) > 0 {
			t.Errorf("stack %s: got %v in plain text:\n%s", s.name, got, inPlain(rec))
		}
	}
	if planted < 3 {
		t.Errorf("planted %d canaries, want some in the tests' own stacks", planted)
	}
}

func TestNoSecretIsSeenInARenderedFile(t *testing.T) {
	for _, s := range stacks(t) {
		s, canaries := s.plant(t)
		rendered := s.render(t)
		all := strings.Join(slices.Collect(maps.Values(rendered.files)), "\n")
		if len(canaries) > 0 && !strings.Contains(all, "<plinth: ") {
			t.Errorf("stack %s: got no placeholder in %d files, want one for each secret", s.name, len(rendered.files))
		}
		for path, text := range rendered.files {
			if got := sighted(text, canaries); len(got) > 0 {
				t.Errorf("stack %s: got %v in %s", s.name, got, path)
			}
		}
	}
}

// Whatever fails, the error says nothing secret: the first registration of each type, and a configuration that is wrong
// around the secrets in many ways.
func TestNoSecretIsSeenInAnError(t *testing.T) {
	for _, s := range stacks(t) {
		s, canaries := s.plant(t)
		whole, err := s.record(t, nil)
		if err != nil {
			t.Fatal(err)
		}
		types := map[string]bool{}
		for _, r := range whole.Resources {
			if types[string(r.Type)] {
				continue
			}
			types[string(r.Type)] = true
			rec, err := s.record(t, func(now *record.Resource) error {
				if now.URN == r.URN {
					return errors.New("refused")
				}
				return nil
			})
			if err == nil {
				t.Errorf("stack %s: %s was refused, and the program did not fail", s.name, r.Label())
				continue
			}
			if got := sighted(err.Error()+inPlain(rec), canaries); len(got) > 0 {
				t.Errorf("stack %s: with %s refused, got %v in %s", s.name, r.Label(), got, err)
			}
		}
		if len(canaries) == 0 {
			continue
		}
		for what, text := range map[string]string{
			"text":    canaries[0],
			"list":    `["` + canaries[0] + `"]`,
			"nested":  `{"token": {"inner": "` + canaries[0] + `"}}`,
			"no JSON": `{"token": "` + canaries[0],
		} {
			bad := s
			bad.options.Config = maps.Clone(s.options.Config)
			bad.options.Config[secretsKey] = text
			if _, err := bad.record(t, nil); err == nil || len(sighted(err.Error(), canaries)) > 0 {
				t.Errorf("stack %s: secret values that are a %s: got the error %v, want one without the secret",
					s.name, what, err)
			}
		}
		open := s
		open.options.SecretKeys = nil
		if _, err := open.record(t, nil); err == nil || len(sighted(err.Error(), canaries)) > 0 {
			t.Errorf("stack %s: secret values in the clear: got the error %v, want one without them", s.name, err)
		}
	}
}

func TestACanaryIsSeenInPlainTextAndInBase64(t *testing.T) {
	canaries := []string{"Canary-token-7f3a9c"}
	for _, text := range []string{
		"x: Canary-token-7f3a9c-y",
		base64.StdEncoding.EncodeToString([]byte("Canary-token-7f3a9c")),
		base64.StdEncoding.EncodeToString([]byte("pw=Canary-token-7f3a9c;")),
		base64.StdEncoding.EncodeToString([]byte("password: Canary-token-7f3a9c")),
	} {
		if len(sighted(text, canaries)) == 0 {
			t.Errorf("got nothing in %q, want the canary", text)
		}
	}
	if got := sighted("Canary-other-7f3a9c", canaries); len(got) > 0 {
		t.Errorf("got %v, want nothing", got)
	}
}
