package clouds_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"plinth/config"
	"plinth/internal/offline/simulation/simulationtest"
	"plinth/internal/record"
)

// withSecrets is the stack with its values in the secret manager of its cloud.
func (v variant) withSecrets(t *testing.T) record.Options {
	t.Helper()
	o := v.options(t)
	o.SecretKeys = append(o.SecretKeys, "plinth:secretValues")
	merged(t, o, "plinth:secretValues", map[string]any{"token": canary})
	merged(t, o, "plinth:secrets", map[string]any{
		"backend": "external-secrets", "signingKeys": []string{"jwt"}, "external": map[string]any{"store": "managed"},
	})
	operator := map[string]any{}
	if v.tier == config.Prod {
		operator["images"] = map[string]any{"operator": "registry.example.com/eso:v1@sha256:" + strings.Repeat("e", 64)}
	}
	merged(t, o, "plinth:operators", map[string]any{"external-secrets": operator})
	likeReader(t, o, "api", map[string]any{
		"secrets": map[string]any{"TOKEN": "token"}, "secretFiles": map[string]any{"/etc/jwt/key.pem": "jwt-private"},
	})
	return o
}

const canary = "canary-9b41"

func TestSecretManagersLiveTheirLifeOnEveryTier(t *testing.T) {
	entryTypes := map[config.Cloud]string{
		config.OnAWS: "aws:secretsmanager/secret:Secret", config.OnGCP: "gcp:secretmanager/secret:Secret",
	}
	for _, v := range variants() {
		t.Run(v.String(), func(t *testing.T) {
			s := v.simulate(t)
			o := v.withSecrets(t)
			o.Outputs, o.Invoke = s.answer, invoke
			rec := run(t, o)
			for _, refused := range s.refused {
				t.Error(refused)
			}
			for _, r := range rules() {
				for _, complaint := range r.broken(v, rec) {
					t.Errorf("%s: %s", r.name, complaint)
				}
			}
			for _, r := range rec.Resources {
				if text := resource.NewProperty(r.Inputs).MapRepl(nil, hidden); strings.Contains(written(t, text), canary) {
					t.Errorf("%s has a value in plain text", r.Label())
				}
			}
			entry := one(t, s.made, entryTypes[v.cloud], "secrets-api-entry")
			for _, e := range s.World.Contents() {
				if strings.Contains(written(t, e), canary) {
					t.Errorf("the world shows the value of %s", e.Key())
				}
			}
			var protects bool
			for _, r := range of(rec, entryTypes[v.cloud]) {
				protects = r.Protect != nil && *r.Protect
			}
			if protects != (v.tier == config.Prod) {
				t.Errorf("Pulumi protects the entry: %t", protects)
			}
			if err := s.Delete(entry); err != nil {
				t.Fatal(err)
			}
			// Another one of the name: at once where environments come and go, and on Google Cloud always.
			_, err := s.Create(entryTypes[v.cloud], "again", plainInputs(entry.Inputs))
			if v.cloud == config.OnAWS && v.tier != config.Dev {
				if err == nil || !strings.Contains(err.Error(), "is already scheduled for deletion") {
					t.Errorf("got %v, want the name to be taken while the entry can be had back", err)
				}
			} else if err != nil {
				t.Errorf("making the entry again: %v", err)
			}
		})
	}
}

// hidden takes what is secret out of a value.
func hidden(v resource.PropertyValue) (any, bool) {
	if v.IsSecret() || v.IsOutput() && v.OutputValue().Secret {
		return "[secret]", true
	}
	if v.IsOutput() {
		return v.OutputValue().Element.MapRepl(nil, hidden), true
	}
	return nil, false
}

func written(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// plainInputs are what made a resource, for another one.
func plainInputs(inputs resource.PropertyMap) simulationtest.Object {
	again := simulationtest.Object{}
	for key, value := range inputs {
		if !strings.HasPrefix(string(key), "__") {
			again[string(key)] = value
		}
	}
	return again
}
