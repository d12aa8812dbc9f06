package simulation

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// names are the names that a reference of an entry holds.
func (r Reference) names(e Entry) []string {
	var names []string
	for _, value := range texts(e.Properties(), r.Path) {
		if r.Take != "" {
			match := regexp.MustCompile(r.Take).FindStringSubmatch(value)
			if match == nil {
				continue
			}
			value = match[1]
		}
		if r.Provided == "" || !whole(r.Provided, value) {
			names = append(names, value)
		}
	}
	return names
}

// whole reports whether a pattern matches all of a value.
func whole(pattern, value string) bool {
	return regexp.MustCompile(`^(?:` + pattern + `)$`).MatchString(value)
}

// target is the entry that a name of a reference means.
func (o *Operation) target(r Reference, name string) (Entry, bool) {
	for _, token := range r.To {
		if e, ok := o.Find(token, name, r.By...); ok {
			return e, true
		}
	}
	return Entry{}, false
}

// checkReferences refuses names that are nobody's.
func (o *Operation) checkReferences() error {
	for _, r := range o.kind.References {
		for _, name := range r.names(o.Entry) {
			if _, ok := o.target(r, name); ok {
				continue
			}
			words := r.Absent
			if words == "" {
				words = "there is no " + short(r.To[0]) + " {value}"
			}
			return o.Refuse("%s: %s", r.Path, say(words, "value", name))
		}
	}
	return nil
}

// means reports whether a reference of another entry leads to this one.
func (r Reference) means(other, e Entry) bool {
	if !slices.Contains(r.To, e.Type) {
		return false
	}
	by := r.By
	if len(by) == 0 {
		by = []string{"id"}
	}
	return slices.ContainsFunc(r.names(other), func(name string) bool {
		return slices.ContainsFunc(by, func(path string) bool { return e.Text(path) == name })
	})
}

// dependents are the entries that refer to one, and to those that would go away with it.
func (o *Operation) dependents(e Entry, more []Entry) (holding, falling []Entry) {
	seen := map[string]bool{e.Key(): true}
	all := append(o.world.sorted(), more...)
	for queue := []Entry{e}; len(queue) > 0; queue = queue[1:] {
		for _, other := range all {
			if seen[other.Key()] || other.Left != "" {
				continue
			}
			fate, refers := Stays, other.Owner == queue[0].Key()
			if refers {
				fate = Falls
			}
			for _, r := range o.cloud.Types[other.Type].References {
				if !refers && r.Then != Stays && r.means(other, queue[0]) {
					fate, refers = r.Then, true
				}
			}
			switch {
			case refers && fate == Falls:
				seen[other.Key()] = true
				falling = append(falling, other)
				queue = append(queue, other)
			case refers:
				holding = append(holding, other)
			}
		}
	}
	// What falls holds nothing: a rule of the security group that goes away with it.
	return slices.DeleteFunc(holding, func(h Entry) bool { return seen[h.Key()] }), falling
}

// checkUnused refuses a delete while something depends on the resource. It returns what goes away with it.
func (o *Operation) checkUnused() ([]Entry, error) {
	var inhabitants []Entry
	if o.cloud.foreignersHold(o.Entry.Type) {
		var err error
		if inhabitants, err = o.inhabitants(); err != nil {
			return nil, err
		}
	}
	holding, falling := o.dependents(o.Entry, inhabitants)
	if len(holding) == 0 {
		return falling, nil
	}
	words := o.kind.Held
	if words == "" {
		words = "it is still in use"
	}
	// Those first that the program does not know of.
	slices.SortStableFunc(holding, func(a, b Entry) int {
		return cmp.Compare(b.Maker, "") - cmp.Compare(a.Maker, "")
	})
	var users []string
	for _, h := range holding {
		user := short(h.Type) + " " + h.label()
		if h.Maker != "" {
			user += ", made by " + h.Maker
		}
		if !slices.Contains(users, user) {
			users = append(users, user)
		}
	}
	const most = 5
	if len(users) > most {
		users = append(users[:most], fmt.Sprintf("%d more", len(users)-most))
	}
	words = say(words, "id", o.Entry.ID, "name", o.Entry.label(), "user", holding[0].ID)
	return nil, o.Refuse("%s (used by %s)", words, strings.Join(users, "; "))
}

// foreignersHold reports whether what clusters and services make can refer to a type. Only then the API server is
// asked.
func (c *Cloud) foreignersHold(token string) bool {
	for _, kind := range c.Types {
		if kind.Foreign &&
			slices.ContainsFunc(kind.References, func(r Reference) bool { return slices.Contains(r.To, token) }) {
			return true
		}
	}
	return false
}

// label is what people know an entry by.
func (e Entry) label() string {
	if e.Name != "" {
		return e.Name
	}
	return e.ID
}

func short(token string) string { return token[strings.LastIndex(token, ":")+1:] }

// checkUnique refuses what is taken.
func (o *Operation) checkUnique() error {
	for _, u := range o.kind.Unique {
		value := o.Entry.Text(u.By[0])
		if value == "" {
			continue
		}
		for key, other := range o.world.entries {
			itself := key == o.Entry.Key() && (o.Old != nil || o.kind.Adopts && other.Left == "")
			if other.Type != o.Entry.Type || itself {
				continue
			}
			if slices.ContainsFunc(u.By, func(path string) bool { return o.Entry.Text(path) != other.Text(path) }) {
				continue
			}
			words := u.Taken
			if other.Left != "" {
				words = cmp.Or(u.Gone, u.Taken) + " (" + other.Left + ")"
			}
			return o.Refuse("%s", say(words, "value", value, "id", o.Entry.ID))
		}
	}
	return nil
}
