//go:build e2e && e2eall

package e2e

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// certificate makes a Secret's content: an authority, and a certificate by it for these names.
func certificate(t *testing.T, names ...string) map[string][]byte {
	t.Helper()
	return certificateUntil(t, time.Now().Add(time.Hour), names...)
}

// certificateUntil makes one that is valid until then.
func certificateUntil(t *testing.T, end time.Time, names ...string) map[string][]byte {
	t.Helper()
	key := func() *ecdsa.PrivateKey {
		made, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		return made
	}
	sign := func(of, by *x509.Certificate, public *ecdsa.PrivateKey, private *ecdsa.PrivateKey) []byte {
		der, err := x509.CreateCertificate(rand.Reader, of, by, &public.PublicKey, private)
		if err != nil {
			t.Fatal(err)
		}
		return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	}
	authority := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: names[0]}, DNSNames: names, NotAfter: end,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	authorityKey, leafKey := key(), key()
	der, err := x509.MarshalPKCS8PrivateKey(leafKey)
	if err != nil {
		t.Fatal(err)
	}
	return map[string][]byte{
		"ca.crt":  sign(authority, authority, authorityKey, authorityKey),
		"tls.crt": sign(leaf, authority, leafKey, authorityKey),
		"tls.key": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}),
	}
}

// plant puts a Secret into a namespace as soon as that is there, as an operator would.
func (c *cluster) plant(t *testing.T, namespace, name string, data map[string][]byte) {
	t.Helper()
	ctx := t.Context()
	go func() {
		for ctx.Err() == nil {
			_, err := c.CoreV1().Secrets(namespace).Create(ctx, &corev1.Secret{
				ObjectMeta: metav1.ObjectMeta{Name: name}, Data: data,
			}, metav1.CreateOptions{})
			if err == nil {
				return
			}
			time.Sleep(500 * time.Millisecond)
		}
	}()
}

