package random_test

import (
	"context"
	"encoding/base64"
	"regexp"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"golang.org/x/crypto/bcrypt"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"
	"pgregory.net/rapid"

	"plinth/internal/offline/random"
)

func urnOf(kind string) string {
	module := strings.ToLower(kind[:1]) + kind[1:]
	return "urn:pulumi:test::plinth::random:index/" + module + ":" + kind + "::it"
}

type fataler interface {
	Helper()
	Fatal(arguments ...any)
}

func wire(t fataler, m map[string]any) *structpb.Struct {
	t.Helper()
	encoded, err := plugin.MarshalProperties(resource.NewPropertyMapFromMap(m), plugin.MarshalOptions{KeepSecrets: true})
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}

// deploy does what the engine does for a new resource. Faults of the inputs come back as text.
func deploy(t fataler, kind string, inputs map[string]any) (id string, state resource.PropertyMap, faults string) {
	t.Helper()
	provider, ctx := random.New(), context.Background()
	checked, err := provider.Check(ctx, &pulumirpc.CheckRequest{Urn: urnOf(kind), News: wire(t, inputs)})
	if err != nil {
		return "", nil, status.Convert(err).Message()
	}
	for _, failure := range checked.GetFailures() {
		faults += strings.TrimPrefix(failure.GetProperty()+": "+failure.GetReason(), ": ") + "\n"
	}
	if faults != "" {
		return "", nil, strings.TrimSpace(faults)
	}
	made, err := provider.Create(ctx, &pulumirpc.CreateRequest{Urn: urnOf(kind), Properties: checked.GetInputs()})
	if err != nil {
		t.Fatal(err)
	}
	state, err = plugin.UnmarshalProperties(made.GetProperties(), plugin.MarshalOptions{KeepSecrets: true})
	if err != nil {
		t.Fatal(err)
	}
	return made.GetId(), state, ""
}

// opened is the text of a secret output.
func opened(t fataler, state resource.PropertyMap, key resource.PropertyKey) string {
	t.Helper()
	v := state[key]
	if !v.IsSecret() {
		t.Fatal(string(key) + " is not secret")
	}
	return v.SecretValue().Element.StringValue()
}

// sdk/go/random/randomPassword.go of pulumi-random documents every input and output.
func TestAPasswordIsSecretAndHashed(t *testing.T) {
	id, state, faults := deploy(t, "RandomPassword", map[string]any{"length": 24})
	if faults != "" {
		t.Fatal(faults)
	}
	password := opened(t, state, "result")
	if !regexp.MustCompile(`^[A-Za-z0-9!@#$%&*()\-_=+\[\]{}<>:?]{24}$`).MatchString(password) {
		t.Error("the password has not 24 of the documented characters")
	}
	if err := bcrypt.CompareHashAndPassword([]byte(opened(t, state, "bcryptHash")), []byte(password)); err != nil {
		t.Errorf("bcryptHash is not the password's: %v", err)
	}
	if id != "none" {
		t.Errorf("got the id %q, want %q: ids are never secret", id, "none")
	}
	if _, other, _ := deploy(t, "RandomPassword", map[string]any{"length": 24}); opened(t, other, "result") == password {
		t.Error("two passwords are the same")
	}
}

func TestPasswordsHonourEveryInput(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		least := rapid.IntRange(0, 5)
		lower, upper, numeric, special := least.Draw(t, "lower"), least.Draw(t, "upper"), least.Draw(t, "numeric"),
			least.Draw(t, "special")
		length := max(1, lower+upper+numeric+special) + least.Draw(t, "more")
		_, state, faults := deploy(t, "RandomString", map[string]any{
			"length": length, "minLower": lower, "minUpper": upper, "minNumeric": numeric, "minSpecial": special,
			"overrideSpecial": "_", "numeric": numeric > 0,
		})
		if faults != "" {
			t.Fatal(faults)
		}
		result := state["result"].StringValue()
		count := func(class string) int { return len(regexp.MustCompile(class).FindAllString(result, -1)) }
		if len(result) != length || count(`[a-z]`) < lower || count(`[A-Z]`) < upper || count(`[0-9]`) < numeric ||
			count(`_`) < special || count(`[^a-zA-Z0-9_]`) > 0 || numeric == 0 && count(`[0-9]`) > 0 {
			t.Fatalf("%q does not have length %d, %d lower, %d upper, %d numeric and %d special characters", result, length,
				lower, upper, numeric, special)
		}
	})
}

