package minio_test

import (
	"encoding/json"
	"os/exec"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"

	"plinth/components/objectstore"
	"plinth/components/objectstore/minio"
	"plinth/internal/record"
)

func server(t *testing.T, rec *record.Recording) (appsv1.StatefulSet, corev1.Container) {
	t.Helper()
	set := read[appsv1.StatefulSet](t, rec, "minio-statefulset")
	return set, set.Spec.Template.Spec.Containers[0]
}

func setup(t *testing.T, rec *record.Recording) (batchv1.Job, corev1.Container) {
	t.Helper()
	job := read[batchv1.Job](t, rec, "minio-setup-job")
	return job, job.Spec.Template.Spec.Containers[0]
}

func TestOneDriveIsOnePodThatKnowsNoOther(t *testing.T) {
	rec := deploy(t, unchanged)
	set, c := server(t, rec)
	expect(t, "pods", *set.Spec.Replicas, 1)
	expectAll(t, "arguments", c.Args,
		[]string{"server", "--address", ":9000", "--certs-dir", "/tmp/certificates", "/data"})
	expect(t, "command", len(c.Command), 0)
	expectAll(t, "variables", variables(c), []string{
		"MINIO_ROOT_USER=root", "MINIO_ROOT_PASSWORD=$(secret minio-root/password)", "MINIO_SITE_REGION=eu-west-1",
		"MINIO_BROWSER=off", "MINIO_UPDATE=off",
	})
	for _, r := range rec.Resources {
		if r.Name == "minio-to-minio" {
			t.Errorf("there is %s", r.Label())
		}
	}
}

func TestFourDrivesAreFourPodsThatReachEachOther(t *testing.T) {
	rec := deploy(t, func(a *minio.Args) { a.Drives = 4 })
	set, c := server(t, rec)
	expect(t, "pods", *set.Spec.Replicas, 4)
	expect(t, "start", set.Spec.PodManagementPolicy, appsv1.ParallelPodManagement)
	expect(t, "time to find each other", set.Spec.MinReadySeconds, 10)
	expect(t, "drives", c.Args[len(c.Args)-1], "http://minio-{0...3}.minio-pods.shop.svc.cluster.local:9000/data")
	expect(t, "their name service", set.Spec.ServiceName, "minio-pods")
	service := read[corev1.Service](t, rec, "minio-pods-service")
	expect(t, "names before they are ready", service.Spec.PublishNotReadyAddresses, true)
	expect(t, "names of pods", service.Spec.ClusterIP, "None")
	for _, name := range []string{"minio-to-minio", "minio-at-minio"} {
		policy := read[networkingv1.NetworkPolicy](t, rec, name)
		expect(t, name, policy.Spec.PodSelector.MatchLabels["app.kubernetes.io/name"], "minio")
	}
	expect(t, "taken at a time", read[policyv1.PodDisruptionBudget](t, rec, "minio-budget").Spec.MaxUnavailable.IntValue(), 1)
	waits(t, rec, "minio-statefulset", "minio-at-minio", "minio-to-minio", "minio-service", "minio-pods-service")
}

func TestProbesAskTheServersOwnHealth(t *testing.T) {
	for secret, scheme := range map[string]corev1.URIScheme{"": "", "tls": corev1.URISchemeHTTPS} {
		_, c := server(t, deploy(t, func(a *minio.Args) { a.TLSSecret = secret }))
		for what, probe := range map[string]struct {
			probe *corev1.Probe
			path  string
		}{
			"liveness":  {c.LivenessProbe, "/minio/health/live"},
			"readiness": {c.ReadinessProbe, "/minio/health/ready"},
			"startup":   {c.StartupProbe, "/minio/health/live"},
		} {
			expect(t, what, probe.probe.HTTPGet.Path, probe.path)
			expect(t, what+"'s port", probe.probe.HTTPGet.Port.StrVal, "s3")
			expect(t, what+"'s scheme", probe.probe.HTTPGet.Scheme, scheme)
		}
	}
}

