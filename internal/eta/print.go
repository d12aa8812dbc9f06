package eta

import (
	"fmt"
	"strings"
	"time"
)

// slow is from when on a step that is not critical is worth a line.
const slow = 10 * time.Second

// String lists the critical path and, beside it, whatever else takes long: when it starts at the earliest, and how long
// it takes.
func (p *Plan) String() string {
	var text strings.Builder
	for _, step := range p.Steps {
		mark := " "
		switch {
		case step.Critical:
			mark = "*"
		case step.Took < slow:
			continue
		}
		fmt.Fprintf(&text, "  %s %6s  %6s  %s %s\n", mark, clock(step.Start), clock(step.Took), step.Resource.Type.Name(),
			step.Resource.Name)
	}
	return text.String()
}

// clock prints a duration as minutes and seconds.
func clock(d time.Duration) string {
	seconds := int(d.Round(time.Second) / time.Second)
	return fmt.Sprintf("%d:%02d", seconds/60, seconds%60)
}
