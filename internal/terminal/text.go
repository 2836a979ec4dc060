package terminal

import (
	"errors"
	"fmt"
	"strings"
)

// Text is the program's own text, or foreign text after escaping. It may
// contain line breaks.
type Text string

// Sprintf is fmt.Sprintf, but escapes strings and errors among the arguments. A
// Text and an error of Errorf are not escaped again.
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

// Errorf is fmt.Errorf, but escapes its arguments as Sprintf does. Use it for
// errors of several lines.
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

// escaped is an error whose text is safe to show.
type escaped struct {
	text Text
	err  error
}

func (e *escaped) Error() string { return string(e.text) }
func (e *escaped) Unwrap() error { return e.err }

// ErrorText returns the text of an error, escaped. Only the line breaks between
// joined errors and those in the format of Errorf stay, also if the error is
// wrapped.
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

// Wrap breaks lines of more than width characters at spaces, and indents a
// continued line by two more than its beginning. It does not break words. If
// width is 0, it returns the text unchanged.
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

// breakOf returns the index of the space at which to break a line, or -1.
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
