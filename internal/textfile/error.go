package textfile

import (
	"errors"
	"fmt"
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

// Errors gathers all that is wrong with an input. The zero value is empty and ready.
type Errors struct {
	// List holds the first 20.
	List []*Error
	// Count is how many there are.
	Count int
}

// maxListed is how many errors are kept to be shown.
const maxListed = 20

// Add takes in an error that Read or Rows gave and reports whether it was about what the input says. One that was not,
// such as a failing disk, is left to the caller: reading can't go on.
func (e *Errors) Add(err error) bool {
	if all, ok := errors.AsType[*Errors](err); ok {
		e.List = append(e.List, all.List[:min(len(all.List), maxListed-len(e.List))]...)
		e.Count += all.Count
		return true
	}
	one, ok := errors.AsType[*Error](err)
	if ok {
		e.add(one)
	}
	return ok
}

func (e *Errors) add(one *Error) {
	if len(e.List) < maxListed {
		e.List = append(e.List, one)
	}
	e.Count++
}

// Err returns e, or nil when nothing is wrong.
func (e *Errors) Err() error {
	if e.Count == 0 {
		return nil
	}
	return e
}

// Error gives one line for each, and then how many more there are.
func (e *Errors) Error() string {
	lines := make([]string, 0, len(e.List)+1)
	for _, one := range e.List {
		lines = append(lines, one.Error())
	}
	if more := e.Count - len(e.List); more > 0 {
		lines = append(lines, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(lines, "\n")
}

// Unwrap returns those that are listed.
func (e *Errors) Unwrap() []error {
	list := make([]error, len(e.List))
	for i, one := range e.List {
		list[i] = one
	}
	return list
}