func TestDrivesStayWhereTheyAreRetainedAndNeverGoByScaling(t *testing.T) {
	for retain, want := range map[bool]appsv1.PersistentVolumeClaimRetentionPolicyType{
		true:  appsv1.RetainPersistentVolumeClaimRetentionPolicyType,
		false: appsv1.DeletePersistentVolumeClaimRetentionPolicyType,
	} {
		rec := deploy(t, func(a *minio.Args) { a.Retain = retain })
		set, _ := server(t, rec)
		policy := set.Spec.PersistentVolumeClaimRetentionPolicy
		expect(t, "deleted", policy.WhenDeleted, want)
		expect(t, "scaled", policy.WhenScaled, appsv1.RetainPersistentVolumeClaimRetentionPolicyType)
		expectAll(t, "ignored", one(t, rec, "minio-statefulset").IgnoreChanges, []string{"spec.volumeClaimTemplates"})
	}
}

func TestDrivesGrowByTheirClaims(t *testing.T) {
	rec := deploy(t, func(a *minio.Args) { a.Drives, a.Storage, a.StorageClass = 4, "3Gi", "fast" })
	set, _ := server(t, rec)
	expect(t, "class", *set.Spec.VolumeClaimTemplates[0].Spec.StorageClassName, "fast")
	for i, name := range []string{"data-minio-0", "data-minio-1", "data-minio-2", "data-minio-3"} {
		claim := read[corev1.PersistentVolumeClaim](t, rec, "minio-size-"+string(rune('0'+i)))
		expect(t, "claim", claim.Name, name)
		expect(t, name, claim.Spec.Resources.Requests.Storage().String(), "3Gi")
	}
}

func TestTheSetupGetsWhatIsDeclaredAndItsKeysFromSecrets(t *testing.T) {
	rec := deploy(t, unchanged)
	job, c := setup(t, rec)
	expectAll(t, "command", c.Command, []string{"/bin/sh", "/scripts/setup.sh"})
	expectAll(t, "variables", variables(c), []string{
		"ROOT_PASSWORD=$(secret minio-root/password)",
		"MC_HOST_store=http://root:$(ROOT_PASSWORD)@minio.shop.svc.cluster.local:9000",
		"MC_CONFIG_DIR=/tmp/mc", "BUCKETS=assets letters", "VERSIONED=assets", "USERS=web reader",
	})
	volumes := map[string]string{}
	for _, v := range job.Spec.Template.Spec.Volumes {
		if v.Secret != nil {
			volumes[v.Name] = v.Secret.SecretName
		}
	}
	mounts := map[string]string{}
	for _, m := range c.VolumeMounts {
		if name, found := volumes[m.Name]; found {
			mounts[m.MountPath] = name
		}
	}
	expect(t, "folders of users", len(mounts), 2)
	expect(t, "web's", mounts["/users/web"], "minio-user-web")
	expect(t, "reader's", mounts["/users/reader"], "minio-user-reader")
	waits(t, rec, "minio-setup-job", "minio-statefulset", "Secret::minio-user-web", "minio-declared", "minio-setup-to-minio")
}

func TestAUserMayDoWhatItNeedsWithItsOwnObjects(t *testing.T) {
	declared := read[corev1.ConfigMap](t, deploy(t, unchanged), "minio-declared").Data
	for file, want := range map[string]string{
		"policy-web.json": `{"Statement":[
			{"Effect":"Allow","Action":["s3:GetBucketLocation"],"Resource":["arn:aws:s3:::assets"]},
			{"Effect":"Allow","Action":["s3:ListBucket"],"Resource":["arn:aws:s3:::assets"],
			 "Condition":{"StringLike":{"s3:prefix":["web/*"]}}},
			{"Effect":"Allow","Action":["s3:GetObject","s3:GetObjectVersion","s3:PutObject","s3:DeleteObject",
			 "s3:AbortMultipartUpload","s3:ListMultipartUploadParts"],"Resource":["arn:aws:s3:::assets/web/*"]}],
			"Version":"2012-10-17"}`,
		"policy-reader.json": `{"Statement":[
			{"Effect":"Allow","Action":["s3:GetBucketLocation"],"Resource":["arn:aws:s3:::letters"]},
			{"Effect":"Allow","Action":["s3:ListBucket"],"Resource":["arn:aws:s3:::letters"]},
			{"Effect":"Allow","Action":["s3:GetObject","s3:GetObjectVersion"],"Resource":["arn:aws:s3:::letters/*"]}],
			"Version":"2012-10-17"}`,
		"lifecycle-assets.json": `{"Rules":[
			{"ID":"delete-markers","Status":"Enabled","Filter":{"Prefix":""},"Expiration":{"ExpiredObjectDeleteMarker":true}},
			{"ID":"old-versions","Status":"Enabled","Filter":{"Prefix":""},"NoncurrentVersionExpiration":{"NoncurrentDays":30}}]}`,
		"lifecycle-letters.json": `{"Rules":[
			{"ID":"delete-markers","Status":"Enabled","Filter":{"Prefix":""},"Expiration":{"ExpiredObjectDeleteMarker":true}},
			{"ID":"expire","Status":"Enabled","Filter":{"Prefix":""},"Expiration":{"Days":9}}]}`,
	} {
		expect(t, file, canonical(t, declared[file]), canonical(t, want))
	}
	expect(t, "files", len(declared), 4)
}

