package environment_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"sigs.k8s.io/yaml"

	"plinth/internal/record"
)

// part is one resource of a program that is written as data.
type part struct {
	// Component and Provider are types; a part with neither is a Kubernetes object.
	Component, Provider string
	Name, Parent        string
	// After are the parts that it depends on.
	After []string
	// NoProvider leaves the choice of the provider to the engine, NoOutputs a component incomplete.
	NoProvider, NoOutputs, Protect bool
	Object                         map[string]any
}

// program registers the parts in order. Texts that begin with "secret:" are secret.
func program(parts []part) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		made := map[string]pulumi.Resource{}
		var ours pulumi.ProviderResource
		for _, p := range parts {
			opts := []pulumi.ResourceOption{pulumi.Protect(p.Protect)}
			if p.Parent != "" {
				opts = append(opts, pulumi.Parent(made[p.Parent]))
			}
			for _, other := range p.After {
				opts = append(opts, pulumi.DependsOn([]pulumi.Resource{made[other]}))
			}
			switch {
			case p.Component != "":
				component := &pulumi.ResourceState{}
				if err := ctx.RegisterComponentResource(p.Component, p.Name, component, opts...); err != nil {
					return err
				}
				made[p.Name] = component
				if p.NoOutputs {
					continue
				}
				if err := ctx.RegisterResourceOutputs(component, pulumi.Map{}); err != nil {
					return err
				}
			case p.Provider != "":
				provider := &pulumi.ProviderResourceState{}
				err := ctx.RegisterResource("pulumi:providers:"+p.Provider, p.Name, nil, provider, opts...)
				if err != nil {
					return err
				}
				made[p.Name], ours = provider, provider
			default:
				if !p.NoProvider {
					opts = append(opts, pulumi.Provider(ours))
				}
				object := &pulumi.CustomResourceState{}
				inputs := input(p.Object).(pulumi.Map)
				if err := ctx.RegisterResource(token(p.Object), p.Name, inputs, object, opts...); err != nil {
					return err
				}
				made[p.Name] = object
			}
		}
		return nil
	}
}

// token is the type of a Kubernetes object in Pulumi.
func token(object map[string]any) string {
	group, _ := object["apiVersion"].(string)
	if !strings.Contains(group, "/") {
		group = "core/" + group
	}
	kind, _ := object["kind"].(string)
	return "kubernetes:" + group + ":" + kind
}

func input(v any) pulumi.Input {
	switch v := v.(type) {
	case map[string]any:
		out := pulumi.Map{}
		for key, value := range v {
			out[key] = input(value)
		}
		return out
	case []any:
		out := pulumi.Array{}
		for _, value := range v {
			out = append(out, input(value))
		}
		return out
	case string:
		if hidden, ok := strings.CutPrefix(v, "secret:"); ok {
			return pulumi.ToSecret(pulumi.String(hidden))
		}
		return pulumi.String(v)
	default:
		return pulumi.ToOutput(v)
	}
}

