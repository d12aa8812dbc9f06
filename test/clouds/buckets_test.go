package clouds_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"plinth/config"
	"plinth/internal/offline/aws"
	"plinth/internal/offline/gcp"
	"plinth/internal/offline/simulation"
	"plinth/internal/offline/simulation/simulationtest"
	"plinth/internal/record"
)

// The buckets of both clouds, and what is in them.
var (
	bucketTypes = map[config.Cloud]string{config.OnAWS: "aws:s3/bucketV2:BucketV2", config.OnGCP: "gcp:storage/bucket:Bucket"}
	objectTypes = map[config.Cloud]string{
		config.OnAWS: "aws:s3/bucketObjectv2:BucketObjectv2", config.OnGCP: "gcp:storage/bucketObject:BucketObject",
	}
)

// merged puts values into a section of the configuration.
func merged(t *testing.T, o record.Options, key string, values map[string]any) {
	t.Helper()
	section := map[string]any{}
	if text := o.Config[key]; text != "" {
		if err := json.Unmarshal([]byte(text), &section); err != nil {
			t.Fatal(err)
		}
	}
	maps.Copy(section, values)
	text, err := json.Marshal(section)
	if err != nil {
		t.Fatal(err)
	}
	o.Config[key] = string(text)
}

// withBucket is the stack with a bucket that its cloud keeps, and two apps that use it.
func (v variant) withBucket(t *testing.T) record.Options {
	t.Helper()
	o := v.options(t)
	merged(t, o, "plinth:aws", map[string]any{"account": "123456789012"})
	merged(t, o, "plinth:buckets", map[string]any{"assets": map[string]any{"engine": "managed"}})
	for name, use := range map[string]map[string]any{
		"gallery": {"name": "assets", "prefix": "gallery/"}, "visitor": {"name": "assets", "readOnly": true, "signedUrls": false},
	} {
		likeReader(t, o, name, map[string]any{"bucket": use})
	}
	return o
}

// likeReader adds an app that is like the stack's own, and something besides.
func likeReader(t *testing.T, o record.Options, name string, more map[string]any) {
	t.Helper()
	var apps map[string]map[string]any
	if err := json.Unmarshal([]byte(o.Config["plinth:apps"]), &apps); err != nil {
		t.Fatal(err)
	}
	copied := maps.Clone(apps["reader"])
	maps.Copy(copied, more)
	merged(t, o, "plinth:apps", map[string]any{name: copied})
}

func TestBucketsLiveTheirLifeOnEveryTier(t *testing.T) {
	for _, v := range variants() {
		t.Run(v.String(), func(t *testing.T) {
			s := v.simulate(t)
			o := v.withBucket(t)
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
			bucket := one(t, s.made, bucketTypes[v.cloud], "assets-bucket")
			if err := s.World.Plant(simulation.Entry{
				Type: objectTypes[v.cloud], ID: "picture", Inputs: simulationtest.Object{"bucket": bucket.ID},
			}); err != nil {
				t.Fatal(err)
			}
			protected := map[string]bool{}
			for _, r := range rec.Resources {
				protected[simulationtest.URN(string(r.Type), r.Name)] = r.Protect != nil && *r.Protect
			}
			if want := v.tier == config.Prod; protected[bucket.URN] != want {
				t.Errorf("Pulumi protects the bucket: %t, want %t", protected[bucket.URN], want)
			}
			err := s.Delete(bucket)
			if v.tier != config.Prod {
				if err != nil || !s.Refresh(bucket) {
					t.Errorf("a bucket that holds something is not gone: %v", err)
				}
				return
			}
			want := map[config.Cloud]string{
				config.OnAWS: "BucketNotEmpty: The bucket you tried to delete is not empty",
				config.OnGCP: "containing objects without `force_destroy` set to true",
			}[v.cloud]
			if err == nil || !strings.Contains(err.Error(), want) || s.Refresh(bucket) {
				t.Errorf("got the error %v, want %s", err, want)
			}
			// As safe as it was: what is set on it goes with it alone.
			for _, r := range rec.Resources {
				if strings.HasPrefix(r.Name, "assets-") && r.Custom && strings.HasPrefix(string(r.Type), "aws:s3/") &&
					r.Name != "assets-bucket" && r.DeletedWith == "" {
					t.Errorf("%s goes before the bucket does", r.Label())
				}
			}
		})
	}
}

