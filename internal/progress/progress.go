// Package progress prints what a deployment does, as it does it: a line for each resource when its operation has ended,
// what is being waited for when nothing has ended for a while, and in the end what changed.
//
// It prints plain lines. On a terminal the line of what is being waited for is overwritten by the next one.
package progress

import (
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/diag/colors"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Quiet is how long nothing is printed before a line says what is being waited for.
const Quiet = 10 * time.Second

// placeholder stands for a secret value.
const placeholder = "[secret]"

// shortestSecret is the length, in bytes, from which a secret value is masked in text: a shorter one would be found in
// ordinary words.
const shortestSecret = 4

// severalErrors is the line that hashicorp/go-multierror, which providers use, puts before a list of errors.
var severalErrors = regexp.MustCompile(`^\s*\d+ errors? occurred:\s*`)

// Options configure a [Printer].
type Options struct {
	// Terminal says that the output is one, so that a line can be overwritten.
	Terminal bool
	// Verbose prints resources that did not change and what the engine has to say besides.
	Verbose bool
	// Now is the clock. nil: time.Now.
	Now func() time.Time
}

// Printer prints the progress of one command. Its methods may be called at once.
type Printer struct {
	out     io.Writer
	options Options

	mu        sync.Mutex
	started   time.Time
	printed   time.Time // When the last line was printed.
	transient bool      // Whether the cursor is on a line that may be overwritten.
	running   map[string]*operation
	said      map[string]bool // Diagnostics that were printed already.
	secrets   []string
	changes   Changes
	failures  []Failure
}

// operation is one that is under way.
type operation struct {
	name   string
	since  time.Time
	status string
}

// Changes counts the resources of a deployment by what became of them, components and providers left out. Released are
// those that the stack has let go of and that it did not delete (the option retainOnDelete).
type Changes struct {
	Created, Updated, Replaced, Deleted, Released, Unchanged, Failed int
}

// Any reports whether anything changed or was about to.
func (c Changes) Any() bool { return c.Created+c.Updated+c.Replaced+c.Deleted+c.Released+c.Failed > 0 }

// String lists the counts that are not zero, for what has happened.
func (c Changes) String() string {
	return c.list("created", "updated", "replaced", "deleted", "released", "failed", "unchanged")
}

// Planned lists the counts that are not zero, for what would happen.
func (c Changes) Planned() string {
	return c.list("to create", "to update", "to replace", "to delete", "to release", "failed", "unchanged")
}

// list names the counts that are not zero.
func (c Changes) list(created, updated, replaced, deleted, released, failed, unchanged string) string {
	var parts []string
	for _, part := range []struct {
		count int
		word  string
	}{
		{c.Created, created},
		{c.Updated, updated},
		{c.Replaced, replaced},
		{c.Deleted, deleted},
		{c.Released, released},
		{c.Failed, failed},
		{c.Unchanged, unchanged},
	} {
		if part.count > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", part.count, part.word))
		}
	}
	if len(parts) == 0 {
		return "no resources"
	}
	return strings.Join(parts, ", ")
}

// Failure is why an operation, or the program itself, failed.
type Failure struct {
	// Resource is its kind and name; empty for the program.
	Resource string
	// Cause may have several lines.
	Cause string
}

// New returns a printer that writes to out.
func New(out io.Writer, options Options) *Printer {
	if options.Now == nil {
		options.Now = time.Now
	}
	now := options.Now()
	return &Printer{
		out: out, options: options, started: now, printed: now,
		running: map[string]*operation{}, said: map[string]bool{},
	}
}

// Mask hides values wherever they would be printed from now on.
func (p *Printer) Mask(values ...string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, value := range values {
		if len(value) >= shortestSecret && !slices.Contains(p.secrets, value) {
			p.secrets = append(p.secrets, value)
		}
	}
	// A value that holds another one is replaced first.
	slices.SortFunc(p.secrets, func(a, b string) int { return len(b) - len(a) })
}

// Printf prints a line.
func (p *Printer) Printf(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.line(fmt.Sprintf(format, args...))
}

