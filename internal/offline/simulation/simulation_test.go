package simulation_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"google.golang.org/protobuf/types/known/emptypb"

	"plinth/internal/offline/simulation"
	"plinth/internal/offline/simulation/simulationtest"
)

type object = simulationtest.Object

const (
	field = "toy:farm/field:Field"
	plot  = "toy:farm/plot:Plot"
	gate  = "toy:farm/gate:Gate"
	deed  = "toy:farm/deed:Deed"
	weed  = "toy:farm/weed:Weed"
)

// toy is a cloud of five types: fields, plots in them, gates that go with their field, deeds whose name stays taken, and
// weed, which nobody plants.
func toy() simulation.Cloud {
	toField := simulation.Reference{Path: "field", To: []string{field}, Absent: "NoSuchField: {value}"}
	falls := toField
	falls.Then = simulation.Falls
	return simulation.Cloud{
		Name: "toy", Version: "1.2.3", Labels: "labels",
		Inputs: "# A comment.\n" + field + "\tname range! protect size tags\n" + plot + "\tfield! name range! password\n" +
			gate + "\tfield! policy\n" + deed + "\tname!\npulumi:providers:toy\tplace! labels\n",
		Settings: func(arguments simulation.Object) (simulation.Object, error) {
			return simulation.Object{"place": arguments["place"]}, nil
		},
		Functions: map[string]simulation.Function{
			"toy:index/where:where": func(s, _ simulation.Object) (simulation.Object, error) { return s, nil },
		},
		Types: map[string]simulation.Type{
			field: {
				Replace: []string{"name", "range"}, Auto: "name", Defaults: simulation.Object{"size": simulation.Object{"unit": "acre"}},
				Texts:  []simulation.Text{{Path: "name", Min: 2, Max: 20, Pattern: `[a-z0-9-]+`}},
				Ranges: []simulation.Range{{Path: "range", Shortest: 16, Longest: 24, Malformed: "BadRange: {value}"}},
				Unique: []simulation.Unique{{By: []string{"name", "place"}, Taken: "FieldExists: {value}"}},
				ID:     "field-{hex:8}", Name: "{name}", Tags: "tags", AllTags: []string{"allTags"},
				Outputs: simulation.Object{"deed": "{place}/{name}", "size": simulation.Object{"acres": float64(7)}, "stamp": "{hex:12}"},
				Fresh:   []string{"stamp"},
				Sides:   []simulation.Side{{Type: weed, ID: "weed-{id}", Properties: simulation.Object{"field": "{id}"}}},
				Held:    "FieldInUse: {id} by {user}",
				Guards:  []simulation.Guard{{Path: "protect", Says: "Protected: {name}"}},
			},
			plot: {
				Replace: []string{"field"}, References: []simulation.Reference{toField}, Secret: []string{"password"},
				Ranges: []simulation.Range{{
					Path: "range", Shortest: 16, Longest: 28, Within: "{field>range}", Among: []string{"range"}, Same: "field",
					Outside: "OutsideField: {value}", Overlapping: "Overlap: {value}",
				}},
				ID: "plot-{hex:8}", Name: "{name}", Outputs: simulation.Object{"of": "{field>name}"},
			},
			gate: {
				References: []simulation.Reference{falls}, Policies: []string{"policy"}, ID: "gate-{hex:8}",
			},
			deed: {
				Unique: []simulation.Unique{{By: []string{"name"}, Taken: "DeedExists: {value}", Gone: "DeedBuried: {value}"}},
				ID:     "deed-{hex:8}", Name: "{name}",
				Remains: func(simulation.Entry) string { return "paper is patient" },
			},
			weed: {Foreign: true, References: []simulation.Reference{toField}},
		},
	}
}

func start(t *testing.T) *simulationtest.Engine {
	t.Helper()
	return simulationtest.Start(t, toy(), t.TempDir(), object{"place": "here", "labels": `{"owner":"me"}`})
}

