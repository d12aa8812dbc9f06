// Package verify looks whether what a stack has deployed works: not whether it was accepted, but whether it is there as
// declared, runs, is reached and answers.
//
// What is looked at comes from the stack's state, so that nothing has to be listed twice: every Kubernetes object in it
// must exist and be in the condition that is good for its kind (objects.go), Secrets must have their keys and
// certificates must be valid (secrets.go), those that an operator fills must be complete (synced.go), replicas of
// databases must stream (postgres.go), what is served must answer (answers.go), and so it must from outside (edge.go).
// Each [Check] says what was expected, what was seen, and what to do next.
package verify

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
)

// Check is one thing that was looked at.
type Check struct {
	// Subject is what was looked at: kind, namespace and name.
	Subject string `json:"subject"`
	// Expected is what it should be like, and Seen what it is like.
	Expected string `json:"expected"`
	Seen     string `json:"seen"`
	// OK says that the two agree.
	OK bool `json:"ok"`
	// Next is what to do about it; empty where OK.
	Next string `json:"next,omitempty"`
}

// Object is one Kubernetes object that the stack declares.
type Object struct {
	// APIVersion, Kind, Namespace and Name identify it.
	APIVersion, Kind, Namespace, Name string
	// Declared is the object as the stack declares it; secret values may be masked.
	Declared map[string]any
}

// String names the object for people.
func (o Object) String() string {
	return o.Kind + " " + strings.TrimPrefix(o.Namespace+"/"+o.Name, "/")
}

// Database is a Postgres in the cluster.
type Database struct {
	// Namespace and Name are where it is.
	Namespace, Name string
	// Replicas is how many there should be.
	Replicas int
}

// Endpoint is a workload that answers over HTTP.
type Endpoint struct {
	// Namespace and Service are where it is, Port the Service's port.
	Namespace, Service string
	Port               int
	// Paths are what to ask for. Anything but a server's error (5xx) is an answer.
	Paths []string
}

// Verifier looks at one environment.
type Verifier struct {
	// Client, Dynamic and Mapper reach the cluster.
	Client  kubernetes.Interface
	Dynamic dynamic.Interface
	Mapper  meta.RESTMapper
	// SQL asks a database's server, in its pod. Nil: the pods are simulated, and what runs in them is not looked at.
	SQL func(ctx context.Context, namespace, pod, statement string) (string, error)
	// Get asks a pod over HTTP. Nil as SQL.
	Get func(ctx context.Context, namespace, pod string, port int, path string) (*http.Response, error)
	// Dial connects to an entrance. Nil: nothing is behind it that would answer.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Repair is the command that makes everything as declared again.
	Repair string
	// Kubectl is how to call kubectl on the cluster.
	Kubectl string
	// Now is the time that certificates are judged at.
	Now time.Time
}

// Run looks at everything, whatever it finds on the way. The checks come in the order of their subjects.
func (v *Verifier) Run(
	ctx context.Context, objects []Object, databases []Database, endpoints []Endpoint, entrances ...Entrance,
) []Check {
	var checks []Check
	for _, object := range objects {
		checks = append(checks, v.object(ctx, object)...)
	}
	if v.SQL != nil {
		for _, database := range databases {
			checks = append(checks, v.postgres(ctx, database)...)
		}
	}
	if v.Get != nil {
		for _, endpoint := range endpoints {
			checks = append(checks, v.answers(ctx, endpoint)...)
		}
	}
	for _, entrance := range entrances {
		checks = append(checks, v.Entrance(ctx, entrance)...)
	}
	slices.SortStableFunc(checks, func(a, b Check) int { return strings.Compare(a.Subject, b.Subject) })
	return checks
}

// Failed returns those that are not as expected.
func Failed(checks []Check) []Check {
	return slices.DeleteFunc(slices.Clone(checks), func(c Check) bool { return c.OK })
}

// good is a check that passed.
func good(subject, expected string) Check {
	return Check{Subject: subject, Expected: expected, Seen: expected, OK: true}
}

// bad is a check that did not.
func bad(subject, expected, next, seen string, args ...any) Check {
	return Check{Subject: subject, Expected: expected, Seen: fmt.Sprintf(seen, args...), Next: next}
}
