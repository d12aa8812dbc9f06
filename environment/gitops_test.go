package environment_test

import (
	"slices"
	"strings"
	"testing"

	"plinth/environment"
	"plinth/internal/record"
)

// handedOver is the stack everything with its objects handed over.
func handedOver(t *testing.T) (before, after *record.Recording) {
	t.Helper()
	o := stackFile{"everything", "testdata/Pulumi.everything.yaml"}.options(t)
	before = run(t, o)
	o.Config["plinth:gitops"] = `{"repository": "https://git.example.com/shop.git", "path": "shop/kubernetes"}`
	return before, run(t, o)
}

func TestWhatIsHandedOverIsMadeByArgoCDAndTheRestByTheStack(t *testing.T) {
	before, after := handedOver(t)
	of := func(rec *record.Recording) (handed, kept []string) {
		for _, r := range rec.Ordered() {
			if !r.Custom || isProvider(r) || r.Read {
				continue
			}
			inside := false
			for at := r; at != nil; at = rec.Get(at.Parent) {
				inside = inside || slices.Contains(environment.HandedOver(), string(at.Type))
			}
			if inside {
				handed = append(handed, r.Label())
			} else {
				kept = append(kept, r.Label())
			}
		}
		slices.Sort(kept)
		return handed, kept
	}
	was, others := of(before)
	left, now := of(after)
	if len(was) < 20 || len(left) > 0 {
		t.Errorf("got %d objects of apps and the proxy before, and then %v; want many, and then none", len(was), left)
	}
	now = slices.DeleteFunc(now, func(label string) bool { return strings.Contains(label, "Application::gitops") })
	if !slices.Equal(now, others) {
		t.Errorf("got the rest %v, want it as before: %v", now, others)
	}
	application, err := after.One("::gitops-application")
	if err != nil {
		t.Fatal(err)
	}
	// Whatever the objects refer to is there before them, and until after them.
	waits := after.Before(application)
	for _, r := range after.Ordered() {
		if r.Type == "kubernetes:core/v1:Secret" && strings.HasSuffix(r.Name, "-secrets") && !waits[r.URN] {
			t.Errorf("the application does not wait for %s", r.Label())
		}
	}
}
