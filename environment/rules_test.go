package environment_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/distribution/reference"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"plinth/internal/record"
)

// rule is something that holds for every stack. broken says where it does not.
type rule struct {
	name   string
	broken func(*world) []string
}

func rules() []rule {
	return []rule{
		{"each URN is there once", uniqueURNs},
		{"everything belongs to a component", ancestry},
		{"names start with the component's name", names},
		{"Kubernetes resources have our provider", ourProvider},
		{"there are no default providers", noDefaultProvider},
		{"types are well-formed", types},
		{"components register their outputs", outputs},
		{"nothing secret by its name is plain", secretNames},
		{"config maps hold no secret", secretFiles},
		{"pods hold no secret", secretPods},
		{"selectors hold no version", selectors},
		{"autoscalers own the number of pods", autoscaled},
		{"ports agree", ports},
		{"namespaces deny by default", defaultDeny},
		{"selectors select", selecting},
		{"workloads wait for what they need", waiting},
		{"config maps never change", immutable},
		{"prod is protected", protection},
		{"images are pinned", pinned},
	}
}

// complaints collects what a rule finds.
type complaints []string

func (c *complaints) add(r *record.Resource, format string, args ...any) {
	*c = append(*c, r.Label()+": "+fmt.Sprintf(format, args...))
}

func uniqueURNs(w *world) []string {
	var c complaints
	seen := map[resource.URN]bool{}
	for _, r := range w.rec.Resources {
		if seen[r.URN] {
			c.add(r, "is registered twice")
		}
		seen[r.URN] = true
	}
	return c
}

// ancestry: parents are components all the way up to the stack, and only components are directly below it, besides
// providers that serve several of them.
func ancestry(w *world) []string {
	var c complaints
	for _, r := range w.rec.Ordered() {
		parent := w.rec.Get(r.Parent)
		switch {
		case isRoot(r):
		case parent == nil:
			c.add(r, "has no parent")
		case parent.Custom:
			c.add(r, "its parent %s is no component", parent.Label())
		case isRoot(parent) && r.Custom && !isProvider(r):
			c.add(r, "is in no component")
		}
	}
	return c
}

func names(w *world) []string {
	var c complaints
	for _, r := range w.rec.Ordered() {
		parent := w.rec.Get(r.Parent)
		if parent == nil || isRoot(parent) {
			continue
		}
		// A component inside of another may be the same thing to its user.
		same := !r.Custom && r.Name == parent.Name
		if !same && !strings.HasPrefix(r.Name, parent.Name+"-") {
			c.add(r, "its name does not start with %s-", parent.Name)
		}
	}
	return c
}

func ourProvider(w *world) []string {
	var c complaints
	for _, r := range w.rec.Ordered() {
		if !isKubernetes(r) || !r.Custom {
			continue
		}
		provider := w.rec.Get(r.ProviderURN())
		if provider == nil || provider.Type != "pulumi:providers:kubernetes" {
			c.add(r, "its provider is %q", r.Provider)
		}
	}
	return c
}

func noDefaultProvider(w *world) []string {
	var c complaints
	for _, r := range w.rec.Ordered() {
		switch {
		case isProvider(r) && strings.HasPrefix(r.Name, "default"):
			c.add(r, "is a default provider")
		case r.Custom && !isProvider(r) && r.Provider == "" && r.Type.Package() != "pulumi":
			c.add(r, "names no provider")
		}
	}
	return c
}

// ours is how the types of our components are written; the types of providers are theirs.
var ours = regexp.MustCompile(`^[a-z0-9-]+:[a-z0-9/-]+:[A-Z]\w+$`)

func types(w *world) []string {
	var c complaints
	for _, r := range w.rec.Ordered() {
		if !r.Custom && !ours.MatchString(string(r.Type)) {
			c.add(r, "its type is not PACKAGE:MODULE:Type")
		}
	}
	return c
}

func outputs(w *world) []string {
	var c complaints
	for _, r := range w.rec.Ordered() {
		if !r.Custom && !isRoot(r) && !r.OutputsRegistered {
			c.add(r, "registers no outputs")
		}
	}
	return c
}

var (
	// secretName is what a value is called that nobody may see.
	secretName = regexp.MustCompile(`(?i)password|passwd|passphrase|token|secret|credential|[._-]key$|[a-z]Key$`)
	// notSecret are names of Kubernetes and of operators that sound like one, and hold the name of something or a word.
	notSecret = regexp.MustCompile(`^(topologyKey|secretName|secretKey|caCertSecretRef|sealedsecrets\.bitnami\.com/.*)$`)
)

func secretNames(w *world) []string {
	var c complaints
	check := func(r *record.Resource, where string, properties resource.PropertyMap) {
		object := resource.NewProperty(properties)
		if isKubernetes(r) && plain(properties["kind"]) == "Secret" {
			for _, field := range []string{"data", "stringData"} {
				leaves([]string{field}, properties[resource.PropertyKey(field)], false,
					func(path []string, _ string, secret bool) {
						if !secret {
							c.add(r, "%s is plain", strings.Join(path, "."))
						}
					})
			}
			return
		}
		leaves(nil, object, false, func(path []string, text string, secret bool) {
			name := path[len(path)-1]
			if name == "value" {
				// {name: API_TOKEN, value: ...}.
				beside := at(object, path[:len(path)-1])
				name, _ = plain(beside["name"]).(string)
			}
			// Only the controller can read what it encrypts.
			ciphertext := strings.HasPrefix(strings.Join(path, "."), "spec.encryptedData.")
			if text != "" && !secret && !ciphertext && secretName.MatchString(name) && !notSecret.MatchString(name) {
				c.add(r, "%s%s is plain", where, strings.Join(path, "."))
			}
		})
	}
	for _, r := range w.rec.Ordered() {
		check(r, "", r.Inputs)
		if !r.Custom {
			check(r, "output ", r.Outputs)
		}
	}
	return c
}