func TestWhatTheTableForbidsIsRefused(t *testing.T) {
	tests := []struct {
		name, token string
		inputs      object
		want        string
	}{
		{"unknown type", "toy:farm/barn:Barn", object{}, "resource type toy:farm/barn:Barn: the simulated cloud toy does not know it"},
		{"a type of the service's own", weed, object{}, "resource type " + weed + ": the simulated cloud toy does not know it"},
		{"unknown property", field, object{"range": "10.0.0.0/16", "colour": "green"}, "colour: " + field + " has no property colour"},
		{"missing property", field, object{}, "range: must be set"},
		{"name too long", field, object{"range": "10.0.0.0/16", "name": strings.Repeat("x", 21)}, "name: must be at most 20 characters long, got 21"},
		{"name too short", field, object{"range": "10.0.0.0/16", "name": "x"}, "name: must be at least 2 characters long, got 1"},
		{"name malformed", field, object{"range": "10.0.0.0/16", "name": "Big Field"}, `name: must match [a-z0-9-]+: got "Big Field"`},
		{"name taken", field, object{"range": "10.1.0.0/16", "name": "first"}, "Field first: FieldExists: first"},
		{"range malformed", field, object{"range": "10.0.0.0", "name": "other"}, "BadRange: 10.0.0.0"},
		{"range with host bits", field, object{"range": "10.0.0.1/16", "name": "other"}, "BadRange: 10.0.0.1/16"},
		{"range too large", field, object{"range": "10.0.0.0/8", "name": "other"}, "BadRange: 10.0.0.0/8"},
		{"range too small", field, object{"range": "10.0.0.0/25", "name": "other"}, "BadRange: 10.0.0.0/25"},
		{"reference to nobody", plot, object{"field": "field-0", "range": "10.0.1.0/24"}, "field: NoSuchField: field-0"},
		{"range outside", plot, object{"field": "FIRST", "range": "10.1.0.0/24"}, "OutsideField: 10.1.0.0/24"},
		{"range overlapping", plot, object{"field": "FIRST", "range": "10.0.0.128/25"}, "Overlap: 10.0.0.128/25"},
		{"policy that is no JSON", gate, object{"field": "FIRST", "policy": "{"}, "policy: contains an invalid JSON policy"},
		{
			"policy with another version", gate,
			object{"field": "FIRST", "policy": `{"Version":"2024-01-01","Statement":[{}]}`},
			`policy: element Version: must be "2012-10-17" or "2008-10-17", got 2024-01-01`,
		},
		{"policy without statement", gate, object{"field": "FIRST", "policy": `{"Version":"2012-10-17"}`}, "policy: element Statement: must be there"},
		{"policy with a misspelled element", gate, object{"field": "FIRST", "policy": `{"Statement":[{"Effect":"Allow","Actions":"x"}]}`}, "policy: element Statement[0]: has no element Actions"},
		{"policy without an action", gate, object{"field": "FIRST", "policy": `{"Statement":{"Effect":"Allow"}}`}, "policy: element Statement[0]: must have Action or NotAction"},
		{"policy with an effect that is none", gate, object{"field": "FIRST", "policy": `{"Statement":{"Effect":"Permit","Action":"x"}}`}, "policy: element Statement[0]: element Effect: must be"},
		{"policy with an empty list", gate, object{"field": "FIRST", "policy": `{"Statement":{"Effect":"Allow","Action":[]}}`}, "policy: element Statement[0]: Action: must be a string or a list"},
		{"good policy", gate, object{"field": "FIRST", "policy": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["x"],"Resource":"*"}]}`}, ""},
		{"good plot beside the other", plot, object{"field": "FIRST", "range": "10.0.1.0/24"}, ""},
		{"good plot in the other field", plot, object{"field": "SECOND", "range": "10.0.0.0/24"}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			e := start(t)
			first := e.Must(field, "first", object{"name": "first", "range": "10.0.0.0/16"})
			second := e.Must(field, "second", object{"name": "second", "range": "10.0.0.0/16"})
			e.Must(plot, "plot", object{"field": first.ID, "range": "10.0.0.0/24"})
			switch test.inputs["field"] {
			case "FIRST":
				test.inputs["field"] = first.ID
			case "SECOND":
				test.inputs["field"] = second.ID
			}
			_, err := e.Create(test.token, "it", test.inputs)
			simulationtest.Expect(t, err, test.want)
		})
	}
}

func TestOutputsComeFromTheTable(t *testing.T) {
	e := start(t)
	f := e.Must(field, "f", object{"name": "first", "range": "10.0.0.0/16", "tags": object{"crop": "rye"}, "size": object{"unit": "ha"}})
	for path, want := range map[string]any{
		"deed": "here/first", "size.acres": 7.0, "size.unit": "ha", "allTags.owner": "me", "allTags.crop": "rye",
		"tags.crop": "rye", "tags.owner": nil,
	} {
		if got := f.Get(path); got != want {
			t.Errorf("%s: got %v, want %v", path, got, want)
		}
	}
	if p := e.Must(plot, "p", object{"field": f.ID, "range": "10.0.0.0/24"}); p.Get("of") != "first" {
		t.Errorf("got the output %v of a reference, want first", p.Get("of"))
	}
	entry := e.World.Contents()[0]
	if entry.Type != field || entry.Name != "first" || entry.Tags["owner"] != "me" || entry.Made.IsZero() || entry.Maker != "" {
		t.Errorf("got the entry %+v", entry)
	}
}

func TestANameIsMadeUpAndKept(t *testing.T) {
	e := start(t)
	f := e.Must(field, "meadow", object{"range": "10.0.0.0/16"})
	name, _ := f.Get("name").(string)
	if !strings.HasPrefix(name, "meadow-") || len(name) != len("meadow-")+7 {
		t.Fatalf("got the name %q, want meadow- and seven digits", name)
	}
	diff, err := e.Diff(f, object{"range": "10.0.0.0/16"})
	if err != nil || len(diff.GetDetailedDiff()) != 0 {
		t.Errorf("got the differences %v and the error %v, want none", diff.GetDetailedDiff(), err)
	}
	diff, err = e.Diff(f, object{"range": "10.1.0.0/16"})
	if err != nil || len(diff.GetReplaces()) != 1 || diff.GetDeleteBeforeReplace() {
		t.Errorf("got the difference %v and the error %v, want the new one to be made first", diff, err)
	}
	_, err = e.Create(field, "a-name-of-24-letters-abc", object{"range": "10.0.0.0/16"})
	simulationtest.Expect(t, err, "is longer than maximum length 20")
}

func TestChangesUpdateOrReplace(t *testing.T) {
	e := start(t)
	inputs := object{"name": "first", "range": "10.0.0.0/16"}
	f := e.Must(field, "f", inputs)
	stamp := f.Get("stamp")
	tests := []struct {
		name     string
		change   object
		differs  []string
		replaces []string
		first    bool
	}{
		{"nothing", object{}, nil, nil, false},
		{"a tag", object{"tags": object{"crop": "rye"}}, []string{"tags"}, nil, false},
		{"a nested value", object{"size": object{"unit": "ha"}}, []string{"size.unit"}, nil, false},
		{"the range", object{"range": "10.1.0.0/16"}, []string{"range"}, []string{"range"}, true},
		{"the name", object{"name": "other"}, []string{"name"}, []string{"name"}, false},
		{"a value that is not known", object{"range": resource.MakeComputed(resource.NewStringProperty(""))}, []string{"range"}, []string{"range"}, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			diff, err := e.Diff(f, simulationtest.With(inputs, test.change))
			if err != nil {
				t.Fatal(err)
			}
			var differs []string
			for path := range diff.GetDetailedDiff() {
				differs = append(differs, path)
			}
			if !slices.Equal(differs, test.differs) || !slices.Equal(diff.GetReplaces(), test.replaces) || diff.GetDeleteBeforeReplace() != test.first {
				t.Errorf("got %q, replacing %q, deleting first: %v; want %q, %q, %v", differs, diff.GetReplaces(),
					diff.GetDeleteBeforeReplace(), test.differs, test.replaces, test.first)
			}
		})
	}
	if err := e.Update(f, simulationtest.With(inputs, object{"tags": object{"crop": "rye"}})); err != nil {
		t.Fatal(err)
	}
	if f.Get("allTags.crop") != "rye" || f.Get("deed") != "here/first" {
		t.Errorf("got the outputs %v after an update", f.State)
	}
	if f.Get("stamp") == stamp {
		t.Error("an update left an output as it was that is to change with every one")
	}
}

func TestAnUpdateIsCheckedAsACreateIs(t *testing.T) {
	e := start(t)
	f := e.Must(field, "f", object{"name": "first", "range": "10.0.0.0/16"})
	e.Must(plot, "neighbour", object{"field": f.ID, "range": "10.0.1.0/24"})
	p := e.Must(plot, "p", object{"field": f.ID, "range": "10.0.0.0/24"})
	simulationtest.Expect(t, e.Update(p, object{"field": f.ID, "range": "10.0.1.0/24"}), "Overlap: 10.0.1.0/24")
	simulationtest.Expect(t, e.Update(p, object{"field": "field-0", "range": "10.0.2.0/24"}), "NoSuchField: field-0")
	simulationtest.Expect(t, e.Update(p, object{"field": f.ID, "range": "10.0.0.0/25"}), "")
	if err := e.World.Remove(plot, p.ID); err != nil {
		t.Fatal(err)
	}
	simulationtest.Expect(t, e.Update(p, object{"field": f.ID, "range": "10.0.2.0/24"}), "somebody deleted it: run a refresh first")
}

func TestADeleteIsRefusedWhileSomethingDependsOnIt(t *testing.T) {
	e := start(t)
	f := e.Must(field, "f", object{"name": "first", "range": "10.0.0.0/16"})
	g := e.Must(gate, "g", object{"field": f.ID})
	p := e.Must(plot, "p", object{"field": f.ID, "range": "10.0.0.0/24", "name": "orchard"})
	simulationtest.Expect(t, e.Delete(f), "Field first: FieldInUse: "+f.ID+" by "+p.ID+" (used by Plot orchard)")
	simulationtest.Expect(t, e.Delete(p), "")
	simulationtest.Expect(t, e.Delete(p), "") // It is gone already.
	if err := e.World.Plant(simulation.Entry{Type: weed, ID: "thistle", Maker: "the wind", Inputs: simulation.Object{"field": f.ID}}); err != nil {
		t.Fatal(err)
	}
	simulationtest.Expect(t, e.Delete(f), "(used by Weed thistle, made by the wind)")
	if err := e.World.Remove(weed, "thistle"); err != nil {
		t.Fatal(err)
	}
	simulationtest.Expect(t, e.Delete(f), "")
	if left := e.Left(); len(left) != 0 {
		t.Errorf("got %q in the world, want nothing: what falls with a field has stayed", left)
	}
	if !e.Refresh(g) {
		t.Error("what fell with a field is still there")
	}
}

func TestAGuardRefusesADelete(t *testing.T) {
	e := start(t)
	f := e.Must(field, "f", object{"name": "first", "range": "10.0.0.0/16", "protect": true})
	simulationtest.Expect(t, e.Delete(f), "Field first: Protected: first")
	simulationtest.Expect(t, e.Update(f, object{"name": "first", "range": "10.0.0.0/16", "protect": false}), "")
	simulationtest.Expect(t, e.Delete(f), "")
}

func TestANameMayStayTaken(t *testing.T) {
	e := start(t)
	d := e.Must(deed, "d", object{"name": "mine"})
	_, err := e.Create(deed, "e", object{"name": "mine"})
	simulationtest.Expect(t, err, "DeedExists: mine")
	simulationtest.Expect(t, e.Delete(d), "")
	if !e.Refresh(d) {
		t.Error("what was deleted is still there")
	}
	_, err = e.Create(deed, "e", object{"name": "mine"})
	simulationtest.Expect(t, err, "DeedBuried: mine (paper is patient)")
}

func TestRefreshFindsWhatSomebodyChanged(t *testing.T) {
	e := start(t)
	f := e.Must(field, "f", object{"name": "first", "range": "10.0.0.0/16", "size": object{"unit": resource.MakeSecret(resource.NewStringProperty("ha"))}})
	before := f.Inputs
	if e.Refresh(f); !f.Inputs.DeepEquals(before) {
		t.Errorf("got the inputs %v after a refresh without a change, want %v", f.Inputs, before)
	}
	if err := e.World.Change(field, f.ID, func(entry *simulation.Entry) { entry.Inputs["range"] = "10.9.0.0/16" }); err != nil {
		t.Fatal(err)
	}
	e.Refresh(f)
	if f.Get("range") != "10.9.0.0/16" || f.Inputs["range"].StringValue() != "10.9.0.0/16" {
		t.Errorf("got the state %v, want the range 10.9.0.0/16", f.State)
	}
	if !f.Inputs["size"].ContainsSecrets() {
		t.Error("a secret input is none any more")
	}
}

func TestAnImportHasTheInputsThatWouldHaveMadeIt(t *testing.T) {
	e := start(t)
	f := e.Must(field, "f", object{"name": "first", "range": "10.0.0.0/16"})
	imported := &simulationtest.Resource{URN: f.URN, ID: f.ID}
	if e.Refresh(imported) || imported.Inputs["range"].StringValue() != "10.0.0.0/16" {
		t.Errorf("got the inputs %v of an import", imported.Inputs)
	}
}

func TestPasswordsAreKeptAsHashes(t *testing.T) {
	dir := t.TempDir()
	e := simulationtest.Start(t, toy(), dir, object{"place": "here"})
	f := e.Must(field, "f", object{"name": "first", "range": "10.0.0.0/16"})
	p := e.Must(plot, "p", object{"field": f.ID, "range": "10.0.0.0/24", "password": "sesame"})
	if !p.State["password"].IsSecret() || p.Get("password") != "sesame" {
		t.Errorf("got the password %v in state, want it as a secret", p.State["password"])
	}
	path := filepath.Join(dir, "world.json")
	content, err := os.ReadFile(path)
	if err != nil || strings.Contains(string(content), "sesame") {
		t.Errorf("the world holds a password (%v)", err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got the mode %v and the error %v of the world, want 0600", info.Mode(), err)
	}
	before := p.Inputs
	if e.Refresh(p); !p.Inputs.DeepEquals(before) {
		t.Errorf("got the inputs %v after a refresh, want %v", p.Inputs, before)
	}
}

func TestAWorldOutlivesItsProcess(t *testing.T) {
	dir := t.TempDir()
	e := simulationtest.Start(t, toy(), dir, object{"place": "here"})
	f := e.Must(field, "f", object{"name": "first", "range": "10.0.0.0/16"})
	again := simulationtest.Start(t, toy(), dir, object{"place": "here"})
	if again.Refresh(f) {
		t.Fatal("a world that is opened again has lost what was in it")
	}
	_, err := again.Create(field, "g", object{"name": "first", "range": "10.0.0.0/16"})
	simulationtest.Expect(t, err, "FieldExists: first")
	if got, want := text(t, again.World.Contents()), text(t, e.World.Contents()); got != want {
		t.Errorf("got the contents\n%s\nwant\n%s", got, want)
	}
	if err := os.WriteFile(filepath.Join(dir, "world.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = simulation.Open(dir)
	simulationtest.Expect(t, err, "must be what a World writes")
}

func text(t *testing.T, v any) string {
	t.Helper()
	content, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func TestAPreviewChangesNothingAndKnowsNoOutput(t *testing.T) {
	e := start(t)
	unknown := resource.MakeComputed(resource.NewStringProperty(""))
	planned, err := e.Preview(plot, "p", object{"field": unknown, "range": "10.0.0.0/24", "password": resource.MakeSecret(resource.NewStringProperty("x"))})
	if err != nil {
		t.Fatal(err)
	}
	if !planned["of"].IsComputed() || !planned["field"].IsComputed() || planned["range"].StringValue() != "10.0.0.0/24" || !planned["password"].IsSecret() {
		t.Errorf("got the plan %v", planned)
	}
	planned, err = e.Preview(field, "f", object{"range": "10.0.0.0/16", "size": object{"unit": "ha"}})
	if err != nil {
		t.Fatal(err)
	}
	size := planned["size"].ObjectValue()
	if size["unit"].StringValue() != "ha" || !size["acres"].IsComputed() || !planned["allTags"].IsComputed() {
		t.Errorf("got the plan %v", planned)
	}
	if left := e.Left(); len(left) != 0 {
		t.Errorf("a preview has made %q", left)
	}
}

func TestFunctionsAnswer(t *testing.T) {
	e := start(t)
	got, err := e.Invoke("toy:index/where:where", object{})
	if err != nil || got["place"].StringValue() != "here" {
		t.Errorf("got %v and the error %v, want the place here", got, err)
	}
	_, err = e.Invoke("toy:index/why:why", object{})
	simulationtest.Expect(t, err, "function toy:index/why:why: the simulated cloud toy does not know it")
}

func TestTheVersionIsTheTables(t *testing.T) {
	info, err := start(t).Provider().GetPluginInfo(t.Context(), &emptypb.Empty{})
	if err != nil || info.GetVersion() != "1.2.3" {
		t.Errorf("got the version %q and the error %v, want 1.2.3", info.GetVersion(), err)
	}
}
