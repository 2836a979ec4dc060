package textfile

import (
	"fmt"
	"slices"
	"strings"
)

// maxPlaces is the number of lines that a note lists.
const maxPlaces = 10

// Places counts lines and keeps the first of them, for a note. The zero value
// is empty.
type Places struct {
	// Count is how many there are.
	Count int

	lines []string
	last  int
}

// Add adds a line. A line that is repeated at once counts once.
func (p *Places) Add(line int) {
	if line == p.last {
		return
	}
	p.last = line
	if p.Count++; len(p.lines) < maxPlaces {
		p.lines = append(p.lines, fmt.Sprintf("line %d", line))
	}
}

// String lists the lines.
func (p Places) String() string {
	list := p.lines
	if more := p.Count - len(list); more > 0 {
		list = append(slices.Clip(list), fmt.Sprintf("and %d more", more))
	}
	return strings.Join(list, "; ")
}
