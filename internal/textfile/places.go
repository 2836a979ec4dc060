package textfile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/webexscim/bulk/internal/terminal"
)

// maxPlaces is the number of lines that a note lists.
const maxPlaces = 10

// Places counts lines and keeps the first of them, for a note. The zero value
// is empty.
type Places struct {
	// Count is the number of lines.
	Count int

	lines []string
	last  int
}

// Add adds a line. A line that is added several times in a row counts once.
func (p *Places) Add(line int) {
	if line == p.last {
		return
	}
	p.last = line
	if p.Count++; len(p.lines) < maxPlaces {
		p.lines = append(p.lines, fmt.Sprintf("line %d", line))
	}
}

// SentAsWritten returns a note about things at these lines, such as rows, that
// a service may refuse.
func (p Places) SentAsWritten(thing, what string) string {
	return SentAsWritten(terminal.Plural(p.Count, thing)+" "+what, p.String())
}

// SentAsWritten returns a note about things that a service may refuse, with a
// list of them.
func SentAsWritten(things, list string) string {
	return fmt.Sprintf("sent as written, though a service may refuse it: %s (%s)", things, list)
}

// String lists the lines.
func (p Places) String() string {
	list := p.lines
	if more := p.Count - len(list); more > 0 {
		list = append(slices.Clip(list), fmt.Sprintf("and %d more", more))
	}
	return strings.Join(list, "; ")
}
