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

// Writer lets nothing through to a stream that a terminal obeys, but line breaks and tabs. It may be used by several goroutines.
type Writer struct {
	stream io.Writer

	mu   sync.Mutex
	rest []byte // the beginning of a character, at the end of what was written last
}

// NewWriter returns a Writer to a stream, which may be no terminal.
func NewWriter(stream io.Writer) *Writer { return &Writer{stream: stream} }

// Stream is where it writes to.
func (w *Writer) Stream() io.Writer { return w.stream }

// IsTerminal reports whether a person sits at the stream.
func (w *Writer) IsTerminal() bool {
	f, ok := w.stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// Width is the number of columns of a terminal, 0 where it is not known or the stream is none.
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

// Write writes what machines may read too: lines are not wrapped. The text may be cut anywhere between two calls.
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

// unfinished is the length of a character at the end of text of which the rest is missing.
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

// Flush writes the beginning of a character that has no end, escaped.
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

// Printf is Print of Sprintf.
func (w *Writer) Printf(format string, args ...any) error { return w.Print(Sprintf(format, args...)) }

// PrintTable prints what write writes, which has escaped its foreign text.
func (w *Writer) PrintTable(write func(io.Writer) error) error {
	var b strings.Builder
	if err := write(&b); err != nil {
		return err
	}
	return w.Print(Text(b.String()))
}
