//go:build e2e && e2eall

package e2e

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// reader is a stack with one application that reads the value token as a variable, and session as a file.
func reader(namespace, operators, secrets string) string {
	return fmt.Sprintf(`
config:
  plinth:tier: dev
  plinth:namespace: {name: %s}
  plinth:operators: %s
  plinth:secrets: %s
  plinth:apps:
    web: {%s, image: test.local/todo-flask:1, replicas: 2, rolloutTimeout: 90, user: 1000,
      secrets: {API_TOKEN: token}, secretFiles: {/etc/keys/session: session}}
`, namespace, operators, secrets, flaskApp)
}

// patiently asks again until what is said holds, and returns how long that took.
func patiently(t *testing.T, within time.Duration, what string, holds func() (bool, string)) time.Duration {
	t.Helper()
	start := time.Now()
	for {
		ok, got := holds()
		if ok {
			t.Logf("%s: after %v", what, time.Since(start).Round(time.Second))
			return time.Since(start)
		}
		if time.Since(start) > within {
			t.Fatalf("%s: not within %v; got %s", what, within, got)
		}
		time.Sleep(time.Second)
	}
}

// variable is what every pod of web has in API_TOKEN.
func (c *cluster) variable(t *testing.T, namespace, want string) (bool, string) {
	t.Helper()
	pods := c.pods(t, namespace, "web")
	for _, pod := range pods {
		out, err := c.execIn(t, namespace, pod.Name, pod.Spec.Containers[0].Name, "sh", "-c", "echo $API_TOKEN")
		if err != nil || strings.TrimSpace(out) != want {
			return false, fmt.Sprintf("%q, %v in %s", out, err, pod.Name)
		}
	}
	return len(pods) >= 2, fmt.Sprintf("%d pods", len(pods))
}

// file is what every pod of web has in its file.
func (c *cluster) file(t *testing.T, namespace, want string) (bool, string) {
	t.Helper()
	pods := c.pods(t, namespace, "web")
	for _, pod := range pods {
		out, err := c.execIn(t, namespace, pod.Name, pod.Spec.Containers[0].Name, "cat", "/etc/keys/session")
		if err != nil || strings.TrimSpace(out) != want {
			return false, fmt.Sprintf("%q, %v in %s", out, err, pod.Name)
		}
	}
	return len(pods) >= 2, fmt.Sprintf("%d pods", len(pods))
}

