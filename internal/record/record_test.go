package record_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"

	"plinth/internal/record"
)

// bucket is a custom resource as an SDK would declare it.
type bucket struct {
	pulumi.CustomResourceState

	Label    pulumi.StringOutput `pulumi:"label"`
	Address  pulumi.StringOutput `pulumi:"address"`
	Password pulumi.StringOutput `pulumi:"password"`
	Size     pulumi.IntOutput    `pulumi:"size"`
}

type bucketInputs struct {
	Label *string           `pulumi:"label"`
	Tags  map[string]string `pulumi:"tags"`
}

type bucketArgs struct {
	Label pulumi.StringPtrInput
	Tags  pulumi.StringMapInput
}

func (bucketArgs) ElementType() reflect.Type { return reflect.TypeFor[bucketInputs]() }

func newBucket(
	ctx *pulumi.Context, name string, args *bucketArgs, opts ...pulumi.ResourceOption,
) (*bucket, error) {
	b := &bucket{}
	opts = append(opts, pulumi.AdditionalSecretOutputs([]string{"password"}))
	if args == nil {
		args = &bucketArgs{}
	}
	return b, ctx.RegisterResource("test:index:Bucket", name, args, b, opts...)
}

type group struct{ pulumi.ResourceState }

func newGroup(ctx *pulumi.Context, name string, opts ...pulumi.ResourceOption) (*group, error) {
	g := &group{}
	return g, ctx.RegisterComponentResource("test:index:Group", name, g, opts...)
}

type provider struct{ pulumi.ProviderResourceState }

func options() record.Options { return record.Options{Project: "shop", Stack: "dev"} }

func run(t *testing.T, opts record.Options, program pulumi.RunFunc) *record.Recording {
	t.Helper()
	rec, err := record.Run(context.Background(), opts, program)
	if err != nil {
		t.Fatalf("running the program: %v", err)
	}
	return rec
}

func one(t *testing.T, rec *record.Recording, suffix string) *record.Resource {
	t.Helper()
	r, err := rec.One(suffix)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s:\n got %v\nwant %v", what, got, want)
	}
}

func TestSecretsStaySecretThroughInputsApplyAndOutputs(t *testing.T) {
	opts := options()
	opts.Config = map[string]string{"shop:token": "canary", "shop:plain": "open"}
	opts.SecretKeys = []string{"shop:token"}
	rec := run(t, opts, func(ctx *pulumi.Context) error {
		conf := config.New(ctx, "shop")
		token := conf.RequireSecret("token")
		url := pulumi.Sprintf("https://%s@%s", token, conf.Require("plain"))
		first, err := newBucket(ctx, "first", &bucketArgs{
			Label: url, Tags: pulumi.StringMap{"token": token, "plain": pulumi.String("open")},
		})
		if err != nil {
			return err
		}
		_, err = newBucket(ctx, "second", &bucketArgs{Label: first.Label})
		return err
	})
	first := one(t, rec, "::first")
	equal(t, "label", first.Inputs["label"], resource.MakeSecret(resource.NewProperty("https://canary@open")))
	equal(t, "tags", first.Inputs["tags"], resource.NewProperty(resource.PropertyMap{
		"token": resource.MakeSecret(resource.NewProperty("canary")),
		"plain": resource.NewProperty("open"),
	}))
	equal(t, "label of the second", one(t, rec, "::second").Inputs["label"], first.Inputs["label"])
}

func TestOutputThatNobodyReturnsIsUnknownAndKeepsItsSource(t *testing.T) {
	var applied atomic.Bool
	rec := run(t, options(), func(ctx *pulumi.Context) error {
		source, err := newBucket(ctx, "source", nil)
		if err != nil {
			return err
		}
		size := source.Size.ApplyT(func(int) string {
			applied.Store(true)
			return "never"
		}).(pulumi.StringOutput)
		_, err = newBucket(ctx, "target", &bucketArgs{
			Label: source.Address, Tags: pulumi.StringMap{"size": size, "id": source.ID().ToStringOutput()},
		})
		return err
	})
	source, target := one(t, rec, "::source"), one(t, rec, "::target")
	if applied.Load() {
		t.Error("an apply ran on an unknown value")
	}
	if !target.Inputs["label"].IsComputed() || !target.Inputs["tags"].ObjectValue()["size"].IsComputed() ||
		!target.Inputs["tags"].ObjectValue()["id"].IsComputed() {
		t.Errorf("inputs: got %v, want unknown label, size and id", target.Inputs)
	}
	equal(t, "dependencies", target.Dependencies, []resource.URN{source.URN})
	equal(t, "dependencies of properties", target.PropertyDependencies,
		map[string][]resource.URN{"label": {source.URN}, "tags": {source.URN}})
}

