package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// step is one of a job of a workflow.
type step struct {
	Run, Uses, If string
	Env           map[string]string
	WorkingDir    string `yaml:"working-directory"`
}

// workflow is as much of one as is looked at.
type workflow struct {
	Name        string
	Permissions map[string]string
	Concurrency *concurrency
	Jobs        map[string]struct {
		Permissions map[string]string
		Concurrency *concurrency
		Env         map[string]string
		Steps       []step
		Environment string
	}
}

type concurrency struct {
	Group  string
	Cancel bool `yaml:"cancel-in-progress"`
}

// workflows reads those of the repository, by the name of their files.
func workflows(t *testing.T) map[string]workflow {
	t.Helper()
	files, err := filepath.Glob("../../.github/workflows/*.yml")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]workflow{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var w workflow
		if err := yaml.Unmarshal(text, &w); err != nil {
			t.Fatal(err)
		}
		found[strings.TrimSuffix(filepath.Base(file), ".yml")] = w
	}
	return found
}

func TestWorkflowsPassActionlint(t *testing.T) {
	repository, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(t.TempDir(), "actionlint")
	build := exec.Command("go", "build", "-C", filepath.Join(repository, "tools", "actionlint"), "-o", program,
		"github.com/rhysd/actionlint/cmd/actionlint")
	build.Env = append(os.Environ(), "GOFLAGS=-trimpath -buildvcs=false")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	lint := func(files ...string) (string, error) {
		// Its other linters are programs that need not be here.
		cmd := exec.Command(program, append([]string{"-shellcheck=", "-pyflakes="}, files...)...)
		cmd.Dir = repository
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	var files []string
	for name := range workflows(t) {
		files = append(files, filepath.Join(".github", "workflows", name+".yml"))
	}
	if len(files) != 6 {
		t.Errorf("got the workflows %q, want check, preview, deploy, ephemeral, drift and reap", files)
	}
	if out, err := lint(files...); err != nil {
		t.Errorf("actionlint: %v\n%s", err, out)
	}
	bad := filepath.Join(t.TempDir(), "bad.yml")
	if err := os.WriteFile(bad, []byte("on: push\njobs: {a: {runs-on: ubuntu-24.04, steps: [{run: 'echo ${{ nothing.here }}'}]}}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := lint(bad); err == nil || !strings.Contains(out, "nothing") {
		t.Errorf("actionlint finds nothing in a workflow that is wrong: %v\n%s", err, out)
	}
}

// pinned is an action by the commit of a release that is named beside it.
var pinned = regexp.MustCompile(`^[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+(\.\d+\.\d+)?$`)

func TestWorkflowsArePinnedHumbleAndNeverCancelAnUpdate(t *testing.T) {
	files, err := filepath.Glob("../../.github/*/*.yml")
	more, moreErr := filepath.Glob("../../.github/*/*/*.yml")
	if err != nil || moreErr != nil {
		t.Fatal(err, moreErr)
	}
	for _, file := range append(files, more...) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range strings.Split(string(text), "\n") {
			if _, uses, found := strings.Cut(line, "uses: "); found && !strings.HasPrefix(uses, "./") && !pinned.MatchString(uses) {
				t.Errorf("%s: %s is not pinned by a commit with its release beside it", file, uses)
			}
		}
	}
	may := map[string][]string{"contents": {"read"}, "id-token": {"write"}, "pull-requests": {"write"}}
	for name, w := range workflows(t) {
		if len(w.Permissions) != 1 || w.Permissions["contents"] != "read" {
			t.Errorf("%s has the permissions %v, want to read contents and nothing else", name, w.Permissions)
		}
		for id, job := range w.Jobs {
			for what, how := range job.Permissions {
				if !slices.Contains(may[what], how) {
					t.Errorf("%s, job %s may %s %s", name, id, how, what)
				}
			}
			group := job.Concurrency
			if group == nil {
				group = w.Concurrency
			}
			if group == nil {
				t.Errorf("%s, job %s: two of it may run at once", name, id)
				continue
			}
			for _, s := range job.Steps {
				for _, command := range []string{"plinth up", "plinth env", "plinth destroy"} {
					if strings.Contains(s.Run, command) && group.Cancel {
						t.Errorf("%s, job %s: `%s` may be cancelled", name, id, s.Run)
					}
				}
				for _, line := range strings.Split(s.Run, "\n") {
					if strings.Contains(line, "${{") {
						t.Errorf("%s, job %s: an expression is part of a command, where somebody else's text could be one: %s", name, id, line)
					}
				}
			}
		}
	}
}

// expression is one of GitHub's in a workflow.
var expression = regexp.MustCompile(`\$\{\{ *([^}]*?) *\}\}`)

// shell runs the steps of a job that are commands, as a runner does: bash, ending at the first that fails. Steps that
// check the whole repository, or post on GitHub, find a program that notes what it was asked.
func (k *killed) shell(t *testing.T, w workflow, job string, values map[string]string) string {
	t.Helper()
	value := func(text string) string {
		return expression.ReplaceAllStringFunc(text, func(found string) string {
			name := expression.FindStringSubmatch(found)[1]
			result, known := values[name]
			if !known {
				t.Errorf("job %s: the test knows no value of %s", job, found)
			}
			return result
		})
	}
	var all bytes.Buffer
	for _, s := range w.Jobs[job].Steps {
		if s.Run == "" || s.If == "inputs.image != ''" && values["inputs.image"] == "" {
			continue
		}
		cmd := exec.Command("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", s.Run)
		cmd.Dir = k.root
		if s.WorkingDir != "" {
			cmd.Dir = value(s.WorkingDir)
		}
		cmd.Env = slices.DeleteFunc(os.Environ(), func(variable string) bool { return strings.HasPrefix(variable, "KUBECONFIG=") })
		cmd.Env = append(cmd.Env, "PATH="+filepath.Dir(k.program)+":"+os.Getenv("PATH"), "RUNNER_TEMP="+filepath.Join(k.root, "home"),
			"GITHUB_STEP_SUMMARY="+filepath.Join(k.root, "home", "summary"))
		for _, env := range []map[string]string{w.Jobs[job].Env, s.Env} {
			for name, text := range env {
				if given := value(text); given != "" { // An empty secret of a runner is set, and means nothing.
					cmd.Env = append(cmd.Env, name+"="+given)
				}
			}
		}
		out, err := cmd.CombinedOutput()
		fmt.Fprintf(&all, "$ %s\n%s", s.Run, out)
		if err != nil {
			t.Fatalf("job %s: %s: %v\n%s", job, s.Run, err, out)
		}
	}
	return all.String()
}

func TestTheShellOfEveryWorkflowRuns(t *testing.T) {
	all := workflows(t)
	k := newKilled(t)
	bin, err := filepath.EvalSymlinks(filepath.Join(k.root, ".plinth", "bin"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"make", "gh"} {
		script := "#!/bin/sh\necho " + name + ` "$@" | tee -a ` + filepath.Join(k.root, "home", "asked") + "\n" +
			// make build is another commit's program, which is this one here.
			`[ "$*" != build ] || { mkdir -p bin .plinth; ln -sfn ` + k.program + ` bin/plinth; ln -sfn ` + bin + " .plinth/bin; }\n"
		if err := os.WriteFile(filepath.Join(filepath.Dir(k.program), name), []byte(script), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	files := map[string]string{}
	for _, stack := range []string{"dev", "staging", "prod"} {
		files["Pulumi."+stack+".yaml"] = small
	}
	k.write(t, files)
	values := map[string]string{
		"vars.PULUMI_BACKEND_URL": "", "secrets.PULUMI_CONFIG_PASSPHRASE": "", "inputs.image": "", "inputs.app": "",
		"matrix.stack": "dev", "github.event.number": "7", "github.event.pull_request.number": "7", "github.token": "t",
		"github.event.pull_request.base.sha": "HEAD", "runner.temp": filepath.Join(k.root, "home"),
	}

	mustContain(t, k.shell(t, all["check"], "check", values), "make check test\n")
	for _, stack := range []string{"dev", "staging", "prod"} {
		mustContain(t, k.shell(t, all["deploy"], stack, values), "stack "+stack+" is up to date: ", "stack "+stack+" works: ")
	}
	mustContain(t, k.shell(t, all["drift"], "drift", values), "stack dev is as its state says", "stack dev: nothing is left or forgotten")

	// An image is carried through the stacks by its digest, and the commit before brings the old one back.
	image := "registry.example.com/web:1.3.0@sha256:" + strings.Repeat("0a", 32)
	values["inputs.app"], values["inputs.image"] = "web", image
	mustContain(t, k.shell(t, all["deploy"], "dev", values), "Pulumi.dev.yaml: app web has the image "+image,
		"updated    Deployment web-deployment")
	k.expectImage(t, "plinth-dev", image)
	values["inputs.image"] = ""
	k.write(t, map[string]string{"Pulumi.dev.yaml": small})
	mustContain(t, k.shell(t, all["deploy"], "dev", values), "updated    Deployment web-deployment")
	k.expectImage(t, "plinth-dev", "registry.example.com/web:1.2.3")

	// The pull request changes the number of replicas.
	for _, args := range [][]string{
		{"init", "-q"},
		{"add", "Pulumi.yaml", "Pulumi.dev.yaml", "tools", "internal"},
		{"-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-q", "-m", "before"},
	} {
		if out, err := exec.Command("git", args...).CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	k.write(t, map[string]string{"Pulumi.dev.yaml": strings.Replace(small, "user: 10001", "user: 10001\n      replicas: 4", 1)})
	k.shell(t, all["preview"], "render", values)
	mustContain(t, k.file(t, "home", "summary"), "## Manifests of dev\n", "\n-  replicas: 1\n+  replicas: 4\n")
	k.write(t, map[string]string{"Pulumi.dev.yaml": small})

	k.shell(t, all["preview"], "preview", values)
	mustContain(t, k.file(t, "preview.md"), "## Preview of dev\n", "stack dev: nothing would change (")
	mustContain(t, k.file(t, "home", "asked"), "gh pr comment 7 --body-file preview.md\n")

	mustContain(t, k.shell(t, all["ephemeral"], "create", values), "environment pr-7 is there (", "stack pr-7 works: ")
	mustContain(t, k.shell(t, all["reap"], "reap", values), "1 ephemeral environments, 0 of them expired and destroyed")
	mustContain(t, k.shell(t, all["ephemeral"], "destroy", values), "environment pr-7 is gone (")

	// A lock that was left by another machine is named, and removed by nobody but who says so.
	lock := filepath.Join(k.root, ".plinth", "state", ".pulumi", "locks", "organization", "plinth", "dev", "1b4e28ba.json")
	if err := os.MkdirAll(filepath.Dir(lock), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(lock, []byte(`{"pid": 4711, "username": "ada", "hostname": "elsewhere", "timestamp": "2026-11-21T12:00:00Z"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	mustContain(t, plinth(t, exitRefused, "up", "dev"), "created by ada@elsewhere (pid 4711)", "plinth unlock dev")
	mustContain(t, plinth(t, exitRefused, "unlock", "dev"), "plinth unlock dev --yes")
	mustContain(t, plinth(t, exitDone, "unlock", "dev", "--yes"), "stack dev is not locked any more")
	for _, stack := range []string{"dev", "staging", "prod"} {
		plinth(t, exitDone, "destroy", stack)
	}
}

// expectImage looks at what the cluster runs.
func (k *killed) expectImage(t *testing.T, namespace, want string) {
	t.Helper()
	deployment := must[*appsv1.Deployment](t)(k.client(t).AppsV1().Deployments(namespace).Get(t.Context(), "web", metav1.GetOptions{}))
	if got := deployment.Spec.Template.Spec.Containers[0].Image; got != want {
		t.Errorf("the cluster runs the image %s, want %s", got, want)
	}
}
