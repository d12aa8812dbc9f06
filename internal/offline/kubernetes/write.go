package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Create makes an object and waits until it is ready.
func (s *server) Create(ctx context.Context, req *pulumirpc.CreateRequest) (*pulumirpc.CreateResponse, error) {
	if isRelease(req.GetUrn()) {
		return s.createRelease(ctx, req)
	}
	inputs, err := decode(req.GetProperties())
	if err != nil {
		return nil, fmt.Errorf("reading the inputs of %s: %w", req.GetUrn(), err)
	}
	hidden := newRedactor(inputs)
	ctx, done := s.operation(ctx, req.GetUrn(), hidden)
	defer done()
	response, err := s.make(ctx, req, inputs, hidden)
	return response, hidden.err(err)
}

func (s *server) make(
	ctx context.Context, req *pulumirpc.CreateRequest, inputs resource.PropertyMap, hidden redactor,
) (*pulumirpc.CreateResponse, error) {
	urn, o := req.GetUrn(), object(inputs)
	if req.GetPreview() {
		if err := s.previewCreate(ctx, urn, o); err != nil {
			return nil, err
		}
		return &pulumirpc.CreateResponse{Properties: req.GetProperties()}, nil
	}
	c, err := s.connect(ctx)
	if err != nil {
		return nil, failed("creating %s: %w", describe(o), err)
	}
	manager, err := newManager(o)
	if err != nil {
		return nil, failed("creating %s: %w", describe(o), err)
	}
	options := applyOptions{manager: manager, force: s.force(o)}
	live, err := c.createWhenPossible(ctx, func() (*unstructured.Unstructured, error) {
		switch {
		case isPatch(urn, o.GetKind()):
			return c.patch(ctx, o, options)
		case s.settings.upsert:
			return c.apply(ctx, o, options)
		}
		return c.create(ctx, o, options)
	})
	if err != nil {
		return nil, createError(o, err)
	}
	live, waitErr := s.await(ctx, c, urn, o, live, req.GetTimeout())
	encoded, err := encode(state(inputs, live, manager))
	if err != nil {
		return nil, fmt.Errorf("writing the state of %s: %w", urn, err)
	}
	if waitErr != nil {
		return nil, initFailed(identity(live), encoded, nil, hidden.texts(reasons(
			describe(live)+" was created, but is not ready", waitErr)))
	}
	return &pulumirpc.CreateResponse{Id: identity(live), Properties: encoded}, nil
}

// previewCreate lets the API server check an object that is fully known. What exists already may be about to be
// replaced, and a namespace or kind that is missing about to be made; nor is a missing right to write an error yet.
func (s *server) previewCreate(ctx context.Context, urn string, o *unstructured.Unstructured) error {
	if hasUnknown(o.Object) || isPatch(urn, o.GetKind()) {
		return nil
	}
	c, err := s.connect(ctx)
	if err != nil {
		s.host.warn(ctx, urn, fmt.Sprintf("not checked: %v", err))
		return nil
	}
	_, err = c.create(ctx, o, applyOptions{manager: "pulumi-kubernetes", dryRun: true})
	if err == nil || absent(err) || apierrors.IsForbidden(err) || apierrors.IsAlreadyExists(err) || dryRunRefused(err) {
		return nil
	}
	return createError(o, err)
}

// dryRunRefused reports whether an admission webhook has side effects and so cannot take part in a dry run.
func dryRunRefused(err error) bool {
	return apierrors.IsBadRequest(err) && strings.Contains(err.Error(), "does not support dry run")
}

// Update applies the new inputs to an object and waits until it is ready again.
func (s *server) Update(ctx context.Context, req *pulumirpc.UpdateRequest) (*pulumirpc.UpdateResponse, error) {
	if isRelease(req.GetUrn()) {
		return s.updateRelease(ctx, req)
	}
	inputs, err := decode(req.GetNews())
	if err != nil {
		return nil, fmt.Errorf("reading the inputs of %s: %w", req.GetUrn(), err)
	}
	hidden := newRedactor(inputs)
	ctx, done := s.operation(ctx, req.GetUrn(), hidden)
	defer done()
	response, err := s.change(ctx, req, inputs, hidden)
	return response, hidden.err(err)
}

