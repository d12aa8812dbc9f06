package kubernetes

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// jobCompleted reports whether a Job is done with success.
func jobCompleted(job *unstructured.Unstructured) bool {
	complete, ok := condition(job, "Complete")
	return ok && text(complete, "status") == "True"
}

// jobReadiness waits until a Job has completed, or has failed: kstatus takes one that has started for current.
func jobReadiness(c *cluster) *readiness {
	tracker := newTracker(0)
	return &readiness{usualTimeout, func(ctx context.Context, live *unstructured.Unstructured, how depth) verdict {
		v := lookAtJob(live)
		if v.ready || how == shallow {
			return v
		}
		found := tracker.judge(ctx, c, live, how)
		v.reasons = found.reasons
		if v.failure == "" {
			v.failure = found.failure
		}
		return v
	}}
}

// lookAtJob is the verdict on a Job by itself.
func lookAtJob(job *unstructured.Unstructured) verdict {
	if jobCompleted(job) {
		return verdict{ready: true}
	}
	if broken, ok := condition(job, "Failed"); ok && text(broken, "status") == "True" {
		return verdict{failure: fmt.Sprintf("the Job failed: %s: %s", text(broken, "reason"), text(broken, "message"))}
	}
	if text(job.Object, "status", "startTime") == "" {
		return verdict{progress: "[1/2] waiting for the Job to start"}
	}
	count := func(field string) any {
		if n := get(job.Object, "status", field); n != nil {
			return n
		}
		return 0
	}
	return verdict{progress: fmt.Sprintf("[2/2] waiting for the Job to complete: %v active, %v succeeded, %v failed",
		count("active"), count("succeeded"), count("failed"))}
}
