package terminal

import (
	"errors"
	"fmt"
	"strings"
)

// Text is text of the program, or foreign text that was made harmless: it may hold line breaks.
type Text string

// Sprintf is fmt.Sprintf with strings and errors among the arguments escaped, unless they are a Text or an error of Errorf.
func Sprintf(format string, args ...any) Text {
	shown := make([]any, len(args))
	for i, arg := range args {
		switch arg := arg.(type) {
		case string:
			shown[i] = Escape(arg)
		case error:
			shown[i] = string(ErrorText(arg))
		default:
			shown[i] = arg
		}
	}
	return Text(fmt.Sprintf(format, shown...))
}

// Errorf is fmt.Errorf with its arguments escaped as by Sprintf. Errors of several lines are made with it.
func Errorf(format string, args ...any) error {
	shown := make([]any, len(args))
	for i, arg := range args {
		switch arg := arg.(type) {
		case string:
			shown[i] = Escape(arg)
		case error:
			shown[i] = &escaped{ErrorText(arg), arg}
		default:
			shown[i] = arg
		}
	}
	err := fmt.Errorf(format, shown...)
	return &escaped{Text(err.Error()), err}
}

// escaped is an error whose text is harmless.
type escaped struct {
	text Text
	err  error
}

func (e *escaped) Error() string { return string(e.text) }
func (e *escaped) Unwrap() error { return e.err }

// ErrorText is the text of an error, escaped. Line breaks stay only between joined errors and where Errorf has them,
// also within other errors.
func ErrorText(err error) Text {
	if e, ok := err.(*escaped); ok {
		return e.text
	}
	if all, ok := err.(interface{ Unwrap() []error }); ok && len(all.Unwrap()) > 0 {
		var own, shown []string
		for _, one := range all.Unwrap() {
			own, shown = append(own, one.Error()), append(shown, string(ErrorText(one)))
		}
		if strings.Join(own, "\n") == err.Error() {
			return Text(strings.Join(shown, "\n"))
		}
	}
	if inner := errors.Unwrap(err); inner != nil {
		if before, after, ok := strings.Cut(err.Error(), inner.Error()); ok {
			return Text(Escape(before)) + ErrorText(inner) + Text(Escape(after))
		}
	}
	return Text(Escape(err.Error()))
}

// Wrap breaks lines of more than width characters at spaces, and indents what continues a line by two more than the
// line. A word that is too long stays whole. Where width is 0, the text stays as it is.
func Wrap(text Text, width int) Text {
	if width <= 0 {
		return text
	}
	lines := strings.SplitAfter(string(text), "\n")
	for i, line := range lines {
		lines[i] = wrapLine(line, width)
	}
	return Text(strings.Join(lines, ""))
}

func wrapLine(line string, width int) string {
	indent := line[:len(line)-len(strings.TrimLeft(line, " "))] + "  "
	if len(indent) > width/2 {
		indent = "  "
	}
	var b strings.Builder
	for {
		end := breakOf(line, width)
		if end < 0 {
			b.WriteString(line)
			return b.String()
		}
		b.WriteString(strings.TrimRight(line[:end], " ") + "\n")
		line = indent + strings.TrimLeft(line[end:], " ")
	}
}

// breakOf is where a line is to be broken, before a space; -1 if it is not.
func breakOf(line string, width int) int {
	start := len(line) - len(strings.TrimLeft(line, " "))
	last, columns := -1, 0
	for i, r := range line {
		if r == '\n' {
			return -1
		}
		if r == ' ' && i > start && strings.TrimRight(line[i:], " \n") != "" {
			if last < 0 || columns <= width {
				last = i
			}
		}
		if columns++; columns > width && last >= 0 {
			return last
		}
	}
	return -1
}