func TestOtherTypesMakeTheirOutputs(t *testing.T) {
	tests := []struct {
		kind   string
		inputs map[string]any
		id     string
		want   map[resource.PropertyKey]string
	}{
		{"RandomId", map[string]any{"byteLength": 4, "prefix": "p-"}, `^[A-Za-z0-9_-]{6}$`, map[resource.PropertyKey]string{
			"hex": `^p-[0-9a-f]{8}$`, "b64Url": `^p-[A-Za-z0-9_-]{6}$`, "b64Std": `^p-[A-Za-z0-9+/]{6}==$`, "dec": `^p-[0-9]+$`,
		}},
		{"RandomUuid", nil, `^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`, nil},
		{"RandomUuid7", nil, `^01[0-9a-f]{6}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`, nil},
		{"RandomPet", map[string]any{"prefix": "the", "separator": "_"}, `^the_[a-z]+_[a-z]+$`, nil},
		{"RandomInteger", map[string]any{"min": 3, "max": 3}, `^3$`, nil},
		{"RandomShuffle", map[string]any{"inputs": []any{"a"}, "resultCount": 2}, `^-$`, nil},
	}
	for _, test := range tests {
		id, state, faults := deploy(t, test.kind, test.inputs)
		if faults != "" || !regexp.MustCompile(test.id).MatchString(id) {
			t.Errorf("%s: got the id %q and the faults %q, want an id like %s", test.kind, id, faults, test.id)
		}
		for key, want := range test.want {
			if got := state[key].StringValue(); !regexp.MustCompile(want).MatchString(got) {
				t.Errorf("%s: got %s %q, want one like %s", test.kind, key, got, want)
			}
		}
	}
	id, state, _ := deploy(t, "RandomBytes", map[string]any{"length": 16})
	decoded, err := base64.StdEncoding.DecodeString(opened(t, state, "base64"))
	if err != nil || len(decoded) != 16 || id != "none" {
		t.Errorf("RandomBytes: got the id %q, %d bytes and the error %v, want none, 16 and no error", id, len(decoded), err)
	}
}

func TestInputsThatCannotBeHonouredAreNamed(t *testing.T) {
	tests := []struct {
		kind   string
		inputs map[string]any
		want   string
	}{
		{"RandomPassword", map[string]any{"length": 0}, "length: must be at least 1, got 0"},
		{
			"RandomPassword",
			map[string]any{"length": 3, "minUpper": 4},
			"length: must be at least minLower + minUpper + minNumeric + minSpecial (4), got 3",
		},
		{
			"RandomString",
			map[string]any{"length": 3, "lower": false, "upper": false, "numeric": false, "special": false},
			"at least one of lower, upper, numeric and special must be true",
		},
		{"RandomInteger", map[string]any{"min": 2, "max": 1}, "max: must be at least min (2), got 1"},
		{
			"RandomShuffle",
			map[string]any{"inputs": []any{"a"}, "seed": "s"},
			"seed: not supported by this stand-in of the random plugin",
		},
		{"RandomThing", nil, "resource type random:index/randomThing:RandomThing: not supported by this stand-in of the " +
			"random plugin; install the plugin, or do without"},
	}
	for _, test := range tests {
		if _, _, got := deploy(t, test.kind, test.inputs); got != test.want {
			t.Errorf("%s %v: got %q, want %q", test.kind, test.inputs, got, test.want)
		}
	}
}

// "Arbitrary map of values that, when changed, will trigger recreation of resource".
func TestChangedKeepersReplace(t *testing.T) {
	old := wire(t, map[string]any{"length": 8, "keepers": map[string]any{"generation": "1"}})
	tests := []struct {
		name string
		now  map[string]any
		want string
	}{
		{"nothing", map[string]any{"length": 8, "keepers": map[string]any{"generation": "1"}}, ""},
		{"a keeper", map[string]any{"length": 8, "keepers": map[string]any{"generation": "2"}}, "keepers"},
		{"the length", map[string]any{"length": 9, "keepers": map[string]any{"generation": "1"}}, "length"},
	}
	for _, test := range tests {
		diff, err := random.New().Diff(t.Context(), &pulumirpc.DiffRequest{
			Urn: urnOf("RandomPassword"), OldInputs: old, News: wire(t, test.now),
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(diff.GetReplaces(), " "); got != test.want {
			t.Errorf("%s changed: got the replacing properties %q, want %q", test.name, got, test.want)
		}
	}
}

func TestTheVersionIsTheSDKs(t *testing.T) {
	info, err := random.New().GetPluginInfo(t.Context(), &emptypb.Empty{})
	if err != nil || info.GetVersion() != "4.19.1" {
		t.Errorf("got the version %q and the error %v, want 4.19.1", info.GetVersion(), err)
	}
}
