package workload_test

import (
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/util/validation"
	"pgregory.net/rapid"

	"plinth/components/workload"
)

func TestNameThatFitsIsLeftAlone(t *testing.T) {
	if got := workload.Name(63, "web", "secrets"); got != "web-secrets" {
		t.Errorf("got %q, want web-secrets", got)
	}
}

func TestShortenedNamesDifferWhereTheirEndsDo(t *testing.T) {
	long := strings.Repeat("a", 60)
	one, two := workload.Name(63, long, "blue"), workload.Name(63, long, "green")
	if one == two {
		t.Errorf("both became %q", one)
	}
	if want := strings.Repeat("a", 54) + "-"; !strings.HasPrefix(one, want) || len(one) != 63 {
		t.Errorf("got %q of %d bytes, want %s and 8 digits", one, len(one), want)
	}
}

func TestHashedTellsListsApartThatJoinToTheSame(t *testing.T) {
	if workload.Hashed("web", "ab", "c") == workload.Hashed("web", "a", "bc") {
		t.Error("the lists (ab, c) and (a, bc) have the same hash")
	}
}

// label draws a DNS label: what the parts of names are.
var label = rapid.StringMatching(`[a-z]([a-z0-9-]{0,80}[a-z0-9])?`)

func TestNamesAreLabelsWithinTheirLimit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.SampledFrom([]int{10, workload.MaxCronJob, workload.MaxStatefulSet, workload.MaxLabel}).Draw(t, "limit")
		parts := rapid.SliceOfN(label, 1, 4).Draw(t, "parts")
		name := workload.Name(limit, parts...)
		if len(name) > limit {
			t.Fatalf("%q has %d bytes, the limit is %d", name, len(name), limit)
		}
		if faults := validation.IsDNS1123Label(name); len(faults) > 0 {
			t.Fatalf("%q is no DNS label: %v", name, faults)
		}
		other := rapid.SliceOfN(label, 1, 4).Draw(t, "other")
		if strings.Join(parts, "-") != strings.Join(other, "-") && name == workload.Name(limit, other...) {
			t.Fatalf("%v and %v make the same name %q", parts, other, name)
		}
	})
}

func FuzzName(f *testing.F) {
	f.Add(63, "web", "secrets")
	f.Fuzz(func(t *testing.T, limit int, a, b string) {
		valid := func(s string) bool { return len(validation.IsDNS1123Label(s)) == 0 }
		if limit < 10 || !valid(a) || !valid(b) {
			return
		}
		if name := workload.Name(limit, a, b); len(name) > limit {
			t.Errorf("%q has %d bytes, the limit is %d", name, len(name), limit)
		} else if limit <= workload.MaxLabel && !valid(name) {
			t.Errorf("%q is no DNS label", name)
		}
	})
}

func TestSelectorsHoldNothingThatChanges(t *testing.T) {
	one := workload.ID{Name: "web", Component: "application", PartOf: "plinth-dev", Namespace: "a"}
	two := workload.ID{Name: "web", Component: "proxy", PartOf: "plinth-dev", Namespace: "b"}
	want := map[string]string{"app.kubernetes.io/name": "web", "app.kubernetes.io/part-of": "plinth-dev"}
	for _, id := range []workload.ID{one, two} {
		if got := id.Selector(); len(got) != len(want) || got["app.kubernetes.io/name"] != want["app.kubernetes.io/name"] ||
			got["app.kubernetes.io/part-of"] != want["app.kubernetes.io/part-of"] {
			t.Errorf("selector of %+v: got %v, want %v", id, got, want)
		}
	}
}

func TestImagesAreTakenFromTheirMirrors(t *testing.T) {
	images := workload.Images{Mirrors: map[string]string{"docker.io": "mirror.example.com/hub", "quay.io": "q.example.com/"}}
	digest := "@sha256:" + strings.Repeat("ab", 32)
	for ref, want := range map[string]string{
		"nginx:1.27":                    "mirror.example.com/hub/library/nginx:1.27",
		"docker.io/library/nginx:1.27":  "mirror.example.com/hub/library/nginx:1.27",
		"example/app:1" + digest:        "mirror.example.com/hub/example/app:1" + digest,
		"quay.io/minio/minio:R":         "q.example.com/minio/minio:R",
		"ghcr.io/example/todo:2":        "ghcr.io/example/todo:2",
		"localhost:5000/example/todo:2": "localhost:5000/example/todo:2",
		"test.local/todo:2":             "test.local/todo:2",
	} {
		if got := images.Resolve(ref); got != want {
			t.Errorf("Resolve(%q): got %q, want %q", ref, got, want)
		}
	}
}

func TestPortsAgreeInContainerServiceAndPolicy(t *testing.T) {
	ports := workload.Ports{{Name: "http", Container: 5000, Service: 80}, {Name: "metrics", Container: 9090}}
	edges := ports.Edges()
	if !slices.Equal([]int{edges[0].Number, edges[1].Number}, []int{5000, 9090}) {
		t.Errorf("policies see %v, want the container's numbers 5000 and 9090", edges)
	}
	if got, want := ports[0].URL("http", "web", "shop"), "http://web.shop.svc.cluster.local:80"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := ports[1].URL("http", "web", "shop"), "http://web.shop.svc.cluster.local:9090"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
