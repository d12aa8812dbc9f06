package ephemeral

import (
	"encoding/json"
	"fmt"
	"time"
)

// Tag is the name of the stack tag that holds a [Lease]. Tags are kept beside the state by every backend, so a lease is
// seen from any machine, and also where the first update of the stack has failed.
const Tag = "plinth:ephemeral"

// maxTag is the longest value of a stack tag: https://www.pulumi.com/docs/iac/concepts/stacks/#stack-tags.
const maxTag = 256

// Lease says of an ephemeral environment until when it lives.
type Lease struct {
	// From is the stack whose file it was made from.
	From string `json:"from"`
	// Owner is who asked for it: an address or a name.
	Owner string `json:"owner"`
	// Created is when it was asked for first, and Expires when it may be destroyed.
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires"`
	// Cluster is the identity of the cluster that it is in; empty where the environment has one of its own. From another
	// cluster it is not destroyed: there it would seem to be gone.
	Cluster string `json:"cluster,omitempty"`
}

// Expired says whether it is over at a time.
func (l Lease) Expired(at time.Time) bool { return !at.Before(l.Expires) }

// Renew lets it last until a time, if it does not last longer already.
func (l Lease) Renew(until time.Time) Lease {
	if until = until.UTC().Truncate(time.Second); until.After(l.Expires) {
		l.Expires = until
	}
	return l
}

// Text is the lease as the tag holds it.
func (l Lease) Text() (string, error) {
	text, err := json.Marshal(l)
	if err != nil {
		return "", fmt.Errorf("writing the lease: %w", err)
	}
	if len(text) > maxTag {
		return "", fmt.Errorf("writing the lease of owner %q: a tag holds %d bytes, it would need %d: shorten the owner",
			l.Owner, maxTag, len(text))
	}
	return string(text), nil
}

// ParseLease reads what [Lease.Text] has written.
func ParseLease(text string) (Lease, error) {
	var l Lease
	if err := json.Unmarshal([]byte(text), &l); err != nil {
		return l, fmt.Errorf("reading the tag %s: got %q: %w", Tag, text, err)
	}
	if l.Expires.IsZero() {
		return l, fmt.Errorf("reading the tag %s: got %q: it says no end", Tag, text)
	}
	return l, nil
}
