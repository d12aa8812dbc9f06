package certificate_test

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/certificate"
	"plinth/internal/record"
)

// made records a certificate, with providers that return a word for each output.
func made(t *testing.T) *record.Recording {
	t.Helper()
	outputs := func(r *record.Resource) resource.PropertyMap {
		out := r.Inputs.Copy()
		for _, key := range []resource.PropertyKey{"privateKeyPem", "certPem", "certRequestPem"} {
			if _, given := out[key]; !given {
				out[key] = resource.NewProperty(string(key) + " of " + r.Name)
			}
		}
		return out
	}
	rec, err := record.Run(t.Context(), record.Options{Project: "shop", Stack: "test", Outputs: outputs},
		func(ctx *pulumi.Context) error {
			_, err := certificate.New(ctx, "main-certificate", &certificate.Args{
				Names: []string{"main", "*.pods"}, Addresses: []string{"127.0.0.1"},
			})
			return err
		})
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

func one(t *testing.T, rec *record.Recording, name string) resource.PropertyMap {
	t.Helper()
	r, err := rec.One("::" + name)
	if err != nil {
		t.Fatal(err)
	}
	return r.Inputs
}

func text(v resource.PropertyValue) string {
	for v.IsSecret() || v.IsOutput() {
		if v.IsSecret() {
			v = v.SecretValue().Element
		} else {
			v = v.OutputValue().Element
		}
	}
	return v.StringValue()
}

func TestTheServersCertificateIsSignedByAnAuthorityOfItsOwn(t *testing.T) {
	rec := made(t)
	signed := one(t, rec, "main-certificate-signed")
	for key, want := range map[resource.PropertyKey]string{
		"caCertPem":       "certPem of main-certificate-authority",
		"caPrivateKeyPem": "privateKeyPem of main-certificate-authority-key",
		"certRequestPem":  "certRequestPem of main-certificate-request",
	} {
		if got := text(signed[key]); got != want {
			t.Errorf("%s: got %q, want %q", key, got, want)
		}
	}
	request := one(t, rec, "main-certificate-request")
	if got, want := text(request["privateKeyPem"]), "privateKeyPem of main-certificate-key"; got != want {
		t.Errorf("the request's key: got %q, want %q", got, want)
	}
	names := request["dnsNames"].ArrayValue()
	if len(names) != 2 || text(names[0]) != "main" || text(names[1]) != "*.pods" {
		t.Errorf("names: got %v", names)
	}
	if authority := one(t, rec, "main-certificate-authority"); !authority["isCaCertificate"].BoolValue() {
		t.Error("the authority is none")
	}
	if _, is := signed["isCaCertificate"]; is {
		t.Error("the server's certificate says something of authorities")
	}
}

func TestCertificatesAreRenewedLongBeforeTheyExpire(t *testing.T) {
	rec := made(t)
	for name, want := range map[string][2]float64{
		"main-certificate-authority": {87600, 35040}, "main-certificate-signed": {26280, 8760},
	} {
		in := one(t, rec, name)
		got := [2]float64{in["validityPeriodHours"].NumberValue(), in["earlyRenewalHours"].NumberValue()}
		if got != want {
			t.Errorf("%s: got %v hours of validity and of renewal, want %v", name, got, want)
		}
	}
	// An authority is renewed before what it has signed can outlive it.
	if authority, server := one(t, rec, "main-certificate-authority")["earlyRenewalHours"].NumberValue(),
		one(t, rec, "main-certificate-signed")["validityPeriodHours"].NumberValue(); authority <= server {
		t.Errorf("the authority is renewed %v hours before its end, and signs for %v hours", authority, server)
	}
}

func TestKeysAreSecretWhereverTheyAre(t *testing.T) {
	for name, key := range map[string]resource.PropertyKey{
		"main-certificate-authority": "privateKeyPem", "main-certificate-request": "privateKeyPem",
		"main-certificate-signed": "caPrivateKeyPem",
	} {
		if v := one(t, made(t), name)[key]; !v.IsSecret() && (!v.IsOutput() || !v.OutputValue().Secret) {
			t.Errorf("%s of %s is not secret", key, name)
		}
	}
}
