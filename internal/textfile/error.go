package textfile

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ErrNoOperations tells an input in which there is no operation at all from one in which something is wrong: the *Error
// about it is this one.
var ErrNoOperations = errors.New("holds no operations")

// Error is one thing that is wrong with an input, told to the person who wrote it. It quotes the value found, which
// may be about a person: it belongs on that person's screen and in no log. Data of NDJSON and JSON is never quoted.
type Error struct {
	// File is the name of the input.
	File string
	// Line is where the row begins, from 1; 0 when it is about the whole input.
	Line int
	// Column is the sheet's column as its header has it, or the member of an operation; "" for the whole row.
	Column string
	// Value is what was found there, "" when there is nothing to show.
	Value string
	// Problem is what is wrong.
	Problem string
	// Expected is what should stand there.
	Expected string
	// Cause is the same in all errors that have one cause, such as the encoding of the file, of which the first alone is
	// told. When it is empty, errors with the same Column and Problem are alike, of which few are told where there is no room.
	Cause string
	// More is how many more there are of its cause, or that are alike; Errors counts them.
	More int
}

// MaxShown is how many characters of a value an error shows.
const MaxShown = 60

// Error gives it as one line: file, line, column, value, what is wrong and what is expected.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.File)
	if e.Line > 0 {
		fmt.Fprintf(&b, ", line %d", e.Line)
	}
	if e.Column != "" {
		b.WriteString(", column " + Quote(e.Column))
	}
	if e.Value != "" {
		b.WriteString(", value " + Quote(e.Value))
	}
	b.WriteString(": " + e.Problem)
	if e.More > 0 {
		fmt.Fprintf(&b, " (and %d more like this)", e.More)
	}
	if e.Expected != "" {
		b.WriteString("; expected " + e.Expected)
	}
	return b.String()
}

// Quote returns s in quotes, on one line, and not too long for one. What can't be seen is written as Go does; a quote or
// a backslash stands as it is, for those who read this write sheets and no Go.
func Quote(s string) string {
	mark := `"`
	if strings.Contains(s, mark) && !strings.Contains(s, "'") {
		mark = "'"
	}
	return mark + Visible(s) + mark
}

// Visible returns s on one line, cut after MaxShown characters.
func Visible(s string) string {
	var b strings.Builder
	shown := 0
	for i, r := range s {
		switch _, size := utf8.DecodeRuneInString(s[i:]); {
		case shown == MaxShown:
			b.WriteString("…")
			return b.String()
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case unicode.IsPrint(r):
			b.WriteRune(r)
		default:
			b.WriteString(strings.Trim(strconv.QuoteRune(r), "'"))
		}
		shown++
	}
	return b.String()
}

// Is reports whether target is ErrNoOperations and this is about that.
func (e *Error) Is(target error) bool {
	return target == ErrNoOperations && e.Problem == ErrNoOperations.Error()
}

// Errors gathers all that is wrong with an input, so that no single cause takes the room of the others. The zero value is
// empty and ready.
type Errors struct {
	// All says to keep every error that is not of the cause of another. It is set before the first Add.
	All bool
	// List holds the first 20.
	List []*Error
	// Count is how many there are; errors of one Cause are one.
	Count int

	alike map[alike]*alikes
}

// alike is what errors have in common.
type alike struct{ cause, column, problem string }

// alikes are those of a kind that are listed, and whether there was one at all.
type alikes struct {
	found  bool
	listed []*Error
}

const (
	maxListed = 20 // errors that are kept to be shown
	maxAlike  = 5  // of a kind, where there is no room for more
	maxKinds  = 10_000
)

// Add takes in an error about what an input says and reports whether it was one. One that was not, such as a failing
// disk, is left to the caller: reading can't go on.
func (e *Errors) Add(err error) bool {
	if all, ok := errors.AsType[*Errors](err); ok {
		for _, one := range all.List {
			e.add(one)
		}
		e.Count += max(0, all.Count-len(all.List))
		return true
	}
	one, ok := errors.AsType[*Error](err)
	if ok {
		e.add(one)
	}
	return ok
}

func (e *Errors) add(one *Error) {
	key := alike{cause: one.Cause}
	if one.Cause == "" {
		key.column, key.problem = one.Column, one.Problem
	}
	if e.alike == nil {
		e.alike = make(map[alike]*alikes)
	}
	kind := e.alike[key]
	if kind == nil && len(e.alike) == maxKinds && !e.All {
		e.Count++
		return
	}
	if kind == nil {
		kind = &alikes{}
		e.alike[key] = kind
	}
	repeats := kind.found && one.Cause != ""
	kind.found = true
	if !repeats {
		e.Count++
	}
	switch {
	case !repeats && (e.All || len(e.List) < maxListed || len(kind.listed) < maxAlike && e.makeRoom()):
		fresh := new(*one)
		kind.listed = append(kind.listed, fresh)
		e.List = append(e.List, fresh)
	case len(kind.listed) > 0:
		kind.listed[len(kind.listed)-1].More++
	}
}

// makeRoom takes the last error off the list of the kind that has most, and reports whether one has too many.
func (e *Errors) makeRoom() bool {
	var most *alikes
	for _, kind := range e.alike {
		if most == nil || len(kind.listed) > len(most.listed) {
			most = kind
		}
	}
	n := len(most.listed) - 1
	if n < maxAlike {
		return false
	}
	last := most.listed[n]
	most.listed = most.listed[:n]
	most.listed[n-1].More += last.More + 1
	e.List = slices.DeleteFunc(e.List, func(one *Error) bool { return one == last })
	return true
}

// Err returns e in the order of lines, or nil when nothing is wrong.
func (e *Errors) Err() error {
	if e.Count == 0 {
		return nil
	}
	slices.SortStableFunc(e.List, func(a, b *Error) int { return cmp.Compare(a.Line, b.Line) })
	return e
}

// Error gives one line for each, and then how many more there are.
func (e *Errors) Error() string {
	var lines []string
	for _, one := range e.Unwrap() {
		lines = append(lines, one.Error())
	}
	return strings.Join(lines, "\n")
}

// Unwrap returns those that are listed, and one that says how many more there are.
func (e *Errors) Unwrap() []error {
	list := make([]error, 0, len(e.List)+1)
	for _, one := range e.List {
		list = append(list, one)
	}
	more := e.Count - len(e.List)
	for _, one := range e.List {
		if one.Cause == "" {
			more -= one.More
		}
	}
	if more > 0 {
		list = append(list, fmt.Errorf("and %d more", more))
	}
	return list
}
