//go:build e2e

package e2e

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// gallery is a stack of an application with a database and a bucket, and of another one with a bucket of its own.
type gallery struct {
	namespace string
	// settings is the tier, env the application's, as a YAML map.
	settings, env string
	expiry        int
	// expireAfter of the application's bucket, in days.
	expireAfter int
	// server are further keys of the server, as lines of YAML.
	server string
}

func newGallery(namespace string) gallery {
	return gallery{namespace: namespace, settings: "environment", env: "{}", expiry: 5}
}

func (g gallery) stack() string {
	return fmt.Sprintf(`
config:
  plinth:tier: dev
  plinth:namespace: {name: %s}
  plinth:buckets:
    assets: {engine: minio, versioning: true, expireAfter: %d}
    letters: {engine: minio}
  plinth:minio:
    image: docker.io/minio/minio:test
    clientImage: docker.io/minio/mc:test
    limits: {memory: 512Mi}
    timeout: 180
%s
  plinth:databases:
    main:
      image: docker.io/library/postgres:15
      resources: {requests: {cpu: 50m}, limits: {cpu: "1", memory: 256Mi, ephemeralStorage: 256Mi}}
      timeout: 180
  plinth:apps:
    web:
      image: test.local/todo-flask:1
      server: gunicorn
      ports: [{name: http, container: 5000, service: 80}]
      probes: {readiness: {path: /readyz, period: 2}, liveness: {path: /healthz}}
      resources: {requests: {cpu: 50m}, limits: {cpu: "1", memory: 256Mi, ephemeralStorage: 128Mi}}
      env: %s
      database: {name: main}
      migration: {command: [alembic, upgrade, head], timeout: 60}
      bucket: {name: assets, prefix: web/, settings: %s, signedUrlExpiry: %d}
      public: true
      rolloutTimeout: 90
      drain: 1
    writer:
      image: test.local/todo-flask:1
      server: gunicorn
      ports: [{name: http, container: 5000}]
      probes: {readiness: {path: /healthz}}
      resources: {requests: {cpu: 50m}, limits: {cpu: "1", memory: 256Mi, ephemeralStorage: 128Mi}}
      bucket: {name: letters}
      drain: 1
`, g.namespace, g.expireAfter, g.server, g.env, g.settings, g.expiry)
}

// put stores an object through the application.
func put(url, body string) error {
	request, err := http.NewRequest(http.MethodPut, url, strings.NewReader(body))
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	_, err = read(response)
	return err
}

// knock is a program for the test application's image that tries with the keys ID and KEY, or its own, what its
// arguments name, and prints the status of each answer.
const knock = `import os, sys, boto3, urllib.request, urllib.error
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.client import Config
from botocore.credentials import Credentials
keys = (sys.argv[1:3] if sys.argv[1] else (os.environ["S3_ACCESS_KEY_ID"], os.environ["S3_SECRET_ACCESS_KEY"]))
url = os.environ["S3_ENDPOINT"]
s3 = boto3.client("s3", endpoint_url=url, region_name="us-east-1", aws_access_key_id=keys[0], aws_secret_access_key=keys[1],
                  config=Config(signature_version="s3v4", s3={"addressing_style": "path"}))
def admin(path):
    request = AWSRequest("GET", url + "/minio/admin/v3/" + path, headers={"x-amz-content-sha256": "UNSIGNED-PAYLOAD"})
    SigV4Auth(Credentials(*keys), "s3", "us-east-1").add_auth(request)
    return urllib.request.urlopen(urllib.request.Request(request.url, headers=dict(request.headers))).status
tries = {
    "write own": lambda: s3.put_object(Bucket="assets", Key="web/own", Body=b"mine"),
    "read own": lambda: s3.get_object(Bucket="assets", Key="web/own"),
    "list own": lambda: s3.list_objects_v2(Bucket="assets", Prefix="web/"),
    "delete own": lambda: s3.delete_object(Bucket="assets", Key="web/own"),
    "list all": lambda: s3.list_objects_v2(Bucket="assets"),
    "write beside": lambda: s3.put_object(Bucket="assets", Key="beside", Body=b"x"),
    "read other": lambda: s3.get_object(Bucket="letters", Key="letter"),
    "list other": lambda: s3.list_objects_v2(Bucket="letters"),
    "write other": lambda: s3.put_object(Bucket="letters", Key="letter", Body=b"x"),
    "make bucket": lambda: s3.create_bucket(Bucket="new-one"),
    "open bucket": lambda: s3.put_bucket_policy(Bucket="assets", Policy='{"Version":"2012-10-17","Statement":[]}'),
    "list users": lambda: admin("list-users"),
    "server info": lambda: admin("info"),
}
for what in sys.argv[3:]:
    try:
        answer = tries[what]()
        print(what, answer if isinstance(answer, int) else answer["ResponseMetadata"]["HTTPStatusCode"])
    except urllib.error.HTTPError as e:
        print(what, e.code)
    except Exception as e:
        print(what, e.response["ResponseMetadata"]["HTTPStatusCode"], e.response["Error"]["Code"])`