// at is the object at a path.
func at(v resource.PropertyValue, path []string) resource.PropertyMap {
	for _, key := range path {
		v, _ = bare(v)
		if v.IsArray() {
			var i int
			if _, err := fmt.Sscan(key, &i); err != nil {
				return nil
			}
			v = v.ArrayValue()[i]
		} else {
			v = v.ObjectValue()[resource.PropertyKey(key)]
		}
	}
	v, _ = bare(v)
	if !v.IsObject() {
		return nil
	}
	return v.ObjectValue()
}

func secretFiles(w *world) []string {
	var c complaints
	for _, config := range w.configMaps {
		if resource.NewProperty(config.Inputs).ContainsSecrets() {
			c.add(config.Resource, "holds a secret")
		}
	}
	return c
}

// secretPods: whoever may read pods must not read secrets. A fingerprint of secrets is one to Pulumi alone.
func secretPods(w *world) []string {
	var c complaints
	for _, of := range w.workloads {
		leaves(nil, resource.NewProperty(of.Inputs), false, func(path []string, _ string, secret bool) {
			if secret && !strings.HasPrefix(path[len(path)-1], "checksum/") {
				c.add(of.Resource, "%s is secret: refer to it instead", strings.Join(path, "."))
			}
		})
	}
	return c
}

var (
	versionLabel = regexp.MustCompile(`(?i)version|revision|release|hash|checksum|digest|image|chart`)
	versionValue = regexp.MustCompile(`(^|[^0-9])v?[0-9]+\.[0-9]+`)
)

// selectors are immutable, or keep what is selected from being found after an update.
func selectors(w *world) []string {
	var c complaints
	for _, r := range w.rec.Ordered() {
		if !isKubernetes(r) {
			continue
		}
		leaves(nil, resource.NewProperty(r.Inputs), false, func(path []string, text string, _ bool) {
			inSelector := slices.ContainsFunc(path[:len(path)-1], func(key string) bool {
				return strings.HasSuffix(strings.ToLower(key), "selector")
			})
			changes := versionLabel.MatchString(path[len(path)-1]) || versionValue.MatchString(text)
			if inSelector && changes {
				c.add(r, "%s=%s changes with the version", strings.Join(path, "."), text)
			}
		})
	}
	return c
}

func autoscaled(w *world) []string {
	var c complaints
	owned := map[string]bool{}
	for _, scaler := range w.autoscalers {
		target := scaler.v.Spec.ScaleTargetRef
		i := slices.IndexFunc(w.workloads, func(of workload) bool {
			return of.kind == target.Kind && of.meta.Name == target.Name && of.meta.Namespace == scaler.v.Namespace
		})
		if i < 0 {
			c.add(scaler.Resource, "scales %s %s, which is not there", target.Kind, target.Name)
			continue
		}
		owned[string(w.workloads[i].URN)] = true
		if w.workloads[i].replicas != nil {
			c.add(w.workloads[i].Resource, "has %d replicas, and an autoscaler", *w.workloads[i].replicas)
		}
	}
	for _, of := range w.workloads {
		scalable := of.kind == "Deployment" || of.kind == "StatefulSet"
		if scalable && of.replicas == nil && !owned[string(of.URN)] {
			c.add(of.Resource, "says neither its replicas nor an autoscaler")
		}
	}
	return c
}

// hash is the end of the name of an object that is made anew for each content.
var hash = regexp.MustCompile(`-[0-9a-f]{8}$`)

func immutable(w *world) []string {
	var c complaints
	for _, config := range w.configMaps {
		if config.v.Immutable == nil || !*config.v.Immutable {
			c.add(config.Resource, "is not immutable")
		}
		if !hash.MatchString(config.v.Name) {
			c.add(config.Resource, "its name %s does not end in a hash of its content", config.v.Name)
		}
	}
	return c
}

// protection: prod keeps what cannot be made again, everything else can be destroyed.
func protection(w *world) []string {
	var c complaints
	for _, of := range w.named {
		// An operator's namespace holds nothing that its release does not make again.
		precious := of.Type == "kubernetes:core/v1:Namespace" && !strings.HasSuffix(of.Name, "-namespace-namespace") || of.Type == "kubernetes:core/v1:PersistentVolumeClaim"
		switch protected := of.Protect != nil && *of.Protect; {
		case w.prod && precious && !protected:
			c.add(of.Resource, "is not protected")
		case !w.prod && protected:
			c.add(of.Resource, "is protected, so that the stack cannot be destroyed")
		}
	}
	for _, of := range w.workloads {
		if w.prod && of.kind == "StatefulSet" && of.claims > 0 && !of.retains {
			c.add(of.Resource, "its volumes go when it does")
		}
	}
	return c
}

func pinned(w *world) []string {
	var c complaints
	for _, of := range w.workloads {
		for _, container := range of.containers() {
			named, err := reference.ParseNormalizedNamed(container.Image)
			if err != nil {
				c.add(of.Resource, "image %q: %v", container.Image, err)
				continue
			}
			if _, tagged := named.(reference.Tagged); !tagged {
				c.add(of.Resource, "image %s has no tag", container.Image)
			}
			if _, digested := named.(reference.Digested); w.prod && !digested {
				c.add(of.Resource, "image %s has no digest", container.Image)
			}
			if slices.Contains(w.mirrored, reference.Domain(named)) {
				c.add(of.Resource, "image %s is not pulled from the mirror", container.Image)
			}
		}
	}
	return c
}