// canonical is a JSON text with its keys in order.
func canonical(t *testing.T, text string) string {
	t.Helper()
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	out, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestTheSetupRunsAnewForOtherContentAndForNothingElse(t *testing.T) {
	name := func(change func(*minio.Args)) string {
		job, _ := setup(t, deploy(t, change))
		return job.Name
	}
	before := name(unchanged)
	for what, change := range map[string]func(*minio.Args){
		"memory":  func(a *minio.Args) { a.Resources.Limits.Memory = "2Gi" },
		"storage": func(a *minio.Args) { a.Storage = "4Gi" },
		"timeout": func(a *minio.Args) { a.Timeout = 99 },
	} {
		expect(t, "the name after a change of "+what, name(change), before)
	}
	for what, change := range map[string]func(*minio.Args){
		"a bucket":   func(a *minio.Args) { a.Buckets = a.Buckets[:1]; a.Users = a.Users[:1] },
		"a user":     func(a *minio.Args) { a.Users = a.Users[:1] },
		"a policy":   func(a *minio.Args) { a.Users[0].ReadOnly = true },
		"versioning": func(a *minio.Args) { a.Buckets[1].Versioning = true },
		"a rule":     func(a *minio.Args) { a.Buckets[0].ExpireAfter = 1 },
		"the client": func(a *minio.Args) { a.ClientImage = "quay.io/minio/mc:2" },
		"encryption": func(a *minio.Args) { a.TLSSecret = "tls" },
	} {
		if name(change) == before {
			t.Errorf("the name stays %s when %s changes", before, what)
		}
	}
}

func TestAnotherKeyRunsTheSetupAndTheUsersAnew(t *testing.T) {
	fingerprints := func(word string) (string, string) {
		rec := deployWith(t, word, unchanged, func(*minio.MinIO) {})
		job, _ := setup(t, rec)
		set, _ := server(t, rec)
		return job.Spec.Template.Annotations["checksum/secrets"], set.Spec.Template.Annotations["checksum/root"]
	}
	users, root := fingerprints("word-")
	otherUsers, otherRoot := fingerprints("other-")
	if len(users) != 8 || users == otherUsers || len(root) != 8 || root == otherRoot {
		t.Errorf("got the fingerprints %q and %q, then %q and %q: want others", users, root, otherUsers, otherRoot)
	}
}

func TestKeysAreInSecretsAlone(t *testing.T) {
	rec := deploy(t, unchanged)
	for name, want := range map[string]map[string]string{
		"minio-root":        {"password": "word-minio-root"},
		"minio-user-web":    {"access-key-id": "plinth-web", "secret-access-key": "word-minio-user-web"},
		"minio-user-reader": {"access-key-id": "plinth-reader", "secret-access-key": "word-minio-user-reader"},
	} {
		got := read[corev1.Secret](t, rec, "Secret::"+name).StringData
		expect(t, "entries of "+name, len(got), len(want))
		for key := range want {
			expect(t, name+"'s "+key, got[key], want[key])
		}
	}
	for _, r := range rec.Resources {
		text, err := json.Marshal(resource.NewProperty(r.Inputs).MapRepl(nil, closed))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "word-") {
			t.Errorf("%s holds a key in plain text: %s", r.Label(), text)
		}
	}
}