func TestObjectStorageLivesItsWholeLife(t *testing.T) {
	const ns = "e2e-objects"
	c, p, g := connect(t), newProject(t), newGallery(ns)
	up := func(t *testing.T) string {
		t.Helper()
		p.stack(t, ns, g.stack())
		out := p.must(t, "up", ns)
		// Pods of before serve on while they drain.
		await(t, "pods that are about to go", "0", time.Minute, func() (string, error) { return c.leaving(ns, "web") })
		return out
	}
	t.Cleanup(func() {
		p.run(t, "destroy", ns, "--yes")
		c.gone(t, ns)
	})
	up(t)
	web := c.serviceURL(t, ns, "web")

	t.Run("an application stores and reads objects as its own user", func(t *testing.T) {
		if err := put(web+"/api/assets/picture", "a picture"); err != nil {
			t.Fatal(err)
		}
		if got, err := get(web + "/api/assets/picture"); err != nil || got != "a picture" {
			t.Errorf("got %q, %v; want a picture", got, err)
		}
		id, err := c.exec(t, ns, "web", "sh", "-c", "echo $S3_ACCESS_KEY_ID")
		if err != nil || strings.TrimSpace(id) != "plinth-web" {
			t.Errorf("its user: got %q, %v; want plinth-web", id, err)
		}
	})
	t.Run("a signed URL works from elsewhere without keys, and expires", func(t *testing.T) {
		url, err := get(web + "/api/assets/picture?signed")
		if err != nil {
			t.Fatal(err)
		}
		if got, err := c.get(t, ns, "writer", url); err != nil || strings.TrimSpace(got) != "a picture" {
			t.Errorf("from another pod: got %q, %v; want a picture", got, err)
		}
		if got, err := c.get(t, ns, "writer", strings.Split(url, "?")[0]); err == nil {
			t.Errorf("without a signature: got %q, want it to be refused", got)
		}
		time.Sleep(time.Duration(g.expiry+1) * time.Second)
		if got, err := c.get(t, ns, "writer", url); err == nil || !strings.Contains(err.Error(), "403") {
			t.Errorf("%d seconds later: got %q, %v; want status 403", g.expiry+1, got, err)
		}
	})
	t.Run("its keys reach its own objects alone, and administer nothing", func(t *testing.T) {
		all := []string{
			"write own", "read own", "list own", "delete own", "list all", "write beside", "read other", "list other",
			"write other", "make bucket", "open bucket", "list users", "server info",
		}
		got, err := c.exec(t, ns, "web", append([]string{"python3", "-c", knock, "", ""}, all...)...)
		want := `write own 200
read own 200
list own 200
delete own 204
list all 403 AccessDenied
write beside 403 AccessDenied
read other 403 AccessDenied
list other 403 AccessDenied
write other 403 AccessDenied
make bucket 403 AccessDenied
open bucket 403 AccessDenied
list users 403
server info 403
`
		if err != nil || got != want {
			t.Errorf("got\n%s, %v; want\n%s", got, err, want)
		}
		// What is refused there is possible to the root, so that it is the keys that are refused.
		got, err = c.exec(t, ns, "web", "python3", "-c", knock, "root", c.secret(t, ns, "minio-root", "password"),
			"write other", "read other", "write beside", "list users", "server info")
		want = "write other 200\nread other 200\nwrite beside 200\nlist users 200\nserver info 200\n"
		if err != nil || got != want {
			t.Errorf("as the root: got\n%s, %v; want\n%s", got, err, want)
		}
	})
	t.Run("verify asks the server whether it reads and writes", func(t *testing.T) {
		out := p.must(t, "verify", ns, "--verbose")
		for _, path := range []string{"/minio/health/cluster", "/minio/health/cluster/read"} {
			if want := "good       http://minio." + ns + ":9000" + path + ": answers"; !strings.Contains(out, want) {
				t.Errorf("verify does not say %q", want)
			}
		}
	})
	t.Run("the setup may run again", func(t *testing.T) {
		c.repeat(t, ns, "minio-setup")
		if got, err := get(web + "/api/assets/picture"); err != nil || got != "a picture" {
			t.Errorf("the object: got %q, %v; want a picture", got, err)
		}
	})
	t.Run("each setting comes from the tier that the stack chooses, and the environment overrides it", func(t *testing.T) {
		for _, tier := range []string{"environment", "file", "database"} {
			g.settings, g.env = tier, "{}"
			up(t)
			settings := appSettings(t, web)
			for name, s := range settings {
				if s.Source != tier {
					t.Errorf("settings: %s: %s comes from %s: %v", tier, name, s.Source, s.Value)
				}
			}
			if got := fmt.Sprint(settings["bucket_name"].Value, settings["bucket_prefix"].Value,
				settings["signed_url_expiry"].Value, settings["use_ssl"].Value); got != "assetsweb/5 false" {
				t.Errorf("settings: %s: got %s", tier, got)
			}
			if err := put(web+"/api/assets/"+tier, tier); err != nil {
				t.Errorf("settings: %s: storing an object: %v", tier, err)
			}
			g.env = "{S3_BUCKET: elsewhere, S3_SIGNED_URL_EXPIRY: '9'}"
			up(t)
			for name, s := range appSettings(t, web) {
				want := tier
				if name == "bucket_name" || name == "signed_url_expiry" {
					want = "environment"
				}
				if s.Source != want || name == "bucket_name" && s.Value != "elsewhere" {
					t.Errorf("settings: %s, overridden: %s comes from %s: %v", tier, name, s.Source, s.Value)
				}
			}
		}
		g.env = "{}"
	})
	t.Run("the row follows the stack until an administrator changes it", func(t *testing.T) {
		row := func() string {
			out, err := c.sql(t, ns, "main-0", "web", "SELECT id, userid, bucket_name, signed_url_expiry, region FROM s3_settings")
			if err != nil {
				t.Fatal(err)
			}
			return out
		}
		g.expiry = 6
		up(t)
		if got := row(); got != "1|admin|assets|6|us-east-1" {
			t.Errorf("after another setting: got %s", got)
		}
		if _, err := c.sql(t, ns, "main-0", "web", "UPDATE s3_settings SET signed_url_expiry = 77"); err != nil {
			t.Fatal(err)
		}
		up(t)
		g.expiry = 8
		up(t)
		if got := row(); got != "1|admin|assets|77|us-east-1" {
			t.Errorf("after an administrator's change: got %s", got)
		}
	})
	t.Run("no key is in the database, in a config map, a pod or the state", func(t *testing.T) {
		keys := []string{
			c.secret(t, ns, "minio-root", "password"), c.secret(t, ns, "minio-user-web", "secret-access-key"),
			c.secret(t, ns, "minio-user-writer", "secret-access-key"),
		}
		dump, err := c.execIn(t, ns, "main-0", "postgres", "pg_dump", "-U", "postgres", "web")
		if err != nil || !strings.Contains(dump, "s3_settings") {
			t.Fatalf("dumping the database: %v", err)
		}
		places := map[string]string{"the database": dump}
		maps, err := c.CoreV1().ConfigMaps(ns).List(t.Context(), metav1.ListOptions{})
		places["a config map"] = text(t, maps, err)
		pods, err := c.CoreV1().Pods(ns).List(t.Context(), metav1.ListOptions{})
		places["a pod"] = text(t, pods, err)
		state := ""
		err = filepath.WalkDir(filepath.Join(p.dir, ".plinth"), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || !entry.Type().IsRegular() || strings.Contains(path, "/bin/") {
				return err
			}
			content, err := os.ReadFile(path)
			state += string(content)
			return err
		})
		if err != nil || !strings.Contains(state, "minio-user-web") {
			t.Fatalf("reading the state: %v", err)
		}
		places["the state"] = state
		for place, content := range places {
			for _, key := range keys {
				if strings.Contains(content, key) || strings.Contains(content, base64.StdEncoding.EncodeToString([]byte(key))) {
					t.Errorf("a key is in %s", place)
				}
			}
		}
		if secrets, err := c.CoreV1().Secrets(ns).List(t.Context(), metav1.ListOptions{}); !strings.Contains(
			text(t, secrets, err), base64.StdEncoding.EncodeToString([]byte(keys[1]))) {
			t.Error("no Secret holds a key: this test looks for the wrong thing")
		}
	})
	t.Run("other rules for a bucket run the setup anew and replace nothing", func(t *testing.T) {
		before := c.setOf(t, ns, "minio")
		g.expireAfter = 9
		up(t)
		if after := c.setOf(t, ns, "minio"); after != before {
			t.Errorf("the server was replaced: %s, before %s", after, before)
		}
		if got, err := get(web + "/api/assets/picture"); err != nil || got != "a picture" {
			t.Errorf("the object: got %q, %v; want a picture", got, err)
		}
		if out := up(t); !strings.Contains(out, "nothing changed") {
			t.Error("a second up does not say: nothing changed")
		}
	})
	t.Run("no acknowledged object is lost when the server is killed in the middle of uploads", func(t *testing.T) {
		objects, stop := uploads(web)
		time.Sleep(2 * time.Second)
		for range 2 {
			c.crash(t, ns, "minio-0", "minio")
			time.Sleep(4 * time.Second)
		}
		await(t, "the server", "a picture", resume, func() (string, error) { return get(web + "/api/assets/picture") })
		stop()
		c.compare(t, web, objects)
	})
}