func (s *server) change(
	ctx context.Context, req *pulumirpc.UpdateRequest, inputs resource.PropertyMap, hidden redactor,
) (*pulumirpc.UpdateResponse, error) {
	urn := req.GetUrn()
	before, err := decode(req.GetOlds())
	if err != nil {
		return nil, fmt.Errorf("reading the state of %s: %w", urn, err)
	}
	o := object(inputs)
	if req.GetPreview() && hasUnknown(o.Object) {
		return &pulumirpc.UpdateResponse{Properties: req.GetNews()}, nil
	}
	c, err := s.connect(ctx)
	if err != nil && req.GetPreview() {
		s.host.warn(ctx, urn, fmt.Sprintf("not checked: %v", err))
		return &pulumirpc.UpdateResponse{Properties: req.GetNews()}, nil
	}
	if err != nil {
		return nil, failed("updating %s: %w", describe(o), err)
	}
	managers, err := updateManagers(o, before)
	if err != nil {
		return nil, failed("updating %s: %w", describe(o), err)
	}
	live, err := s.update(ctx, c, urn, o, managers, req)
	if req.GetPreview() {
		if err != nil && (absent(err) || apierrors.IsForbidden(err) || dryRunRefused(err)) {
			return &pulumirpc.UpdateResponse{Properties: req.GetNews()}, nil
		}
		if err == nil {
			for _, field := range []string{"resourceVersion", "generation"} {
				unstructured.RemoveNestedField(live.Object, "metadata", field)
			}
		}
	}
	if err != nil {
		return nil, updateError(o, err)
	}
	var waitErr error
	if !req.GetPreview() {
		live, waitErr = s.await(ctx, c, urn, o, live, req.GetTimeout())
	}
	encoded, err := encode(state(inputs, live, managers.now))
	if err != nil {
		return nil, fmt.Errorf("writing the state of %s: %w", urn, err)
	}
	if waitErr != nil {
		return nil, initFailed(identity(live), encoded, nil, hidden.texts(reasons(
			describe(live)+" was updated, but is not ready", waitErr)))
	}
	return &pulumirpc.UpdateResponse{Properties: encoded}, nil
}

// update applies o in the name of the manager that owns the object's fields by now.
func (s *server) update(
	ctx context.Context, c *cluster, urn string, o *unstructured.Unstructured, managers managers,
	req *pulumirpc.UpdateRequest,
) (*unstructured.Unstructured, error) {
	live, err := c.read(ctx, o)
	if err != nil {
		return nil, err
	}
	ignored, err := parsePaths(req.GetIgnoreChanges())
	if err != nil {
		return nil, err
	}
	options := applyOptions{manager: managers.now, force: s.force(o), dryRun: req.GetPreview()}
	if isPatch(urn, o.GetKind()) {
		return c.patch(ctx, o, options)
	}
	ignore(o, live, ignored)
	if req.GetPreview() {
		// The fields are only taken over by the update itself.
		patch, err := upgrade(live, managers.now)
		if err != nil {
			return nil, err
		}
		options.force = options.force || patch != nil
		return c.apply(ctx, o, options)
	}
	if err := c.adopt(ctx, live, managers.now); err != nil {
		return nil, err
	}
	updated, err := c.apply(ctx, o, options)
	if err == nil && managers.before != "" && managers.before != managers.now {
		return updated, c.relinquish(ctx, o, managers.before)
	}
	return updated, err
}

// ignore sets what ignoreChanges names to what it is in the cluster, so that the update leaves it.
func ignore(o, live *unstructured.Unstructured, paths []resource.PropertyPath) {
	for _, path := range paths {
		keys := make([]string, 0, len(path))
		for _, key := range path {
			if name, ok := key.(string); ok {
				keys = append(keys, name)
			}
		}
		if len(keys) < len(path) || len(keys) == 0 {
			continue // Elements of lists have no stable place.
		}
		if value := get(live.Object, keys...); value != nil {
			_ = unstructured.SetNestedField(o.Object, value, keys...)
		}
	}
}

