package render_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi-random/sdk/v4/go/random"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"

	"plinth/internal/record"
	"plinth/internal/render"
)

// canary is a secret that must not be found in any rendering.
const canary = "canary-7f3a9c"

// stack has one secret, as a stack file would give it.
func stack() record.Options {
	return record.Options{
		Project: "plinth", Stack: "dev",
		Config:     map[string]string{"plinth:secretValues": `{"token":"` + canary + `","user":"` + canary + `"}`},
		SecretKeys: []string{"plinth:secretValues"},
	}
}

// token reads the secret as the environment does: plain, and made secret again.
func token(ctx *pulumi.Context) (plain string, secret pulumi.StringOutput) {
	var values map[string]string
	config.RequireObject(ctx, "plinth:secretValues", &values)
	return values["token"], pulumi.ToSecret(pulumi.String(values["token"])).(pulumi.StringOutput)
}

// asText stands for drawing where the picture does not matter.
func asText(_ context.Context, text string) ([]byte, error) { return []byte(text), nil }

func renderTo(t *testing.T, dir string, program pulumi.RunFunc) *render.Result {
	t.Helper()
	result, err := render.Render(context.Background(), render.Options{Stack: stack(), Dir: dir, Draw: asText}, program)
	if err != nil {
		t.Fatalf("rendering: %v", err)
	}
	return result
}

// files reads everything below a folder, and looks in it for the canary and for what stands for it in the first run.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		found[name] = string(text)
		for _, form := range []string{
			canary, base64.StdEncoding.EncodeToString([]byte(canary)), digest(canary), "first run",
		} {
			if strings.Contains(string(text), form) {
				t.Errorf("%s holds the secret as %q:\n%s", name, form, text)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:8])
}

func equal(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s:\n got %s\nwant %s", what, got, want)
	}
}

func meta(name string) metav1.ObjectMetaArgs {
	return metav1.ObjectMetaArgs{Name: pulumi.String(name), Namespace: pulumi.String("shop")}
}

func configMap(ctx *pulumi.Context, name string, data pulumi.StringMap, opts ...pulumi.ResourceOption) error {
	_, err := corev1.NewConfigMap(ctx, name, &corev1.ConfigMapArgs{Metadata: meta(name), Data: data}, opts...)
	return err
}

type component struct{ pulumi.ResourceState }

func newComponent(
	ctx *pulumi.Context, kind, name string, opts ...pulumi.ResourceOption,
) (*component, error) {
	c := &component{}
	return c, ctx.RegisterComponentResource("test:index:"+kind, name, c, opts...)
}