// An unknown output loses its secretness on the way to a Go program under the engine too.
func TestAdditionalSecretOutputIsSecretOnceKnown(t *testing.T) {
	program := func(ctx *pulumi.Context) error {
		source, err := newBucket(ctx, "source", nil)
		if err != nil {
			return err
		}
		_, err = newBucket(ctx, "target", &bucketArgs{Label: source.Password})
		return err
	}
	opts := options()
	opts.Outputs = func(*record.Resource) resource.PropertyMap {
		return resource.PropertyMap{"password": resource.NewProperty("hush")}
	}
	equal(t, "known", one(t, run(t, opts, program), "::target").Inputs["label"],
		resource.MakeSecret(resource.NewProperty("hush")))
	if unknown := one(t, run(t, options(), program), "::target").Inputs["label"]; !unknown.IsComputed() {
		t.Errorf("unknown: got %v, want a plain unknown", unknown)
	}
}

func TestOutputThatIsPartlyUnknownIsWhollyUnknownToTheProgram(t *testing.T) {
	rec := run(t, options(), func(ctx *pulumi.Context) error {
		source, err := newBucket(ctx, "source", nil)
		if err != nil {
			return err
		}
		middle, err := newBucket(ctx, "middle", &bucketArgs{
			Label: pulumi.String("known"), Tags: pulumi.StringMap{"a": source.Address, "b": pulumi.String("b")},
		})
		if err != nil {
			return err
		}
		_, err = newBucket(ctx, "target", &bucketArgs{Label: middle.Label})
		return err
	})
	equal(t, "outputs", one(t, rec, "::middle").Outputs, resource.PropertyMap{"label": resource.NewProperty("known")})
	equal(t, "label", one(t, rec, "::target").Inputs["label"], resource.NewProperty("known"))
}

func TestURNsProvidersAndOptionsAreAsTheEngineMakesThem(t *testing.T) {
	rec := run(t, options(), func(ctx *pulumi.Context) error {
		p := &provider{}
		if err := ctx.RegisterResource("pulumi:providers:test", "main", nil, p); err != nil {
			return err
		}
		outer, err := newGroup(ctx, "outer", pulumi.Protect(true), pulumi.RetainOnDelete(true), pulumi.Providers(p))
		if err != nil {
			return err
		}
		inner, err := newGroup(ctx, "inner", pulumi.Parent(outer))
		if err != nil {
			return err
		}
		base, err := newBucket(ctx, "base", nil, pulumi.Parent(inner))
		if err != nil {
			return err
		}
		_, err = newBucket(ctx, "leaf", nil, pulumi.Parent(inner),
			pulumi.Protect(false), pulumi.DeletedWith(base), pulumi.DeleteBeforeReplace(true),
			pulumi.IgnoreChanges([]string{"tags"}), pulumi.ReplaceOnChanges([]string{"label"}),
			pulumi.Timeouts(&pulumi.CustomTimeouts{Create: "5m", Delete: "10m"}),
			pulumi.DependsOn([]pulumi.Resource{base}),
			pulumi.Aliases([]pulumi.Alias{{Name: pulumi.String("old")}}))
		return err
	})
	leaf, base := one(t, rec, "::leaf"), one(t, rec, "::base")
	equal(t, "URN", leaf.URN,
		resource.URN("urn:pulumi:dev::shop::test:index:Group$test:index:Group$test:index:Bucket::leaf"))
	equal(t, "parent", leaf.Parent, resource.URN("urn:pulumi:dev::shop::test:index:Group$test:index:Group::inner"))
	equal(t, "parent of the outermost", one(t, rec, "::outer").Parent,
		resource.URN("urn:pulumi:dev::shop::pulumi:pulumi:Stack::shop-dev"))
	equal(t, "provider", leaf.Provider, "urn:pulumi:dev::shop::pulumi:providers:test::main::main")
	equal(t, "provider's URN", leaf.ProviderURN(), one(t, rec, "::main").URN)
	equal(t, "protect", *leaf.Protect, false)
	equal(t, "protect of its neighbour", *base.Protect, true)
	equal(t, "retain", *leaf.RetainOnDelete, true)
	equal(t, "deleted with", leaf.DeletedWith, base.URN)
	equal(t, "delete before replace", *leaf.DeleteBeforeReplace, true)
	equal(t, "delete before replace of its neighbour", base.DeleteBeforeReplace, (*bool)(nil))
	equal(t, "ignored", leaf.IgnoreChanges, []string{"tags"})
	equal(t, "replaced on", leaf.ReplaceOnChanges, []string{"label"})
	equal(t, "secret outputs", leaf.AdditionalSecretOutputs, []string{"password"})
	equal(t, "timeouts", leaf.CustomTimeouts, record.Timeouts{Create: "5m", Delete: "10m"})
	equal(t, "aliases", leaf.Aliases, []string{"//old"})
	equal(t, "dependencies", leaf.Dependencies, []resource.URN{base.URN})
	equal(t, "type of an input", leaf.InputType, reflect.TypeFor[bucketInputs]())
	equal(t, "types of outputs", leaf.OutputTypes, map[string]reflect.Type{
		"label": reflect.TypeFor[string](), "address": reflect.TypeFor[string](),
		"password": reflect.TypeFor[string](), "size": reflect.TypeFor[int](),
	})
}

