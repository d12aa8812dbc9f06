package record_test

import (
	"slices"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"

	"plinth/internal/record"
)

func TestOrderFollowsDependenciesParentsAndProvidersHoweverFarOff(t *testing.T) {
	named := func(name string) *record.Resource {
		return &record.Resource{URN: resource.NewURN("s", "p", "", "t:m:T", name), Type: tokens.Type("t:m:T"), Name: name}
	}
	a, b, c, d, e := named("a"), named("b"), named("c"), named("d"), named("e")
	b.Dependencies = []resource.URN{a.URN}
	c.Provider = string(b.URN) + "::id"
	d.Parent = c.URN
	rec := &record.Recording{Resources: []*record.Resource{a, b, c, d, e}}
	for _, test := range []struct {
		what      string
		got, want []string
	}{
		{"d waits for all but e", rec.Missing(d, a, b, c, e), []string{"t:m:T::e"}},
		{"a waits for nothing", rec.Missing(a, d, b), []string{"t:m:T::b", "t:m:T::d"}},
		{"what d should not wait for", rec.Unwanted(d, e, c, a), []string{"t:m:T::a", "t:m:T::c"}},
		{"nothing waits for itself", rec.Unwanted(d, d), nil},
	} {
		if !slices.Equal(test.got, test.want) {
			t.Errorf("%s: got %v, want %v", test.what, test.got, test.want)
		}
	}
}
