package workload

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Limits on the length of names, in bytes.
const (
	// MaxLabel is the limit of a DNS label (RFC 1123), of a Service's name and of a label's value:
	// https://kubernetes.io/docs/concepts/overview/working-with-objects/names/.
	MaxLabel = 63
	// MaxStatefulSet leaves room for the "-" and ten characters of hash that the controller appends in the label
	// controller-revision-hash: https://github.com/kubernetes/kubernetes/issues/64023.
	MaxStatefulSet = 52
	// MaxCronJob leaves room for the 11 characters that its Jobs' names append:
	// https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/.
	MaxCronJob = 52

	// hashLength is how many hexadecimal digits tell shortened names apart: 32 bits, for names that are few and ours.
	hashLength = 8
)

// Name joins the parts with "-" into a DNS label of at most limit bytes. A longer name is cut and ends in a hash of the
// whole, so that different parts never make the same name by being cut. Parts hold lower-case letters, digits and "-";
// the limit is at least 10.
func Name(limit int, parts ...string) string {
	name := strings.Join(parts, "-")
	if len(name) <= limit {
		return name
	}
	sum := hash(name)
	return strings.TrimRight(name[:limit-len(sum)-1], "-") + "-" + sum
}

// Hashed is name with a hash of content appended, for objects whose content never changes under one name.
func Hashed(name string, content ...string) string {
	return Name(MaxLabel, Name(MaxLabel-hashLength-1, name), hash(content...))
}

// hash is a short hexadecimal digest of the parts: equal only for equal lists, since each part comes after its length.
func hash(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		var size [8]byte
		for i, n := 0, len(p); i < len(size); i, n = i+1, n>>8 {
			size[i] = byte(n)
		}
		h.Write(size[:])
		h.Write([]byte(p))
	}
	return hex.EncodeToString(h.Sum(nil))[:hashLength]
}

// Labels of every object that Plinth makes, as recommended at
// https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/.
const (
	labelName      = "app.kubernetes.io/name"
	labelComponent = "app.kubernetes.io/component"
	labelPartOf    = "app.kubernetes.io/part-of"
	labelManagedBy = "app.kubernetes.io/managed-by"
)

// ID says which workload an object belongs to.
type ID struct {
	// Name is the workload's name, a DNS label.
	Name string
	// Component is what the workload is to the whole: application, proxy, database.
	Component string
	// PartOf names the environment: all of its objects carry it.
	PartOf string
	// Namespace is where its objects are.
	Namespace string
}

// Selector are the labels that select the workload's pods. They are part of immutable fields: they never hold a version
// and never change for a name.
func (id ID) Selector() map[string]string {
	return map[string]string{labelName: id.Name, labelPartOf: id.PartOf}
}

// Labels are all labels of the workload's objects.
func (id ID) Labels() map[string]string {
	labels := id.Selector()
	maps.Copy(labels, map[string]string{labelComponent: id.Component, labelManagedBy: "plinth"})
	return labels
}

// StringMap turns plain labels or annotations into an Input.
func StringMap(m map[string]string) pulumi.StringMap {
	out := make(pulumi.StringMap, len(m))
	for k, v := range m {
		out[k] = pulumi.String(v)
	}
	return out
}

func stringArray(values []string) pulumi.StringArray {
	if values == nil {
		return nil
	}
	out := make(pulumi.StringArray, len(values))
	for i, v := range values {
		out[i] = pulumi.String(v)
	}
	return out
}
