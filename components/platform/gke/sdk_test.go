package gke_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/binding"
	"plinth/components/platform"
	"plinth/internal/record"
)

const sdkModule = "github.com/pulumi/pulumi-gcp/sdk/v7"

// sdk is the source of Google Cloud's SDK, which says what properties there are.
type sdk struct {
	folder string
	// structs are those of a package, by its name, then by theirs.
	structs map[string]map[string]*ast.StructType
}

func openSDK(t *testing.T) *sdk {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", sdkModule).Output()
	if err != nil {
		t.Fatalf("looking for the source of the SDK: %v", err)
	}
	return &sdk{
		folder:  filepath.Join(strings.TrimSpace(string(out)), "go", "gcp"),
		structs: map[string]map[string]*ast.StructType{},
	}
}

var (
	plainArgs  = regexp.MustCompile(`reflect\.TypeOf\(\(\*(\w+Args)\)\(nil\)\)`)
	registered = regexp.MustCompile(`(?m)^func New(\w+)\(`)
)

// find looks up a resource's type: its package, the struct of its plain arguments and that of its outputs.
func (s *sdk) find(typ string) (pkg string, args, outputs *ast.StructType, err error) {
	pkg, _, _ = strings.Cut(strings.Split(typ, ":")[1], "/")
	files, err := filepath.Glob(filepath.Join(s.folder, pkg, "*.go"))
	if err != nil {
		return "", nil, nil, err
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return "", nil, nil, err
		}
		if !bytes.Contains(text, []byte(`RegisterResource("`+typ+`"`)) {
			continue
		}
		found, err := parse(file)
		if err != nil {
			return "", nil, nil, err
		}
		if s.structs[pkg] == nil {
			if s.structs[pkg], err = parse(filepath.Join(s.folder, pkg, "pulumiTypes.go")); err != nil {
				return "", nil, nil, err
			}
		}
		args = found[string(plainArgs.FindSubmatch(text)[1])]
		return pkg, args, found[string(registered.FindSubmatch(text)[1])], nil
	}
	return "", nil, nil, fmt.Errorf("the SDK has no type %s", typ)
}

// parse returns the structs of a file; a package without types of its own has none.
func parse(file string) (map[string]*ast.StructType, error) {
	structs := map[string]*ast.StructType{}
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	if os.IsNotExist(err) {
		return structs, nil
	}
	if err != nil {
		return nil, err
	}
	for _, declaration := range parsed.Decls {
		general, ok := declaration.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, spec := range general.Specs {
			if named, ok := spec.(*ast.TypeSpec); ok {
				if body, ok := named.Type.(*ast.StructType); ok {
					structs[named.Name.Name] = body
				}
			}
		}
	}
	return structs, nil
}

// fields are those of a struct with a `pulumi` tag, by it.
func fields(of *ast.StructType) map[string]ast.Expr {
	found := map[string]ast.Expr{}
	for _, field := range of.Fields.List {
		if field.Tag == nil {
			continue
		}
		if name := reflect.StructTag(strings.Trim(field.Tag.Value, "`")).Get("pulumi"); name != "" {
			found[name] = field.Type
		}
	}
	return found
}

// object says what the properties of an object have that the SDK has not, and what it demands that they lack.
func (s *sdk) object(pkg string, of *ast.StructType, properties resource.PropertyMap, path string) []string {
	var broken []string
	known := fields(of)
	for key, value := range properties {
		if typ, found := known[string(key)]; found {
			broken = append(broken, s.value(pkg, typ, value, path+"."+string(key))...)
		} else {
			broken = append(broken, fmt.Sprintf("%s.%s: the SDK has no such property", path, key))
		}
	}
	for name, typ := range known {
		// What is a pointer, a list or a map can be left out.
		if _, required := typ.(*ast.Ident); required && properties[resource.PropertyKey(name)].IsNull() {
			broken = append(broken, fmt.Sprintf("%s.%s: the SDK demands it", path, name))
		}
	}
	return broken
}