// shop is a small system with everything that rendering has to cope with.
func shop(ctx *pulumi.Context) error {
	cluster, err := newComponent(ctx, "Cluster", "cluster")
	if err != nil {
		return err
	}
	provider, err := kubernetes.NewProvider(ctx, "cluster-kubernetes", nil, pulumi.Parent(cluster))
	if err != nil {
		return err
	}
	space, err := newComponent(ctx, "Namespace", "namespace", pulumi.Providers(provider))
	if err != nil {
		return err
	}
	namespace, err := corev1.NewNamespace(ctx, "namespace-namespace", &corev1.NamespaceArgs{
		Metadata: metav1.ObjectMetaArgs{Name: pulumi.String("shop")},
	}, pulumi.Parent(space))
	if err != nil {
		return err
	}
	app, err := newComponent(ctx, "App", "web", pulumi.Providers(provider))
	if err != nil {
		return err
	}
	inApp := []pulumi.ResourceOption{pulumi.Parent(app), pulumi.DependsOn([]pulumi.Resource{namespace})}
	password, err := random.NewRandomPassword(ctx, "web-password", &random.RandomPasswordArgs{
		Length: pulumi.Int(20),
	}, pulumi.Parent(app))
	if err != nil {
		return err
	}
	plain, secret := token(ctx)
	if _, err := corev1.NewSecret(ctx, "web-secret", &corev1.SecretArgs{
		Metadata: meta("web"), Type: pulumi.String("Opaque"),
		StringData: pulumi.StringMap{
			"TOKEN":    secret,
			"PASSWORD": password.Result,
			"URL":      pulumi.Sprintf("postgres://web:%s@db", password.Result),
			"FIXED":    pulumi.String("made up by the program"),
		},
		Data: pulumi.StringMap{"ENCODED": pulumi.String(base64.StdEncoding.EncodeToString([]byte(plain)))},
	}, inApp...); err != nil {
		return err
	}
	service, err := corev1.NewService(ctx, "web-service", &corev1.ServiceArgs{
		Metadata: &metav1.ObjectMetaArgs{
			Name: pulumi.String("web"), Namespace: pulumi.String("shop"),
			Annotations: pulumi.StringMap{
				"pulumi.com/skipAwait": pulumi.String("true"), "checksum/secret": pulumi.String(digest(plain)),
			},
		},
		Spec: corev1.ServiceSpecArgs{
			Type:  pulumi.String("LoadBalancer"),
			Ports: corev1.ServicePortArray{corev1.ServicePortArgs{Port: pulumi.Int(80)}},
		},
	}, inApp...)
	if err != nil {
		return err
	}
	address := service.Status.LoadBalancer().Ingress().Index(pulumi.Int(0)).Ip().Elem()
	return configMap(ctx, "web-settings", pulumi.StringMap{
		"address":  pulumi.Sprintf("http://%s/", address),
		"cluster":  service.Spec.ClusterIP().Elem(),
		"checksum": password.Result.ApplyT(digest).(pulumi.StringOutput),
		"leaked":   pulumi.String(plain),
	}, inApp...)
}

func TestManifestsComeInApplyOrderAndHoldPlaceholdersForWhatCannotBeKnown(t *testing.T) {
	dir := t.TempDir()
	result := renderTo(t, dir, shop)
	want := []string{
		"kubernetes/001-namespace-shop.yaml", "kubernetes/002-secret-web.yaml",
		"kubernetes/003-service-web.yaml", "kubernetes/004-configmap-web-settings.yaml",
	}
	equal(t, "manifests", strings.Join(result.Manifests, " "), strings.Join(want, " "))
	made := files(t, dir)
	equal(t, "files", strings.Join(slices.Sorted(maps.Keys(made)), " "),
		".rendered graph.svg "+strings.Join(want, " ")+" resources.json")
	equal(t, "namespace", made[want[0]], "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n")
	equal(t, "secret", made[want[1]], `apiVersion: v1
kind: Secret
metadata:
  name: web
  namespace: shop
stringData:
  ENCODED: '<plinth: config::plinth:secretValues.token>'
  FIXED: '<plinth: secret::kubernetes:core/v1:Secret::web-secret.stringData.FIXED>'
  PASSWORD: '<plinth: random:index/randomPassword:RandomPassword::web-password.result>'
  TOKEN: '<plinth: config::plinth:secretValues.token>'
  URL: '<plinth: secret::kubernetes:core/v1:Secret::web-secret.stringData.URL>'
type: Opaque
`)
	equal(t, "service", made[want[2]], `apiVersion: v1
kind: Service
metadata:
  annotations:
    checksum/secret: '<plinth: secret::kubernetes:core/v1:Service::web-service.metadata.annotations.checksum/secret>'
  name: web
  namespace: shop
spec:
  ports:
  - port: 80
  type: LoadBalancer
`)
	equal(t, "settings", made[want[3]], `apiVersion: v1
data:
  address: 'http://<plinth: kubernetes:core/v1:Service::web-service.status.loadBalancer.ingress[0].ip>/'
  checksum: '<plinth: secret::kubernetes:core/v1:ConfigMap::web-settings.data.checksum>'
  cluster: '<plinth: kubernetes:core/v1:Service::web-service.spec.clusterIP>'
  leaked: '<plinth: config::plinth:secretValues.token>'
kind: ConfigMap
metadata:
  name: web-settings
  namespace: shop
`)
	equal(t, "placeholders", strings.Join(result.Placeholders, "\n"), strings.Join([]string{
		"<plinth: config::plinth:secretValues.token>",
		"<plinth: kubernetes:core/v1:Service::web-service.spec.clusterIP>",
		"<plinth: kubernetes:core/v1:Service::web-service.status.loadBalancer.ingress[0].ip>",
		"<plinth: random:index/randomPassword:RandomPassword::web-password.result>",
		"<plinth: secret::kubernetes:core/v1:ConfigMap::web-settings.data.checksum>",
		"<plinth: secret::kubernetes:core/v1:Secret::web-secret.stringData.FIXED>",
		"<plinth: secret::kubernetes:core/v1:Secret::web-secret.stringData.URL>",
		"<plinth: secret::kubernetes:core/v1:Service::web-service.metadata.annotations.checksum/secret>",
	}, "\n"))
}

