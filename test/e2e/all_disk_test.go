//go:build e2e && e2eall

package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// small is a stack of a database alone, on volumes of a class that nobody provisions.
const small = `
config:
  plinth:tier: dev
  plinth:namespace: {name: %[1]s}
  plinth:databases:
    main:
      engine: %[2]s
      image: docker.io/library/%[3]s
      replicas: 0
      storageClass: %[1]s
      settings: %[4]s
      resources: {requests: {cpu: 50m}, limits: {cpu: "1", memory: 512Mi, ephemeralStorage: 256Mi}}
      timeout: 180
`

// A volume of the test cluster is a folder without a limit. This one is a file system of its own in memory, mounted on
// this machine, which is the cluster's node: so the test needs to be root there.
func TestFullDiskIsAnErrorAndNoCorruption(t *testing.T) {
	c := connect(t)
	t.Run("postgres", func(t *testing.T) {
		const ns = "e2e-all-disk"
		fill(t, c, ns, fmt.Sprintf(small, ns, "postgres", "postgres:15", "{max_wal_size: 32MB, min_wal_size: 32MB}"), onSmallDisk{
			sql:   func(statement string) (string, error) { return c.sql(t, ns, "main-0", "postgres", statement) },
			words: []string{"No space left on device", "server closed the connection"},
			sound: func() {
				out, err := c.execIn(t, ns, "main-0", "postgres", "pg_amcheck", "-U", "postgres", "-d", "postgres",
					"--install-missing", "--heapallindexed")
				if err != nil || strings.TrimSpace(out) != "" {
					t.Errorf("what pg_amcheck finds: %q, %v", out, err)
				}
			},
			series: "generate_series(%d, %d) AS n",
		})
	})
	t.Run("mariadb", func(t *testing.T) {
		const ns = "e2e-all-disk-mariadb"
		sql := func(statement string) (string, error) {
			return c.mariadb(t, ns, "main-0", "CREATE DATABASE IF NOT EXISTS filling; USE filling; "+statement)
		}
		settings := "{innodb_log_file_size: 8M, max_binlog_size: 16M, innodb_buffer_pool_size: 32M}"
		fill(t, c, ns, fmt.Sprintf(small, ns, "mariadb", "mariadb:10.11", settings), onSmallDisk{
			sql:   sql,
			words: []string{"is full", "No space left on device", "Errcode: 28", "Lost connection", "terminated with exit code"},
			sound: func() {
				out, err := sql("CHECK TABLE many EXTENDED")
				if err != nil || !strings.HasSuffix(out, "\tstatus\tOK") || strings.Count(out, "\n") > 0 {
					t.Errorf("what CHECK TABLE finds: %q, %v", out, err)
				}
			},
			// https://mariadb.com/kb/en/sequence-storage-engine/.
			series: "(SELECT seq AS n FROM seq_%d_to_%d) AS s",
		})
	})
}

// onSmallDisk is what the test of a full disk needs to know of an engine.
type onSmallDisk struct {
	// sql runs statements in a database of the server.
	sql func(statement string) (string, error)
	// words are those of an error that says that the disk is full, or that the server has ended for it.
	words []string
	// sound demands that nothing is corrupt.
	sound func()
	// series are the numbers between two, as a table with the column n.
	series string
}

// fill writes until the disk is full, and looks what is there once it has room again.
func fill(t *testing.T, c *cluster, ns, stack string, on onSmallDisk) {
	t.Helper()
	p := newProject(t)
	folder, err := os.MkdirTemp("", "plinth-disk-")
	if err != nil {
		t.Fatal(err)
	}
	mount := func(args ...string) {
		t.Helper()
		if out, err := exec.Command("mount", args...).CombinedOutput(); err != nil {
			t.Fatalf("mount %s: %v: %s", strings.Join(args, " "), err, out)
		}
	}
	mount("-t", "tmpfs", "-o", "size=200m,mode=0777", "tmpfs", folder)
	volumes := c.CoreV1().PersistentVolumes()
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		p.run(t, "destroy", ns, "--yes")
		all, err := volumes.List(ctx, metav1.ListOptions{})
		if err != nil {
			t.Error(err)
			return
		}
		// The test cluster makes a volume for every claim, whatever its class: one more than is used here.
		for _, v := range all.Items {
			if v.Spec.StorageClassName == ns {
				if err := volumes.Delete(ctx, v.Name, metav1.DeleteOptions{}); err != nil {
					t.Error(err)
				}
			}
		}
		await(t, "the folder", "unmounted", time.Minute, func() (string, error) {
			if out, err := exec.Command("umount", folder).CombinedOutput(); err != nil {
				return string(out), nil
			}
			return "unmounted", os.Remove(folder)
		})
	})
	_, err = volumes.Create(t.Context(), &corev1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: ns},
		Spec: corev1.PersistentVolumeSpec{
			StorageClassName: ns, PersistentVolumeReclaimPolicy: corev1.PersistentVolumeReclaimRetain,
			AccessModes:            []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			Capacity:               corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")},
			PersistentVolumeSource: corev1.PersistentVolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: folder}},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	p.stack(t, ns, stack)
	p.must(t, "up", ns)

	if _, err := on.sql("CREATE TABLE many (n int PRIMARY KEY, filler text)"); err != nil {
		t.Fatal(err)
	}
	const batch = 10000
	acknowledged := 0
	for {
		_, err := on.sql(fmt.Sprintf("INSERT INTO many SELECT n, repeat('x', 300) FROM "+on.series, acknowledged+1,
			acknowledged+batch))
		if err != nil {
			t.Logf("after %d rows: %v", acknowledged, err)
			if !slices.ContainsFunc(on.words, func(word string) bool { return strings.Contains(err.Error(), word) }) {
				t.Errorf("the error does not say that the disk is full")
			}
			break
		}
		if acknowledged += batch; acknowledged > 100*batch {
			t.Fatal("the disk never fills")
		}
	}
	mount("-o", "remount,size=600m", folder)
	count := func() (string, error) { return on.sql("SELECT count(*) FROM many") }
	took := await(t, "rows with room again", fmt.Sprint(acknowledged), 3*time.Minute, count)
	t.Logf("with room again every acknowledged row is there after %v", took)
	if _, err := on.sql("INSERT INTO many VALUES (0, 'last')"); err != nil {
		t.Errorf("with room again: %v", err)
	}
	on.sound()
	if out := p.must(t, "up", ns); !strings.Contains(out, "nothing changed") {
		t.Error("up afterwards does not say: nothing changed")
	}
}