// value says where a value is not of the type that the SDK gives it.
func (s *sdk) value(pkg string, typ ast.Expr, value resource.PropertyValue, path string) []string {
	wrong := func(want string) []string {
		return []string{fmt.Sprintf("%s: got a %s, want a %s", path, value.TypeString(), want)}
	}
	switch typ := typ.(type) {
	case *ast.StarExpr:
		return s.value(pkg, typ.X, value, path)
	case *ast.ArrayType:
		if !value.IsArray() {
			return wrong("list")
		}
		var broken []string
		for i, element := range value.ArrayValue() {
			broken = append(broken, s.value(pkg, typ.Elt, element, fmt.Sprintf("%s[%d]", path, i))...)
		}
		return broken
	case *ast.MapType:
		if !value.IsObject() {
			return wrong("map")
		}
		var broken []string
		for key, element := range value.ObjectValue() {
			broken = append(broken, s.value(pkg, typ.Value, element, path+"."+string(key))...)
		}
		return broken
	case *ast.Ident:
		switch typ.Name {
		case "string":
			if !value.IsString() {
				return wrong("string")
			}
		case "bool":
			if !value.IsBool() {
				return wrong("bool")
			}
		case "int":
			if !value.IsNumber() || value.NumberValue() != float64(int(value.NumberValue())) {
				return wrong("whole number")
			}
		case "float64":
			if !value.IsNumber() {
				return wrong("number")
			}
		default:
			if !value.IsObject() {
				return wrong(typ.Name)
			}
			return s.object(pkg, s.structs[pkg][typ.Name], value.ObjectValue(), path)
		}
		return nil
	default:
		return []string{fmt.Sprintf("%s: the SDK's type is %T, which nobody has thought of", path, typ)}
	}
}

// outputs says which outputs that are read the SDK has not, or has as another type.
func (s *sdk) outputs(pkg string, of *ast.StructType, read map[string]reflect.Type, path string) []string {
	var broken []string
	known := fields(of)
	for name, typ := range read {
		want, found := known[name]
		if !found {
			broken = append(broken, fmt.Sprintf("%s.%s: the SDK has no such output", path, name))
			continue
		}
		selector, _ := want.(*ast.SelectorExpr)
		switch {
		case typ.Kind() == reflect.String:
			if selector == nil || !strings.HasPrefix(selector.Sel.Name, "String") {
				broken = append(broken, fmt.Sprintf("%s.%s: is no string", path, name))
			}
		case typ.Kind() == reflect.Struct:
			inner := fields(s.structs[pkg][strings.TrimSuffix(want.(*ast.Ident).Name, "Output")])
			for i := range typ.NumField() {
				if tag := typ.Field(i).Tag.Get("pulumi"); inner[tag] == nil {
					broken = append(broken, fmt.Sprintf("%s.%s.%s: the SDK has no such output", path, name, tag))
				}
			}
		}
	}
	return broken
}

// wrong says what of a recording the SDK would not take, of the resources of Google Cloud.
func (s *sdk) wrong(rec *record.Recording) []string {
	var broken []string
	for _, r := range rec.Ordered() {
		if r.Type.Package() != "gcp" {
			continue
		}
		pkg, args, made, err := s.find(string(r.Type))
		if err != nil {
			broken = append(broken, fmt.Sprintf("%s: %v", r.Label(), err))
			continue
		}
		broken = append(broken, s.object(pkg, args, plain(r.Inputs), r.Label())...)
		broken = append(broken, s.outputs(pkg, made, r.OutputTypes, r.Label())...)
	}
	return broken
}

