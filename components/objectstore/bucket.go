package objectstore

import (
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/binding"
)

// Bucket leads to a bucket. What is said of it is plain: it goes into files and names.
type Bucket struct {
	// Provider is the kind of service, in the words of applications: aws, gcs, minio.
	Provider string
	// Endpoint is the service's URL, without the bucket. Empty: the provider's own in the region.
	Endpoint string
	// Region is part of every request's signature.
	Region string
	// Name is the bucket's at its keeper.
	Name string
	// Addressing is where the name stands in a request.
	Addressing Addressing
	// Authority holds the certificates that the endpoint's own is checked with. Nil: those that everybody trusts.
	Authority *binding.SecretRef
	// Keys are whom requests are signed by. Nil: the workload's identity in the cloud, which Grants permit to.
	Keys *Keys
	// Grants are what that identity needs.
	Grants []binding.Grant
	// Edges lead to the endpoint.
	Edges []binding.Edge
	// Revision changes with the keys. Nil: they never do.
	Revision pulumi.StringInput
	// Ready are what must be there before the bucket is used.
	Ready []pulumi.Resource
}

// Keys are an access key, in entries of a Secret.
type Keys struct{ AccessKeyID, SecretAccessKey binding.SecretRef }

// Addressing is where a bucket's name stands in a request.
type Addressing string

// The styles: https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html.
const (
	// Path is ENDPOINT/BUCKET/KEY.
	Path Addressing = "path"
	// Virtual is BUCKET.ENDPOINT/KEY.
	Virtual Addressing = "virtual"
)

// UseSSL tells whether requests are encrypted: all but those to an endpoint that says http.
func (b Bucket) UseSSL() bool { return !strings.HasPrefix(b.Endpoint, "http://") }

// For is the bucket as one application uses it: with the permissions that this takes, and no others. Keys are not
// narrowed: those who hand them out have done so.
func (b Bucket) For(prefix string, readOnly, signs bool) Bucket {
	var grants []binding.Grant
	for _, grant := range b.Grants {
		switch grant.Allow {
		case binding.ReadObjects, binding.WriteObjects:
			grant.Prefix = prefix
			if readOnly {
				grant.Allow = binding.ReadObjects
			}
		case binding.SignURLs:
			if !signs {
				continue
			}
		case binding.ReadSecret, binding.Decrypt:
		}
		grants = append(grants, grant)
	}
	b.Grants = grants
	return b
}

// Variables names the environment variables that lead to a bucket. What has no name is not set.
type Variables struct {
	Enabled, Provider, Endpoint, Region, Bucket, Prefix, UseSignedURLs, SignedURLExpiry, FallbackToStatic, UseSSL string
	// Addressing gets "path" or "virtual".
	Addressing string
	// AccessKeyID and SecretAccessKey come from a Secret.
	AccessKeyID, SecretAccessKey string
	// Authority gets the path of a file with certificates, where the endpoint's own needs one.
	Authority string
}

// authorityFile is where applications find the certificates to trust.
const authorityFile = "/etc/plinth/s3/ca.crt"

// Binding leads an application to the bucket, with its settings as variables.
func (b Bucket) Binding(use Use, names Variables) binding.Binding {
	made := b.Access(names)
	for _, s := range b.Settings(use).list(names) {
		made.Env = append(made.Env, plain(s.variable, s.value)...)
	}
	return made
}

// Access is [Bucket.Binding] without the settings, which the application gets in another way.
func (b Bucket) Access(names Variables) binding.Binding {
	made := binding.Binding{Grants: b.Grants, Edges: b.Edges, Ready: b.Ready, Revision: b.Revision}
	if b.Keys != nil {
		made.Env = append(made.Env, secret(names.AccessKeyID, b.Keys.AccessKeyID)...)
		made.Env = append(made.Env, secret(names.SecretAccessKey, b.Keys.SecretAccessKey)...)
	}
	if b.Authority != nil {
		made.Files = []binding.File{{Path: authorityFile, Secret: *b.Authority}}
		made.Env = append(made.Env, plain(names.Authority, authorityFile)...)
	}
	return made
}

func plain(name, value string) []binding.Variable {
	if name == "" {
		return nil
	}
	return []binding.Variable{{Name: name, Value: pulumi.String(value)}}
}

func secret(name string, ref binding.SecretRef) []binding.Variable {
	if name == "" {
		return nil
	}
	return []binding.Variable{{Name: name, Secret: &ref}}
}
