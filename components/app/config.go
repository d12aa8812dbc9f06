package app

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/binding"
	"plinth/components/workload"
)

// secrets puts the app's secret values into one Secret. Its name stays when a value changes; the pods are rolled by the
// fingerprint of the values.
func (b *builder) secrets() error {
	if len(b.args.Secrets) == 0 {
		return nil
	}
	name := b.name + "-secrets"
	data, values := pulumi.StringMap{}, []any{}
	for _, variable := range sortedKeys(b.args.Secrets) {
		value := b.args.Secrets[variable]
		data[variable] = value
		values = append(values, pulumi.String(variable), value)
		b.env = append(b.env, binding.Variable{
			Name: variable, Secret: &binding.SecretRef{Secret: pulumi.String(name), Key: variable},
		})
	}
	secret, err := corev1.NewSecret(b.ctx, name, &corev1.SecretArgs{
		Metadata: b.id.Meta(name), Type: pulumi.String("Opaque"), StringData: data,
	}, b.child()...)
	if err != nil {
		return fmt.Errorf("creating its secrets: %w", err)
	}
	b.before = append(b.before, secret)
	b.annotate("secrets", workload.Fingerprint(b.id, values...))
	return nil
}

// annotate makes a change of secret values one of the pods.
func (b *builder) annotate(what string, fingerprint pulumi.StringInput) {
	if b.pod.Annotations == nil {
		b.pod.Annotations = pulumi.StringMap{}
	}
	b.pod.Annotations["checksum/"+what] = fingerprint
}

// notKey is what an entry of a ConfigMap's data must not hold.
var notKey = regexp.MustCompile(`[^-._a-zA-Z0-9]`)

// files mounts the app's files, each at its path, and those of its bindings.
func (b *builder) files() error {
	for _, bound := range b.args.Bindings {
		for _, file := range bound.Files {
			volume, name := workload.Hashed("secret", file.Path), path.Base(file.Path)
			b.pod.Volumes = append(b.pod.Volumes, workload.Volume{
				Name: volume, Secret: file.Secret.Secret, Items: map[string]string{file.Secret.Key: name},
				Readable: b.args.User == nil,
			})
			b.mounts = append(b.mounts, workload.Mount{Volume: volume, Path: path.Dir(file.Path), ReadOnly: true})
		}
	}
	if len(b.args.Files) == 0 {
		return nil
	}
	const volume = "files"
	data := map[string]string{}
	for _, file := range sortedKeys(b.args.Files) {
		key := workload.Hashed("file", file) + "-" + notKey.ReplaceAllString(path.Base(file), "_")
		data[key] = b.args.Files[file]
		b.mounts = append(b.mounts, workload.Mount{Volume: volume, Path: file, SubPath: key, ReadOnly: true})
	}
	name, files, err := workload.Files(b.ctx, b.name+"-files", b.id, data, b.child()...)
	if err != nil {
		return err
	}
	b.before = append(b.before, files)
	b.pod.Volumes = append(b.pod.Volumes, workload.Volume{Name: volume, ConfigMap: pulumi.String(name)})
	return nil
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