func TestSameURNTwiceIsAnErrorThatNamesIt(t *testing.T) {
	_, err := record.Run(context.Background(), options(), func(ctx *pulumi.Context) error {
		if _, err := newBucket(ctx, "same", nil); err != nil {
			return err
		}
		_, err := newBucket(ctx, "same", nil)
		return err
	})
	want := "recording stack dev: registering test:index:Bucket::same: the URN" +
		" urn:pulumi:dev::shop::test:index:Bucket::same is registered twice: give one of them another name or parent"
	if err == nil || err.Error() != want {
		t.Errorf("error:\n got %v\nwant %s", err, want)
	}
}

func TestRefusedRegistrationComesBackAsItWasAndIsNotRecorded(t *testing.T) {
	errQuota := errors.New("quota exceeded")
	opts, count := options(), 0
	opts.Fail = func(r *record.Resource) error {
		if r.Custom {
			count++
		}
		if count == 2 {
			return errQuota
		}
		return nil
	}
	rec, err := record.Run(context.Background(), opts, func(ctx *pulumi.Context) error {
		first, err := newBucket(ctx, "first", nil)
		if err != nil {
			return err
		}
		second, err := newBucket(ctx, "second", &bucketArgs{Label: first.Address})
		if err != nil {
			return err
		}
		_, err = newBucket(ctx, "third", &bucketArgs{Label: second.Address})
		return err
	})
	if !errors.Is(err, errQuota) {
		t.Errorf("error: got %v, want one that wraps %v", err, errQuota)
	}
	if want := "recording stack dev: registering test:index:Bucket::second: quota exceeded"; err.Error() != want {
		t.Errorf("error:\n got %v\nwant %s", err, want)
	}
	var names []string
	for _, r := range rec.All("test:index:Bucket") {
		names = append(names, r.Name)
	}
	equal(t, "recorded", names, []string{"first"})
}

func TestErrorOfTheProgramIsWrappedAndFollowedByWhatItLogged(t *testing.T) {
	errOwn := errors.New("no such app")
	rec, err := record.Run(context.Background(), options(), func(ctx *pulumi.Context) error {
		_ = ctx.Log.Info("starting", nil)
		_ = ctx.Log.Warn("old image", nil)
		return fmt.Errorf("composing: %w", errOwn)
	})
	if !errors.Is(err, errOwn) {
		t.Errorf("error: got %v, want one that wraps %v", err, errOwn)
	}
	if want := "recording stack dev: composing: no such app\nwarning: old image"; err.Error() != want {
		t.Errorf("error:\n got %v\nwant %s", err, want)
	}
	equal(t, "log", rec.Log, []string{"info: starting", "warning: old image"})
}

func TestComponentThatNeverRegistersItsOutputsIsSeen(t *testing.T) {
	rec := run(t, options(), func(ctx *pulumi.Context) error {
		done, err := newGroup(ctx, "done")
		if err != nil {
			return err
		}
		if _, err = newGroup(ctx, "forgotten"); err != nil {
			return err
		}
		return ctx.RegisterResourceOutputs(done, pulumi.Map{"port": pulumi.Int(80)})
	})
	done := one(t, rec, "::done")
	equal(t, "registered", done.OutputsRegistered, true)
	equal(t, "outputs", done.Outputs, resource.PropertyMap{"port": resource.NewProperty(80.0)})
	equal(t, "registered of the other", one(t, rec, "::forgotten").OutputsRegistered, false)
}