func TestAnApplicationIsLedToItsBucketAsItsUser(t *testing.T) {
	for secret, endpoint := range map[string]string{
		"": "http://minio.shop.svc.cluster.local:9000", "tls": "https://minio.shop.svc.cluster.local:9000",
	} {
		var bucket objectstore.Bucket
		deployWith(t, "word-", func(a *minio.Args) { a.TLSSecret = secret },
			func(m *minio.MinIO) { bucket = m.Bucket("reader") })
		expect(t, "endpoint", bucket.Endpoint, endpoint)
		expect(t, "bucket", bucket.Name, "letters")
		expect(t, "region", bucket.Region, "eu-west-1")
		expect(t, "provider", bucket.Provider, "minio")
		expect(t, "addressing", bucket.Addressing, objectstore.Path)
		expect(t, "encryption", bucket.UseSSL(), secret != "")
		expect(t, "an authority", bucket.Authority != nil, secret != "")
		expect(t, "keys", bucket.Keys.SecretAccessKey.Key, "secret-access-key")
		expect(t, "ports", bucket.Edges[0].Ports[0].Number, 9000)
		expect(t, "waits", len(bucket.Ready), 1)
	}
}

func TestCertificatesAreWhereTheServerAndTheSetupLookAndTheKeyIsTheServersAlone(t *testing.T) {
	rec := deploy(t, func(a *minio.Args) { a.TLSSecret, a.Drives = "tls", 4 })
	set, c := server(t, rec)
	expectAll(t, "arguments", c.Args, []string{
		"server", "--address", ":9000", "--certs-dir", "/certificates",
		"https://minio-{0...3}.minio-pods.shop.svc.cluster.local:9000/data",
	})
	items := func(volumes []corev1.Volume) (out []string) {
		for _, v := range volumes {
			if v.Secret != nil && v.Secret.SecretName == "tls" {
				for _, item := range v.Secret.Items {
					out = append(out, item.Key+" as "+item.Path)
				}
			}
		}
		return out
	}
	expectAll(t, "the server's", items(set.Spec.Template.Spec.Volumes),
		[]string{"ca.crt as CAs/ca.crt", "tls.crt as public.crt", "tls.key as private.key"})
	job, setupContainer := setup(t, rec)
	expectAll(t, "the setup's", items(job.Spec.Template.Spec.Volumes), []string{"ca.crt as ca.crt"})
	env := variables(setupContainer)
	expect(t, "what it trusts", env[len(env)-1], "SSL_CERT_FILE=/authority/ca.crt")
}

func TestMetricsAreForOneNamespaceOrForNobody(t *testing.T) {
	rec := deploy(t, unchanged)
	set, c := server(t, rec)
	expect(t, "an annotation", set.Spec.Template.Annotations["prometheus.io/scrape"], "")
	if strings.Contains(strings.Join(variables(c), " "), "PROMETHEUS") {
		t.Error("metrics need no keys where nobody may read them")
	}
	rec = deploy(t, func(a *minio.Args) { a.MetricsNamespace = "monitoring" })
	set, c = server(t, rec)
	expect(t, "path", set.Spec.Template.Annotations["prometheus.io/path"], "/minio/v2/metrics/cluster")
	expect(t, "port", set.Spec.Template.Annotations["prometheus.io/port"], "9000")
	env := variables(c)
	expect(t, "keys", env[len(env)-1], "MINIO_PROMETHEUS_AUTH_TYPE=public")
	policy := read[networkingv1.NetworkPolicy](t, rec, "minio-monitored").Spec
	expect(t, "who", policy.Ingress[0].From[0].NamespaceSelector.MatchLabels["kubernetes.io/metadata.name"], "monitoring")
	expect(t, "where", policy.Ingress[0].Ports[0].Port.IntValue(), 9000)
	waits(t, rec, "minio-statefulset", "minio-monitored")
}

func TestTheSetupIsShell(t *testing.T) {
	if output, err := exec.CommandContext(t.Context(), "sh", "-n", "setup.sh").CombinedOutput(); err != nil {
		t.Errorf("sh -n setup.sh: %v\n%s", err, output)
	}
}
