package workspace

// UsageError is a fault in how a command was called or in what it was given to read. Nothing was done.
type UsageError struct {
	// Reason is one sentence, or a line for each fault.
	Reason string
}

// Error returns the reason.
func (e *UsageError) Error() string { return e.Reason }

// Refusal is the error of a command that would have done harm, and was not carried out.
type Refusal struct {
	// Reason says what is in the way, by name.
	Reason string
	// Next says what to do instead.
	Next string
}

// Error returns the reason, and under it what to do.
func (r *Refusal) Error() string {
	if r.Next == "" {
		return r.Reason
	}
	return r.Reason + "\nnext: " + r.Next
}
