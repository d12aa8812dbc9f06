package simulation

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"maps"
	"math/big"
	"regexp"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Operation is one request on a resource, as rules see it. The world is its own while it lasts.
type Operation struct {
	// Entry is the resource as it is to be, or as it is when it is deleted. Old is what it was before an update, else nil.
	Entry Entry
	Old   *Entry
	// Logical is the name that the program gave it.
	Logical string

	ctx   context.Context
	kind  Type
	cloud *Cloud
	world *World
	// changes are entries to put in, by key; those without a type are to be taken out.
	changes map[string]Entry
}

// Text is the string at a path of the resource's properties.
func (o *Operation) Text(path string) string { return o.Entry.Text(path) }

// Texts are the strings at a path of the resource's properties.
func (o *Operation) Texts(path string) []string { return texts(o.Entry.Properties(), path) }

// Value is the value at a path of the resource's properties; nil where there is none.
func (o *Operation) Value(path string) any { return get(o.Entry.Properties(), path) }

// Others are the entries of a type that exist, but for the resource itself, in the order of their ids.
func (o *Operation) Others(token string) []Entry {
	var found []Entry
	for _, key := range slices.Sorted(maps.Keys(o.world.entries)) {
		e := o.world.entries[key]
		if e.Type == token && e.Left == "" && key != o.Entry.Key() {
			found = append(found, e)
		}
	}
	return found
}

// Find is the entry of a type that has a value at one of some paths; none: its id.
func (o *Operation) Find(token, value string, by ...string) (Entry, bool) {
	if len(by) == 0 {
		by = []string{"id"}
	}
	for _, e := range o.Others(token) {
		for _, path := range by {
			if e.Text(path) == value {
				return e, true
			}
		}
	}
	return Entry{}, false
}

// Known reports whether there is an entry, deleted or not.
func (o *Operation) Known(token, id string) bool {
	_, ok := o.world.entries[Entry{Type: token, ID: id}.Key()]
	return ok
}

// Drop takes an entry out of the world, once the operation has succeeded.
func (o *Operation) Drop(token, id string) {
	key := Entry{Type: token, ID: id}.Key()
	o.changes[key] = Entry{}
}

// Put puts an entry into the world, once the operation has succeeded.
func (o *Operation) Put(e Entry) {
	if e.Made.IsZero() {
		e.Made = time.Now().UTC()
	}
	if e.Scope == nil {
		e.Scope = o.Entry.Scope
	}
	o.changes[e.Key()] = e
}

// Refuse is an error in the words of the service.
func (o *Operation) Refuse(format string, arguments ...any) error {
	return status.Error(codes.FailedPrecondition, o.describe()+": "+fmt.Sprintf(format, arguments...))
}

// apply makes the changes that rules have asked for.
func (o *Operation) apply() {
	for key, e := range o.changes {
		if e.Type == "" {
			delete(o.world.entries, key)
		} else {
			o.world.entries[key] = e
		}
	}
}

func (o *Operation) describe() string {
	short := o.Entry.Type[strings.LastIndex(o.Entry.Type, ":")+1:]
	switch {
	case o.Entry.Name != "":
		return short + " " + o.Entry.Name
	case o.Logical != "":
		return short + " " + o.Logical
	}
	return short + " " + o.Entry.ID
}

// placeholder is a name in a template.
var placeholder = regexp.MustCompile(`\{[^{}]+\}`)

// Render fills a template. {path} is a property of the resource, or else a setting such as {region}; {path>property} is
// a property of the resource that path refers to; {hex:8} and {digits:12} are that many of them at random; {now} is the
// time; {kubernetes.server}, {kubernetes.host} and {kubernetes.ca} lead to the API server. A string that is one
// placeholder alone takes the value as it is.
func (o *Operation) Render(template any) (any, error) {
	switch t := template.(type) {
	case string:
		if whole := placeholder.FindString(t); whole == t && t != "" {
			return o.resolve(t[1 : len(t)-1])
		}
		var failed error
		result := placeholder.ReplaceAllStringFunc(t, func(match string) string {
			v, err := o.resolve(match[1 : len(match)-1])
			if err != nil {
				failed = err
			}
			return written(v)
		})
		return result, failed
	case []any:
		list := make([]any, len(t))
		for i, e := range t {
			v, err := o.Render(e)
			if err != nil {
				return nil, err
			}
			list[i] = v
		}
		return list, nil
	case Object:
		result := make(Object, len(t))
		for key, e := range t {
			v, err := o.Render(e)
			if err != nil {
				return nil, err
			}
			if v != nil {
				result[key] = v
			}
		}
		return result, nil
	}
	return template, nil
}

// text fills a template that is a string.
func (o *Operation) text(template string) (string, error) {
	v, err := o.Render(template)
	return written(v), err
}

func (o *Operation) resolve(name string) (any, error) {
	kind, length, _ := strings.Cut(name, ":")
	switch kind {
	case "hex":
		return random("0123456789abcdef", length)
	case "digits":
		return random("123456789", length)
	case "upper":
		return random("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", length)
	case "now":
		return time.Now().UTC().Format(time.RFC3339), nil
	case "uuid":
		return newUUID()
	case "id":
		return o.Entry.ID, nil
	case "logical":
		return o.Logical, nil
	case "kubernetes.server", "kubernetes.host", "kubernetes.ca":
		return o.cloud.Kubernetes.value(kind), nil
	}
	if path, property, ok := strings.Cut(name, ">"); ok {
		return o.follow(path, property)
	}
	if v := get(o.Entry.Properties(), name); v != nil {
		return v, nil
	}
	return o.Entry.Scope[name], nil
}

// follow is a property of the entry that a reference of the resource leads to; nil where it leads nowhere.
func (o *Operation) follow(path, property string) (any, error) {
	for _, r := range o.kind.References {
		if r.Path != path {
			continue
		}
		for _, name := range r.names(o.Entry) {
			if target, ok := o.target(r, name); ok {
				if property == "id" {
					return target.ID, nil
				}
				if v := get(target.Properties(), property); v != nil {
					return v, nil
				}
				return target.Scope[property], nil
			}
		}
	}
	return nil, nil
}

func random(digits, length string) (string, error) {
	var n int
	if _, err := fmt.Sscan(length, &n); err != nil {
		return "", fmt.Errorf("a template asks for %q random characters: %w", length, err)
	}
	made := make([]byte, n)
	for i := range made {
		drawn, err := rand.Int(rand.Reader, big.NewInt(int64(len(digits))))
		if err != nil {
			return "", fmt.Errorf("drawing a random number: %w", err)
		}
		made[i] = digits[drawn.Int64()]
	}
	return string(made), nil
}

func newUUID() (string, error) {
	b := make([]byte, 16)
	if _, err := rand.Read(b); err != nil {
		return "", fmt.Errorf("drawing a random number: %w", err)
	}
	x := hex.EncodeToString(b)
	return strings.Join([]string{x[:8], x[8:12], x[12:16], x[16:20], x[20:]}, "-"), nil
}
