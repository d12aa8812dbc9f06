package simulation

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"
)

// operation begins one. The world is locked until it is done.
func (s *server) operation(ctx context.Context, urn, id string, inputs Object) (*Operation, func(), error) {
	token, kind, err := s.kind(urn)
	if err != nil {
		return nil, nil, err
	}
	o := &Operation{
		Entry:   Entry{Type: token, ID: id, Inputs: inputs, Outputs: Object{}, Scope: s.settings},
		Logical: resource.URN(urn).Name(),
		ctx:     ctx, kind: kind, cloud: &s.cloud, world: s.world, changes: map[string]Entry{},
	}
	s.world.mu.Lock()
	return o, s.world.mu.Unlock, nil
}

// Create makes a resource, unless the service would refuse.
func (s *server) Create(ctx context.Context, req *pulumirpc.CreateRequest) (*pulumirpc.CreateResponse, error) {
	inputs, err := decode(req.GetProperties())
	if err != nil {
		return nil, fmt.Errorf("reading the inputs of %s: %w", req.GetUrn(), err)
	}
	o, done, err := s.operation(ctx, req.GetUrn(), "", plainMap(inputs))
	if err != nil {
		return nil, err
	}
	defer done()
	if req.GetPreview() {
		o.Entry.Outputs = s.planned(o)
		state, err := s.state(o, inputs)
		return &pulumirpc.CreateResponse{Properties: state}, err
	}
	o.Entry.Made = time.Now().UTC()
	if o.Entry.Name, err = o.text(o.kind.Name); err != nil {
		return nil, err
	}
	if err := o.checkReferences(); err != nil {
		return nil, err
	}
	if o.Entry.ID, err = o.text(o.kind.ID); err != nil {
		return nil, err
	}
	s.tag(o)
	if err := o.addOutputs(slices.Collect(maps.Keys(o.kind.Outputs))); err != nil {
		return nil, err
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	if before, ok := s.world.entries[o.Entry.Key()]; ok && before.Left == "" && !o.kind.Adopts {
		return nil, o.Refuse("there is one with the id %s already", o.Entry.ID)
	}
	if err := o.addSides(); err != nil {
		return nil, err
	}
	if err := o.commit(); err != nil {
		return nil, err
	}
	state, err := s.state(o, inputs)
	return &pulumirpc.CreateResponse{Id: o.Entry.ID, Properties: state}, err
}

// check refuses what the service would refuse for what else is in the cloud.
func (o *Operation) check() error {
	for _, check := range []func() error{o.checkRanges, o.checkUnique} {
		if err := check(); err != nil {
			return err
		}
	}
	for _, rule := range o.kind.Rules {
		if err := rule(o); err != nil {
			return err
		}
	}
	return nil
}

// addOutputs renders outputs of the table. Those that need another come after it in the alphabet, or name it wholly.
func (o *Operation) addOutputs(keys []string) error {
	slices.Sort(keys)
	for _, key := range keys {
		if _, given := o.Entry.Inputs[key].(Object); o.Entry.Inputs[key] != nil && !given {
			continue
		}
		v, err := o.Render(o.kind.Outputs[key])
		if err != nil {
			return err
		}
		if v != nil {
			o.Entry.Outputs[key] = v
		}
	}
	return nil
}

// planned are the outputs of a resource that is yet to be made.
func (s *server) planned(o *Operation) Object {
	outputs := Object{}
	for key, template := range o.kind.Outputs {
		outputs[key] = planned(template)
	}
	for _, key := range o.kind.AllTags {
		outputs[key] = unknown{}
	}
	return outputs
}

func planned(template any) any {
	inner, ok := template.(Object)
	if !ok {
		return unknown{}
	}
	result := make(Object, len(inner))
	for key, v := range inner {
		result[key] = planned(v)
	}
	return result
}

// tag gives the resource its tags and the provider's.
func (s *server) tag(o *Operation) {
	if o.kind.Tags == "" {
		return
	}
	o.Entry.Tags = map[string]string{}
	if len(o.kind.AllTags) > 0 {
		maps.Copy(o.Entry.Tags, s.labels)
	}
	if own, ok := get(o.Entry.Inputs, o.kind.Tags).(Object); ok {
		for key, v := range own {
			o.Entry.Tags[key] = written(v)
		}
	}
	all := Object{}
	for key, v := range o.Entry.Tags {
		all[key] = v
	}
	for _, key := range o.kind.AllTags {
		o.Entry.Outputs[key] = cloneObject(all)
	}
}

func (o *Operation) addSides() error {
	for _, side := range o.kind.Sides {
		id, err := o.text(side.ID)
		if err != nil {
			return err
		}
		properties, err := o.Render(side.Properties)
		if err != nil {
			return err
		}
		inputs, _ := properties.(Object)
		o.Put(Entry{
			Type: side.Type, ID: id, Name: written(inputs["name"]), Tags: o.Entry.Tags, Maker: o.describe(),
			Owner: o.Entry.Key(), Inputs: inputs,
		})
	}
	return nil
}

// commit puts the resource and all that came of it into the world.
func (o *Operation) commit() error {
	stored := o.Entry
	stored.Inputs = cloneObject(stored.Inputs)
	for _, key := range o.kind.Secret {
		if v := stored.Inputs[key]; v != nil {
			stored.Inputs[key] = hashed(v)
		}
	}
	if o.Old != nil {
		delete(o.world.entries, o.Old.Key())
	}
	o.world.entries[stored.Key()] = stored
	o.apply()
	return o.world.write()
}

// hashed is what the world keeps of a secret.
func hashed(v any) string {
	content, err := json.Marshal(v)
	if err != nil {
		content = nil
	}
	sum := sha256.Sum256(content)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// state is what the engine keeps of a resource. What is secret in the inputs is secret in it.
func (s *server) state(o *Operation, inputs resource.PropertyMap) (*structpb.Struct, error) {
	out := propertyMap(o.Entry.Properties())
	for key, v := range out {
		if strings.HasPrefix(string(key), "__") {
			delete(out, key)
			continue
		}
		if inputs[key].ContainsSecrets() || slices.Contains(o.kind.Secret, string(key)) {
			out[key] = resource.MakeSecret(v)
		}
	}
	state, err := encode(out)
	if err != nil {
		return nil, fmt.Errorf("writing the state of %s: %w", o.describe(), err)
	}
	return state, nil
}

// Update changes a resource, unless the service would refuse.
func (s *server) Update(ctx context.Context, req *pulumirpc.UpdateRequest) (*pulumirpc.UpdateResponse, error) {
	inputs, err := decode(req.GetNews())
	if err != nil {
		return nil, fmt.Errorf("reading the inputs of %s: %w", req.GetUrn(), err)
	}
	o, done, err := s.operation(ctx, req.GetUrn(), req.GetId(), plainMap(inputs))
	if err != nil {
		return nil, err
	}
	defer done()
	before, ok := s.world.entries[o.Entry.Key()]
	if !ok || before.Left != "" {
		return nil, o.Refuse("%s does not exist; somebody deleted it: run a refresh first", req.GetId())
	}
	o.Old = &before
	o.Entry = Entry{
		Type: before.Type, ID: before.ID, Name: before.Name, Made: before.Made, Maker: before.Maker, Owner: before.Owner,
		Inputs: o.Entry.Inputs, Outputs: cloneObject(before.Outputs), Scope: before.Scope,
	}
	if req.GetPreview() {
		for _, key := range append(slices.Clone(o.kind.Fresh), o.kind.AllTags...) {
			o.Entry.Outputs[key] = unknown{}
		}
		state, err := s.state(o, inputs)
		return &pulumirpc.UpdateResponse{Properties: state}, err
	}
	if o.Entry.Name, err = o.text(o.kind.Name); err != nil {
		return nil, err
	}
	if err := o.checkReferences(); err != nil {
		return nil, err
	}
	s.tag(o)
	if err := o.addOutputs(o.kind.Fresh); err != nil {
		return nil, err
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	if err := o.commit(); err != nil {
		return nil, err
	}
	state, err := s.state(o, inputs)
	return &pulumirpc.UpdateResponse{Properties: state}, err
}

// Read finds a resource as it is in the cloud now.
func (s *server) Read(ctx context.Context, req *pulumirpc.ReadRequest) (*pulumirpc.ReadResponse, error) {
	inputs, err := decode(req.GetInputs())
	if err != nil {
		return nil, fmt.Errorf("reading the inputs of %s: %w", req.GetUrn(), err)
	}
	o, done, err := s.operation(ctx, req.GetUrn(), req.GetId(), nil)
	if err != nil {
		return nil, err
	}
	defer done()
	live, ok := s.world.entries[o.Entry.Key()]
	if !ok || live.Left != "" {
		return &pulumirpc.ReadResponse{}, nil
	}
	o.Entry = live
	now := o.drifted(inputs, live)
	o.Entry.Inputs = plainMap(now)
	state, err := s.state(o, now)
	if err != nil {
		return nil, err
	}
	encoded, err := encode(now)
	return &pulumirpc.ReadResponse{Id: live.ID, Properties: state, Inputs: encoded}, err
}

// drifted are the inputs as they are in the cloud: the old ones where nobody changed them.
func (o *Operation) drifted(old resource.PropertyMap, live Entry) resource.PropertyMap {
	now := resource.PropertyMap{}
	if list, ok := old[defaultsKey]; ok {
		now[defaultsKey] = list
	}
	for key, v := range live.Inputs {
		k := resource.PropertyKey(key)
		before := plain(old[k])
		kept := same(before, v)
		if slices.Contains(o.kind.Secret, key) && before != nil {
			kept = hashed(before) == v
		}
		switch {
		case kept:
			now[k] = old[k]
		case old[k].ContainsSecrets():
			now[k] = resource.MakeSecret(property(v))
		default:
			now[k] = property(v)
		}
	}
	return now
}

// Delete takes a resource out of the cloud, unless the service would refuse.
func (s *server) Delete(ctx context.Context, req *pulumirpc.DeleteRequest) (*emptypb.Empty, error) {
	o, done, err := s.operation(ctx, req.GetUrn(), req.GetId(), nil)
	if err != nil {
		return nil, err
	}
	defer done()
	live, ok := s.world.entries[o.Entry.Key()]
	if !ok || live.Left != "" {
		return &emptypb.Empty{}, nil
	}
	o.Entry = live
	if o.kind.Abandons != "" && live.Text("deletionPolicy") == o.kind.Abandons {
		live.Maker = "the program, which abandoned it"
		s.world.entries[live.Key()] = live
		return &emptypb.Empty{}, s.world.write()
	}
	for _, g := range o.kind.Guards {
		if get(live.Properties(), g.Path) == true {
			return nil, o.Refuse("%s", say(g.Says, "id", live.ID, "name", live.label()))
		}
	}
	falling, err := o.checkUnused()
	if err != nil {
		return nil, err
	}
	for _, rule := range o.kind.Last {
		if err := rule(o); err != nil {
			return nil, err
		}
	}
	if live.Type == s.cloud.Cluster {
		if err := o.orphan(); err != nil {
			return nil, err
		}
	}
	for _, e := range falling {
		s.world.drop(e.Key())
	}
	s.world.drop(live.Key())
	if o.kind.Remains != nil {
		if live.Left = o.kind.Remains(live); live.Left != "" {
			s.world.entries[live.Key()] = live
		}
	}
	o.apply()
	return &emptypb.Empty{}, s.world.write()
}

// orphan leaves in the world what the objects in a cluster have made: nobody takes it away any more.
func (o *Operation) orphan() error {
	inhabitants, err := o.inhabitants()
	for _, e := range inhabitants {
		e.Maker = strings.TrimSpace(e.Maker + " of the deleted " + o.describe())
		o.Put(e)
	}
	return err
}
