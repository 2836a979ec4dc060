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

	"github.com/webexscim/bulk/internal/terminal"
)

// ErrNoOperations is the *Error of an input that holds no operations at all.
var ErrNoOperations = errors.New("holds no operations")

// Error is one mistake in an input, for the person who wrote it. It quotes the
// value, which may be personal data: it belongs on that person's screen and in
// no log. Data of NDJSON and JSON is never quoted.
type Error struct {
	// File is the name of the input.
	File string
	// Line is the line on which the row begins, from 1; 0 if the error is about
	// the whole input.
	Line int
	// Column is the sheet's column as its header has it; "" for the whole row.
	Column string
	// Member is the member of an operation in NDJSON or JSON; "" for the whole
	// operation.
	Member string
	// Value is the value found, "" if there is nothing to show.
	Value string
	// Problem says what is wrong.
	Problem string
	// Expected says what was expected.
	Expected string
	// Cause is equal in all errors that have one cause, such as the encoding of
	// the file; only the first of them is listed. Of errors without a Cause,
	// those with the same Column, Member and Problem are alike, and few of them
	// are listed if there is no room.
	Cause string
	// More is the number of further errors of this cause, or alike; Errors
	// counts them.
	More int
}

// MaxShown is the number of characters of a value that an error shows.
const MaxShown = 60

// Error returns one line: file, line, column or member, value, problem and
// expectation.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.File)
	if e.Line > 0 {
		fmt.Fprintf(&b, ", line %d", e.Line)
	}
	if e.Column != "" {
		b.WriteString(", column " + Quote(e.Column))
	}
	if e.Member != "" {
		b.WriteString(", member " + Quote(e.Member))
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

// Quote returns s in quotes, on one line and clipped. Invisible characters are
// escaped as in Go; quotes and backslashes are not, since its readers write
// sheets and no Go.
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
	s = terminal.Clip(s, MaxShown)
	for i, r := range s {
		switch _, size := utf8.DecodeRuneInString(s[i:]); {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case unicode.IsPrint(r):
			b.WriteRune(r)
		default:
			b.WriteString(strings.Trim(strconv.QuoteRune(r), "'"))
		}
	}
	return b.String()
}

// Is reports whether target is ErrNoOperations, and e says that the input holds
// no operations.
func (e *Error) Is(target error) bool {
	return target == ErrNoOperations && e.Problem == ErrNoOperations.Error()
}

// Errors collects the mistakes in an input, so that one frequent cause does not
// hide the others. The zero value is empty and ready for use.
type Errors struct {
	// All keeps every error, except further ones of one cause. It is set before
	// the first Add.
	All bool
	// List holds the first 20.
	List []*Error
	// Count is the number of errors; all errors of one Cause count once.
	Count int

	alike map[alike]*alikes
}

// alike is the common part of errors that are alike.
type alike struct{ cause, column, member, problem string }

// alikes are the listed errors of a kind, and whether there was any.
type alikes struct {
	found  bool
	listed []*Error
}

const (
	maxListed = 20 // errors that are kept to be shown
	maxAlike  = 5  // of a kind, where there is no room for more
	maxKinds  = 10_000
)

// Add adds an *Error or *Errors, and reports whether err is one. Other errors,
// such as that of a failing disk, are left to the caller: reading cannot
// continue.
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
		key.column, key.member, key.problem = one.Column, one.Member, one.Problem
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

// makeRoom removes the last error of the most frequent kind from the list, and
// reports whether there was a kind with too many.
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

// Err returns e, sorted by line, or nil if there are no errors.
func (e *Errors) Err() error {
	if e.Count == 0 {
		return nil
	}
	slices.SortStableFunc(e.List, func(a, b *Error) int { return cmp.Compare(a.Line, b.Line) })
	return e
}

// Error returns one line for each listed error, and the number of the others.
func (e *Errors) Error() string {
	var lines []string
	for _, one := range e.Unwrap() {
		lines = append(lines, one.Error())
	}
	return strings.Join(lines, "\n")
}

// Unwrap returns the listed errors, and one with the number of the others.
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
