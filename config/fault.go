package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Fault is one thing that is wrong with a configuration.
type Fault struct {
	// Path says where: the key, without the project's name, in the notation of `pulumi config set --path`.
	Path string
	// Message says what: the rule, and the value got unless it is secret.
	Message string
}

// Error is everything that is wrong with the configuration of a stack.
type Error struct {
	// Stack is the stack that the configuration belongs to.
	Stack string
	// Faults is sorted by path, one for each path; it is never empty.
	Faults []Fault
}

// Error returns every fault, a line each.
func (e *Error) Error() string {
	var text strings.Builder
	fmt.Fprintf(&text, "invalid configuration for stack %s:", e.Stack)
	for _, fault := range e.Faults {
		fmt.Fprintf(&text, "\n  %s: %s", fault.Path, fault.Message)
	}
	return text.String()
}

// faults collects what is wrong, by path. The first fault at a path wins, so that a rule does not repeat what decoding
// has said already.
type faults map[string]string

func (f faults) add(path, format string, args ...any) {
	if _, found := f[path]; !found {
		f[path] = fmt.Sprintf(format, args...)
	}
}

// err returns the error that holds every fault, nil where there is none.
func (f faults) err(stack string) error {
	if len(f) == 0 {
		return nil
	}
	result := &Error{Stack: stack}
	for _, path := range slices.Sorted(maps.Keys(f)) {
		result.Faults = append(result.Faults, Fault{Path: path, Message: f[path]})
	}
	return result
}