// broken is the healthy program with one text replaced by another.
func broken(t *testing.T, from, to string, prod bool) *world {
	t.Helper()
	text, err := os.ReadFile("testdata/healthy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Count(string(text), from) == 0 {
		t.Fatalf("testdata/healthy.yaml does not hold %q", from)
	}
	var parts []part
	if err := yaml.UnmarshalStrict([]byte(strings.Replace(string(text), from, to, 1)), &parts); err != nil {
		t.Fatal(err)
	}
	rec, err := record.Run(t.Context(), record.Options{Project: "plinth", Stack: "test"}, program(parts))
	if err != nil {
		t.Fatal(err)
	}
	w, err := read(rec, prod, "mirrored.example.com")
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestAHealthyProgramBreaksNoRule(t *testing.T) {
	w := broken(t, "green", "red", false)
	for _, rule := range rules() {
		if got := rule.broken(w); len(got) > 0 {
			t.Errorf("%s: got %q, want nothing", rule.name, got)
		}
	}
}

func TestEachRuleIsSeenBroken(t *testing.T) {
	const (
		deployment = "kubernetes:apps/v1:Deployment::thing-deployment: "
		service    = "kubernetes:core/v1:Service::thing-service: "
		files      = "kubernetes:core/v1:ConfigMap::thing-files: "
		open       = "kubernetes:networking.k8s.io/v1:NetworkPolicy::thing-open: "
		namespace  = "kubernetes:core/v1:Namespace::thing-namespace: "
		scaler     = "kubernetes:autoscaling/v2:HorizontalPodAutoscaler::thing-autoscaler: "
		quota      = "kubernetes:core/v1:ResourceQuota::thing-quota: "
	)
	seen := map[string]bool{"each URN is there once": true} // In a test of its own.
	for _, c := range []struct {
		rule, from, to string
		prod           bool
		want           []string
	}{
		{
			"everything belongs to a component", "name: thing-quota\n  parent: thing\n", "name: thing-quota\n", false,
			[]string{quota + "is in no component"},
		},
		{
			"everything belongs to a component", "name: thing-quota\n  parent: thing\n",
			"name: thing-quota\n  parent: thing-namespace\n", false,
			[]string{quota + "its parent kubernetes:core/v1:Namespace::thing-namespace is no component"},
		},
		{
			"names start with the component's name", "name: thing-budget", "name: budget", false,
			[]string{"kubernetes:policy/v1:PodDisruptionBudget::budget: its name does not start with thing-"},
		},
		{
			"Kubernetes resources have our provider",
			"name: thing-service\n", "name: thing-service\n  noProvider: true\n", false,
			[]string{service + `its provider is ""`},
		},
		{
			"there are no default providers",
			"name: thing-service\n", "name: thing-service\n  noProvider: true\n", false,
			[]string{service + "names no provider"},
		},
		{
			"there are no default providers", "- {component: \"test:index:Thing\", name: thing}",
			"- {component: \"test:index:Thing\", name: thing}\n- {provider: kubernetes, name: default_4, parent: thing}",
			false,
			[]string{"pulumi:providers:kubernetes::default_4: is a default provider"},
		},
		{
			"types are well-formed", "test:index:Thing", "test:index:thing", false,
			[]string{"test:index:thing::thing: its type is not PACKAGE:MODULE:Type"},
		},
		{
			"components register their outputs", "name: thing}", "name: thing, noOutputs: true}", false,
			[]string{"test:index:Thing::thing: registers no outputs"},
		},
		{
			"nothing secret by its name is plain", "secret:xyzzy", "xyzzy", false,
			[]string{"kubernetes:core/v1:Secret::thing-secret: stringData.WORD is plain"},
		},
		{
			"nothing secret by its name is plain", "name: COLOR, value: green", "name: API_TOKEN, value: green", false,
			[]string{deployment + "spec.template.spec.containers.0.env.0.value is plain"},
		},
		{
			"nothing secret by its name is plain", "data: {color: green}", "data: {db.password: green}", false,
			[]string{files + "data.db.password is plain"},
		},
		{
			"config maps hold no secret", "data: {color: green}", "data: {color: 'secret:green'}", false,
			[]string{files + "holds a secret"},
		},
		{
			"pods hold no secret", "name: COLOR, value: green", "name: COLOR, value: 'secret:green'", false,
			[]string{deployment + "spec.template.spec.containers.0.env.0.value is secret: refer to it instead"},
		},
		{
			"selectors hold no version", "spec: {selector: {app: thing}, ports",
			"spec: {selector: {app: thing, chart: thing}, ports", false,
			[]string{service + "spec.selector.chart=thing changes with the version"},
		},
		{
			"selectors hold no version",
			"spec: {selector: {app: thing}, ports", "spec: {selector: {app: thing-v1.2}, ports", false,
			[]string{service + "spec.selector.app=thing-v1.2 changes with the version"},
		},
		{
			"autoscalers own the number of pods", "      selector: {matchLabels: {app: thing}}\n      template",
			"      replicas: 2\n      selector: {matchLabels: {app: thing}}\n      template", false,
			[]string{deployment + "has 2 replicas, and an autoscaler"},
		},
		{
			"autoscalers own the number of pods",
			"kind: Deployment, name: thing}", "kind: Deployment, name: thin}", false,
			[]string{
				scaler + "scales Deployment thin, which is not there",
				deployment + "says neither its replicas nor an autoscaler",
			},
		},
		{
			"ports agree", "targetPort: http", "targetPort: web", false,
			[]string{
				service + "port http leads to web, which kubernetes:apps/v1:Deployment::thing-deployment does not have",
			},
		},
		{
			"ports agree", "httpGet: {path: /, port: http}", "httpGet: {path: /, port: 80}", false,
			[]string{deployment + "a probe asks port 80, which container thing does not have"},
		},
		{
			"ports agree", "port: 8080, protocol: TCP}]}]", "port: 8080, protocol: UDP}]}]", false,
			[]string{open + "opens port 8080/UDP, which kubernetes:apps/v1:Deployment::thing-deployment does not have"},
		},
		{
			"namespaces deny by default", "policyTypes: [Ingress, Egress]", "policyTypes: [Ingress]", false,
			[]string{deployment + "nothing denies its connections by default"},
		},
		{
			"selectors select",
			"podSelector: {matchLabels: {app: thing}}", "podSelector: {matchLabels: {app: thin}}", false,
			[]string{open + "selects no pod"},
		},
		{
			"selectors select",
			"template:\n        metadata: {labels: {app: thing}", "template:\n        metadata: {labels: {app: thin}",
			false,
			[]string{
				deployment + "does not select its own pods", service + "selects no pod",
				"kubernetes:policy/v1:PodDisruptionBudget::thing-budget: selects no pod", open + "selects no pod",
			},
		},
		{
			"workloads wait for what they need",
			"after: [thing-namespace, thing-quota, thing-deny, thing-open, thing-files, thing-secret]", "after: []",
			false,
			[]string{
				deployment + "does not wait for kubernetes:core/v1:ConfigMap::thing-files",
				deployment + "does not wait for kubernetes:core/v1:Namespace::thing-namespace",
				deployment + "does not wait for kubernetes:core/v1:ResourceQuota::thing-quota",
				deployment + "does not wait for kubernetes:core/v1:Secret::thing-secret",
				deployment + "does not wait for kubernetes:networking.k8s.io/v1:NetworkPolicy::thing-deny",
				deployment + "does not wait for kubernetes:networking.k8s.io/v1:NetworkPolicy::thing-open",
			},
		},
		{
			"config maps never change", "immutable: true", "immutable: false", false,
			[]string{files + "is not immutable"},
		},
		{
			"config maps never change", "metadata: {name: files-01234567", "metadata: {name: files", false,
			[]string{files + "its name files does not end in a hash of its content"},
		},
		{"prod is protected", "green", "red", true, []string{namespace + "is not protected"}},
		{
			"prod is protected", "name: thing-namespace\n", "name: thing-namespace\n  protect: true\n", false,
			[]string{namespace + "is protected, so that the stack cannot be destroyed"},
		},
		{
			"prod is protected", "kind: Deployment\n    metadata: {name: thing, namespace: home}\n    spec:\n",
			"kind: StatefulSet\n    metadata: {name: thing, namespace: home}\n    spec:\n" +
				"      persistentVolumeClaimRetentionPolicy: {whenDeleted: Delete}\n" +
				"      volumeClaimTemplates: [{metadata: {name: data}}]\n", true,
			[]string{
				namespace + "is not protected",
				"kubernetes:apps/v1:StatefulSet::thing-deployment: its volumes go when it does",
			},
		},
		{
			"images are pinned", "example/thing:1", "mirrored.example.com/thing", true,
			[]string{
				deployment + "image mirrored.example.com/thing has no tag",
				deployment + "image mirrored.example.com/thing has no digest",
				deployment + "image mirrored.example.com/thing is not pulled from the mirror",
			},
		},
	} {
		seen[c.rule] = true
		t.Run(c.rule, func(t *testing.T) {
			i := slices.IndexFunc(rules(), func(r rule) bool { return r.name == c.rule })
			if i < 0 {
				t.Fatalf("there is no rule %q", c.rule)
			}
			if got := rules()[i].broken(broken(t, c.from, c.to, c.prod)); !slices.Equal(got, c.want) {
				t.Errorf("with %q got\n%s\nwant\n%s", c.to, strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
		})
	}
	for _, rule := range rules() {
		if !seen[rule.name] {
			t.Errorf("the rule %q was never seen broken", rule.name)
		}
	}
}

// The recording itself refuses a second registration, so this rule is broken by hand.
func TestAnURNThatIsThereTwiceIsSeen(t *testing.T) {
	rec := broken(t, "green", "red", false).rec
	rec.Resources = append(rec.Resources, rec.Resources[len(rec.Resources)-1])
	last := rec.Resources[len(rec.Resources)-1].Label()
	if got := uniqueURNs(&world{rec: rec}); !slices.Equal(got, []string{last + ": is registered twice"}) {
		t.Errorf("got %q, want %s registered twice", got, last)
	}
}
