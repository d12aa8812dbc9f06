package kubernetes

import (
	"encoding/base64"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"google.golang.org/grpc/status"
)

// shortestSecret is the length in bytes from which a secret is looked for in messages: shorter ones would be found in
// anything.
const shortestSecret = 4

// redactor hides the secrets of a resource's inputs in what is said about it: the API server quotes values that it does
// not accept.
type redactor struct{ secrets []string }

func newRedactor(inputs resource.PropertyMap) redactor {
	found := secretTexts(resource.NewObjectProperty(inputs), false)
	for _, secret := range slices.Clone(found) {
		found = append(found, base64.StdEncoding.EncodeToString([]byte(secret)))
		if decoded, err := base64.StdEncoding.DecodeString(secret); err == nil {
			found = append(found, string(decoded))
		}
	}
	// A secret that holds another is hidden first.
	slices.SortFunc(found, func(a, b string) int { return len(b) - len(a) })
	return redactor{found}
}

// secretTexts lists every secret text in a value.
func secretTexts(v resource.PropertyValue, secret bool) []string {
	switch {
	case v.IsSecret():
		return secretTexts(v.SecretValue().Element, true)
	case v.IsString() && secret:
		return []string{v.StringValue()}
	case v.IsArray():
		var found []string
		for _, e := range v.ArrayValue() {
			found = append(found, secretTexts(e, secret)...)
		}
		return found
	case v.IsObject():
		var found []string
		for _, e := range v.ObjectValue() {
			found = append(found, secretTexts(e, secret)...)
		}
		return found
	}
	return nil
}

func (r redactor) text(s string) string {
	for _, secret := range r.secrets {
		if len(secret) >= shortestSecret {
			s = strings.ReplaceAll(s, secret, "[secret]")
		}
	}
	return s
}

func (r redactor) texts(all []string) []string {
	hidden := make([]string, len(all))
	for i, s := range all {
		hidden[i] = r.text(s)
	}
	return hidden
}

// err hides the secrets in an error's message; what is attached to it stays.
func (r redactor) err(err error) error {
	if err == nil || len(r.secrets) == 0 {
		return err
	}
	told := status.Convert(err).Proto()
	told.Message = r.text(told.GetMessage())
	return status.FromProto(told).Err()
}