// During prints what is being done and, while it lasts, how long it has lasted.
func (p *Printer) During(what, expect string, work func() error) error {
	p.mu.Lock()
	began := p.options.Now()
	p.line(what + expect)
	p.running[what] = &operation{name: what, since: began}
	p.mu.Unlock()
	err := p.Beat(work)
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.running, what)
	if took := p.options.Now().Sub(began); err == nil && took > Quiet {
		p.line(what + ": done in " + duration(took))
	}
	return err
}

// Beat does the work, and says what is being waited for whenever nothing has been printed for a while.
func (p *Printer) Beat(work func() error) error {
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		ticker := time.NewTicker(time.Second)
		defer ticker.Stop()
		for {
			select {
			case <-stop:
				return
			case <-ticker.C:
				p.Tick()
			}
		}
	}()
	err := work()
	close(stop)
	<-stopped
	return err
}

// Tick says what is being waited for when nothing has been printed for a while.
func (p *Printer) Tick() {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.options.Now()
	if len(p.running) == 0 || (!p.options.Terminal && now.Sub(p.printed) < Quiet) {
		return
	}
	waiting := slices.SortedFunc(maps.Values(p.running), func(a, b *operation) int {
		if order := a.since.Compare(b.since); order != 0 {
			return order
		}
		return strings.Compare(a.name, b.name)
	})
	text := fmt.Sprintf("  waiting    %s %s", waiting[0].name, duration(now.Sub(waiting[0].since)))
	if waiting[0].status != "" {
		text += ": " + waiting[0].status
	}
	if more := len(waiting) - 1; more > 0 {
		text += fmt.Sprintf(" (and %d more)", more)
	}
	if p.options.Terminal {
		// The end of a line that is too long is cut off, as one that wraps could not be overwritten.
		const width = 100
		if runes := []rune(text); len(runes) > width {
			text = string(runes[:width-3]) + "..."
		}
		_, _ = fmt.Fprintf(p.out, "\r\x1b[K%s", p.masked(text))
		p.transient = true
		return
	}
	p.line(text)
}

// Event prints what an event of the engine has to say.
func (p *Printer) Event(event apitype.EngineEvent) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case event.ResourcePreEvent != nil:
		p.begin(event.ResourcePreEvent.Metadata)
	case event.ResOutputsEvent != nil:
		p.end(event.ResOutputsEvent.Metadata, event.ResOutputsEvent.Planning)
	case event.ResOpFailedEvent != nil:
		p.fail(event.ResOpFailedEvent.Metadata)
	case event.DiagnosticEvent != nil:
		p.diagnostic(event.DiagnosticEvent)
	case event.StdoutEvent != nil && p.options.Verbose:
		p.line(plain(event.StdoutEvent.Message))
	case event.ErrorEvent != nil:
		p.failures = append(p.failures, Failure{Cause: event.ErrorEvent.Error})
	}
}

// Changes returns what changed so far.
func (p *Printer) Changes() Changes {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.changes
}

// Failures returns what failed so far, masked.
func (p *Printer) Failures() []Failure {
	p.mu.Lock()
	defer p.mu.Unlock()
	masked := slices.Clone(p.failures)
	for i := range masked {
		masked[i].Cause = p.masked(masked[i].Cause)
	}
	return masked
}

// Elapsed returns how long the command has run, for people to read.
func (p *Printer) Elapsed() string { return duration(p.options.Now().Sub(p.started)) }

// begin notes an operation that is under way.
func (p *Printer) begin(step apitype.StepEventMetadata) {
	if _, _, shown := words(step.Op); !shown || !counted(step) {
		return
	}
	p.running[key(step)] = &operation{name: Short(step.URN), since: p.options.Now()}
}

// end prints an operation that ended well, and counts it.
func (p *Printer) end(step apitype.StepEventMetadata, planning bool) {
	took := ""
	if running, ok := p.running[key(step)]; ok && !planning {
		took = duration(p.options.Now().Sub(running.since))
	}
	delete(p.running, key(step))
	if !counted(step) {
		return
	}
	word, planned, shown := words(step.Op)
	if !shown {
		return
	}
	if released(step) {
		word, planned = "released", "release"
		p.changes.Released++
	} else {
		p.changes.count(step.Op)
	}
	if step.Op == apitype.OpSame && !p.options.Verbose {
		return
	}
	if planning {
		word = planned
	}
	line := fmt.Sprintf("  %-9s  %-50s %6s", word, Short(step.URN), took)
	if len(step.Diffs) > 0 && step.Op != apitype.OpSame {
		line += "  " + strings.Join(step.Diffs, ", ")
	}
	p.line(strings.TrimRight(line, " "))
}

