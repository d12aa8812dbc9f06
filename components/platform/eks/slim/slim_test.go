package slim_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os/exec"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/platform/eks/slim"
	"plinth/internal/record"
)

// source is the SDK's: the test reads it instead of importing it, since to compile it is what this package spares.
type source struct {
	t      *testing.T
	folder string
	// structs by package and name: the properties with their types.
	structs map[string]map[string]map[string]string
}

func sdk(t *testing.T) *source {
	t.Helper()
	list := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/pulumi/pulumi-aws/sdk/v6")
	out, err := list.Output()
	if err != nil {
		t.Fatalf("finding the SDK: %v", err)
	}
	folder := filepath.Join(strings.TrimSpace(string(out)), "go", "aws")
	return &source{t, folder, map[string]map[string]map[string]string{}}
}

// read takes the structs of some files of a package.
func (s *source) read(pkg string, patterns ...string) {
	s.t.Helper()
	if s.structs[pkg] == nil {
		s.structs[pkg] = map[string]map[string]string{}
	}
	for _, pattern := range patterns {
		files, err := filepath.Glob(filepath.Join(s.folder, pkg, pattern))
		if err != nil || len(files) == 0 {
			s.t.Fatalf("package %s has no %s: %v", pkg, pattern, err)
		}
		for _, file := range files {
			parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
			if err != nil {
				s.t.Fatal(err)
			}
			ast.Inspect(parsed, func(n ast.Node) bool {
				if spec, ok := n.(*ast.TypeSpec); ok {
					if fields, ok := spec.Type.(*ast.StructType); ok {
						s.structs[pkg][spec.Name.Name] = properties(s.t, fields)
					}
				}
				return true
			})
		}
	}
}

func properties(t *testing.T, of *ast.StructType) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, field := range of.Fields.List {
		if field.Tag == nil {
			continue
		}
		tag, err := strconv.Unquote(field.Tag.Value)
		if err != nil {
			t.Fatal(err)
		}
		out[reflect.StructTag(tag).Get("pulumi")] = written(field.Type)
	}
	return out
}

// written is a type as the source has it, without saying that it may be left out.
func written(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.StarExpr:
		return written(e.X)
	case *ast.ArrayType:
		return "[]" + written(e.Elt)
	case *ast.MapType:
		return "map[" + written(e.Key) + "]" + written(e.Value)
	case *ast.SelectorExpr:
		return e.Sel.Name
	default:
		return "any"
	}
}

// plain is what the SDK calls the plain type of an input.
var plain = map[reflect.Type]string{
	reflect.TypeFor[pulumi.StringInput]():      "string",
	reflect.TypeFor[pulumi.BoolInput]():        "bool",
	reflect.TypeFor[pulumi.IntInput]():         "int",
	reflect.TypeFor[pulumi.StringArrayInput](): "[]string",
	reflect.TypeFor[pulumi.StringMapInput]():   "map[string]string",
}

// compare finds the properties of ours in the SDK's struct called theirs, nested ones too.
func (s *source) compare(pkg, theirs string, ours reflect.Type) {
	s.t.Helper()
	declared := s.structs[pkg][theirs]
	if len(declared) == 0 {
		s.t.Errorf("%s: the SDK declares no %s", pkg, theirs)
		return
	}
	for i := range ours.NumField() {
		field := ours.Field(i)
		name := field.Tag.Get("pulumi")
		got, found := declared[name]
		switch of := field.Type; {
		case !found:
			s.t.Errorf("%s.%s: the SDK declares no %s", pkg, theirs, name)
		case of.Kind() == reflect.Pointer:
			s.compare(pkg, got, of.Elem())
		case of.Kind() == reflect.Slice:
			s.compare(pkg, strings.TrimPrefix(got, "[]"), of.Elem())
			if !strings.HasPrefix(got, "[]") {
				s.t.Errorf("%s.%s: %s is a list here, %s in the SDK", pkg, theirs, name, got)
			}
		case plain[of] == "" || (got != plain[of] && got != "any"):
			s.t.Errorf("%s.%s: %s is %s here, %s in the SDK", pkg, theirs, name, of, got)
		}
	}
}

func TestEveryResourceIsTheSDKs(t *testing.T) {
	source := sdk(t)
	for typ, declared := range slim.Declared() {
		parts := strings.FieldsFunc(typ, func(r rune) bool { return r == ':' || r == '/' })
		if len(parts) != 4 || parts[0] != "aws" {
			t.Fatalf("type %q", typ)
		}
		pkg, file, name := parts[1], parts[2], parts[3]
		source.read(pkg, file+".go")
		if matches, _ := filepath.Glob(filepath.Join(source.folder, pkg, "pulumiTypes*.go")); len(matches) > 0 &&
			source.structs[pkg]["nested"] == nil {
			source.read(pkg, "pulumiTypes*.go")
			source.structs[pkg]["nested"] = map[string]string{"read": "bool"}
		}
		source.compare(pkg, file+"Args", reflect.TypeOf(declared[0]))
		outputs := reflect.TypeOf(declared[1])
		for i := 1; i < outputs.NumField(); i++ { // The first is what makes it a resource.
			property, want := outputs.Field(i).Tag.Get("pulumi"), outputs.Field(i).Type.Name()
			if got := source.structs[pkg][name][property]; got != want {
				t.Errorf("%s: the output %s is %s here, %q in the SDK", typ, property, want, got)
			}
		}
	}
}

func TestWhatIsSetIsRegisteredAndNothingElse(t *testing.T) {
	rec, err := record.Run(t.Context(), record.Options{Project: "p", Stack: "s"}, func(ctx *pulumi.Context) error {
		_, err := slim.NewLaunchTemplate(ctx, "t", &slim.LaunchTemplateArgs{
			Description:     pulumi.String("a template"),
			MetadataOptions: &slim.LaunchTemplateMetadataOptionsArgs{HTTPPutResponseHopLimit: pulumi.Int(1)},
			BlockDeviceMappings: []slim.LaunchTemplateBlockDeviceMappingArgs{
				{DeviceName: pulumi.String("a"), Ebs: &slim.LaunchTemplateBlockDeviceMappingEbsArgs{VolumeSize: pulumi.Int(5)}},
				{DeviceName: pulumi.String("b")},
			},
		})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	r, err := rec.One("aws:ec2/launchTemplate:LaunchTemplate::t")
	if err != nil {
		t.Fatal(err)
	}
	want := resource.NewPropertyMapFromMap(map[string]any{
		"description":     "a template",
		"metadataOptions": map[string]any{"httpPutResponseHopLimit": 1},
		"blockDeviceMappings": []any{
			map[string]any{"deviceName": "a", "ebs": map[string]any{"volumeSize": 5}}, map[string]any{"deviceName": "b"},
		},
	})
	if !r.Inputs.DeepEquals(want) {
		t.Errorf("got %v, want %v", r.Inputs, want)
	}
}
