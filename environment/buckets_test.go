package environment_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"plinth/environment"
	"plinth/internal/record"
	"plinth/internal/standin"
)

// bucketStack is a stack on a cloud with a bucket of an engine, and apps that are told of it in all three ways.
func bucketStack(tier, cloud, engine string) record.Options {
	const limits = `"resources": {"limits": {"cpu": "1", "memory": "1Gi", "ephemeralStorage": "64Mi"}}`
	app := func(use string) string {
		return `{"image": "registry.example.com/app:1.0.0@sha256:` + strings.Repeat("a", 64) + `", ` + limits +
			`, "database": {"name": "main"}, "bucket": {"name": "assets", ` + use + `}}`
	}
	return record.Options{Project: "plinth", Stack: "shop", Config: map[string]string{
		"plinth:tier": tier, "plinth:cloud": cloud,
		"plinth:aws":     `{"account": "123456789012"}`,
		"plinth:gcp":     `{"project": "example-project"}`,
		"plinth:cluster": `{"endpoint": {"cidrs": ["203.0.113.0/24"]}}`,
		"plinth:buckets": `{"assets": {"engine": "` + engine + `"}}`,
		"plinth:databases": `{"main": {"image": "docker.io/library/postgres:17.6@sha256:` + strings.Repeat("b", 64) +
			`", ` + limits + `}}`,
		"plinth:apps": `{"web": ` + app(`"prefix": "web/", "settings": "environment"`) +
			`, "gallery": ` + app(`"readOnly": true, "signedUrls": false, "settings": "file"`) +
			`, "mail": ` + app(`"prefix": "mail/", "settings": "database", "variables": {"accessKeyId": "AWS_KEY"}`) + `}`,
	}}
}

// settled are the inputs of a resource as text.
func settled(t *testing.T, rec *record.Recording, suffix string) string {
	t.Helper()
	r, err := rec.One(suffix)
	if err != nil {
		t.Fatal(err)
	}
	return rendered(t, r)
}

func TestAManagedBucketTellsAppsInAllThreeWaysAndGivesNoKeys(t *testing.T) {
	for cloud, endpoint := range map[string]string{"aws": "https://storage.example.com", "gcp": "https://storage.example.com"} {
		rec := runOn(t, bucketStack("prod", cloud, "managed"))
		web := settled(t, rec, "Deployment::web-deployment")
		for name, value := range map[string]string{
			"S3_ENABLED": "true", "S3_STORAGE_PROVIDER": cloud, "S3_ENDPOINT": endpoint, "S3_REGION": "here",
			"S3_BUCKET": "of-the-world-assets", "S3_BUCKET_PREFIX": "web/", "S3_USE_SSL": "true",
		} {
			if want := fmt.Sprintf(`{"name":%q,"value":%q}`, name, value); !strings.Contains(web, want) {
				t.Errorf("%s: the app web has not %s", cloud, want)
			}
		}
		file := settled(t, rec, "ConfigMap::gallery-files")
		for _, want := range []string{`\"storage_provider\": \"` + cloud, `\"bucket_name\": \"of-the-world-assets\"`} {
			if !strings.Contains(file, want) {
				t.Errorf("%s: the file of the app gallery has not %s: %s", cloud, want, file)
			}
		}
		statements := 0
		for _, r := range rec.All("kubernetes:batch/v1:Job") {
			if text := rendered(t, r); strings.Contains(text, "bucket_name") && strings.Contains(text, "of-the-world-assets") {
				statements++
			}
		}
		if statements != 1 {
			t.Errorf("%s: got %d Jobs that write settings, want that of the app mail", cloud, statements)
		}
		for _, r := range rec.Resources {
			if text := rendered(t, r); strings.Contains(text, "S3_SECRET_ACCESS_KEY") || strings.Contains(text, "AWS_KEY") {
				t.Errorf("%s: %s has a key", cloud, r.Label())
			}
		}
	}
}

func TestAnAppMayWhatItsUseOfABucketTakesAndNoMore(t *testing.T) {
	rec := runOn(t, bucketStack("dev", "aws", "managed"))
	for app, want := range map[string]string{
		"web":     "plinth-shop/web[writeObjects assets web/ signURLs assets ]",
		"gallery": "plinth-shop/gallery[readObjects assets ]",
		"mail":    "plinth-shop/mail[writeObjects assets mail/ signURLs assets ]",
	} {
		if got := settled(t, rec, "ServiceAccount::"+app+"-account"); !strings.Contains(got, want) {
			t.Errorf("got %s, want in it %s", got, want)
		}
		// The way to its credentials, and to the service: to nobody whose address is private.
		ranges := map[string]string{}
		for _, r := range rec.All("kubernetes:networking.k8s.io/v1:NetworkPolicy") {
			if text := rendered(t, r); strings.HasPrefix(r.Name, app+"-to-cidr-") {
				for _, cidr := range []string{"169.254.169.254/32", "0.0.0.0/0"} {
					if strings.Contains(text, `"cidr":"`+cidr+`"`) {
						ranges[cidr] = text
					}
				}
			}
		}
		if got := slices.Sorted(maps.Keys(ranges)); len(got) != 2 {
			t.Errorf("%s reaches %v, want its credentials and the service", app, got)
		}
		if !strings.Contains(ranges["0.0.0.0/0"], `"except":["10.0.0.0/8","100.64.0.0/10","169.254.0.0/16",`) {
			t.Errorf("%s reaches private addresses: %s", app, ranges["0.0.0.0/0"])
		}
	}
}

