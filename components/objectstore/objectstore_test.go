package objectstore_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/binding"
	"plinth/components/objectstore"
	"plinth/components/workload"
	"plinth/internal/record"
)

// assets is a bucket with keys, of which everything is known.
func assets() objectstore.Bucket {
	return objectstore.Bucket{
		Provider: "minio", Endpoint: "http://minio.shop.svc.cluster.local:9000", Region: "eu-west-1", Name: "assets",
		Addressing: objectstore.Path, Keys: objectstore.KeysIn("minio-user-web"),
		Edges:    []binding.Edge{{To: binding.Peer{Name: "minio"}, Ports: []binding.Port{{Number: 9000}}}},
		Revision: pulumi.String("1"),
	}
}

var use = objectstore.Use{Prefix: "web/", SignedURLs: true, SignedURLExpiry: 60}

// names are all variables there can be.
var names = objectstore.Variables{
	Enabled: "ENABLED", Provider: "PROVIDER", Endpoint: "ENDPOINT", Region: "REGION", Bucket: "BUCKET", Prefix: "PREFIX",
	UseSignedURLs: "SIGNED", SignedURLExpiry: "EXPIRY", FallbackToStatic: "STATIC", UseSSL: "SSL", Addressing: "STYLE",
	AccessKeyID: "ID", SecretAccessKey: "KEY", Authority: "CA",
}

// variables are those of a binding, in order, as NAME=value or NAME=$(secret SECRET/KEY).
func variables(b binding.Binding) []string {
	var out []string
	for _, v := range b.Env {
		if v.Secret != nil {
			out = append(out, v.Name+"=$(secret "+string(v.Secret.Secret.(pulumi.String))+"/"+v.Secret.Key+")")
			continue
		}
		out = append(out, v.Name+"="+string(v.Value.(pulumi.String)))
	}
	return out
}

func expectAll(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: got\n%s\nwant\n%s", what, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestABindingHasEverySettingAndTheKeysFromASecret(t *testing.T) {
	made := assets().Binding(use, names)
	expectAll(t, "variables", variables(made), []string{
		"ID=$(secret minio-user-web/access-key-id)", "KEY=$(secret minio-user-web/secret-access-key)",
		"ENABLED=true", "PROVIDER=minio", "ENDPOINT=http://minio.shop.svc.cluster.local:9000", "REGION=eu-west-1",
		"BUCKET=assets", "PREFIX=web/", "SIGNED=true", "EXPIRY=60", "STATIC=false", "SSL=false", "STYLE=path",
	})
	if len(made.Edges) != 1 || made.Edges[0].To.Name != "minio" || made.Revision == nil {
		t.Errorf("got the edges %v and the revision %v, want those of the bucket", made.Edges, made.Revision)
	}
}

func TestAVariableWithoutANameIsNotSet(t *testing.T) {
	made := assets().Binding(use, objectstore.Variables{Endpoint: "AWS_ENDPOINT_URL_S3", SecretAccessKey: "AWS_SECRET_ACCESS_KEY"})
	expectAll(t, "variables", variables(made), []string{
		"AWS_SECRET_ACCESS_KEY=$(secret minio-user-web/secret-access-key)",
		"AWS_ENDPOINT_URL_S3=http://minio.shop.svc.cluster.local:9000",
	})
}

func TestAccessIsTheKeysAndTheWayAlone(t *testing.T) {
	made := assets().Access(names)
	expectAll(t, "variables", variables(made), []string{
		"ID=$(secret minio-user-web/access-key-id)", "KEY=$(secret minio-user-web/secret-access-key)",
	})
	if len(made.Edges) != 1 {
		t.Errorf("got the edges %v, want the one to the bucket", made.Edges)
	}
}

func TestABucketWithoutKeysIsReachedByGrants(t *testing.T) {
	bucket := assets()
	bucket.Keys, bucket.Endpoint, bucket.Provider, bucket.Addressing = nil, "", "aws", objectstore.Virtual
	bucket.Grants = []binding.Grant{{Allow: binding.WriteObjects, On: pulumi.String("arn:aws:s3:::assets")}}
	made := bucket.Binding(use, objectstore.Variables{
		Endpoint: "ENDPOINT", UseSSL: "SSL", Addressing: "STYLE", AccessKeyID: "ID", SecretAccessKey: "KEY",
	})
	expectAll(t, "variables", variables(made), []string{"ENDPOINT=", "SSL=true", "STYLE=virtual"})
	if len(made.Grants) != 1 || made.Grants[0].Allow != binding.WriteObjects {
		t.Errorf("got the grants %v, want the bucket's", made.Grants)
	}
}

