package vault_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/structpb"

	"plinth/internal/offline/stateless"
	"plinth/internal/offline/vault"
)

const (
	urn    = "urn:pulumi:dev::plinth::vault:kv/secretV2:SecretV2::main-credentials-kept"
	canary = "canary-41b7"
)

// kv is an engine at secret, of version 2: https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2.
type kv struct {
	mu      sync.Mutex
	entries map[string]json.RawMessage
}

// ServeHTTP answers as Vault does.
func (k *kv) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if r.Header.Get("X-Vault-Token") != "right" {
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, `{"errors": ["permission denied"]}`)
		return
	}
	data, isData := strings.CutPrefix(r.URL.Path, "/v1/secret/data/")
	whole, isWhole := strings.CutPrefix(r.URL.Path, "/v1/secret/metadata/")
	switch {
	case isData && r.Method == http.MethodPost:
		var body struct{ Data json.RawMessage }
		_ = json.NewDecoder(r.Body).Decode(&body)
		k.entries[data] = body.Data
		_, _ = io.WriteString(w, `{"data": {"version": 1}}`)
	case isData && r.Method == http.MethodGet && k.entries[data] != nil:
		_, _ = w.Write([]byte(`{"data": {"data": ` + string(k.entries[data]) + `}}`))
	case isWhole && r.Method == http.MethodDelete:
		delete(k.entries, whole)
		w.WriteHeader(http.StatusNoContent)
	default:
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, `{"errors": []}`)
	}
}

