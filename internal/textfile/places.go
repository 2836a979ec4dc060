package textfile

import (
	"fmt"
	"slices"
	"strings"
)

// maxPlaces is how many lines a note lists.
const maxPlaces = 10

// Places are the lines of which a note tells: how many, and the first of them. The zero value is empty.
type Places struct {
	// Count is how many there are.
	Count int

	lines []string
	last  int
}

// Add takes in a line. One that comes again at once counts once.
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
