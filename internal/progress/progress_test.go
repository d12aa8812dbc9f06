package progress_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"

	"plinth/internal/progress"
)

// replay prints the recorded events, each at its time; a line without an event is a tick.
func replay(t *testing.T, options progress.Options) (string, *progress.Printer) {
	t.Helper()
	file, err := os.Open("testdata/events.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	var out bytes.Buffer
	start := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	now := start
	options.Now = func() time.Time { return now }
	printer := progress.New(&out, options)
	printer.Mask("s3cr3t-canary", "no")
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		var line struct {
			At    float64
			Event *apitype.EngineEvent
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		now = start.Add(time.Duration(line.At * float64(time.Second)))
		if line.Event == nil {
			printer.Tick()
			continue
		}
		printer.Event(*line.Event)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return out.String(), printer
}

func TestAnUpdatePrintsALineForEachOperationAndWhatItWaitsFor(t *testing.T) {
	got, printer := replay(t, progress.Options{})
	want := `  deploying plinth
  created    Namespace plinth-local                               0.4s
  updated    PodDisruptionBudget web                              0.5s  spec
  warning    Deployment web: the image has no digest
  waiting    Deployment web 14s: [1/2] Waiting for 2 replicas to become ready (and 1 more)
  waiting    Deployment web 24s: [1/2] Waiting for 2 replicas to become ready (and 1 more)
  created    Deployment web                                        28s
  replaced   ConfigMap web-env                                    0.5s
  removed    ConfigMap web-env                                    0.1s
  failed     Job web-migrate
  deleted    ConfigMap old                                        0.1s
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := printer.Changes().String(); got != "2 created, 1 updated, 1 replaced, 1 deleted, 1 failed, 1 unchanged" {
		t.Errorf("got %s", got)
	}
	if got := printer.Elapsed(); got != "34s" {
		t.Errorf("got %s", got)
	}
}

func TestTheCauseOfAFailureIsUnwrappedAndMasked(t *testing.T) {
	_, printer := replay(t, progress.Options{})
	want := []progress.Failure{
		{
			Resource: "Job web-migrate",
			Cause: "Job plinth-local/web-migrate failed:\n    pod web-migrate-x2x: ImagePullBackOff: no such image\n" +
				"    password [secret] was refused",
		},
		{Cause: "an unhandled error occurred: program failed"},
	}
	if got := printer.Failures(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %q", got)
	}
}

func TestSeveralErrorsAreListedWithoutACount(t *testing.T) {
	printer := progress.New(&bytes.Buffer{}, progress.Options{})
	printer.Event(apitype.EngineEvent{DiagnosticEvent: &apitype.DiagnosticEvent{
		Severity: "error", Message: "2 errors occurred:\n\t* the first\n\t* the second\n\n",
	}})
	if got := printer.Failures(); len(got) != 1 || got[0].Cause != "* the first\n* the second" {
		t.Errorf("got %q", got)
	}
}

func TestOnATerminalTheLineThatWaitsIsOverwritten(t *testing.T) {
	got, _ := replay(t, progress.Options{Terminal: true})
	want := "  warning    Deployment web: the image has no digest\n" +
		"\r\x1b[K  waiting    Deployment web 11s: [1/2] Waiting for 2 replicas to become ready (and 1 more)" +
		"\r\x1b[K  waiting    Deployment web 14s: [1/2] Waiting for 2 replicas to become ready (and 1 more)" +
		"\r\x1b[K  waiting    Deployment web 24s: [1/2] Waiting for 2 replicas to become ready (and 1 more)" +
		"\r\x1b[K  created    Deployment web                                        28s\n"
	if !strings.Contains(got, want) {
		t.Errorf("got %q", got)
	}
}

func TestVerboseNamesWhatDidNotChange(t *testing.T) {
	got, _ := replay(t, progress.Options{Verbose: true})
	if !strings.Contains(got, "  unchanged  ConfigMap web-files\n") {
		t.Errorf("got %s", got)
	}
}

func TestALongStepSaysHowLongItTook(t *testing.T) {
	var out bytes.Buffer
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	printer := progress.New(&out, progress.Options{Now: func() time.Time { return now }})
	err := printer.During("building the CLI", ", about 4 minutes", func() error {
		now = now.Add(80 * time.Second)
		printer.Tick()
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	failed := errors.New("no compiler")
	if err := printer.During("building more", "", func() error { return failed }); !errors.Is(err, failed) {
		t.Errorf("got %v", err)
	}
	want := "building the CLI, about 4 minutes\n  waiting    building the CLI 1m20s\n" +
		"building the CLI: done in 1m20s\nbuilding more\n"
	if out.String() != want {
		t.Errorf("got %q", out.String())
	}
}

func TestAPreviewSaysWhatWouldHappen(t *testing.T) {
	var out bytes.Buffer
	printer := progress.New(&out, progress.Options{})
	state := &apitype.StepEventStateMetadata{Custom: true}
	step := apitype.StepEventMetadata{
		Op: apitype.OpCreate, URN: "urn:pulumi:local::plinth::kubernetes:apps/v1:Deployment::web",
		Type: "kubernetes:apps/v1:Deployment", New: state,
	}
	printer.Event(apitype.EngineEvent{ResOutputsEvent: &apitype.ResOutputsEvent{Planning: true, Metadata: step}})
	if got := out.String(); got != "  create     Deployment web\n" {
		t.Errorf("got %q", got)
	}
	if got := printer.Changes().Planned(); got != "1 to create" {
		t.Errorf("got %s", got)
	}
}

func TestWhatStaysWhereItIsIsReleasedAndNotDeleted(t *testing.T) {
	var out bytes.Buffer
	printer := progress.New(&out, progress.Options{})
	step := apitype.StepEventMetadata{
		Op: apitype.OpDelete, URN: "urn:pulumi:local::plinth::kubernetes:core/v1:Namespace::it",
		Type: "kubernetes:core/v1:Namespace", Old: &apitype.StepEventStateMetadata{Custom: true, RetainOnDelete: true},
	}
	printer.Event(apitype.EngineEvent{ResOutputsEvent: &apitype.ResOutputsEvent{Metadata: step}})
	printer.Event(apitype.EngineEvent{ResOutputsEvent: &apitype.ResOutputsEvent{Planning: true, Metadata: step}})
	if got := out.String(); got != "  released   Namespace it\n  release    Namespace it\n" {
		t.Errorf("got %q", got)
	}
	if got := printer.Changes().String(); got != "2 released" {
		t.Errorf("got %s", got)
	}
}
