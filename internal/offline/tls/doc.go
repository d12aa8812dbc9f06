// Package tls stands in for the tls plugin of Pulumi (pulumi-tls v5) where that is not installed: a gRPC server in this
// process that the engine attaches to. It makes private keys (RSA, ECDSA, Ed25519), certificate requests, and
// certificates that are signed by themselves or by an authority that the program holds. They are real; they are made
// once, when a resource is created, and are kept in state under the plugin's property names, private keys as secrets.
// So the plugin can take the state over.
//
// Every input replaces the resource when it changes, but for earlyRenewalHours. A certificate that has come into the
// hours of its early renewal, or has expired, is replaced by the next update, as the plugin does (readyForRenewal).
//
// It refuses by name: imports, functions, inputs and types that it does not know.
package tls