// one is a resource that the simulated cloud has made.
func one(t *testing.T, made []*simulationtest.Resource, typ, name string) *simulationtest.Resource {
	t.Helper()
	for _, r := range made {
		if r.URN == simulationtest.URN(typ, name) {
			return r
		}
	}
	t.Fatalf("there is no %s", name)
	return nil
}

// bucketChanges are other values of every key that a bucket, or the place where it is, has.
func bucketChanges() map[string]map[string]any {
	return map[string]map[string]any{
		"buckets.assets.versioning":       {"versioning": nil}, // Turned: see below.
		"buckets.assets.expireAfter":      {"expireAfter": 9},
		"buckets.assets.oldVersionsAfter": {"oldVersionsAfter": 9},
		"buckets.assets.forceDestroy":     {"forceDestroy": nil},
		"buckets.assets.protect":          {"protect": nil},
		"buckets.assets.cidrs":            {"cidrs": []string{"198.51.100.0/24"}},
	}
}

// Every key of a bucket is changed, and every one of the place it is in; whatever would make another bucket of it is
// either the same as before, or the change is refused.
func TestNoUpdateReplacesABucketInUse(t *testing.T) {
	keys := bucketChanges()
	of := reflect.TypeFor[config.Bucket]()
	for i := range of.NumField() {
		name, _, _ := strings.Cut(of.Field(i).Tag.Get("json"), ",")
		if _, known := keys["buckets.assets."+name]; !known && name != "engine" && name != "external" {
			t.Errorf("nothing changes buckets.assets.%s", name)
		}
	}
	for _, v := range variants() {
		cloud := map[config.Cloud]simulation.Cloud{
			config.OnAWS: aws.Cloud(simulation.Kubernetes{}), config.OnGCP: gcp.Cloud(simulation.Kubernetes{}),
		}[v.cloud]
		replaces := cloud.Types[bucketTypes[v.cloud]].Replace
		if len(replaces) < 3 {
			t.Fatalf("%s: got %v as what replaces a bucket", v, replaces)
		}
		before := bucketInputs(t, v, v.withBucket(t))
		compare := func(what string, o record.Options) {
			t.Helper()
			after := bucketInputs(t, v, o)
			for name := range before {
				for _, path := range replaces {
					was, is := before[name][resource.PropertyKey(path)], after[name][resource.PropertyKey(path)]
					if !was.DeepEquals(is) {
						t.Errorf("%s: %s replaces %s: %s is %v, and was %v", v, what, name, path, is, was)
					}
				}
			}
		}
		compare("nothing", v.withBucket(t))
		for what, change := range keys {
			o := v.withBucket(t)
			section := map[string]map[string]any{"assets": {"engine": "managed"}}
			for key, value := range change {
				if value == nil {
					// A switch: the one of the tier, turned.
					value = fmt.Sprint(before["assets-bucket"]["forceDestroy"].V) != "true"
					if key == "protect" {
						value = v.tier != config.Prod
					}
					if key == "versioning" {
						value = v.tier == config.Dev
					}
				}
				section["assets"][key] = value
			}
			text, err := json.Marshal(section)
			if err != nil {
				t.Fatal(err)
			}
			o.Config["plinth:buckets"] = string(text)
			compare(what, o)
		}
		for key, text := range map[string]string{
			"plinth:namespace": `{"name": "elsewhere"}`, "plinth:minio": `{"region": "eu-west-1"}`,
			"plinth:network": `{"cidr": "10.128.0.0/16"}`,
		} {
			o := v.withBucket(t)
			o.Config[key] = text
			compare(key, o)
		}
		o := v.withBucket(t)
		o.Config["plinth:cluster"] = `{"generation": 2, "endpoint": {"cidrs": ["203.0.113.0/24"]}}`
		// The logs of another cluster are others. The bucket is the same.
		delete(before, "cluster-access-logs-bucket")
		compare("cluster.generation", o)
	}
}

// bucketInputs are the inputs of all buckets of a cloud, by name.
func bucketInputs(t *testing.T, v variant, o record.Options) map[string]resource.PropertyMap {
	t.Helper()
	found := map[string]resource.PropertyMap{}
	for _, r := range of(run(t, o), bucketTypes[v.cloud]) {
		found[r.Name] = r.Inputs
	}
	if names := slices.Sorted(maps.Keys(found)); !slices.Equal(names, []string{"assets-bucket", "cluster-access-logs-bucket"}) {
		t.Fatalf("%s: got the buckets %v", v, names)
	}
	return found
}
