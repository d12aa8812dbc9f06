package simulation

import (
	"fmt"
	"net/netip"
)

// checkRanges refuses address ranges that are malformed, of a wrong size, outside their network or overlapping another.
func (o *Operation) checkRanges() error {
	for _, r := range o.kind.Ranges {
		values := o.Texts(r.Path)
		for i, value := range values {
			prefix, err := netip.ParsePrefix(value)
			switch {
			case err != nil, !prefix.Addr().Is4(), prefix != prefix.Masked():
				return o.Refuse("%s", o.fault(r.Path, r.Malformed, value, "must be an IPv4 range as its first address/length"))
			case prefix.Bits() < r.Shortest, prefix.Bits() > r.Longest:
				return o.Refuse("%s", o.fault(r.Path, r.Malformed, value,
					fmt.Sprintf("must be between /%d and /%d", r.Shortest, r.Longest)))
			}
			if err := o.checkWithin(r, prefix); err != nil {
				return err
			}
			for _, other := range append(values[:i:i], o.neighbours(r)...) {
				if p, err := netip.ParsePrefix(other); err == nil && p.Overlaps(prefix) {
					return o.Refuse("%s", o.fault(r.Path, r.Overlapping, value, "must not overlap "+other))
				}
			}
		}
	}
	return nil
}

func (o *Operation) fault(path, words, value, rule string) string {
	if words != "" {
		return say(words, "value", value)
	}
	return fmt.Sprintf("%s: %s, got %s", path, rule, value)
}

func (o *Operation) checkWithin(r Range, prefix netip.Prefix) error {
	if r.Within == "" {
		return nil
	}
	text, err := o.text(r.Within)
	if err != nil {
		return err
	}
	network, err := netip.ParsePrefix(text)
	if err == nil && (!network.Contains(prefix.Addr()) || network.Bits() > prefix.Bits()) {
		return o.Refuse("%s", o.fault(r.Path, r.Outside, prefix.String(), "must be in "+text))
	}
	return nil
}

// neighbours are the ranges that one must not overlap: those at other paths of the resource, and those of its siblings.
func (o *Operation) neighbours(r Range) []string {
	var found []string
	for _, path := range r.Among {
		if path != r.Path {
			found = append(found, o.Texts(path)...)
		}
		for _, other := range o.Others(o.Entry.Type) {
			if other.Text(r.Same) == o.Text(r.Same) {
				found = append(found, texts(other.Properties(), path)...)
			}
		}
	}
	return found
}

// Overlap reports whether two ranges have an address in common.
func Overlap(a, b string) bool {
	p, err := netip.ParsePrefix(a)
	q, otherErr := netip.ParsePrefix(b)
	return err == nil && otherErr == nil && p.Overlaps(q)
}

// Contains reports whether all addresses of the second range are in the first.
func Contains(outer, inner string) bool {
	p, err := netip.ParsePrefix(outer)
	q, otherErr := netip.ParsePrefix(inner)
	return err == nil && otherErr == nil && p.Bits() <= q.Bits() && p.Contains(q.Addr())
}
