package faults_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"plinth/config"
	"plinth/environment"
	"plinth/internal/record"
)

const (
	// patience is how long the program may take to end after a failure. It takes a part of a second.
	patience = time.Minute
	stack    = "local"
)

// run records the stack. fail says what does not succeed.
func run(t *testing.T, fail func(*record.Resource) error) (*record.Recording, error) {
	t.Helper()
	raw, secret, err := config.ReadStackFile("../../Pulumi." + stack + ".yaml")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	return record.Run(ctx, record.Options{
		Project: config.Project, Stack: stack, Config: raw, SecretKeys: secret, Fail: fail,
	}, environment.Program(func() []string { return slices.Collect(maps.Keys(raw)) }))
}

// TestEveryFailureIsReportedByNameAndStopsWhatWaitsForIt lets each registration of the stack fail in turn.
func TestEveryFailureIsReportedByNameAndStopsWhatWaitsForIt(t *testing.T) {
	whole, err := run(t, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(whole.Resources) < 40 {
		t.Fatalf("the stack has %d resources, want all of an application with a database and a proxy", len(whole.Resources))
	}
	refusal := errors.New("the cluster has no more of these")
	for _, of := range whole.Resources {
		t.Run(of.Label(), func(t *testing.T) {
			t.Parallel()
			rec, err := run(t, func(r *record.Resource) error {
				if r.URN == of.URN {
					return refusal
				}
				return nil
			})
			if !errors.Is(err, refusal) || !strings.Contains(err.Error(), "registering "+of.Label()) {
				t.Errorf("got the error %v, want one that names %s", err, of.Label())
			}
			for _, r := range rec.Resources {
				if needs(whole, r.URN)[of.URN] {
					t.Errorf("%s was registered without %s", r.Label(), of.Label())
				}
			}
		})
	}
}

// needs are all resources that one needs, at first or second hand.
func needs(rec *record.Recording, urn resource.URN) map[resource.URN]bool {
	seen := map[resource.URN]bool{}
	queue := []resource.URN{urn}
	for len(queue) > 0 {
		r := rec.Get(queue[0])
		queue = queue[1:]
		if r == nil {
			continue
		}
		for _, need := range r.Needs() {
			if !seen[need] {
				seen[need] = true
				queue = append(queue, need)
			}
		}
	}
	return seen
}
