//go:build e2e && e2eall

package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// archived is a stack of a database that is backed up, and of an application that uses it or another one.
const archived = `
config:
  plinth:tier: dev
  plinth:namespace: {name: %[1]s}
  plinth:buckets: {archive: {engine: minio}}
  plinth:minio: {image: "docker.io/minio/minio:test", clientImage: "docker.io/minio/mc:test"}
  plinth:apps:
    web:
      image: test.local/todo-flask:1
      replicas: 1
      server: gunicorn
      ports: [{name: http, container: 5000, service: 80}]
      probes: {readiness: {path: /readyz, period: 2}}
      resources: {requests: {cpu: 50m}, limits: {cpu: "1", memory: 256Mi, ephemeralStorage: 128Mi}}
      database: {name: %[2]s}
      migration: {command: [alembic, upgrade, head], timeout: 60}
      rolloutTimeout: 120
    keeper: {image: test.local/todo-flask:1, %[4]s, database: {name: main}}
  plinth:databases:
    main: {%[3]s, backup: {bucket: archive, keep: 2}}
%[5]s`

const archivedDatabase = `engine: %s, image: "docker.io/library/%s", replicas: 0, timeout: 180,
      resources: {requests: {cpu: 50m}, limits: {cpu: "1", memory: 384Mi, ephemeralStorage: 256Mi}}`

func TestBackupIsRestoredIntoANewDatabase(t *testing.T) {
	c := connect(t)
	t.Run("postgres", func(t *testing.T) {
		ask := func(pod, statement string) (string, error) { return c.sql(t, "e2e-all-backup", pod, "web", statement) }
		c.backup(t, "e2e-all-backup", fmt.Sprintf(archivedDatabase, "postgres", "postgres:15"), ask)
		if got, err := ask("copy-0", "SELECT tableowner FROM pg_tables WHERE tablename = 'todos'"); err != nil || got != "web" {
			t.Errorf("who owns the table: got %q, %v", got, err)
		}
	})
	t.Run("mariadb", func(t *testing.T) {
		ask := func(pod, statement string) (string, error) {
			return c.mariadb(t, "e2e-all-backup-mariadb", pod, "USE web; "+statement)
		}
		c.backup(t, "e2e-all-backup-mariadb", fmt.Sprintf(archivedDatabase, "mariadb", "mariadb:10.11"), ask,
			// What a dump holds besides tables, as either of the two accounts would have made it.
			"CREATE DEFINER = web@'%' VIEW titles AS SELECT title FROM todos",
			"CREATE DEFINER = web_alt@'%' PROCEDURE counted() SELECT count(*) FROM todos",
			"CREATE DEFINER = web@'%' TRIGGER watched BEFORE INSERT ON todos FOR EACH ROW SET NEW.title = NEW.title")
		if got, err := ask("copy-0", "CALL counted()"); err != nil || got != "26" {
			t.Errorf("a procedure of the copy: got %q, %v; want 26", got, err)
		}
	})
}