// secret is an entry of a Secret.
func (c *cluster) secret(t *testing.T, namespace, name, key string) string {
	t.Helper()
	secret, err := c.CoreV1().Secrets(namespace).Get(t.Context(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if len(secret.Data[key]) == 0 {
		t.Fatalf("secret %s has no %s", name, key)
	}
	return string(secret.Data[key])
}

// text is anything as JSON.
func text(t *testing.T, object any, err error) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	out, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// setOf identifies a stateful set.
func (c *cluster) setOf(t *testing.T, namespace, name string) string {
	t.Helper()
	set, err := c.AppsV1().StatefulSets(namespace).Get(t.Context(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return string(set.UID)
}

// repeat runs the Job of a workload once more, as it is, and demands that it succeeds.
func (c *cluster) repeat(t *testing.T, namespace, workload string) {
	t.Helper()
	jobs, err := c.BatchV1().Jobs(namespace).List(t.Context(), metav1.ListOptions{
		LabelSelector: "app.kubernetes.io/name=" + workload,
	})
	if err != nil || len(jobs.Items) == 0 {
		t.Fatalf("jobs of %s: got %d, %v", workload, len(jobs.Items), err)
	}
	again := jobs.Items[0].DeepCopy()
	again.ObjectMeta = metav1.ObjectMeta{Name: workload + "-again", Labels: again.Labels}
	again.Spec.Selector = nil
	for _, label := range []string{
		"controller-uid", "job-name", "batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name",
	} {
		delete(again.Spec.Template.Labels, label)
	}
	again.Status = batchv1.JobStatus{}
	if _, err := c.BatchV1().Jobs(namespace).Create(t.Context(), again, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		background := metav1.DeletePropagationBackground
		_ = c.BatchV1().Jobs(namespace).Delete(context.WithoutCancel(t.Context()), again.Name,
			metav1.DeleteOptions{PropagationPolicy: &background})
	})
	await(t, "the job, once more", "1 succeeded, 0 failed", time.Minute, func() (string, error) {
		job, err := c.BatchV1().Jobs(namespace).Get(t.Context(), again.Name, metav1.GetOptions{})
		if err != nil {
			return "", err
		}
		return fmt.Sprintf("%d succeeded, %d failed", job.Status.Succeeded, job.Status.Failed), nil
	})
}

// appSetting is what the application says of one of its settings.
type appSetting struct {
	Source string
	Value  any
}

func appSettings(t *testing.T, web string) map[string]appSetting {
	t.Helper()
	body, err := get(web + "/api/settings/s3")
	if err != nil {
		t.Fatal(err)
	}
	settings := map[string]appSetting{}
	if err := json.Unmarshal([]byte(body), &settings); err != nil || len(settings) != 10 {
		t.Fatalf("got %d settings, %v: %s", len(settings), err, body)
	}
	return settings
}

// uploads stores one object after the other, each of 256 KiB and on two connections, until it is stopped. What was
// acknowledged is in objects, by name.
func uploads(web string) (objects *sync.Map, stop func()) {
	objects = &sync.Map{}
	ctx, cancel := context.WithCancel(context.Background())
	var ended sync.WaitGroup
	for lane := range 2 {
		ended.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				name := fmt.Sprintf("object-%d-%d", lane, i)
				body := strings.Repeat(name+" ", (256<<10)/(len(name)+1))
				if put(web+"/api/assets/"+name, body) == nil {
					objects.Store(name, body)
				}
			}
		})
	}
	return objects, func() { cancel(); ended.Wait() }
}

// compare demands that every object is there as it was acknowledged. One that cannot be read at once, since servers are
// still finding each other, is asked for again for half a minute; how many these are is logged.
func (c *cluster) compare(t *testing.T, web string, objects *sync.Map) {
	t.Helper()
	var names []string
	objects.Range(func(name, _ any) bool {
		names = append(names, name.(string))
		return true
	})
	slices.Sort(names)
	lost, late := 0, 0
	for _, name := range names {
		want, _ := objects.Load(name)
		got, err := get(web + "/api/assets/" + name)
		if err != nil {
			late++
		}
		for start := time.Now(); err != nil && time.Since(start) < 30*time.Second; time.Sleep(time.Second) {
			got, err = get(web + "/api/assets/" + name)
		}
		if err != nil || got != want {
			lost++
			t.Errorf("object %s: got %d bytes, %v; want the %d that were acknowledged", name, len(got), err, len(want.(string)))
		}
	}
	t.Logf("%d objects were acknowledged, %d could not be read at once, %d are lost", len(names), late, lost)
	if len(names) < 10 {
		t.Errorf("only %d objects were acknowledged: nothing is shown", len(names))
	}
}
