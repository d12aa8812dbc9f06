package verify

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// renewal is how long before its end a certificate should have been renewed: what cert-manager and a Let's Encrypt
// certificate of 90 days leave at least is 30, and an alert wants to be early enough to act on.
const renewal = 14 * 24 * time.Hour

// secret looks whether a Secret has its keys, and whether certificates in it are valid.
func (v *Verifier) secret(o Object, live *unstructured.Unstructured) []Check {
	checks := []Check{v.keys(o, live, "data", "stringData")}
	data, _, _ := unstructured.NestedStringMap(live.Object, "data")
	for _, key := range sortedKeys(data) {
		if !strings.HasSuffix(key, ".crt") && !strings.HasSuffix(key, ".pem") {
			continue
		}
		text, err := base64.StdEncoding.DecodeString(data[key])
		if err != nil {
			continue
		}
		for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
			if block.Type != "CERTIFICATE" {
				continue
			}
			checks = append(checks, v.certificate(o, key, block.Bytes))
		}
	}
	return checks
}

// certificate looks whether a certificate is valid, and stays so for a while.
func (v *Verifier) certificate(o Object, key string, der []byte) Check {
	subject := o.String() + " " + key
	expected := fmt.Sprintf("is valid for %d days or more", int(renewal.Hours()/24))
	next := v.Repair + ", which renews what the stack has made"
	certificate, err := x509.ParseCertificate(der)
	switch {
	case err != nil:
		return bad(subject, expected, next, "it is no certificate: %v", err)
	case v.Now.Before(certificate.NotBefore):
		return bad(subject, expected, "see whether the clocks agree", "it is not valid before %s", day(certificate.NotBefore))
	case v.Now.After(certificate.NotAfter):
		return bad(subject, expected, next, "it has expired on %s", day(certificate.NotAfter))
	case v.Now.Add(renewal).After(certificate.NotAfter):
		return bad(subject, expected, next, "it expires on %s", day(certificate.NotAfter))
	}
	return good(subject, expected)
}

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// keys looks whether an object has the keys that are declared, each with a value.
func (v *Verifier) keys(o Object, live *unstructured.Unstructured, sections ...string) Check {
	const expected = "has its keys, none empty"
	var missing []string
	for _, section := range sections {
		declared, _ := o.Declared[section].(map[string]any)
		for key := range declared {
			if !filled(live, key) {
				missing = append(missing, key)
			}
		}
	}
	if len(missing) == 0 {
		return good(o.String(), expected)
	}
	slices.Sort(missing)
	return bad(o.String(), expected, v.Repair, "missing or empty: %s", strings.Join(slices.Compact(missing), ", "))
}

func filled(live *unstructured.Unstructured, key string) bool {
	for _, section := range []string{"data", "binaryData"} {
		if value, found, _ := unstructured.NestedString(live.Object, section, key); found && value != "" {
			return true
		}
	}
	return false
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