func wire(t *testing.T, m resource.PropertyMap) *structpb.Struct {
	t.Helper()
	s, err := stateless.Encode(m)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func entry(mount, data string) resource.PropertyMap {
	return resource.PropertyMap{
		"mount": resource.NewProperty(mount), "name": resource.NewProperty("shop/generated/main"),
		"dataJson":          resource.MakeSecret(resource.NewProperty(data)),
		"deleteAllVersions": resource.NewProperty(true),
	}
}

// reach is a provider with a token for a Vault.
func reach(t *testing.T, token string) (pulumirpc.ResourceProviderServer, *kv) {
	t.Helper()
	engine := &kv{entries: map[string]json.RawMessage{}}
	server := httptest.NewServer(engine)
	t.Cleanup(server.Close)
	provider := vault.New()
	_, err := provider.Configure(t.Context(), &pulumirpc.ConfigureRequest{Args: wire(t, resource.PropertyMap{
		"address": resource.NewProperty(server.URL), "token": resource.MakeSecret(resource.NewProperty(token)),
		"skipChildToken": resource.NewProperty(true),
	})})
	if err != nil {
		t.Fatal(err)
	}
	return provider, engine
}

func TestAnEntryIsWrittenReadChangedAndTakenAway(t *testing.T) {
	ctx := t.Context()
	provider, engine := reach(t, "right")
	in := wire(t, entry("secret", `{"password":"`+canary+`"}`))
	preview, err := provider.Create(ctx, &pulumirpc.CreateRequest{Urn: urn, Properties: in, Preview: true})
	if err != nil || preview.GetId() != "" || len(engine.entries) != 0 {
		t.Fatalf("preview: got %v, %v and %v in Vault, want nothing", preview, err, engine.entries)
	}
	made, err := provider.Create(ctx, &pulumirpc.CreateRequest{Urn: urn, Properties: in})
	if err != nil || made.GetId() != "secret/data/shop/generated/main" ||
		string(engine.entries["shop/generated/main"]) != `{"password":"`+canary+`"}` {
		t.Fatalf("got %v, %v and %s in Vault", made, err, engine.entries)
	}
	state, err := stateless.Decode(made.GetProperties())
	if err != nil || !state["dataJson"].IsSecret() {
		t.Errorf("got %v, %v, want the values secret", state, err)
	}

	changed := wire(t, entry("secret", `{"password":"other"}`))
	diff, err := provider.Diff(ctx, &pulumirpc.DiffRequest{Urn: urn, OldInputs: in, News: changed})
	if err != nil || diff.GetChanges() != pulumirpc.DiffResponse_DIFF_SOME || len(diff.GetReplaces()) != 0 ||
		diff.GetDetailedDiff()["dataJson"].GetKind() != pulumirpc.PropertyDiff_UPDATE {
		t.Errorf("another value: got %v, %v, want an update", diff, err)
	}
	if _, err := provider.Update(ctx, &pulumirpc.UpdateRequest{Urn: urn, Id: made.GetId(), News: changed}); err != nil {
		t.Fatal(err)
	}
	read := &pulumirpc.ReadRequest{Urn: urn, Id: made.GetId(), Inputs: in, Properties: made.GetProperties()}
	now, err := provider.Read(ctx, read)
	if err != nil {
		t.Fatal(err)
	}
	found, err := stateless.Decode(now.GetInputs())
	if err != nil || found["dataJson"].SecretValue().Element.StringValue() != `{"password":"other"}` {
		t.Errorf("got %v, %v, want what is in Vault", found, err)
	}

	for range 2 { // What is gone is gone.
		_, err := provider.Delete(ctx, &pulumirpc.DeleteRequest{Urn: urn, Id: made.GetId(), Properties: now.GetProperties()})
		if err != nil || len(engine.entries) != 0 {
			t.Errorf("got %v and %v in Vault, want nothing there", err, engine.entries)
		}
	}
	if gone, err := provider.Read(ctx, read); err != nil || gone.GetId() != "" {
		t.Errorf("got %v, %v, want nothing", gone, err)
	}
}

func TestAnotherPathIsAnotherEntry(t *testing.T) {
	provider, _ := reach(t, "right")
	diff, err := provider.Diff(t.Context(), &pulumirpc.DiffRequest{
		Urn: urn, OldInputs: wire(t, entry("secret", "{}")), News: wire(t, entry("kv", "{}")),
	})
	if err != nil || len(diff.GetReplaces()) != 1 || diff.GetReplaces()[0] != "mount" {
		t.Errorf("got %v, %v, want mount replaced", diff, err)
	}
}

func TestWhatVaultRefusesIsSaidWithoutTheValue(t *testing.T) {
	for _, c := range []struct{ what, token, mount, want string }{
		{"a wrong token", "wrong", "secret", "POST secret/data/shop/generated/main: 403 Forbidden: permission denied"},
		{"no engine", "right", "kv", "has no key-value engine at kv: an administrator enables it with: " +
			"vault secrets enable -path=kv -version=2 kv"},
	} {
		provider, _ := reach(t, c.token)
		_, err := provider.Create(t.Context(), &pulumirpc.CreateRequest{
			Urn: urn, Properties: wire(t, entry(c.mount, `{"password":"`+canary+`"}`)),
		})
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), canary) {
			t.Errorf("%s: got %v, want %s", c.what, err, c.want)
		}
	}
}

func TestWhatIsNotSupportedIsRefused(t *testing.T) {
	provider, _ := reach(t, "right")
	in := entry("secret", "no object, "+canary)
	in["cas"] = resource.NewProperty(1.0)
	delete(in, "name")
	response, err := provider.Check(t.Context(), &pulumirpc.CheckRequest{Urn: urn, News: wire(t, in)})
	if err != nil || len(response.GetFailures()) != 3 {
		t.Errorf("got %v, %v, want three failures", response, err)
	}
	for _, failure := range response.GetFailures() {
		if strings.Contains(failure.GetReason(), canary) {
			t.Errorf("got %s, want it without the value", failure.GetReason())
		}
	}
	other := strings.Replace(urn, "kv/secretV2:SecretV2", "index/policy:Policy", 1)
	if _, err := provider.Check(t.Context(), &pulumirpc.CheckRequest{Urn: other}); err == nil {
		t.Error("another type: got no error")
	}
}
