package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	authorizationv1 "k8s.io/api/authorization/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"plinth/config"
	"plinth/internal/verify"
)

func TestADoctorAsksForEveryKindWhetherItIsServedAndMayBeMade(t *testing.T) {
	client := fake.NewClientset()
	client.PrependReactor("create", "selfsubjectaccessreviews", func(action clienttesting.Action) (bool, runtime.Object, error) {
		review := action.(clienttesting.CreateAction).GetObject().(*authorizationv1.SelfSubjectAccessReview)
		asked := review.Spec.ResourceAttributes
		review.Status.Allowed = asked.Resource != "networkpolicies" || asked.Verb != "delete"
		return true, review, nil
	})
	kinds := meta.NewDefaultRESTMapper(nil)
	policy := schema.GroupVersionKind{Group: "networking.k8s.io", Version: "v1", Kind: "NetworkPolicy"}
	service := schema.GroupVersionKind{Version: "v1", Kind: "Service"}
	kinds.AddSpecific(policy, schema.GroupVersionResource{Group: "networking.k8s.io", Version: "v1", Resource: "networkpolicies"}, schema.GroupVersionResource{}, meta.RESTScopeNamespace)
	kinds.AddSpecific(service, schema.GroupVersionResource{Version: "v1", Resource: "services"}, schema.GroupVersionResource{}, meta.RESTScopeNamespace)
	d := &diagnosis{}
	for _, wanted := range []wantedKind{
		{service, "shop"}, {policy, "shop"}, {schema.GroupVersionKind{Group: "example.com", Version: "v1", Kind: "Thing"}, ""},
	} {
		lookAtKind(context.Background(), d, client, kinds, wanted, false)
	}
	var got []string
	for _, check := range d.checks {
		got = append(got, check.Subject+": "+check.Seen)
	}
	want := []string{
		"kind Service in namespace shop: it is", "kind NetworkPolicy in namespace shop: not allowed: delete",
		"kind Thing: the cluster does not know example.com/v1 Thing",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestADoctorAsksTheCloudWhoItActsAsAndForItsQuotas(t *testing.T) {
	dir := t.TempDir()
	script := `#!/bin/sh
case "$*" in
sts*) echo '{"Account": "123456789012", "Arn": "arn:aws:iam::123456789012:user/ada"}' ;;
*L-F678F1CE*) echo '{"Quota": {"Value": 5}}' ;;
*L-0263D0A3*) echo '{"Quota": {"Value": 2}}' ;;
*describe-vpcs*) echo '{"Vpcs": [{}]}' ;;
*describe-addresses*) echo '{"Addresses": [{}, {}]}' ;;
*) exit 1 ;;
esac
`
	if err := os.WriteFile(filepath.Join(dir, "aws"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	look := func(account string) []string {
		d := &diagnosis{}
		s := &session{cloud: config.OnAWS, config: &config.Config{AWS: config.AWS{Account: account, Region: "eu-central-1"}}}
		s.lookAtCloud(context.Background(), d)
		var found []string
		for _, check := range d.checks {
			found = append(found, check.Subject+": "+check.Seen)
		}
		return found
	}
	want := []string{
		"credentials of AWS: arn:aws:iam::123456789012:user/ada", "quota of VPCs: 1 of 5 are used",
		"quota of Elastic IP addresses: 2 of 2 are used",
	}
	if got := look(""); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	want = []string{"credentials of AWS: they are for account 123456789012, and plinth:aws.account is 210987654321"}
	if got := look("210987654321"); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	d := &diagnosis{}
	d.saw("x", "is", "it is", "do", errors.New("it is not"))
	if failed := verify.Failed(d.checks); len(failed) != 1 || failed[0].Next != "do" {
		t.Errorf("got %v", failed)
	}
}

func TestADoctorLooksAtAClusterAsItIs(t *testing.T) {
	p := newProject(t)
	mustContain(t, plinth(t, exitDone, "doctor", "local", "--verbose"), "stack local can be deployed: ",
		"good       Pulumi CLI", "good       plugin kubernetes", "good       backend")
	plinth(t, exitDone, "up", "local")
	var checks []verify.Check
	out := plinth(t, exitDone, "doctor", "local", "--json")
	if err := json.Unmarshal([]byte(out[strings.Index(out, "["):]), &checks); err != nil {
		t.Fatal(err)
	}
	if len(verify.Failed(checks)) != 0 || !slices.ContainsFunc(checks, func(c verify.Check) bool {
		return c.Subject == "kind StatefulSet in namespace plinth-local" && c.Seen == "it is"
	}) {
		t.Errorf("got %+v", checks)
	}
	file := p.file(t, "Pulumi.local.yaml")
	p.write(t, map[string]string{"Pulumi.local.yaml": strings.Replace(file, "    main:\n", "    main:\n      engine: cloudnative-pg\n      operator: {apiServers: [10.0.0.1/32]}\n", 1)})
	mustContain(t, plinth(t, exitFailed, "doctor", "local"), "the cluster does not know postgresql.cnpg.io/v1 Cluster")
	p.write(t, map[string]string{"Pulumi.local.yaml": strings.Replace(file, "replicas: 2", "replicas: -2", 1)})
	mustContain(t, plinth(t, exitFailed, "doctor", "local"), "apps.reader.replicas: must be between 0 and 1000, got -2")
	p.write(t, map[string]string{"Pulumi.local.yaml": file})
	plinth(t, exitDone, "destroy", "local")
}
