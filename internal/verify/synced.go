package verify

import (
	"context"
	"maps"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// filledBy says which Secret an object of a secrets operator fills, and with which keys; "" for any other object.
func filledBy(o Object) (secret string, keys []string) {
	at := func(path ...string) map[string]any {
		found, _, _ := unstructured.NestedMap(o.Declared, path...)
		return found
	}
	switch o.Kind {
	case "ExternalSecret":
		secret, _ = at("spec", "target")["name"].(string)
		values, _, _ := unstructured.NestedSlice(o.Declared, "spec", "data")
		for _, value := range values {
			entry, _ := value.(map[string]any)
			if key, _ := entry["secretKey"].(string); key != "" {
				keys = append(keys, key)
			}
		}
	case "VaultStaticSecret":
		secret, _ = at("spec", "destination")["name"].(string)
		keys = slices.Collect(maps.Keys(at("spec", "destination", "transformation", "templates")))
	case "SealedSecret":
		secret, keys = o.Name, slices.Collect(maps.Keys(at("spec", "encryptedData")))
	}
	slices.Sort(keys)
	return secret, keys
}

// FromOperator says whether a check is about an object of a secrets operator.
func FromOperator(c Check) bool {
	kind, _, _ := strings.Cut(c.Subject, " ")
	return slices.Contains([]string{
		"ExternalSecret", "SecretStore", "SealedSecret", "VaultStaticSecret", "VaultAuth", "VaultConnection",
	}, kind)
}

// synced looks whether an operator has read what it was told to, and whether the Secret that it fills is complete.
func (v *Verifier) synced(ctx context.Context, o Object, live *unstructured.Unstructured) []Check {
	var read Check
	switch o.Kind {
	case "ExternalSecret":
		read = v.condition(o, live, "has been read from its store", "Ready")
	case "SealedSecret":
		read = v.condition(o, live, "has been decrypted", "Synced")
	default: // Its status has no conditions: the first read that succeeds leaves this.
		read = good(o.String(), "has been read from Vault")
		if mac, _, _ := unstructured.NestedString(live.Object, "status", "secretMAC"); mac == "" {
			read = bad(o.String(), read.Expected, v.describe(o), "it has not been read")
		}
	}
	name, keys := filledBy(o)
	subject, expected := "Secret "+o.Namespace+"/"+name, "has the keys "+strings.Join(keys, ", ")
	secret, err := v.Client.CoreV1().Secrets(o.Namespace).Get(ctx, name, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		return []Check{read, bad(subject, expected, v.describe(o), "it is not there: %s did not fill it", o)}
	case err != nil:
		return []Check{read, bad(subject, expected, v.describe(o), "%v", err)}
	}
	missing := slices.DeleteFunc(slices.Clone(keys), func(key string) bool { return len(secret.Data[key]) > 0 })
	if len(missing) > 0 {
		return []Check{read, bad(subject, expected, v.describe(o), "missing or empty: %s", strings.Join(missing, ", "))}
	}
	return []Check{read, good(subject, expected)}
}