func TestOtherResourcesAreListedByTypeAndName(t *testing.T) {
	dir := t.TempDir()
	result := renderTo(t, dir, func(ctx *pulumi.Context) error {
		_, secret := token(ctx)
		first, err := random.NewRandomId(ctx, "first", &random.RandomIdArgs{ByteLength: pulumi.Int(4)})
		if err != nil {
			return err
		}
		_, err = random.NewRandomString(ctx, "second", &random.RandomStringArgs{
			Length:          first.ByteLength.ApplyT(func(n int) int { return 2 * n }).(pulumi.IntOutput),
			OverrideSpecial: secret,
			Keepers:         pulumi.StringMap{"first": first.Hex},
		})
		return err
	})
	if result.Others != 2 {
		t.Errorf("others: got %d, want 2", result.Others)
	}
	equal(t, "resources.json", files(t, dir)["resources.json"], `[
  {
    "type": "random:index/randomId:RandomId",
    "name": "first",
    "urn": "urn:pulumi:dev::plinth::random:index/randomId:RandomId::first",
    "inputs": {
      "byteLength": 4
    },
    "dependencies": []
  },
  {
    "type": "random:index/randomString:RandomString",
    "name": "second",
    "urn": "urn:pulumi:dev::plinth::random:index/randomString:RandomString::second",
    "inputs": {
      "keepers": {
        "first": "<plinth: random:index/randomId:RandomId::first.hex>"
      },
      "length": 8,
      "overrideSpecial": "<plinth: config::plinth:secretValues.token>"
    },
    "dependencies": [
      "urn:pulumi:dev::plinth::random:index/randomId:RandomId::first"
    ]
  }
]
`)
}

