package gates_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// critical is kube-score's worst grade.
const critical = 1

// finding is one check that kube-score finds critical for one object.
type finding struct{ check, object, comment string }

func (f finding) String() string { return f.check + ": " + f.object + ": " + f.comment }

// kubeScore returns what the program finds critical in manifests.
func kubeScore(t *testing.T, program string, files []string) []finding {
	t.Helper()
	args := append([]string{
		"score", "--output-format", "json", "--kubernetes-version", "v1.36",
		"--enable-optional-test", "container-seccomp-profile", "--enable-optional-test", "container-ports-check",
	}, files...)
	out, err := exec.CommandContext(t.Context(), program, args...).Output()
	// It exits with 1 when it finds something critical.
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() != 1 || err != nil && !errors.As(err, &exit) {
		t.Fatalf("running kube-score: %v", err)
	}
	var objects []struct {
		Name   string `json:"object_name"`
		Checks []struct {
			Check    struct{ ID string }
			Grade    int
			Skipped  bool
			Comments []struct{ Path, Summary string }
		}
	}
	if err := json.Unmarshal(out, &objects); err != nil {
		t.Fatalf("reading what kube-score says: %v\n%s", err, out)
	}
	if len(objects) == 0 {
		t.Fatalf("kube-score looked at nothing of %v", files)
	}
	var found []finding
	for _, object := range objects {
		for _, result := range object.Checks {
			if result.Skipped || result.Grade > critical {
				continue
			}
			var comments []string
			for _, comment := range result.Comments {
				comments = append(comments, strings.TrimSpace(comment.Path+" "+comment.Summary))
			}
			found = append(found, finding{result.Check.ID, object.Name, strings.Join(comments, ", ")})
		}
	}
	return found
}

var waiverLine = regexp.MustCompile(`^([a-z0-9-]+): (\S.*\S)$`)

// readWaivers returns the reasons by check. Each line that is neither empty nor a comment is CHECK-ID: REASON.
func readWaivers(text string) (map[string]string, error) {
	waivers := map[string]string{}
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		match := waiverLine.FindStringSubmatch(line)
		if match == nil {
			return nil, fmt.Errorf("line %d is not CHECK-ID: REASON: %q", i+1, line)
		}
		if _, twice := waivers[match[1]]; twice {
			return nil, fmt.Errorf("line %d waives %s again", i+1, match[1])
		}
		waivers[match[1]] = match[2]
	}
	return waivers, nil
}

// judge holds findings against waivers: what is left, and the waivers that nothing needs.
func judge(found []finding, waivers map[string]string) (unexplained []finding, idle []string) {
	needed := map[string]bool{}
	for _, f := range found {
		if _, waived := waivers[f.check]; waived {
			needed[f.check] = true
		} else {
			unexplained = append(unexplained, f)
		}
	}
	for _, check := range slices.Sorted(maps.Keys(waivers)) {
		if !needed[check] {
			idle = append(idle, check)
		}
	}
	return unexplained, idle
}

func TestKubeScoreFindsNothingCriticalThatNoWaiverExplains(t *testing.T) {
	program := program(t, "tools", "kube-score", "github.com/zegl/kube-score/cmd/kube-score")
	text, err := os.ReadFile("waivers.txt")
	if err != nil {
		t.Fatal(err)
	}
	waivers, err := readWaivers(string(text))
	if err != nil {
		t.Fatalf("waivers.txt: %v", err)
	}
	var found []finding
	for _, s := range stacks(t) {
		if len(s.config(t).Apps) == 0 {
			// Its policies wait for pods to come, which kube-score takes for a mistake.
			continue
		}
		var files []string
		spared := map[string]bool{}
		for _, m := range s.render(t).manifests {
			files = append(files, m.file)
			if m.GetAnnotations()["waived.plinth.dev/writableRoot"] != "" {
				spared[m.GetName()] = true
			}
		}
		for _, f := range kubeScore(t, program, files) {
			// An application's own waiver, with its reason in its stack file.
			if f.check == "container-security-context-readonlyrootfilesystem" && spared[path.Base(f.object)] {
				continue
			}
			f.object = s.name + ": " + f.object
			found = append(found, f)
		}
	}
	unexplained, idle := judge(found, waivers)
	for _, f := range unexplained {
		t.Errorf("kube-score: %s", f)
	}
	for _, check := range idle {
		t.Errorf("waivers.txt: %s waives nothing: remove it", check)
	}
}

func TestKubeScoreFindsABarePodCritical(t *testing.T) {
	program := program(t, "tools", "kube-score", "github.com/zegl/kube-score/cmd/kube-score")
	file := filepath.Join(t.TempDir(), "pod.yaml")
	if err := os.WriteFile(file, []byte(`
apiVersion: v1
kind: Pod
metadata: {name: bare, namespace: home}
spec: {containers: [{name: bare, image: bare:latest}]}
`), 0o600); err != nil {
		t.Fatal(err)
	}
	checks := map[string]bool{}
	for _, f := range kubeScore(t, program, []string{file}) {
		checks[f.check] = true
	}
	for _, want := range []string{
		"container-image-tag", "container-resources", "container-security-context-readonlyrootfilesystem",
		"pod-networkpolicy",
	} {
		if !checks[want] {
			t.Errorf("got %v, want %s among them", slices.Sorted(maps.Keys(checks)), want)
		}
	}
}

func TestAWaiverHasOneLineWithAReasonAndWaivesSomething(t *testing.T) {
	for text, want := range map[string]string{
		"# Why.\n\npod-probes:\n":           `line 3 is not CHECK-ID: REASON: "pod-probes:"`,
		"pod-probes\n":                      `line 1 is not CHECK-ID: REASON: "pod-probes"`,
		"pod-probes: one\npod-probes: two ": `line 2 waives pod-probes again`,
	} {
		if _, err := readWaivers(text); err == nil || err.Error() != want {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
	waivers, err := readWaivers("pod-probes: it has no port\nservice-type: it is a test")
	if err != nil {
		t.Fatal(err)
	}
	left, idle := judge([]finding{{"pod-probes", "a", ""}, {"pod-networkpolicy", "b", "none"}}, waivers)
	if got := fmt.Sprint(left, idle); got != "[pod-networkpolicy: b: none] [service-type]" {
		t.Errorf("got %s, want what nothing explains, and the waiver that nothing needs", got)
	}
}
