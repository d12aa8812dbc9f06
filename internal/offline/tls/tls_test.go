package tls_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"

	"plinth/internal/offline/tls"
)

func wire(t *testing.T, values map[string]any) *structpb.Struct {
	t.Helper()
	encoded, err := plugin.MarshalProperties(resource.NewPropertyMapFromMap(values), plugin.MarshalOptions{KeepSecrets: true})
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}

func urnOf(kind string) string {
	return "urn:pulumi:test::test::tls:index/" + strings.ToLower(kind[:1]) + kind[1:] + ":" + kind + "::it"
}

// deploy checks and creates a resource, and returns its state or why that was refused.
func deploy(t *testing.T, kind string, inputs map[string]any) (state resource.PropertyMap, faults string) {
	t.Helper()
	provider := tls.New()
	checked, err := provider.Check(t.Context(), &pulumirpc.CheckRequest{Urn: urnOf(kind), News: wire(t, inputs)})
	if err != nil {
		return nil, err.Error()
	}
	for _, failure := range checked.GetFailures() {
		faults += strings.TrimPrefix(failure.GetProperty()+": ", ": ") + failure.GetReason() + "\n"
	}
	if faults != "" {
		return nil, strings.TrimSpace(faults)
	}
	made, err := provider.Create(t.Context(), &pulumirpc.CreateRequest{Urn: urnOf(kind), Properties: checked.GetInputs()})
	if err != nil {
		return nil, err.Error()
	}
	if made.GetId() == "" {
		t.Errorf("%s has no id", kind)
	}
	state, err = plugin.UnmarshalProperties(made.GetProperties(), plugin.MarshalOptions{KeepSecrets: true})
	if err != nil {
		t.Fatal(err)
	}
	return state, ""
}

// value is the text of an output, which must be secret or must not.
func value(t *testing.T, state resource.PropertyMap, key resource.PropertyKey, secret bool) string {
	t.Helper()
	v := state[key]
	if v.IsSecret() != secret {
		t.Fatalf("%s: secret is %v, want %v", key, v.IsSecret(), secret)
	}
	if secret {
		v = v.SecretValue().Element
	}
	return v.StringValue()
}