// Delete removes an object and waits until it is gone. A Patch resource gives its fields up.
func (s *server) Delete(ctx context.Context, req *pulumirpc.DeleteRequest) (*emptypb.Empty, error) {
	urn := req.GetUrn()
	if isRelease(urn) {
		return s.deleteRelease(ctx, req)
	}
	before, err := decode(req.GetProperties())
	if err != nil {
		return nil, fmt.Errorf("reading the state of %s: %w", urn, err)
	}
	inputs, live := remembered(before)
	ctx, done := s.operation(ctx, urn, newRedactor(inputs))
	defer done()
	given := object(inputs)
	c, err := s.connect(ctx)
	if err != nil && s.settings.deleteUnreachable {
		s.host.warn(ctx, urn, fmt.Sprintf("forgotten, because deleteUnreachable is set: %v", err))
		return &emptypb.Empty{}, nil
	}
	if err != nil {
		return nil, failed("deleting %s: %w; where the cluster is gone for good, set the provider's deleteUnreachable",
			describe(live), err)
	}
	if isPatch(urn, live.GetKind()) {
		err = c.relinquish(ctx, live, managerOf(before))
	} else {
		err = s.remove(ctx, c, urn, given, live, req.GetTimeout())
	}
	if err != nil && !absent(err) {
		return nil, failed("deleting %s: %w", describe(live), err)
	}
	return &emptypb.Empty{}, nil
}

// managers are the field managers of an update: the one of the state, and the one to use.
type managers struct{ before, now string }

func updateManagers(o *unstructured.Unstructured, before resource.PropertyMap) (managers, error) {
	m := managers{before: managerOf(before)}
	switch chosen := annotation(o, patchManagerKey); {
	case chosen != "":
		m.now = chosen
	case m.before != "":
		m.now = m.before
	default:
		made, err := newManager(o)
		m.now = made
		return m, err
	}
	return m, nil
}

// newManager names a field manager: as pulumi.com/patchFieldManager says, else at random, as the plugin does, so that
// two resources never share fields by chance.
func newManager(o *unstructured.Unstructured) (string, error) {
	if chosen := annotation(o, patchManagerKey); chosen != "" {
		return chosen, nil
	}
	name, err := resource.NewUniqueName(nil, "pulumi-kubernetes-", 8, 0, nil)
	if err != nil {
		return "", fmt.Errorf("naming a field manager: %w", err)
	}
	return name, nil
}

// force reports whether an apply takes fields from other managers.
func (s *server) force(o *unstructured.Unstructured) bool {
	if value := annotation(o, patchForceKey); value != "" {
		return value == "true"
	}
	return s.settings.patchForce
}

// createError says why an object was not made, and what to do.
func createError(o *unstructured.Unstructured, err error) error {
	switch {
	case apierrors.IsAlreadyExists(err):
		err = fmt.Errorf("%w; import it, change it with a Patch resource, or delete it", err)
	case meta.IsNoMatchError(err):
		err = fmt.Errorf("the API server does not know %s %s: %w; its CustomResourceDefinition must be there first: make "+
			"the resource depend on what installs it", o.GetAPIVersion(), o.GetKind(), err)
	}
	return operationError("creating", o, err)
}

// updateError says why an object was not changed, and what to do.
func updateError(o *unstructured.Unstructured, err error) error {
	switch {
	case meta.IsNoMatchError(err):
		err = fmt.Errorf("the API server does not know %s %s: %w", o.GetAPIVersion(), o.GetKind(), err)
	case apierrors.IsNotFound(err):
		err = fmt.Errorf("%w; somebody deleted it: run a refresh first", err)
	}
	return operationError("updating", o, err)
}

// operationError tells the engine whether the API server refused, or the outcome is not known.
func operationError(doing string, o *unstructured.Unstructured, err error) error {
	var refused apierrors.APIStatus
	code := codes.Unknown
	answered := errors.As(err, &refused) && !apierrors.IsServerTimeout(err) && !apierrors.IsTimeout(err)
	if answered || meta.IsNoMatchError(err) {
		code = codes.FailedPrecondition
	}
	return status.Error(code, fmt.Errorf("%s %s: %w", doing, describe(o), err).Error())
}

// reasons lists a message and everything that an error tells, each once.
func reasons(message string, err error) []string {
	var unready *unreadyError
	if !errors.As(err, &unready) {
		return []string{message + ": " + err.Error()}
	}
	first, others := unready.summary, []string{}
	for _, reason := range unready.reasons {
		if strings.HasPrefix(reason, first) {
			first = reason // It says the same and more.
		} else {
			others = append(others, reason)
		}
	}
	return append([]string{message + ": " + first}, others...)
}