// differences are the paths at which two sets of inputs differ.
func differences(path string, a, b any) []string {
	x, one := a.(map[string]any)
	y, other := b.(map[string]any)
	if !one || !other {
		if fmt.Sprint(a) == fmt.Sprint(b) {
			return nil
		}
		return []string{path}
	}
	keys := maps.Clone(x)
	maps.Copy(keys, y)
	var found []string
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		found = append(found, differences(path+"."+key, x[key], y[key])...)
	}
	return found
}

func TestDevWithMinIOAndProdWithTheCloudsOwnDifferInOneWord(t *testing.T) {
	for _, tier := range []string{"dev", "prod"} {
		minio, managed := bucketStack(tier, "aws", "minio"), bucketStack(tier, "aws", "managed")
		var changed []string
		for key := range minio.Config {
			if minio.Config[key] != managed.Config[key] {
				changed = append(changed, key+": "+minio.Config[key]+" -> "+managed.Config[key])
			}
		}
		want := `plinth:buckets: {"assets": {"engine": "minio"}} -> {"assets": {"engine": "managed"}}`
		if len(changed) != 1 || changed[0] != want {
			t.Fatalf("the stacks differ in %q, want one word", changed)
		}
		before, after := runOn(t, minio), runOn(t, managed)
		x, y := customs(t, before), customs(t, after)
		var gone, come, changes []string
		for name := range x {
			if _, stays := y[name]; !stays {
				gone = append(gone, name)
				continue
			}
			for _, path := range differences("", x[name], y[name]) {
				changes = append(changes, name+" "+path)
			}
		}
		for name := range y {
			if _, was := x[name]; !was {
				come = append(come, name)
			}
		}
		t.Logf("%s: goes %q, comes %q, changes %q", tier, gone, come, changes)
		// The server goes, with its keys; what comes is the memory of the bucket's place, beside what the cloud makes.
		only(t, tier+": goes", gone, `\S+ minio-.*`, `NetworkPolicy \w+-(to|at)-minio`, `ConfigMap gallery-files-\w+`)
		only(t, tier+": comes", come, `Stash assets-place-first`, `NetworkPolicy \w+-to-cidr-\w+`,
			`ConfigMap gallery-files-\w+`)
		// Of an app differ its account, its variables or its file, and when it restarts. Nothing else of it does.
		only(t, tier+": changes", changes, `ServiceAccount \w+-account \.metadata\.annotations`,
			`Deployment \w+-deployment \.spec\.template\.spec\.(containers|volumes)`,
			`Deployment \w+-deployment \.spec\.template\.metadata\.annotations.*`,
			`Job mail-after-migration \.(metadata\.name|spec\.template\..*)`)
	}
}

// customs are the inputs of everything that is made somewhere.
func customs(t *testing.T, rec *record.Recording) map[string]map[string]any {
	t.Helper()
	found := map[string]map[string]any{}
	for _, r := range rec.Resources {
		if !r.Custom {
			continue
		}
		var inputs map[string]any
		if err := json.Unmarshal([]byte(rendered(t, r)), &inputs); err != nil {
			t.Fatal(err)
		}
		found[string(r.Type.Name())+" "+r.Name] = inputs
	}
	return found
}

// only fails where there is nothing of some kind, or something of none.
func only(t *testing.T, what string, got []string, kinds ...string) {
	t.Helper()
	seen := map[string]bool{}
	for _, one := range got {
		known := false
		for _, kind := range kinds {
			if regexp.MustCompile("^" + kind + "$").MatchString(one) {
				known, seen[kind] = true, true
			}
		}
		if !known {
			t.Errorf("%s %s", what, one)
		}
	}
	if len(seen) == 0 {
		t.Errorf("%s: nothing", what)
	}
}

func TestAManagedBucketInAnotherPlaceIsRefused(t *testing.T) {
	o := bucketStack("dev", "gcp", "managed")
	o.Outputs = func(r *record.Resource) resource.PropertyMap {
		if r.Type != "pulumi:index:Stash" {
			return r.Inputs
		}
		return resource.PropertyMap{"output": resource.NewProperty(map[bool]string{
			true: "example-project/europe-west1", false: "postgres",
		}[r.Name == "assets-place-first"])}
	}
	_, err := record.Run(t.Context(), o, environment.Program(keysOf(o), standin.Clouds()...))
	const want = "buckets.assets: the bucket was made in example-project/europe-west1, and cannot move to " +
		"example-project/europe-west4, which the stack is in now. Go back to example-project/europe-west1; or, in a stack of " +
		"its own there, make a bucket and copy the objects"
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got the error %v, want %s", err, want)
	}
}
