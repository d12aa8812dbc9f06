package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// onCloud is a stack with a cluster of its own.
const onCloud = `config:
  plinth:tier: prod
  plinth:cloud: aws
  plinth:gcp: {project: example-project}
`

// fakeGo is a go that writes down how it is called, and makes what it is asked for.
const fakeGo = `#!/bin/sh
echo "$GOFLAGS: $*" >> called
while [ "$1" != -o ]; do shift; done
echo built > "$2"
`

func TestAPlainBuildBuildsTheProgramOfAStacksCloudAndRunsItInstead(t *testing.T) {
	root := folder(t, map[string]string{"Pulumi.yaml": projectFile, "Pulumi.prod.yaml": onCloud, "go": fakeGo})
	if err := os.Chmod(filepath.Join(root, "go"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(root, ".plinth", "bin"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", root+":"+os.Getenv("PATH"))
	t.Setenv("GOFLAGS", "-v")
	for _, args := range [][]string{
		{"up", "prod"}, {"preview", "prod", "--cloud", "gcp", "--simulate"}, {"render", "prod", "--out", "x"}, {"eta", "prod"},
	} {
		var out bytes.Buffer
		c := newCommand(&out, nil)
		var program string
		var passed []string
		c.replace = func(path string, args []string) error {
			program, passed = path, args
			return nil
		}
		c.run(t.Context(), args)
		cloud := "aws"
		if slices.Contains(args, "gcp") {
			cloud = "gcp"
		}
		if want := filepath.Join(root, ".plinth", "bin", "plinth-"+cloud); program != want || !slices.Equal(passed, args) {
			t.Errorf("%q: ran %s with %q, want %s with the same\n%s", args, program, passed, want, &out)
		}
		if text, err := os.ReadFile(program); err != nil || string(text) != "built\n" {
			t.Errorf("%q: got %q and %v, want what was built", args, text, err)
		}
	}
	called, err := os.ReadFile(filepath.Join(root, "called"))
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(called), "\n")
	want := "-v -trimpath -buildvcs=false: build -tags aws -o " + filepath.Join(root, ".plinth", "bin", "plinth-aws") +
		" ./cmd/plinth"
	if first != want {
		t.Errorf("got  %s\nwant %s", first, want)
	}
}

// What works on the state alone builds nothing.
func TestDestroyAndRefreshNeedNoProgramOfACloud(t *testing.T) {
	folder(t, map[string]string{"Pulumi.yaml": projectFile, "Pulumi.prod.yaml": onCloud})
	for _, name := range []string{"destroy", "refresh"} {
		var out bytes.Buffer
		c := newCommand(&out, nil)
		c.replace = func(string, []string) error {
			t.Errorf("%s ran another program", name)
			return nil
		}
		c.run(t.Context(), []string{name, "prod", "--simulate", "--yes"})
		if text := out.String(); !strings.Contains(text, "stack prod: nothing to destroy") &&
			!strings.Contains(text, "stack prod is not deployed") {
			t.Errorf("%s: got %s", name, text)
		}
	}
}

func TestABuildThatFailsSaysWhy(t *testing.T) {
	root := folder(t, map[string]string{
		"Pulumi.yaml": projectFile, "Pulumi.prod.yaml": onCloud, "go": "#!/bin/sh\necho 'no such package' >&2\nexit 1\n",
	})
	if err := os.Chmod(filepath.Join(root, "go"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", root+":"+os.Getenv("PATH"))
	var out bytes.Buffer
	c := newCommand(&out, nil)
	c.replace = func(string, []string) error {
		t.Error("what was not built was run")
		return nil
	}
	const want = "plinth: building plinth with the cloud aws: go build: exit status 1\nno such package\n"
	if code := c.run(t.Context(), []string{"up", "prod"}); code != exitFailed || out.String() != want {
		t.Errorf("code %d, got %s\nwant %s", code, out.String(), want)
	}
}