// backup backs a database up, restores what the second of three backups holds into a new one, and moves the application
// there. extra are statements that it makes before.
func (c *cluster) backup(
	t *testing.T, ns, archivedDatabase string, ask func(pod, statement string) (string, error), extra ...string,
) {
	t.Helper()
	p := newProject(t)
	up := func(database, more string) string {
		t.Helper()
		p.stack(t, ns, fmt.Sprintf(archived, ns, database, archivedDatabase, flaskApp, more))
		return p.must(t, "up", ns)
	}
	t.Cleanup(func() {
		p.run(t, "destroy", ns, "--yes")
		c.gone(t, ns)
	})
	up("main", "")
	web := c.serviceURL(t, ns, "web")
	rows := func(n int) {
		t.Helper()
		for i := range n {
			if err := post(web+"/api/todos", fmt.Sprint("row ", i)); err != nil {
				t.Fatal(err)
			}
		}
	}
	rows(20)
	for _, statement := range extra {
		if _, err := ask("main-0", statement); err != nil {
			t.Fatal(err)
		}
	}
	var names []string
	for i := range 3 {
		log := c.runNow(t, ns, "main-backup", fmt.Sprint("try-", i))
		_, name, found := strings.Cut(log, "kept the backup ")
		if !found {
			t.Fatalf("the backup does not say its name: %s", log)
		}
		names = append(names, strings.Fields(name)[0])
		if i == 2 && !strings.Contains(log, "removed the backup "+names[0]) {
			t.Errorf("the third of at most two does not remove the first: %s", log)
		}
		rows(5)
	}
	// What was written after the second one is not in it.
	const want = "25"
	more := fmt.Sprintf("    copy: {%s, restore: {bucket: archive, from: main, backup: %s}}\n", archivedDatabase, names[1])
	start := time.Now()
	up("copy", more)
	t.Logf("restored, and the application moved, in %v", time.Since(start).Round(time.Second))
	if got, err := ask("copy-0", "SELECT count(*) FROM todos"); err != nil || got != want {
		t.Errorf("rows in the copy: got %q, %v; want %s", got, err, want)
	}
	if err := post(web+"/api/todos", "after"); err != nil {
		t.Errorf("the application does not write to the copy: %v", err)
	}
	if out := up("copy", more); !strings.Contains(out, "nothing changed") {
		t.Error("a second up does not say: nothing changed")
	}
	// The original is as it was.
	if got, err := ask("main-0", "SELECT count(*) FROM todos"); err != nil || got != "35" {
		t.Errorf("rows in the original: got %q, %v; want 35", got, err)
	}
	t.Run("a backup that is not there is named, with those that are", func(t *testing.T) {
		p.stack(t, ns, fmt.Sprintf(archived, ns, "copy", archivedDatabase, flaskApp, more+
			fmt.Sprintf("    none: {%s, restore: {bucket: archive, from: main, backup: 20200101T000000Z, timeout: 60}}\n",
				strings.Replace(archivedDatabase, "timeout: 180", "timeout: 60", 1))))
		out, code, _ := p.run(t, "up", ns)
		wanted := "there is no complete backup 20200101T000000Z in archive/databases/main; there are: " + names[1] + " " + names[2]
		if code != 1 || !strings.Contains(out, wanted) {
			t.Errorf("exit code %d, want 1 and %q", code, wanted)
		}
	})
}

// runNow makes a Job of a CronJob, waits for its end and returns what its main container wrote.
func (c *cluster) runNow(t *testing.T, namespace, cron, name string) string {
	t.Helper()
	found, err := c.BatchV1().CronJobs(namespace).Get(t.Context(), cron, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	job := &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: namespace}, Spec: found.Spec.JobTemplate.Spec}
	if _, err := c.BatchV1().Jobs(namespace).Create(t.Context(), job, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	await(t, "job "+name, "1 succeeded", 2*time.Minute, func() (string, error) {
		job, err := c.BatchV1().Jobs(namespace).Get(t.Context(), name, metav1.GetOptions{})
		return fmt.Sprint(job.Status.Succeeded, " succeeded"), err
	})
	pods, err := c.CoreV1().Pods(namespace).List(t.Context(), metav1.ListOptions{LabelSelector: "batch.kubernetes.io/job-name=" + name})
	if err != nil || len(pods.Items) == 0 {
		t.Fatalf("pods of job %s: %v", name, err)
	}
	log, err := c.CoreV1().Pods(namespace).GetLogs(pods.Items[0].Name, &corev1.PodLogOptions{Container: pods.Items[0].Spec.Containers[0].Name}).DoRaw(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	// Names tell times apart by the second.
	time.Sleep(time.Second)
	background := metav1.DeletePropagationBackground
	err = c.BatchV1().Jobs(namespace).Delete(t.Context(), name, metav1.DeleteOptions{PropagationPolicy: &background})
	if err != nil {
		t.Fatal(err)
	}
	return string(log)
}
