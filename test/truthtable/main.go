// Command truthtable says which connections NetworkPolicies let through. It reads policies and questions as JSON from
// its standard input and writes an answer for each question.
//
// It is a module of its own because cyclonus, whose matcher decides, brings a test framework and an HTTP client along
// that the program under test has no need of.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/mattfenwick/cyclonus/pkg/matcher"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
)

// input is what is asked.
type input struct {
	Policies  []*networkingv1.NetworkPolicy `json:"policies"`
	Questions []question                    `json:"questions"`
}

// question asks whether one end may connect to the other.
type question struct {
	From     end             `json:"from"`
	To       end             `json:"to"`
	Port     int             `json:"port"`
	PortName string          `json:"portName"`
	Protocol corev1.Protocol `json:"protocol"`
}

// end is a pod, or an address outside of the cluster where Namespace is empty.
type end struct {
	IP              string            `json:"ip"`
	Namespace       string            `json:"namespace"`
	NamespaceLabels map[string]string `json:"namespaceLabels"`
	Labels          map[string]string `json:"labels"`
}

func main() {
	if err := answer(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

// answer writes a JSON list with true for each question whose connection is let through at both ends.
func answer(from io.Reader, to io.Writer) error {
	var in input
	if err := json.NewDecoder(from).Decode(&in); err != nil {
		return fmt.Errorf("reading policies and questions: %w", err)
	}
	policies := matcher.BuildNetworkPolicies(false, in.Policies)
	answers := make([]bool, len(in.Questions))
	for i, q := range in.Questions {
		answers[i] = policies.IsTrafficAllowed(&matcher.Traffic{
			Source: q.From.peer(), Destination: q.To.peer(),
			ResolvedPort: q.Port, ResolvedPortName: q.PortName, Protocol: q.Protocol,
		}).IsAllowed()
	}
	if err := json.NewEncoder(to).Encode(answers); err != nil {
		return fmt.Errorf("writing answers: %w", err)
	}
	return nil
}

func (e end) peer() *matcher.TrafficPeer {
	if e.Namespace == "" {
		return &matcher.TrafficPeer{IP: e.IP}
	}
	return &matcher.TrafficPeer{IP: e.IP, Internal: &matcher.InternalPeer{
		Namespace: e.Namespace, NamespaceLabels: e.NamespaceLabels, PodLabels: e.Labels,
	}}
}