func TestWhatNoPlaceholderCanStandForIsRefusedByResourceAndFieldAllAtOnce(t *testing.T) {
	dir := t.TempDir()
	_, err := render.Render(context.Background(), render.Options{Stack: stack(), Dir: dir, Draw: asText},
		func(ctx *pulumi.Context) error {
			plain, secret := token(ctx)
			number, err := random.NewRandomInteger(ctx, "port", &random.RandomIntegerArgs{
				Min: pulumi.Int(1), Max: pulumi.Int(9),
			})
			if err != nil {
				return err
			}
			if _, err := corev1.NewConfigMap(ctx, "unknown-name", &corev1.ConfigMapArgs{
				Metadata: metav1.ObjectMetaArgs{Name: number.ID().ToStringOutput()},
			}); err != nil {
				return err
			}
			if _, err := corev1.NewConfigMap(ctx, "secret-name", &corev1.ConfigMapArgs{
				Metadata: metav1.ObjectMetaArgs{Name: pulumi.String("web"), Namespace: secret},
			}); err != nil {
				return err
			}
			if _, err := corev1.NewConfigMap(ctx, "hashed-name", &corev1.ConfigMapArgs{
				Metadata: metav1.ObjectMetaArgs{Name: pulumi.String("web-" + digest(plain))},
			}); err != nil {
				return err
			}
			if _, err := corev1.NewConfigMap(ctx, "no-name", &corev1.ConfigMapArgs{}); err != nil {
				return err
			}
			_, err = corev1.NewService(ctx, "web", &corev1.ServiceArgs{
				Metadata: meta("web"),
				Spec: corev1.ServiceSpecArgs{
					HealthCheckNodePort: pulumi.ToSecret(pulumi.Int(30000)).(pulumi.IntOutput),
					Ports: corev1.ServicePortArray{
						corev1.ServicePortArgs{Port: pulumi.Int(80)}, corev1.ServicePortArgs{Port: number.Result},
					},
				},
			})
			return err
		})
	const (
		secret  = "depends on a secret"
		unknown = "is not known before the deployment"
		needed  = ", and a manifest needs it: give it a plain value"
		text    = ", and only a string can be a placeholder: give it a plain value"
	)
	want := strings.Join([]string{
		"rendering resources:",
		"kubernetes:core/v1:ConfigMap::hashed-name: metadata.name " + secret + needed,
		"kubernetes:core/v1:ConfigMap::no-name: metadata.name is not set, and a manifest needs it: set metadata.name",
		"kubernetes:core/v1:ConfigMap::secret-name: metadata.namespace " + secret + needed,
		"kubernetes:core/v1:ConfigMap::unknown-name: metadata.name " + unknown + needed,
		"kubernetes:core/v1:Service::web: spec.healthCheckNodePort " + secret + text,
		"kubernetes:core/v1:Service::web: spec.ports[1].port " + unknown + text,
	}, "\n")
	if err == nil || err.Error() != want {
		t.Errorf("error:\n got %v\nwant %s", err, want)
	}
	if left := files(t, dir); len(left) > 0 {
		t.Errorf("files after an error: got %v, want none", slices.Sorted(maps.Keys(left)))
	}
}

func TestProgramThatReadsIntoAnOutputIsRenderedWithoutKnowingTheSource(t *testing.T) {
	dir := t.TempDir()
	renderTo(t, dir, func(ctx *pulumi.Context) error {
		id, err := random.NewRandomId(ctx, "id", &random.RandomIdArgs{ByteLength: pulumi.Int(4)})
		if err != nil {
			return err
		}
		upper := id.Hex.ApplyT(func(text string) (string, error) {
			_, err := hex.DecodeString(text)
			return strings.ToUpper(text), err
		}).(pulumi.StringOutput)
		_, secret := token(ctx)
		return configMap(ctx, "web", pulumi.StringMap{"id": upper, "token": secret})
	})
	equal(t, "manifest", files(t, dir)["kubernetes/001-configmap-web.yaml"], `apiVersion: v1
data:
  id: '<plinth: unknown::kubernetes:core/v1:ConfigMap::web.data.id>'
  token: '<plinth: config::plinth:secretValues.token>'
kind: ConfigMap
metadata:
  name: web
  namespace: shop
`)
}

func TestAnAnswerOfAProviderIsNamedByWhereItStands(t *testing.T) {
	dir := t.TempDir()
	renderTo(t, dir, func(ctx *pulumi.Context) error {
		name, err := random.NewRandomPet(ctx, "pet", nil)
		if err != nil {
			return err
		}
		// What the call depends on is known to the second run alone.
		answer := ctx.InvokeOutput("test:index:getOwner", pulumi.Map{"of": name.ID()}, pulumi.MapOutput{},
			pulumi.InvokeOutputOptions{})
		owner := answer.ApplyT(func(answer map[string]any) string {
			owner, _ := answer["name"].(string)
			return "owner:" + owner
		}).(pulumi.StringOutput)
		_, err = corev1.NewConfigMap(ctx, "web", &corev1.ConfigMapArgs{
			Metadata: meta("web"), Data: pulumi.StringMap{"owner": owner, "pet": name.ID().ToStringOutput()},
		})
		return err
	})
	for path, text := range files(t, dir) {
		if !strings.HasSuffix(path, ".yaml") {
			continue
		}
		for _, want := range []string{
			"owner: '<plinth: unknown::kubernetes:core/v1:ConfigMap::web.data.owner>'",
			"pet: '<plinth: random:index/randomPet:RandomPet::pet.id>'",
		} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: got %s, want %q in it", path, text, want)
			}
		}
	}
}