// everything is a recording with an identity that has every permission.
func everything(t *testing.T) *record.Recording {
	t.Helper()
	args := prod()
	args.Databases, args.Network.Endpoints = true, "10.8.16.0/24"
	rec, err := attempt(t, args, func(ctx *pulumi.Context, made platform.Cluster) error {
		for _, engine := range []platform.DatabaseEngine{platform.DatabasePostgres, platform.DatabaseMySQL} {
			_, err := made.Database(ctx, string(engine)+"-server", &platform.DatabaseArgs{
				Called: string(engine), Engine: engine, Version: "8.4", Size: platform.Small, Storage: 20, Backups: 1, Replicas: 1,
				Password: pulumi.String("a word"),
			})
			if err != nil {
				return err
			}
		}
		var grants []binding.Grant
		for _, allow := range []binding.Permission{
			binding.ReadObjects, binding.WriteObjects, binding.ReadSecret, binding.Decrypt,
		} {
			grants = append(grants, binding.Grant{Allow: allow, On: pulumi.String("thing")})
		}
		_, err := made.Identity(ctx, "web", &platform.IdentityArgs{
			Namespace: "shop", ServiceAccount: "web", Grants: grants,
		})
		if err != nil {
			return err
		}
		_, err = made.Identity(ctx, "signer", &platform.IdentityArgs{
			Namespace: "shop", ServiceAccount: "signer", Grants: []binding.Grant{
				{Allow: binding.SignURLs, On: pulumi.String("thing")},
				{Allow: binding.ReadObjects, On: pulumi.String("thing"), Prefix: "signer/"},
			},
		})
		if err != nil {
			return err
		}
		_, err = made.Bucket(ctx, "images", &platform.BucketArgs{
			Bucket: "images", ExpireAfter: 1, OldVersionsAfter: 1,
		})
		if err != nil {
			return err
		}
		_, err = made.SecretStore(ctx, "secrets", secretStoreArgs(true, 7))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

func TestEveryPropertyIsTheSDKs(t *testing.T) {
	source := openSDK(t)
	for name, rec := range map[string]*record.Recording{
		"dev": deploy(t, dev()), "staging": deploy(t, staging()), "prod": everything(t), "private": deploy(t, private()),
	} {
		if len(rec.All(clusterType)) != 1 {
			t.Fatalf("%s: there is no cluster to look at", name)
		}
		for _, line := range source.wrong(rec) {
			t.Errorf("%s: %s", name, line)
		}
	}
}

// What the check above does not see is worth nothing.
func TestAPropertyThatTheSDKHasNotIsFound(t *testing.T) {
	source := openSDK(t)
	for want, spoil := range map[string]func(r *record.Resource){
		"gcp:container/cluster:Cluster::cluster-cluster.locatoin: the SDK has no such property": func(r *record.Resource) {
			r.Inputs["locatoin"] = resource.NewProperty("x")
		},
		"gcp:container/cluster:Cluster::cluster-cluster.releaseChannel.channel: the SDK demands it": func(r *record.Resource) {
			r.Inputs["releaseChannel"] = resource.NewProperty(resource.PropertyMap{})
		},
		"gcp:container/cluster:Cluster::cluster-cluster.loggingConfig.enableComponents: got a string, want a list": func(
			r *record.Resource,
		) {
			r.Inputs["loggingConfig"] = resource.NewProperty(resource.PropertyMap{
				"enableComponents": resource.NewProperty("ALL"),
			})
		},
		"gcp:container/cluster:Cluster::cluster-cluster.address: the SDK has no such output": func(r *record.Resource) {
			r.OutputTypes["address"] = reflect.TypeFor[string]()
		},
	} {
		rec := deploy(t, dev())
		spoil(rec.All(clusterType)[0])
		expectAll(t, "complaints", source.wrong(rec), []string{want})
	}
}

func TestOnlyTheProvidersPackageOfTheSDKIsCompiled(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	got := slices.DeleteFunc(strings.Fields(string(out)), func(pkg string) bool {
		return !strings.HasPrefix(pkg, sdkModule)
	})
	expectAll(t, "packages", got, []string{sdkModule + "/go/gcp/internal", sdkModule + "/go/gcp"})
}