func certificate(t *testing.T, state resource.PropertyMap) *x509.Certificate {
	t.Helper()
	block, _ := pem.Decode([]byte(value(t, state, "certPem", false)))
	if block == nil {
		t.Fatal("certPem is not PEM")
	}
	parsed, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

// authority is a key and its certificate, and leaf one that it has signed.
func authority(t *testing.T, hours, early int) (key string, ca, leaf resource.PropertyMap) {
	t.Helper()
	must := func(kind string, inputs map[string]any) resource.PropertyMap {
		t.Helper()
		state, faults := deploy(t, kind, inputs)
		if faults != "" {
			t.Fatalf("%s: %s", kind, faults)
		}
		return state
	}
	key = value(t, must("PrivateKey", map[string]any{"algorithm": "ECDSA", "ecdsaCurve": "P256"}), "privateKeyPem", true)
	ca = must("SelfSignedCert", map[string]any{
		"privateKeyPem": key, "isCaCertificate": true, "validityPeriodHours": hours, "earlyRenewalHours": early,
		"allowedUses": []any{"certSigning"}, "subject": map[string]any{"commonName": "the authority"},
	})
	own := value(t, must("PrivateKey", map[string]any{"algorithm": "RSA"}), "privateKeyPem", true)
	request := must("CertRequest", map[string]any{
		"privateKeyPem": own, "dnsNames": []any{"db", "*.db.pods"}, "ipAddresses": []any{"127.0.0.1"},
	})
	leaf = must("LocallySignedCert", map[string]any{
		"caCertPem": value(t, ca, "certPem", false), "caPrivateKeyPem": key,
		"certRequestPem": value(t, request, "certRequestPem", false), "validityPeriodHours": hours,
		"earlyRenewalHours": early, "allowedUses": []any{"digitalSignature", "serverAuth"},
	})
	return key, ca, leaf
}

func TestKeysAreOfTheKindThatIsAskedForAndSecret(t *testing.T) {
	for _, test := range []struct {
		inputs map[string]any
		is     func(any) bool
	}{
		{map[string]any{"algorithm": "RSA", "rsaBits": 2048}, func(k any) bool {
			key, ok := k.(*rsa.PrivateKey)
			return ok && key.N.BitLen() == 2048
		}},
		{map[string]any{"algorithm": "ECDSA", "ecdsaCurve": "P256"}, func(k any) bool {
			key, ok := k.(*ecdsa.PrivateKey)
			return ok && key.Curve.Params().Name == "P-256"
		}},
		{map[string]any{"algorithm": "ED25519"}, func(k any) bool { _, ok := k.(ed25519.PrivateKey); return ok }},
	} {
		state, faults := deploy(t, "PrivateKey", test.inputs)
		if faults != "" {
			t.Fatal(faults)
		}
		block, _ := pem.Decode([]byte(value(t, state, "privateKeyPemPkcs8", true)))
		key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		if err != nil || !test.is(key) {
			t.Errorf("%v: got %T, %v", test.inputs, key, err)
		}
		value(t, state, "privateKeyPem", true)
		if !strings.Contains(value(t, state, "privateKeyOpenssh", true), "OPENSSH PRIVATE KEY") {
			t.Errorf("%v: no key for SSH", test.inputs)
		}
		if !strings.HasPrefix(value(t, state, "publicKeyFingerprintSha256", false), "SHA256:") {
			t.Errorf("%v: no fingerprint", test.inputs)
		}
		value(t, state, "publicKeyPem", false)
	}
}

func TestACertificateIsValidForItsNamesUnderItsAuthority(t *testing.T) {
	_, ca, leaf := authority(t, 48, 24)
	roots := x509.NewCertPool()
	roots.AddCert(certificate(t, ca))
	for _, name := range []string{"db", "db-0.db.pods", "127.0.0.1"} {
		if _, err := certificate(t, leaf).Verify(x509.VerifyOptions{Roots: roots, DNSName: name}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := certificate(t, leaf).Verify(x509.VerifyOptions{Roots: roots, DNSName: "other"}); err == nil {
		t.Error("it is valid for a name that it does not have")
	}
	_, other, _ := authority(t, 48, 24)
	foreign := x509.NewCertPool()
	foreign.AddCert(certificate(t, other))
	if _, err := certificate(t, leaf).Verify(x509.VerifyOptions{Roots: foreign, DNSName: "db"}); err == nil {
		t.Error("it is valid under another authority")
	}
}

func TestACertificateThatIsDueIsReplaced(t *testing.T) {
	for early, want := range map[int]string{1: "", 49: "readyForRenewal"} {
		_, ca, _ := authority(t, 48, early)
		inputs := map[string]any{"validityPeriodHours": 48, "earlyRenewalHours": early}
		diff, err := tls.New().Diff(t.Context(), &pulumirpc.DiffRequest{
			Urn: urnOf("SelfSignedCert"), OldInputs: wire(t, inputs), News: wire(t, inputs),
			Olds: wire(t, map[string]any{"validityEndTime": ca["validityEndTime"].StringValue()}),
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(diff.GetReplaces(), " "); got != want {
			t.Errorf("%d hours early: got the replacing properties %q, want %q", early, got, want)
		}
	}
}

func TestWhatACertificateIsMadeFromReplacesItAndWhenItIsRenewedDoesNot(t *testing.T) {
	old := map[string]any{"validityPeriodHours": 48, "earlyRenewalHours": 1}
	for want, now := range map[string]map[string]any{
		"":                    {"validityPeriodHours": 48, "earlyRenewalHours": 2},
		"validityPeriodHours": {"validityPeriodHours": 49, "earlyRenewalHours": 1},
	} {
		diff, err := tls.New().Diff(t.Context(), &pulumirpc.DiffRequest{
			Urn: urnOf("SelfSignedCert"), OldInputs: wire(t, old), News: wire(t, now),
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(diff.GetReplaces(), " "); got != want {
			t.Errorf("%v: got the replacing properties %q, want %q", now, got, want)
		}
	}
}

func TestInputsThatCannotBeHonouredAreNamed(t *testing.T) {
	key, _, leaf := authority(t, 48, 1)
	for _, test := range []struct {
		kind   string
		inputs map[string]any
		want   string
	}{
		{"PrivateKey", map[string]any{"algorithm": "DSA"}, `algorithm: want RSA, ECDSA or ED25519, got "DSA"`},
		{"PrivateKey", map[string]any{}, "algorithm: must be set"},
		{"PrivateKey", map[string]any{"algorithm": "RSA", "rsaBits": 512}, "rsaBits: must be at least 1024, got 512"},
		{
			"PrivateKey",
			map[string]any{"algorithm": "ECDSA", "ecdsaCurve": "P1"},
			`ecdsaCurve: want P224, P256, P384 or P521, got "P1"`,
		},
		{
			"CertRequest",
			map[string]any{"privateKeyPem": key, "ipAddresses": []any{"x"}},
			`ipAddresses: "x" is no IP address`,
		},
		{
			"SelfSignedCert",
			map[string]any{"privateKeyPem": key, "validityPeriodHours": 0, "allowedUses": []any{}},
			"validityPeriodHours: must be at least 1, got 0",
		},
		{
			"SelfSignedCert",
			map[string]any{"privateKeyPem": key, "validityPeriodHours": 1, "allowedUses": []any{"x"}, "seed": 1},
			"seed: not supported by this stand-in of the tls plugin",
		},
		{
			"LocallySignedCert",
			map[string]any{
				"caCertPem": value(t, leaf, "certPem", false), "caPrivateKeyPem": key, "certRequestPem": "x",
				"validityPeriodHours": 1, "allowedUses": []any{},
			},
			"rpc error: code = FailedPrecondition desc = making it: caCertPem: its certificate is not an authority's " +
				"(isCaCertificate)",
		},
		{"Thing", nil, "rpc error: code = Unimplemented desc = resource type tls:index/thing:Thing: not supported by this " +
			"stand-in of the tls plugin; install the plugin, or do without"},
	} {
		if _, got := deploy(t, test.kind, test.inputs); got != test.want {
			t.Errorf("%s: got %q, want %q", test.kind, got, test.want)
		}
	}
}

func TestTheVersionIsTheSDKs(t *testing.T) {
	info, err := tls.New().GetPluginInfo(t.Context(), &emptypb.Empty{})
	if err != nil || info.GetVersion() != "5.1.0" {
		t.Errorf("got the version %q and the error %v, want 5.1.0", info.GetVersion(), err)
	}
}