func TestTwoRenderingsAreTheSameToTheByte(t *testing.T) {
	dir := t.TempDir()
	renderTo(t, dir, shop)
	first := files(t, dir)
	for range 10 {
		renderTo(t, dir, shop)
		if again := files(t, dir); !maps.Equal(first, again) {
			t.Fatalf("renderings differ:\n got %v\nwant %v", again, first)
		}
	}
}

func TestStaleFilesOfAnEarlierRenderingGoAndOthersStay(t *testing.T) {
	dir := t.TempDir()
	maps := func(names ...string) pulumi.RunFunc {
		return func(ctx *pulumi.Context) error {
			for _, name := range names {
				if err := configMap(ctx, name, nil); err != nil {
					return err
				}
			}
			return nil
		}
	}
	renderTo(t, dir, maps("one", "two"))
	for _, name := range []string{"README.md", "kubernetes/extra.yaml"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("mine"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	renderTo(t, dir, maps("three"))
	left := files(t, dir)
	var names []string
	for name := range left {
		names = append(names, name)
	}
	slices.Sort(names)
	equal(t, "files", strings.Join(names, " "), ".rendered README.md graph.svg "+
		"kubernetes/001-configmap-three.yaml kubernetes/extra.yaml resources.json")
}

func TestFileThatNoRenderingWroteIsNotOverwritten(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "graph.svg"), []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := render.Render(context.Background(), render.Options{Stack: stack(), Dir: dir, Draw: asText}, shop)
	want := fmt.Sprintf("rendering to %s: graph.svg is there and was not written by plinth render: move it away, or "+
		"choose another folder", dir)
	if err == nil || err.Error() != want {
		t.Errorf("error:\n got %v\nwant %s", err, want)
	}
	if left := files(t, dir); len(left) != 1 || left["graph.svg"] != "mine" {
		t.Errorf("files: got %v, want graph.svg alone as it was", left)
	}
}

func TestListThatLeadsOutOfTheFolderRemovesNothing(t *testing.T) {
	root := t.TempDir()
	dir, outside := filepath.Join(root, "out"), filepath.Join(root, "precious")
	if err := errors.Join(os.Mkdir(dir, 0o700), os.WriteFile(outside, nil, 0o600),
		os.WriteFile(filepath.Join(dir, ".rendered"), []byte("../precious\n"), 0o600)); err != nil {
		t.Fatal(err)
	}
	_, err := render.Render(context.Background(), render.Options{Stack: stack(), Dir: dir, Draw: asText}, shop)
	if err == nil || !strings.Contains(err.Error(), `"../precious", which is not below the folder`) {
		t.Errorf("error: got %v", err)
	}
	if _, err := os.Stat(outside); err != nil {
		t.Errorf("the file outside of the folder: %v", err)
	}
}

func TestErrorOfTheProgramIsPassedOn(t *testing.T) {
	errOwn := errors.New("no such app")
	_, err := render.Render(context.Background(), render.Options{Stack: stack(), Dir: t.TempDir(), Draw: asText},
		func(*pulumi.Context) error { return errOwn })
	if !errors.Is(err, errOwn) {
		t.Errorf("error: got %v, want one that wraps %v", err, errOwn)
	}
}

// TestGraph describes the picture in the language that it is drawn from.
func TestGraphHasComponentsAsContainersAndOnlyTheArrowsThatSayMore(t *testing.T) {
	dir := t.TempDir()
	renderTo(t, dir, shop)
	_, got, _ := strings.Cut(files(t, dir)["graph.svg"], "}\n}\n")
	equal(t, "graph", got, `n1: "App web" {
  class: component
  grid-columns: 2
  grid-gap: 16
  k1: "RandomPassword\npassword" {class: resource}
  k2: "Secret\nweb" {class: resource}
  k3: "Service\nweb" {class: resource}
  k4: "ConfigMap\nweb-settings" {class: resource}
}
n2: "Cluster" {
  class: component
  grid-columns: 1
  grid-gap: 16
  k1: "Provider kubernetes" {class: resource}
}
n3: "Namespace" {
  class: component
  grid-columns: 1
  grid-gap: 16
  k1: "Namespace\nshop" {class: resource}
}
n1 -> n3
n3 -> n2
`)
}

func TestGraphPutsManyComponentsThatAreAlikeIntoOneBlock(t *testing.T) {
	dir := t.TempDir()
	renderTo(t, dir, func(ctx *pulumi.Context) error {
		base, err := newComponent(ctx, "Base", "base")
		if err != nil {
			return err
		}
		if err := configMap(ctx, "below", nil, pulumi.Parent(base)); err != nil {
			return err
		}
		for _, name := range []string{"a", "b", "c", "d", "e"} {
			app, err := newComponent(ctx, "App", name)
			if err != nil {
				return err
			}
			opts := []pulumi.ResourceOption{pulumi.Parent(app)}
			if name != "e" {
				opts = append(opts, pulumi.DependsOn([]pulumi.Resource{base}))
			}
			for i := range 6 {
				if err := configMap(ctx, fmt.Sprint(name, i), nil, opts...); err != nil {
					return err
				}
			}
		}
		return nil
	})
	_, got, _ := strings.Cut(files(t, dir)["graph.svg"], "}\n}\n")
	inApp := func(id, name, indent string) string {
		return strings.ReplaceAll(fmt.Sprintf(`>%s: "App %s" {
>  class: component
>  grid-columns: 1
>  grid-gap: 16
>  k1: "ConfigMap × 6\n%s0\n%s1\n%s2\nand 3 more" {class: resource}
>}
`, id, name, name, name, name), ">", indent)
	}
	equal(t, "graph", got, `n1: "App × 4" {
  class: component
  grid-columns: 2
  grid-gap: 16
`+inApp("n1", "a", "  ")+inApp("n2", "b", "  ")+inApp("n3", "c", "  ")+inApp("n4", "d", "  ")+"}\n"+
		inApp("n2", "e", "")+`n3: "Base" {
  class: component
  grid-columns: 1
  grid-gap: 16
  k1: "ConfigMap\nbelow" {class: resource}
}
n1 -> n3
`)
}

func TestPictureIsDrawnByTheProgramInTools(t *testing.T) {
	drawing := render.Drawing{Source: "../../tools/d2", Cache: "../../.plinth/bin"}
	draw := func() string {
		picture, err := drawing.SVG(context.Background(), `a: "a \$ sign" { b: "b" }`+"\na -> c")
		if err != nil {
			t.Fatalf("drawing: %v", err)
		}
		return string(picture)
	}
	first := draw()
	if !strings.Contains(first, "<svg") || !strings.Contains(first, "a $ sign") {
		t.Errorf("picture: got %s", first)
	}
	equal(t, "second picture", draw(), first)
	_, err := drawing.SVG(context.Background(), "a: {")
	if err == nil || !strings.Contains(err.Error(), "laying out the diagram") {
		t.Errorf("error: got %v, want what the program said", err)
	}
}

func TestResourcesFileIsJSON(t *testing.T) {
	dir := t.TempDir()
	renderTo(t, dir, shop)
	var entries []map[string]any
	if err := json.Unmarshal([]byte(files(t, dir)["resources.json"]), &entries); err != nil {
		t.Fatal(err)
	}
	var listed []string
	for _, entry := range entries {
		listed = append(listed, fmt.Sprintf("%s::%s", entry["type"], entry["name"]))
	}
	equal(t, "resources", strings.Join(listed, " "), "pulumi:providers:kubernetes::cluster-kubernetes "+
		"random:index/randomPassword:RandomPassword::web-password "+
		"test:index:App::web test:index:Cluster::cluster test:index:Namespace::namespace")
}
