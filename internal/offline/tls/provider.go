package tls

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"plinth/internal/offline/stateless"
)

// Version is the plugin version that the stand-in reports: that of the SDK which programs are built with, because the
// engine refuses an older plugin.
const Version = "5.1.0"

// server is one provider.
type server struct{ stateless.Server }

// New returns a provider for one connection of the engine.
func New() pulumirpc.ResourceProviderServer {
	return &server{stateless.Server{Plugin: "tls", Version: Version}}
}

// maker makes the values of one resource type.
type maker struct {
	// inputs has every input that is honoured, with its default; one without is null.
	inputs resource.PropertyMap
	// required are inputs that must be there.
	required []resource.PropertyKey
	make     func(in resource.PropertyMap) (id string, outputs resource.PropertyMap, err error)
}

// makerOf finds what makes the values of a resource, by its type.
func (s *server) makerOf(urn string) (maker, error) {
	null, no, zero := resource.NewNullProperty(), resource.NewBoolProperty(false), resource.NewNumberProperty(0)
	with := func(more ...resource.PropertyMap) resource.PropertyMap {
		all := resource.PropertyMap{}
		for _, m := range more {
			maps.Copy(all, m)
		}
		return all
	}
	names := resource.PropertyMap{
		"subject": null, "dnsNames": null, "ipAddresses": null, "uris": null, "privateKeyPem": null,
	}
	validity := resource.PropertyMap{
		"allowedUses": null, "validityPeriodHours": null, "earlyRenewalHours": zero, "isCaCertificate": no,
		"setSubjectKeyId": no,
	}
	switch token := string(resource.URN(urn).Type()); token {
	case "tls:index/privateKey:PrivateKey":
		return maker{resource.PropertyMap{
			"algorithm": null, "ecdsaCurve": resource.NewStringProperty("P224"), "rsaBits": resource.NewNumberProperty(2048),
		}, []resource.PropertyKey{"algorithm"}, makeKey}, nil
	case "tls:index/certRequest:CertRequest":
		return maker{names, []resource.PropertyKey{"privateKeyPem"}, makeRequest}, nil
	case "tls:index/selfSignedCert:SelfSignedCert":
		return maker{
			with(names, validity, resource.PropertyMap{"setAuthorityKeyId": no}),
			[]resource.PropertyKey{"privateKeyPem", "allowedUses", "validityPeriodHours"},
			makeSelfSigned,
		}, nil
	case "tls:index/locallySignedCert:LocallySignedCert":
		required := []resource.PropertyKey{
			"caCertPem", "caPrivateKeyPem", "certRequestPem", "allowedUses", "validityPeriodHours",
		}
		return maker{
			with(validity, resource.PropertyMap{"caCertPem": null, "caPrivateKeyPem": null, "certRequestPem": null}),
			required, makeLocallySigned,
		}, nil
	default:
		return maker{}, s.NotSupported("resource type " + token)
	}
}

// Check fills in defaults and refuses inputs that nothing can be made from.
func (s *server) Check(_ context.Context, req *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	maker, err := s.makerOf(req.GetUrn())
	if err != nil {
		return nil, err
	}
	inputs, err := stateless.Decode(req.GetNews())
	if err != nil {
		return nil, fmt.Errorf("reading the inputs of %s: %w", req.GetUrn(), err)
	}
	response := &pulumirpc.CheckResponse{}
	fail := func(key resource.PropertyKey, reason string) {
		response.Failures = append(response.Failures, &pulumirpc.CheckFailure{Property: string(key), Reason: reason})
	}
	for _, key := range slices.Sorted(maps.Keys(inputs)) {
		if _, known := maker.inputs[key]; !known {
			fail(key, "not supported by this stand-in of the tls plugin")
		}
	}
	for _, key := range maker.required {
		if _, given := inputs[key]; !given {
			fail(key, "must be set")
		}
	}
	for key, value := range maker.inputs {
		if _, given := inputs[key]; !given && !value.IsNull() {
			inputs[key] = value
		}
	}
	if len(response.Failures) == 0 && !inputs.ContainsUnknowns() {
		if err := check(inputs); err != nil {
			fail("", err.Error())
		}
	}
	response.Inputs, err = stateless.Encode(inputs)
	return response, err
}