// released reports whether a step takes a resource out of the stack and leaves it where it is.
func released(step apitype.StepEventMetadata) bool {
	return step.Op == apitype.OpDelete && step.Old != nil && step.Old.RetainOnDelete
}

// fail counts an operation that failed. Its cause has come as a diagnostic.
func (p *Printer) fail(step apitype.StepEventMetadata) {
	delete(p.running, key(step))
	if counted(step) {
		p.changes.Failed++
		p.line(fmt.Sprintf("  %-9s  %s", "failed", Short(step.URN)))
	}
}

// diagnostic prints a warning or the program's own output, and keeps errors for the end.
func (p *Printer) diagnostic(said *apitype.DiagnosticEvent) {
	message := strings.TrimSpace(plain(said.Message))
	if said.Ephemeral {
		for _, running := range p.running {
			if running.name == Short(said.URN) {
				running.status, _, _ = strings.Cut(message, "\n")
			}
		}
		return
	}
	if message == "" || p.said[said.Severity+said.URN+message] {
		return
	}
	p.said[said.Severity+said.URN+message] = true
	name := ""
	if said.URN != "" && resource.URN(said.URN).QualifiedType() != resource.RootStackType {
		name = Short(said.URN)
	}
	switch said.Severity {
	case "error":
		// The engine ends with a line that says no more than that it failed.
		if name == "" && (message == "update failed" || message == "preview failed" || message == "destroy failed") {
			return
		}
		p.failures = append(p.failures, Failure{Resource: name, Cause: cause(message)})
	case "warning":
		p.line(indent("  warning    ", strings.TrimLeft(name+": "+message, ": ")))
	case "info", "info#err":
		p.line(indent("  ", strings.TrimLeft(name+": "+message, ": ")))
	case "debug":
	default:
		p.line(indent("  "+said.Severity+" ", strings.TrimLeft(name+": "+message, ": ")))
	}
}

// line prints a line, secrets masked.
func (p *Printer) line(text string) {
	if p.transient {
		_, _ = io.WriteString(p.out, "\r\x1b[K")
		p.transient = false
	}
	_, _ = fmt.Fprintln(p.out, p.masked(text))
	p.printed = p.options.Now()
}

// masked returns text without the secrets.
func (p *Printer) masked(text string) string {
	for _, secret := range p.secrets {
		text = strings.ReplaceAll(text, secret, placeholder)
	}
	return text
}

// Short returns a resource's URN as its kind and its name.
func Short(urn string) string {
	parsed := resource.URN(urn)
	if !parsed.IsValid() {
		return urn
	}
	return string(parsed.Type().Name()) + " " + parsed.Name()
}

// key identifies an operation that is under way.
func key(step apitype.StepEventMetadata) string { return step.URN + " " + string(step.Op) }

// duration prints a duration to the tenth of a second below ten seconds, and to the second above.
func duration(d time.Duration) string {
	if d < 10*time.Second {
		return fmt.Sprintf("%.1fs", d.Seconds())
	}
	return d.Round(time.Second).String()
}

// plain removes the engine's colour marks.
func plain(text string) string { return colors.Never.Colorize(text) }

// indent puts a prefix before the first line, and as many spaces before the others.
func indent(prefix, text string) string {
	return prefix + strings.ReplaceAll(text, "\n", "\n"+strings.Repeat(" ", len(prefix)))
}

// cause removes the wrapping that errors have been given on their way.
func cause(message string) string {
	wrapped := severalErrors.FindString(message)
	rest := strings.TrimSpace(message[len(wrapped):])
	if strings.HasPrefix(wrapped, "1 ") {
		return strings.TrimPrefix(rest, "* ")
	}
	return strings.ReplaceAll(rest, "\n\t* ", "\n* ")
}
