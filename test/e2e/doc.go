// Package e2e tests Plinth as a user runs it, on the real cluster that KUBECONFIG leads to: real containers, real
// networks, real failures. Its tests carry the build tag e2e; "make e2e" runs them. The images they name must be there.
package e2e
