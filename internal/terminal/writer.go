package terminal

import (
	"bytes"
	"io"
	"os"
	"strings"
	"sync"
	"unicode/utf8"

	"golang.org/x/term"
)

// Writer escapes control characters on their way to a stream, except line
// breaks and tabs. It is safe for concurrent use.
type Writer struct {
	stream io.Writer

	mu   sync.Mutex
	rest []byte // the incomplete character at the end of the last Write
}

// NewWriter returns a Writer to a stream, which need not be a terminal.
func NewWriter(stream io.Writer) *Writer { return &Writer{stream: stream} }

// Stream returns the underlying stream.
func (w *Writer) Stream() io.Writer { return w.stream }

// IsTerminal reports whether the stream is a terminal.
func (w *Writer) IsTerminal() bool {
	f, ok := w.stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// Width returns the number of columns of the terminal, or 0 if it is unknown or
// the stream is not a terminal.
func (w *Writer) Width() int {
	f, ok := w.stream.(*os.File)
	if !ok {
		return 0
	}
	columns, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return columns
}

// Write does not wrap lines, because programs may read them. A character may be
// split between two calls.
func (w *Writer) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	text := append(w.rest, p...)
	whole := len(text) - unfinished(text)
	w.rest = bytes.Clone(text[whole:])
	if _, err := io.WriteString(w.stream, escape(string(text[:whole]), true)); err != nil {
		return 0, err
	}
	return len(p), nil
}

// unfinished returns the length of an incomplete character at the end of text.
func unfinished(text []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(text); n++ {
		last := text[len(text)-n:]
		if utf8.RuneStart(last[0]) {
			if utf8.FullRune(last) {
				return 0
			}
			return n
		}
	}
	return 0
}

// Flush writes an incomplete character of the last Write, escaped.
func (w *Writer) Flush() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	rest := string(w.rest)
	w.rest = nil
	_, err := io.WriteString(w.stream, escape(rest, true))
	return err
}

// Print writes a text for a person, wrapped at the width of the terminal.
func (w *Writer) Print(text Text) error {
	_, err := io.WriteString(w, string(Wrap(text, w.Width())))
	return err
}

// Printf prints the text that Sprintf returns.
func (w *Writer) Printf(format string, args ...any) error { return w.Print(Sprintf(format, args...)) }

// PrintTable prints the output of write, which must have escaped foreign text.
func (w *Writer) PrintTable(write func(io.Writer) error) error {
	var b strings.Builder
	if err := write(&b); err != nil {
		return err
	}
	return w.Print(Text(b.String()))
}
