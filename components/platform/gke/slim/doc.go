// Package slim registers the resources of Google Cloud that Plinth uses without the packages of the SDK that declare
// them: the documentation of package gke says why. Types and functions have the shape of the SDK's, and only the
// properties that are used; the provider's documentation, https://www.pulumi.com/registry/packages/gcp/, tells what
// they mean. A test of package gke compares them with the SDK's source.
package slim
