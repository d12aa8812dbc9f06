package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"

	"plinth/internal/progress"
	"plinth/internal/workspace"
)

// failed prints why an operation failed: the causes that the engine reported, else what the CLI had to say.
func (s *session) failed(ctx context.Context, what string, err error) error {
	if ctx.Err() != nil {
		s.printer.Printf("stack %s: %s was interrupted after %s: %s\n"+
			"next: plinth %s %s, which goes on where this ended",
			s.stack.Name, what, s.printer.Elapsed(), s.printer.Changes(), s.name, s.which())
		return errReported
	}
	said := s.cli.Complaint()
	if auto.IsConcurrentUpdateError(err) {
		return &workspace.Refusal{
			Reason: fmt.Sprintf("stack %s is locked in its backend:\n%s", s.stack.Name, said),
			Next:   "wait for the other command; when it is known to be dead: plinth unlock " + s.which(),
		}
	}
	if strings.Contains(said, "incorrect passphrase") {
		return &workspace.UsageError{Reason: fmt.Sprintf(
			"the passphrase is not the one that the secrets of stack %s were encrypted with: set %s or %s",
			s.stack.Name, passphraseVariable, passphraseFileVariable)}
	}
	failures := s.printer.Failures()
	if len(failures) == 0 {
		if said == "" {
			said, _, _ = strings.Cut(err.Error(), "\ncode: ") // What follows is all that the CLI printed.
		}
		return fmt.Errorf("%s of stack %s: %s\nnext: plinth %s %s, which goes on where this ended",
			what, s.stack.Name, said, s.name, s.which())
	}
	s.printer.Printf("stack %s: %s failed after %s: %s", s.stack.Name, what, s.printer.Elapsed(), s.printer.Changes())
	for _, failure := range failures {
		name := failure.Resource
		if name == "" {
			name = "the program"
		}
		s.printer.Printf("  %s:\n    %s", name, strings.ReplaceAll(failure.Cause, "\n", "\n    "))
	}
	next := "put right what is named above"
	if slices.ContainsFunc(failures, full) {
		next = fmt.Sprintf("empty the bucket, or let it go with everything in it (plinth:buckets.NAME.forceDestroy: true, "+
			"then plinth up %s)", s.which())
	}
	s.printer.Printf("next: %s, then plinth %s %s: what is done stays done", next, s.name, s.which())
	return errReported
}

// full says whether a bucket could not be deleted because of what is in it, in the words of S3 and of Google's plugin.
func full(failure progress.Failure) bool {
	return strings.Contains(failure.Cause, "BucketNotEmpty") ||
		strings.Contains(failure.Cause, "containing objects without `force_destroy`")
}
