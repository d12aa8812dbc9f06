package clouds_test

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"plinth/config"
	"plinth/internal/offline/aws"
	"plinth/internal/offline/gcp"
	"plinth/internal/offline/simulation"
	"plinth/internal/offline/simulation/simulationtest"
	"plinth/internal/record"
)

// simulated answers the registrations of a program out of a simulated cloud.
type simulated struct {
	*simulationtest.Engine
	prefix string

	mu      sync.Mutex
	made    []*simulationtest.Resource
	refused []string
}

// simulate opens an empty cloud for the stack, with the arguments that the program gives its provider.
func (v variant) simulate(t *testing.T) *simulated {
	t.Helper()
	cloud := aws.Cloud(simulation.Kubernetes{})
	if v.cloud == config.OnGCP {
		cloud = gcp.Cloud(simulation.Kubernetes{})
	}
	arguments := simulationtest.Object{}
	for key, value := range of(v.record(t), "pulumi:providers:"+cloud.Name)[0].Inputs {
		arguments[string(key)] = value
	}
	return &simulated{Engine: simulationtest.Start(t, cloud, t.TempDir(), arguments), prefix: cloud.Name + ":"}
}

// invoke answers the functions that the program calls, as the simulated clouds do.
func invoke(token string, arguments resource.PropertyMap) (resource.PropertyMap, error) {
	for _, cloud := range []simulation.Cloud{aws.Cloud(simulation.Kubernetes{}), gcp.Cloud(simulation.Kubernetes{})} {
		if function, ok := cloud.Functions[token]; ok {
			result, err := function(simulation.Object{}, arguments.Mappable())
			return resource.NewPropertyMapFromMap(result), err
		}
	}
	return nil, fmt.Errorf("function %s: no simulated cloud knows it", token)
}

// answer makes a resource, if it is one of the cloud's.
func (s *simulated) answer(r *record.Resource) resource.PropertyMap {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.Type == "random:index/randomId:RandomId" {
		sum := fnv.New32a()
		_, _ = sum.Write([]byte(r.Name))
		outputs := r.Inputs.Copy()
		outputs["hex"] = resource.NewProperty(fmt.Sprintf("%08x", sum.Sum32()))
		return outputs
	}
	if !strings.HasPrefix(string(r.Type), s.prefix) {
		return r.Inputs
	}
	inputs := simulationtest.Object{}
	for key, value := range r.Inputs {
		inputs[string(key)] = value
	}
	made, err := s.Create(string(r.Type), r.Name, inputs)
	if err != nil {
		s.refused = append(s.refused, r.Label()+": "+err.Error())
		return r.Inputs
	}
	s.made = append(s.made, made)
	outputs := made.State.Copy()
	outputs["id"] = resource.NewStringProperty(made.ID)
	return outputs
}

// The order of making is one in which everything has what it needs; deleting in reverse is what destroy does.
func TestSimulatedCloudsTakeEveryStackAndGiveItBack(t *testing.T) {
	for _, v := range append(variants(), managedVariants()...) {
		t.Run(v.String(), func(t *testing.T) {
			s := v.simulate(t)
			options := v.options(t)
			options.Outputs, options.Invoke = s.answer, invoke
			rec := run(t, options)
			for _, refused := range s.refused {
				t.Error(refused)
			}
			if len(s.made) < 20 {
				t.Errorf("got %d resources in the cloud, want 20 at least", len(s.made))
			}
			kept := map[string]bool{}
			for _, r := range rec.Resources {
				if r.RetainOnDelete != nil && *r.RetainOnDelete || r.Protect != nil && *r.Protect {
					kept[simulationtest.URN(string(r.Type), r.Name)] = true
				}
			}
			for _, r := range slices.Backward(s.made) {
				if before := r.Inputs; s.Refresh(r) || !r.Inputs.DeepEquals(before) {
					t.Errorf("%s: got other inputs after a refresh: %v, want %v", r.URN, r.Inputs, before)
				}
				if v.tier == config.Prod || kept[r.URN] {
					continue
				}
				if err := s.Delete(r); err != nil {
					t.Errorf("deleting %s: %v", r.URN, err)
				}
			}
			if v.tier == config.Prod {
				return // Its cluster is protected, and so is all that the cluster holds.
			}
			for _, entry := range s.World.Contents() {
				if entry.Left == "" && !slices.ContainsFunc(s.made, func(r *simulationtest.Resource) bool {
					return kept[r.URN] && r.ID == entry.ID
				}) {
					t.Errorf("%s is left in the cloud", entry.Key())
				}
			}
		})
	}
}
