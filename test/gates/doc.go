// Package gates holds the tests that every stack passes before it is deployed anywhere, over what `plinth render` would
// write of it: the Pod Security Standard, kube-score, the API server's own word, the truth table of the network, and
// secrets that are looked for where they must not be.
//
// Each gate is also shown to close: a check that never failed has shown nothing.
package gates