func TestTheCertificatesToTrustArriveAsAFile(t *testing.T) {
	bucket := assets()
	bucket.Authority = &binding.SecretRef{Secret: pulumi.String("minio-tls"), Key: "ca.crt"}
	made := bucket.Access(objectstore.Variables{Authority: "AWS_CA_BUNDLE"})
	expectAll(t, "variables", variables(made), []string{"AWS_CA_BUNDLE=/etc/plinth/s3/ca.crt"})
	if len(made.Files) != 1 || made.Files[0].Path != "/etc/plinth/s3/ca.crt" || made.Files[0].Secret.Key != "ca.crt" {
		t.Errorf("got the files %v, want the one that the variable names", made.Files)
	}
}

func TestTheSettingsFileHoldsTypedSettingsAndNoKeys(t *testing.T) {
	got, err := assets().Settings(use).File()
	want := `{
  "enabled": true,
  "storage_provider": "minio",
  "endpoint": "http://minio.shop.svc.cluster.local:9000",
  "region": "eu-west-1",
  "bucket_name": "assets",
  "bucket_prefix": "web/",
  "use_signed_urls": true,
  "signed_url_expiry": 60,
  "fallback_to_static": false,
  "use_ssl": false
}
`
	if err != nil || got != want {
		t.Errorf("got %s, %v; want %s", got, err, want)
	}
}

// Each column of the statement is a value, and each value a column: none is put into the text.
func TestTheStatementAndItsValuesAgree(t *testing.T) {
	statement := objectstore.Statement()
	for _, v := range assets().Settings(use).Values() {
		if v.Secret != nil {
			t.Errorf("%s is secret", v.Name)
		}
		if !strings.Contains(statement, ":'"+v.Name+"'") {
			t.Errorf("the statement has no use for %s", v.Name)
		}
		statement = strings.ReplaceAll(statement, ":'"+v.Name+"'", "")
	}
	if strings.Contains(statement, ":'") {
		t.Errorf("the statement wants values that are not there: %s", statement)
	}
}

func TestABucketElsewhereHasItsKeysInASecretOfItsOwn(t *testing.T) {
	var bucket objectstore.Bucket
	opts := record.Options{Project: "shop", Stack: "test"}
	rec, err := record.Run(t.Context(), opts, func(ctx *pulumi.Context) error {
		args := &objectstore.ExternalArgs{
			Namespace: &workload.Namespace{Name: "shop"}, PartOf: "shop-test", Bucket: assets(),
			Values: &objectstore.KeyValues{AccessKeyID: "word-id", SecretAccessKey: "word-key"},
		}
		args.Bucket.Keys, args.Bucket.Revision = nil, nil
		made, err := objectstore.NewExternal(ctx, "media", args)
		if err == nil {
			bucket = made.Bucket
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	expectAll(t, "variables", variables(bucket.Access(names)), []string{
		"ID=$(secret bucket-media-keys/access-key-id)", "KEY=$(secret bucket-media-keys/secret-access-key)",
	})
	if bucket.Revision == nil || len(bucket.Ready) != 1 {
		t.Errorf("got the revision %v and %d to wait for, want one of each", bucket.Revision, len(bucket.Ready))
	}
	secret, err := rec.One("::media-keys")
	if err != nil {
		t.Fatal(err)
	}
	data := secret.Inputs["stringData"]
	for data.IsSecret() || data.IsOutput() {
		if data.IsSecret() {
			data = data.SecretValue().Element
		} else {
			data = data.OutputValue().Element
		}
	}
	text, err := json.Marshal(resource.NewProperty(secret.Inputs).MapRepl(nil, func(v resource.PropertyValue) (any, bool) {
		if v.IsSecret() || v.IsOutput() && v.OutputValue().Secret {
			return "[secret]", true
		}
		return nil, false
	}))
	if err != nil || strings.Contains(string(text), "word-") {
		t.Errorf("got %s, %v; want no key in plain text", text, err)
	}
	if !data.ObjectValue().HasValue("access-key-id") || !data.ObjectValue().HasValue("secret-access-key") {
		t.Errorf("got the entries %v, want both", data)
	}
}

func TestABucketElsewhereWithKeysThatAreThereMakesNothing(t *testing.T) {
	opts := record.Options{Project: "shop", Stack: "test"}
	rec, err := record.Run(t.Context(), opts, func(ctx *pulumi.Context) error {
		made, err := objectstore.NewExternal(ctx, "media", &objectstore.ExternalArgs{
			Namespace: &workload.Namespace{Name: "shop"}, PartOf: "shop-test", Bucket: assets(),
		})
		if err == nil && made.Bucket.Keys.AccessKeyID.Key != "access-key-id" {
			t.Errorf("got the keys %v, want those that were given", made.Bucket.Keys)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rec.Resources {
		if r.Custom {
			t.Errorf("there is %s", r.Label())
		}
	}
}
