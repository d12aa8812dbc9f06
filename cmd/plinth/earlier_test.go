package main

import (
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// earlierPassphrase encrypts the state in testdata/earlier.json.gz, whose passwords were never used for anything.
const earlierPassphrase = "a passphrase of the tests, for nothing else"

// earlierState is the state of an earlier version that had deployed the stack local: what was
// .plinth/state/.pulumi/stacks/plinth/local.json there. It is never made anew: what is in it is what users have.
func earlierState(t *testing.T) string {
	t.Helper()
	file, err := os.Open(filepath.Join("testdata", "earlier.json.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	state, err := io.ReadAll(unzipped)
	if err != nil {
		t.Fatal(err)
	}
	return string(state)
}

// write writes files of the project, by path.
func (p *project) write(t *testing.T, files map[string]string) {
	t.Helper()
	for path, text := range files {
		path = filepath.Join(p.root, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// keepsData are the kinds whose replacement or removal loses data, or the address that clients know.
var keepsData = []string{ //nolint:gochecknoglobals // Constants of this test.
	"Namespace", "StatefulSet", "PersistentVolumeClaim", "PersistentVolumeClaimPatch", "Service", "Secret", "RandomPassword",
}

func TestAnEarlierStateIsGoneOnWithAndNothingThatKeepsDataIsReplaced(t *testing.T) {
	state := earlierState(t)
	p := newProject(t)
	stackFile := p.file(t, "Pulumi.local.yaml")
	same := func(state string) string { return state }
	for _, change := range []struct {
		what string
		// earlier edits the state, and from and to the stack's file.
		earlier  func(string) string
		from, to string
		// want are lines of the preview: that the change arrives.
		want []string
	}{
		{"the version of plinth alone", same, "", "", nil},
		{"the number of replicas", same, "replicas: 1", "replicas: 3", []string{
			"create PersistentVolumeClaimPatch main-replica-size-1",
			"create PersistentVolumeClaimPatch main-replica-size-2",
			"update StatefulSet main-replica-statefulset",
		}},
		{"a setting", same, "replicas: 1\n", "replicas: 1\n      settings: {work_mem: 5MB}\n", []string{
			"update StatefulSet main-replica-statefulset", "update StatefulSet main-statefulset",
		}},
		{"the image", same, "replicas: 1\n", "replicas: 1\n      image: docker.io/library/postgres:17.7\n", []string{
			"update StatefulSet main-replica-statefulset", "update StatefulSet main-statefulset",
		}},
		{"the size of the volumes", same, "replicas: 1\n", "replicas: 1\n      storage: 2Gi\n", []string{
			"update PersistentVolumeClaimPatch main-replica-size-0", "update PersistentVolumeClaimPatch main-size-0",
		}},
		{"a label of everything", func(state string) string {
			return strings.ReplaceAll(state, `"app.kubernetes.io/managed-by":"plinth"`,
				`"app.kubernetes.io/managed-by":"earlier"`)
		}, "", "", []string{
			"update Namespace namespace-namespace", "update Secret main-credentials", "update Secret main-role-reader",
			"update Service main-primary-pods-service", "update Service main-replica-pods-service",
			"update Service main-replicas-service", "update Service main-service", "update Service proxy-service",
			"update Service reader-service",
			"update StatefulSet main-replica-statefulset", "update StatefulSet main-statefulset",
		}},
	} {
		t.Run(change.what, func(t *testing.T) {
			if change.from != "" && strings.Count(stackFile, change.from) == 0 {
				t.Fatalf("Pulumi.local.yaml does not hold %q", change.from)
			}
			p.write(t, map[string]string{
				"Pulumi.local.yaml":                              strings.Replace(stackFile, change.from, change.to, 1),
				".plinth/passphrase":                             earlierPassphrase,
				".plinth/state/.pulumi/meta.yaml":                "version: 1\n",
				".plinth/state/.pulumi/stacks/plinth/local.json": change.earlier(state),
			})
			got := map[string]bool{}
			for line := range strings.Lines(plinth(t, exitDone, "preview", "local")) {
				words := strings.Fields(line)
				if len(words) < 3 {
					continue
				}
				got[strings.Join(words[:3], " ")] = true
				if slices.Contains(keepsData, words[1]) && words[0] != "create" && words[0] != "update" {
					t.Errorf("preview: %s", strings.TrimSpace(line))
				}
			}
			for _, line := range change.want {
				if !got[line] {
					t.Errorf("the preview does not say %q", line)
				}
			}
		})
	}
}
