package record

import (
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Before returns everything that must exist before r, however far off: what it needs ([Resource.Needs]), what that
// needs, and so on. Destroying goes the other way, so all of it is still there while r is deleted.
func (rec *Recording) Before(r *Resource) map[resource.URN]bool {
	byURN := make(map[resource.URN]*Resource, len(rec.Resources))
	for _, one := range rec.Resources {
		byURN[one.URN] = one
	}
	before := map[resource.URN]bool{}
	waiting := r.Needs()
	for len(waiting) > 0 {
		urn := waiting[len(waiting)-1]
		waiting = waiting[:len(waiting)-1]
		if before[urn] || urn == r.URN {
			continue
		}
		before[urn] = true
		if next := byURN[urn]; next != nil {
			waiting = append(waiting, next.Needs()...)
		}
	}
	return before
}

// Missing returns those of wanted that do not come before r, by label and sorted: empty where r is created after all
// of them, and so destroyed before the first of them goes.
func (rec *Recording) Missing(r *Resource, wanted ...*Resource) []string {
	before := rec.Before(r)
	var missing []string
	for _, one := range wanted {
		if !before[one.URN] {
			missing = append(missing, one.Label())
		}
	}
	slices.SortFunc(missing, strings.Compare)
	return missing
}

// Unwanted returns those of unwanted that come before r, by label and sorted: empty where r waits for none of them.
func (rec *Recording) Unwanted(r *Resource, unwanted ...*Resource) []string {
	before := rec.Before(r)
	var found []string
	for _, one := range unwanted {
		if before[one.URN] {
			found = append(found, one.Label())
		}
	}
	slices.SortFunc(found, strings.Compare)
	return found
}