// Diff replaces on every change of what the value is made from, and when a certificate is due.
func (*server) Diff(_ context.Context, req *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	var decoded [3]resource.PropertyMap
	for i, properties := range []func() (resource.PropertyMap, error){
		func() (resource.PropertyMap, error) { return stateless.Decode(req.GetOldInputs()) },
		func() (resource.PropertyMap, error) { return stateless.Decode(req.GetNews()) },
		func() (resource.PropertyMap, error) { return stateless.Decode(req.GetOlds()) },
	} {
		var err error
		if decoded[i], err = properties(); err != nil {
			return nil, fmt.Errorf("reading the properties of %s: %w", req.GetUrn(), err)
		}
	}
	old, now, state := decoded[0], decoded[1], decoded[2]
	early := number(now, "earlyRenewalHours")
	// When a certificate is renewed is not in it.
	delete(old, "earlyRenewalHours")
	delete(now, "earlyRenewalHours")
	response := stateless.Changes(old, now, req.GetIgnoreChanges())
	if end := word(state, "validityEndTime"); end != "" {
		expires, err := time.Parse(time.RFC3339, end)
		if err != nil {
			return nil, fmt.Errorf("reading when %s expires: %w", req.GetUrn(), err)
		}
		if !time.Now().Before(expires.Add(-time.Duration(early) * time.Hour)) {
			stateless.Replace(response, "readyForRenewal", pulumirpc.PropertyDiff_UPDATE_REPLACE, req.GetIgnoreChanges())
		}
	}
	return response, nil
}

// Create makes the value.
func (s *server) Create(_ context.Context, req *pulumirpc.CreateRequest) (*pulumirpc.CreateResponse, error) {
	maker, err := s.makerOf(req.GetUrn())
	if err != nil {
		return nil, err
	}
	inputs, err := stateless.Decode(req.GetProperties())
	if err != nil {
		return nil, fmt.Errorf("reading the inputs of %s: %w", req.GetUrn(), err)
	}
	if req.GetPreview() {
		return &pulumirpc.CreateResponse{Properties: req.GetProperties()}, nil
	}
	id, outputs, err := maker.make(inputs)
	if err != nil {
		return nil, status.Errorf(codes.FailedPrecondition, "making %s: %v", resource.URN(req.GetUrn()).Name(), err)
	}
	state := inputs.Copy()
	maps.Copy(state, outputs)
	properties, err := stateless.Encode(state)
	return &pulumirpc.CreateResponse{Id: id, Properties: properties}, err
}

// open takes a value out of what says that it is secret.
func open(v resource.PropertyValue) resource.PropertyValue {
	for v.IsSecret() {
		v = v.SecretValue().Element
	}
	return v
}

func word(in resource.PropertyMap, key resource.PropertyKey) string {
	if v := open(in[key]); v.IsString() {
		return v.StringValue()
	}
	return ""
}

func number(in resource.PropertyMap, key resource.PropertyKey) int {
	if v := open(in[key]); v.IsNumber() {
		return int(v.NumberValue())
	}
	return 0
}

func yes(in resource.PropertyMap, key resource.PropertyKey) bool {
	v := open(in[key])
	return v.IsBool() && v.BoolValue()
}

func words(in resource.PropertyMap, key resource.PropertyKey) []string {
	var all []string
	if v := open(in[key]); v.IsArray() {
		for _, element := range v.ArrayValue() {
			if element = open(element); element.IsString() {
				all = append(all, element.StringValue())
			}
		}
	}
	return all
}