func TestStackOutputsKeepTheirSecrets(t *testing.T) {
	rec := run(t, options(), func(ctx *pulumi.Context) error {
		ctx.Export("address", pulumi.String("example.com"))
		ctx.Export("token", pulumi.ToSecret(pulumi.String("canary")))
		return nil
	})
	equal(t, "outputs", rec.Outputs, resource.PropertyMap{
		"address": resource.NewProperty("example.com"),
		"token":   resource.MakeSecret(resource.NewProperty("canary")),
	})
}

func TestFunctionThatNobodyAnswersIsAnErrorThatNamesIt(t *testing.T) {
	program := func(ctx *pulumi.Context) error {
		var zones struct {
			Names []string `pulumi:"names"`
		}
		if err := ctx.Invoke("test:index:getZones", pulumi.Map{}, &zones); err != nil {
			return err
		}
		ctx.Export("zones", pulumi.ToStringArray(zones.Names))
		return nil
	}
	_, err := record.Run(context.Background(), options(), program)
	want := "calling test:index:getZones: there is no provider here to answer: pass the value in, or set Options.Invoke"
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error:\n got %v\nwant one with %s", err, want)
	}
	opts := options()
	opts.Invoke = func(string, resource.PropertyMap) (resource.PropertyMap, error) {
		return resource.NewPropertyMapFromMap(map[string]any{"names": []any{"a", "b"}}), nil
	}
	equal(t, "outputs", run(t, opts, program).Outputs, resource.NewPropertyMapFromMap(map[string]any{
		"zones": []any{"a", "b"},
	}))
}

func TestResourceThatIsOnlyReadIsRecordedAsRead(t *testing.T) {
	rec := run(t, options(), func(ctx *pulumi.Context) error {
		b := &bucket{}
		if err := ctx.ReadResource("test:index:Bucket", "found", pulumi.ID("b-1"), nil, b); err != nil {
			return err
		}
		ctx.Export("id", b.ID())
		ctx.Export("address", b.Address)
		return nil
	})
	found := one(t, rec, "::found")
	equal(t, "read", found.Read, true)
	equal(t, "id", found.ID, resource.ID("b-1"))
	equal(t, "exported id", rec.Outputs["id"], resource.NewProperty("b-1"))
	if !rec.Outputs["address"].IsComputed() {
		t.Errorf("address: got %v, want unknown", rec.Outputs["address"])
	}
}

func TestLookingForAnUnknownOrAmbiguousResourceListsWhatThereIs(t *testing.T) {
	rec := run(t, options(), func(ctx *pulumi.Context) error {
		g, err := newGroup(ctx, "web")
		if err != nil {
			return err
		}
		_, err = newBucket(ctx, "web", nil, pulumi.Parent(g))
		return err
	})
	_, err := rec.One("::web")
	want := `looking for the resource "::web": 2 URNs end so, give more of it:
  urn:pulumi:dev::shop::test:index:Group::web
  urn:pulumi:dev::shop::test:index:Group$test:index:Bucket::web`
	if err == nil || err.Error() != want {
		t.Errorf("error:\n got %v\nwant %s", err, want)
	}
	_, err = rec.One("::api")
	if err == nil || !strings.HasPrefix(err.Error(), `looking for the resource "::api": no URN ends so; there are:`) {
		t.Errorf("error: got %v", err)
	}
}

func TestManyRunsRecordTheSameAndOrderItTheSame(t *testing.T) {
	program := func(ctx *pulumi.Context) error {
		var last *bucket
		for i := range 12 {
			g, err := newGroup(ctx, fmt.Sprintf("group-%02d", 11-i))
			if err != nil {
				return err
			}
			args := &bucketArgs{}
			if last != nil && i%3 != 0 {
				args.Label = last.Address
			}
			if last, err = newBucket(ctx, fmt.Sprintf("bucket-%02d", 11-i), args, pulumi.Parent(g)); err != nil {
				return err
			}
		}
		return nil
	}
	var first []string
	for range 20 {
		rec := run(t, options(), program)
		var order []string
		for _, r := range rec.Ordered() {
			order = append(order, fmt.Sprintf("%s %v %v", r.URN, r.Inputs, r.Dependencies))
		}
		if first == nil {
			first = order
		}
		equal(t, "order", order, first)
		for i, r := range rec.Ordered() {
			for _, need := range r.Needs() {
				at := slices.IndexFunc(rec.Ordered(), func(o *record.Resource) bool { return o.URN == need })
				if at > i {
					t.Errorf("%s comes before %s, which it needs", r.URN, need)
				}
			}
		}
	}
}