// resize changes the number of pods behind the stack's back, and waits until so many are ready.
func (c *cluster) resize(t *testing.T, namespace, set string, pods int32) {
	t.Helper()
	scale, err := c.AppsV1().StatefulSets(namespace).GetScale(t.Context(), set, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	scale.Spec.Replicas = pods
	if _, err := c.AppsV1().StatefulSets(namespace).UpdateScale(t.Context(), set, scale, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	await(t, "pods of "+set, fmt.Sprintf("%d of %d", pods, pods), 2*time.Minute, func() (string, error) {
		s, err := c.AppsV1().StatefulSets(namespace).Get(t.Context(), set, metav1.GetOptions{})
		if err != nil {
			return "", err
		}
		return fmt.Sprintf("%d of %d", s.Status.ReadyReplicas, s.Status.Replicas), nil
	})
}

func TestFourDrivesWithCertificatesReadAndWriteWithOneGone(t *testing.T) {
	const ns = "e2e-all-drives"
	c, p, g := connect(t), newProject(t), newGallery(ns)
	g.server = "    drives: 4\n    tlsSecret: minio-tls\n    requests: {cpu: 50m, memory: 128Mi}"
	p.stack(t, ns, g.stack())
	t.Cleanup(func() {
		p.run(t, "destroy", ns, "--yes")
		c.gone(t, ns)
	})
	c.plant(t, ns, "minio-tls", certificate(t, "minio."+ns+".svc.cluster.local", "*.minio-pods."+ns+".svc.cluster.local"))
	p.must(t, "up", ns)
	web := c.serviceURL(t, ns, "web")

	t.Run("requests are encrypted and the application checks by whom", func(t *testing.T) {
		settings := appSettings(t, web)
		if got := fmt.Sprint(settings["endpoint"].Value, settings["use_ssl"].Value); got != "https://minio."+ns+
			".svc.cluster.local:9000true" {
			t.Errorf("got %s", got)
		}
		if err := put(web+"/api/assets/picture", "a picture"); err != nil {
			t.Fatal(err)
		}
		out, err := c.exec(t, ns, "web", "sh", "-c",
			"env -u AWS_CA_BUNDLE python3 -c \"$1\" '' '' 'read own' 2>&1 || true", "sh", knock)
		if err != nil || !strings.Contains(out, "CERTIFICATE_VERIFY_FAILED") && !strings.Contains(out, "SSL") {
			t.Errorf("without the authority: got %q, %v; want the certificate to be refused", out, err)
		}
	})
	objects, stop := uploads(web)
	time.Sleep(3 * time.Second)
	t.Run("one gone", func(t *testing.T) {
		c.resize(t, ns, "minio", 3)
		// What is written from now on is written without it.
		time.Sleep(5 * time.Second)
		if err := put(web+"/api/assets/without", "written with three"); err != nil {
			t.Errorf("writing: %v", err)
		}
		if got, err := get(web + "/api/assets/picture"); err != nil || got != "a picture" {
			t.Errorf("reading what was written before: got %q, %v", got, err)
		}
		if got, err := get(web + "/api/assets/without"); err != nil || got != "written with three" {
			t.Errorf("reading what was written since: got %q, %v", got, err)
		}
		stop()
		c.compare(t, web, objects)
	})
	t.Run("its volume lost, and a new one in its place", func(t *testing.T) {
		err := c.CoreV1().PersistentVolumeClaims(ns).Delete(t.Context(), "data-minio-3", metav1.DeleteOptions{})
		if err != nil {
			t.Fatal(err)
		}
		c.resize(t, ns, "minio", 4)
		c.compare(t, web, objects)
		// Any one of the others may go now: what the new one holds was made anew from them.
		await(t, "writing", "stored", time.Minute, func() (string, error) {
			return "stored", put(web+"/api/assets/again", "written with four")
		})
	})
	t.Run("no acknowledged object is lost when one of four is killed", func(t *testing.T) {
		objects, stop := uploads(web)
		for _, pod := range []string{"minio-1", "minio-2"} {
			c.crash(t, ns, pod, "minio")
			time.Sleep(10 * time.Second)
		}
		stop()
		c.compare(t, web, objects)
	})
	t.Run("a second up changes nothing", func(t *testing.T) {
		if out := p.must(t, "up", ns); !strings.Contains(out, "nothing changed") {
			t.Error("the output does not say: nothing changed")
		}
	})
	t.Run("another image renews one pod after the other, and objects are written all the while", func(t *testing.T) {
		objects, stop := uploads(web)
		p.stack(t, ns, strings.Replace(g.stack(), "image: docker.io/minio/minio:test", "image: test.local/minio:test", 1))
		p.must(t, "up", ns)
		stop()
		c.compare(t, web, objects)
	})
}

func TestObjectsThatAreKeptAtADestroyAreUsedAgainWithNewKeys(t *testing.T) {
	const ns = "e2e-all-archive"
	c, p, g := connect(t), newProject(t), newGallery(ns)
	g.server = "    retain: true"
	p.stack(t, ns, g.stack())
	t.Cleanup(func() { c.forgetKept(t, p, ns) })
	p.must(t, "up", ns)
	if err := put(c.serviceURL(t, ns, "web")+"/api/assets/picture", "kept"); err != nil {
		t.Fatal(err)
	}
	key := c.secret(t, ns, "minio-user-web", "secret-access-key")
	out := p.must(t, "destroy", ns, "--yes")
	if want := "kept: namespace " + ns + ", with 1 volume claim: data-minio-0 (1Gi)"; !strings.Contains(out, want) {
		t.Errorf("destroy does not say: %s", want)
	}
	if left := c.left(t, ns); len(left) > 0 {
		t.Errorf("destroy left %v", left)
	}
	p.must(t, "up", ns)
	if got, err := get(c.serviceURL(t, ns, "web") + "/api/assets/picture"); err != nil || got != "kept" {
		t.Errorf("the object that was kept: got %q, %v", got, err)
	}
	if c.secret(t, ns, "minio-user-web", "secret-access-key") == key {
		t.Error("the keys are those from before the destroy, whose state was dropped")
	}

	t.Run("an application that is gone has no user any more", func(t *testing.T) {
		old := c.secret(t, ns, "minio-user-writer", "secret-access-key")
		whole := g.stack()
		less, _, _ := strings.Cut(whole, "    writer:\n")
		ask := func() string {
			out, err := c.exec(t, ns, "web", "python3", "-c", knock, "plinth-writer", old, "list other")
			if err != nil {
				t.Fatal(err)
			}
			return strings.TrimSpace(out)
		}
		if got := ask(); got != "list other 200" {
			t.Errorf("before: got %s", got)
		}
		p.stack(t, ns, less)
		p.must(t, "up", ns)
		if got := ask(); got != "list other 403 InvalidAccessKeyId" {
			t.Errorf("after: got %s, want the key to be unknown", got)
		}
	})
}

// elsewhere is a stack whose bucket another one keeps.
const elsewhere = `
config:
  plinth:tier: dev
  plinth:namespace: {name: %s}
  plinth:buckets:
    post:
      engine: external
      external:
        endpoint: http://minio.%s.svc.cluster.local:9000
        bucket: letters
        cidrs: [10.0.0.0/8]
        keys: {secret: post-office, accessKeyId: id, secretAccessKey: key}
  plinth:apps:
    clerk: {image: test.local/todo-flask:1, bucket: {name: post}, public: true, %s}
`

func TestABucketElsewhereIsUsedWithASecretThatIsThere(t *testing.T) {
	const keeper, ns = "e2e-all-keeper", "e2e-all-elsewhere"
	c, p, g := connect(t), newProject(t), newGallery(keeper)
	// Its own pods apart, this is whom the server lets in.
	g.server = "    metricsNamespace: " + ns
	p.stack(t, keeper, g.stack())
	p.stack(t, ns, fmt.Sprintf(elsewhere, ns, keeper, flaskApp))
	t.Cleanup(func() {
		for _, stack := range []string{ns, keeper} {
			p.run(t, "destroy", stack, "--yes")
			c.gone(t, stack)
		}
	})
	p.must(t, "up", keeper)
	c.plant(t, ns, "post-office", map[string][]byte{
		"id": []byte("plinth-writer"), "key": []byte(c.secret(t, keeper, "minio-user-writer", "secret-access-key")),
	})
	p.must(t, "up", ns)
	if err := put(c.serviceURL(t, ns, "clerk")+"/api/assets/letter", "dear"); err != nil {
		t.Fatal(err)
	}
	if got, err := c.get(t, keeper, "writer", "http://localhost:5000/api/assets/letter"); err != nil ||
		strings.TrimSpace(got) != "dear" {
		t.Errorf("what the keeper has: got %q, %v; want dear", got, err)
	}
	metrics, err := c.get(t, ns, "clerk", "http://minio."+keeper+".svc.cluster.local:9000/minio/v2/metrics/cluster")
	if err != nil || !bytes.Contains([]byte(metrics), []byte("minio_cluster_")) {
		t.Errorf("metrics: got %d bytes, %v", len(metrics), err)
	}
	if _, err := c.CoreV1().Secrets(ns).Get(context.WithoutCancel(t.Context()), "post-office", metav1.GetOptions{}); err != nil {
		t.Errorf("the Secret of somebody else: %v", err)
	}
}