// restarts are the names of web's pods with how often their container was started.
func (c *cluster) restarts(t *testing.T, namespace string) string {
	t.Helper()
	var all []string
	for _, pod := range c.pods(t, namespace, "web") {
		all = append(all, fmt.Sprint(pod.Name, " ", pod.Status.ContainerStatuses[0].RestartCount, " ",
			pod.Status.ContainerStatuses[0].Ready))
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}

// another kills one pod of web, and waits for a new one that is ready.
func (c *cluster) another(t *testing.T, namespace string) {
	t.Helper()
	victim := c.pods(t, namespace, "web")[0].Name
	if err := c.CoreV1().Pods(namespace).Delete(t.Context(), victim, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	patiently(t, time.Minute, "a pod in the place of "+victim, func() (bool, string) {
		now := c.restarts(t, namespace)
		return !strings.Contains(now, victim) && strings.Count(now, "true") == 2, now
	})
}

// unseen demands that a value is in no file of the project's own folder, state and its backups among them.
func (p *project) unseen(t *testing.T, values ...string) {
	t.Helper()
	files := 0
	err := filepath.WalkDir(filepath.Join(p.dir, ".plinth"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		files++
		for _, value := range values {
			if strings.Contains(string(text), value) {
				t.Errorf("%s holds %s", path, value)
			}
		}
		return nil
	})
	if err != nil || files < 2 {
		t.Errorf("searching the state: %d files, %v", files, err)
	}
}

func (c *cluster) ownNamespace(t *testing.T, name string) {
	t.Helper()
	c.makeNamespace(t, name)
	t.Cleanup(func() {
		c.deleteNamespace(t, name)
		for range 60 {
			_, err := c.CoreV1().Namespaces().Get(context.WithoutCancel(t.Context()), name, metav1.GetOptions{})
			if apierrors.IsNotFound(err) {
				return
			}
			time.Sleep(time.Second)
		}
		t.Errorf("namespace %s does not go", name)
	})
}

func TestExternalSecretsDelivers(t *testing.T) {
	const ns, kept, operator = "e2e-eso", "e2e-eso-kept", "e2e-eso-operator"
	c, p := connect(t), newProject(t)
	stack := func(key string) string {
		return reader(ns, "{external-secrets: {namespace: "+operator+", timeout: 180}}",
			"{backend: external-secrets, refresh: 5s, keys: {session: "+key+"}, external: {namespace: "+kept+"}}")
	}
	p.stack(t, ns, stack("SESSION"))
	c.ownNamespace(t, kept)
	keep := func(token, session string) {
		t.Helper()
		secret := &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Name: ns + "-web"}, StringData: map[string]string{"token": token, "SESSION": session},
		}
		_, err := c.CoreV1().Secrets(kept).Update(t.Context(), secret, metav1.UpdateOptions{})
		if apierrors.IsNotFound(err) {
			_, err = c.CoreV1().Secrets(kept).Create(t.Context(), secret, metav1.CreateOptions{})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		p.run(t, "destroy", ns, "--yes")
		c.gone(t, ns)
		c.gone(t, operator)
		// The chart's definitions are among its templates, and so go with the release.
		if served, err := c.Discovery().ServerResourcesForGroupVersion("external-secrets.io/v1"); !apierrors.IsNotFound(err) {
			t.Errorf("its kinds are still there: %v, %v", served, err)
		}
	})

	t.Run("without the entry, the error names it", func(t *testing.T) {
		out, code, _ := p.run(t, "up", ns)
		if code != 1 || !strings.Contains(out, ns+"-web") {
			t.Errorf("exit code %d, want 1 and %s-web in the output", code, ns)
		}
	})
	keep("canary-eso-1", "canary-eso-2")
	p.must(t, "up", ns)
	t.Run("the application starts with its values", func(t *testing.T) {
		if ok, got := c.variable(t, ns, "canary-eso-1"); !ok {
			t.Error("variable: " + got)
		}
		if ok, got := c.file(t, ns, "canary-eso-2"); !ok {
			t.Error("file: " + got)
		}
	})
	t.Run("a second up changes nothing", func(t *testing.T) {
		if out := p.must(t, "up", ns); !strings.Contains(out, "nothing changed") {
			t.Error("the output does not say: nothing changed")
		}
	})
	t.Run("a changed value is in the file within two minutes, and nothing restarts", func(t *testing.T) {
		before := c.restarts(t, ns)
		keep("canary-eso-3", "canary-eso-4")
		patiently(t, 2*time.Minute, "the file", func() (bool, string) { return c.file(t, ns, "canary-eso-4") })
		if now := c.restarts(t, ns); now != before {
			t.Errorf("got the pods %s, want %s", now, before)
		}
	})
	t.Run("the entry gone harms no pod, old or new", func(t *testing.T) {
		before := c.restarts(t, ns)
		if err := c.CoreV1().Secrets(kept).Delete(t.Context(), ns+"-web", metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(15 * time.Second)
		if now := c.restarts(t, ns); now != before {
			t.Errorf("got the pods %s, want %s", now, before)
		}
		c.another(t, ns)
		if ok, got := c.file(t, ns, "canary-eso-4"); !ok {
			t.Error("file: " + got)
		}
	})
	p.unseen(t, "canary-eso")
}

// startVault runs Vault's dev server, with the right to look at tokens of service accounts.
func (c *cluster) startVault(t *testing.T, ns string) {
	t.Helper()
	ctx, labels := t.Context(), map[string]string{"app.kubernetes.io/name": "vault"}
	meta := metav1.ObjectMeta{Name: "vault", Namespace: ns, Labels: labels}
	if _, err := c.CoreV1().ServiceAccounts(ns).Create(ctx, &corev1.ServiceAccount{ObjectMeta: meta}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	_, err := c.RbacV1().ClusterRoleBindings().Create(ctx, &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: ns},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "system:auth-delegator"},
		Subjects:   []rbacv1.Subject{{Kind: "ServiceAccount", Name: "vault", Namespace: ns}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.RbacV1().ClusterRoleBindings().Delete(context.WithoutCancel(ctx), ns, metav1.DeleteOptions{})
	})
	_, err = c.CoreV1().Services(ns).Create(ctx, &corev1.Service{ObjectMeta: meta, Spec: corev1.ServiceSpec{
		Selector: labels, Ports: []corev1.ServicePort{{Port: 8200}},
	}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	one := int32(1)
	_, err = c.AppsV1().Deployments(ns).Create(ctx, &appsv1.Deployment{ObjectMeta: meta, Spec: appsv1.DeploymentSpec{
		Replicas: &one, Selector: &metav1.LabelSelector{MatchLabels: labels},
		Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: corev1.PodSpec{
			ServiceAccountName: "vault",
			Containers: []corev1.Container{{
				Name: "vault", Image: "docker.io/hashicorp/vault:1.21.0", ImagePullPolicy: corev1.PullIfNotPresent,
				Env: []corev1.EnvVar{
					{Name: "VAULT_DEV_ROOT_TOKEN_ID", Value: "root"},
					{Name: "VAULT_TOKEN", Value: "root"},
					{Name: "VAULT_ADDR", Value: "http://127.0.0.1:8200"},
					{Name: "SKIP_SETCAP", Value: "true"},
				},
			}},
		}},
	}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	patiently(t, 2*time.Minute, "Vault", func() (bool, string) {
		if len(c.pods(t, ns, "vault")) == 0 {
			return false, "no pod"
		}
		out, err := c.exec(t, ns, "vault", "vault", "status")
		return err == nil, fmt.Sprint(out, err)
	})
}

// prepare runs the commands that plinth render prints for an administrator, with these values in place of files.
func (c *cluster) prepare(t *testing.T, ns, printed string, values map[string]string) {
	t.Helper()
	ran := 0
	lines := strings.Split(printed, "\n")
	for i := 0; i < len(lines); i++ {
		line := strings.TrimSpace(lines[i])
		if !strings.HasPrefix(line, "vault ") {
			continue
		}
		words := strings.Fields(line)
		if slices.Contains(words, "<<'EOF'") {
			var policy []string
			for i++; strings.TrimSpace(lines[i]) != "EOF"; i++ {
				policy = append(policy, strings.TrimSpace(lines[i]))
			}
			// The image has no shell, and this client no standard input: the API takes a policy as text.
			words = []string{"vault", "write", "sys/policy/" + words[3], "policy=" + strings.Join(policy, "\n")}
		}
		for j, word := range words {
			if name, file, found := strings.Cut(word, "=@"); found {
				words[j] = name + "=" + values[file]
			}
		}
		if out, err := c.exec(t, ns, "vault", words...); err != nil {
			t.Fatalf("%v: %s, %v", words, out, err)
		}
		ran++
	}
	if ran != 6 {
		t.Fatalf("ran %d of the printed commands, want 6:\n%s", ran, printed)
	}
}

func TestVaultSecretsOperatorDelivers(t *testing.T) {
	const ns, vault, operator = "e2e-vso", "e2e-vso-vault", "e2e-vso-operator"
	c, p := connect(t), newProject(t)
	stack := func(path string) string {
		return reader(ns,
			// The proxy in front of the operator's metrics cannot be had on this cluster; nobody asks for them here.
			"{vault-secrets-operator: {namespace: "+operator+", timeout: 180, images: {metrics: 'registry.k8s.io/pause:3.10'}}}",
			"{backend: vault, refresh: 5s, keys: {session: SESSION}, "+
				"vault: {address: 'http://vault."+vault+".svc:8200', mount: kv, paths: {web: "+path+"}}}")
	}
	p.stack(t, ns, stack("team/web"))
	c.ownNamespace(t, vault)
	c.startVault(t, vault)
	t.Cleanup(func() {
		p.run(t, "destroy", ns, "--yes")
		c.gone(t, ns)
		c.gone(t, operator)
	})
	c.prepare(t, vault, p.must(t, "render", ns, "--out", filepath.Join(t.TempDir(), "rendered")),
		map[string]string{"token": "canary-vso-1", "SESSION": "canary-vso-2"})
	p.must(t, "up", ns)
	t.Run("the application starts with its values", func(t *testing.T) {
		if ok, got := c.variable(t, ns, "canary-vso-1"); !ok {
			t.Error("variable: " + got)
		}
		if ok, got := c.file(t, ns, "canary-vso-2"); !ok {
			t.Error("file: " + got)
		}
	})
	t.Run("a changed value is in every pod's environment within a minute", func(t *testing.T) {
		if out, err := c.exec(t, vault, "vault", "vault", "kv", "put", "-mount=kv", "team/web", "token=canary-vso-3",
			"SESSION=canary-vso-4"); err != nil {
			t.Fatal(out, err)
		}
		patiently(t, time.Minute, "the variable", func() (bool, string) { return c.variable(t, ns, "canary-vso-3") })
	})
	t.Run("a second up changes nothing", func(t *testing.T) {
		if out := p.must(t, "up", ns); !strings.Contains(out, "nothing changed") {
			t.Error("the output does not say: nothing changed")
		}
	})
	t.Run("a wrong path is an error that names it, and the pods go on", func(t *testing.T) {
		before := c.restarts(t, ns)
		p.stack(t, ns, stack("team/wbe"))
		if out, code, _ := p.run(t, "up", ns); code != 1 || !strings.Contains(out, "team/wbe") {
			t.Errorf("exit code %d, want 1 and the path in the output", code)
		}
		p.stack(t, ns, stack("team/web"))
		if now := c.restarts(t, ns); now != before {
			t.Errorf("got the pods %s, want %s", now, before)
		}
		p.must(t, "up", ns)
	})
	t.Run("Vault away harms no pod, old or new", func(t *testing.T) {
		before := c.restarts(t, ns)
		patch := []byte(`{"spec": {"replicas": 0}}`)
		if _, err := c.AppsV1().Deployments(vault).Patch(t.Context(), "vault", types.MergePatchType, patch,
			metav1.PatchOptions{}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Second)
		if now := c.restarts(t, ns); now != before {
			t.Errorf("got the pods %s, want %s", now, before)
		}
		c.another(t, ns)
		if ok, got := c.variable(t, ns, "canary-vso-3"); !ok {
			t.Error("variable: " + got)
		}
	})
	p.unseen(t, "canary-vso")
}
