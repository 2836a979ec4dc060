// Package table reads and writes tables of text, separated by commas,
// semicolons or tabs, and knows the line of each row.
//
//	style := table.StyleOf(head, false)
//	t, err := table.NewReader(text, style, textfile.MaxRecord)
//	header, _, err := t.Header()
//	cells, line, err := t.Next() // io.EOF at the end
//
// It knows the quotes of a cell and nothing of its meaning, which package sheet
// knows.
package table

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/webexscim/bulk/internal/cell"
	"github.com/webexscim/bulk/internal/textfile"
)

// Reader reads the rows of a table. NewReader makes one.
type Reader struct {
	in    *bufio.Reader
	comma byte
	style Style
	limit int

	lines int    // read so far
	raw   []byte // the row as it is written, as far as it is read
	text  []byte // its cells one after the other
	ends  []int  // of the cells in text
	cells []string
}

// NewReader reads a text of a style. A row of more than limit bytes is an
// error.
func NewReader(text io.Reader, s Style, limit int) (*Reader, error) {
	if s.cr {
		text = &lineFeeds{Reader: text}
	}
	t := &Reader{in: bufio.NewReaderSize(text, 1<<16), comma: byte(s.Comma), style: s, limit: limit}
	head, err := t.in.Peek(16)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if _, length := sepLine(head); length > 0 {
		t.lines = 1
		_, err := t.in.Discard(length)
		return t, err
	}
	return t, nil
}

// Header reads the first row that is not empty. It returns io.EOF if there is
// none.
func (t *Reader) Header() (cells []string, line int, err error) {
	for err == nil && IsEmpty(cells) {
		cells, line, err = t.Next()
	}
	return slices.Clone(cells), line, err
}

// Next reads a row, which is valid until the next call, and returns the line on
// which it begins. After a *QuoteError reading can continue with the next row;
// after textfile.ErrTooLarge and other errors it cannot. The end is io.EOF.
func (t *Reader) Next() (cells []string, line int, err error) {
	t.raw, t.text, t.ends = t.raw[:0], t.text[:0], t.ends[:0]
	err = t.readLine()
	line = t.lines
	for at, last := 0, false; err == nil && !last; {
		if at < len(t.raw) && t.raw[at] == '"' {
			at, last, err = t.quoted(at)
		} else {
			at, last, err = t.unquoted(at)
		}
		t.ends = append(t.ends, len(t.text))
	}
	if err != nil {
		return nil, line, err
	}
	text, begin := string(t.text), 0
	t.cells = t.cells[:0]
	for _, end := range t.ends {
		t.cells = append(t.cells, text[begin:end])
		begin = end
	}
	return t.cells, line, nil
}

// readLine adds a line to raw; CR LF becomes LF.
func (t *Reader) readLine() error {
	begin := len(t.raw)
	for {
		part, err := t.in.ReadSlice('\n')
		if t.raw = append(t.raw, part...); len(t.raw) > t.limit {
			if begin == 0 {
				t.lines++
			}
			return textfile.ErrTooLarge
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err == io.EOF && len(t.raw) > begin:
			t.raw = bytes.TrimSuffix(t.raw, []byte("\r"))
		case err != nil:
			return err
		case bytes.HasSuffix(t.raw[begin:], []byte("\r\n")):
			t.raw = append(t.raw[:len(t.raw)-2], '\n')
		}
		t.lines++
		return nil
	}
}

// lineEnd returns the length of raw without the end of its last line.
func (t *Reader) lineEnd() int { return len(bytes.TrimSuffix(t.raw, []byte("\n"))) }

// unquoted reads a cell that does not begin with a quote. A quote in the middle
// is text, as in some exports and in a path such as emails[type eq
// "work"].value.
func (t *Reader) unquoted(at int) (next int, last bool, err error) {
	text := t.raw[at:t.lineEnd()]
	i := bytes.IndexByte(text, t.comma)
	if i >= 0 {
		text = text[:i]
	}
	if bytes.IndexByte(text, '"') > 0 && text[0] <= ' ' && bytes.TrimLeft(text, " \t")[0] == '"' {
		return 0, false, &QuoteError{
			Cell: len(t.ends), Text: string(text),
			Problem: "a space before the opening quote", Expected: "the quote right after the " + t.style.Name(),
		}
	}
	t.text = append(t.text, text...)
	return at + len(text) + 1, i < 0, nil
}

// quoted reads a cell in quotes, with all of its lines.
func (t *Reader) quoted(begin int) (next int, last bool, err error) {
	for at := begin + 1; ; {
		i := bytes.IndexByte(t.raw[at:], '"')
		if i < 0 {
			t.text = append(t.text, t.raw[at:]...)
			at = len(t.raw)
			switch err := t.readLine(); {
			case err == io.EOF:
				return 0, false, t.neverClosed(begin)
			case err != nil:
				return 0, false, err
			}
			continue
		}
		t.text = append(t.text, t.raw[at:at+i]...)
		at += i + 1
		switch {
		case at >= t.lineEnd():
			return at, true, nil
		case t.raw[at] == t.comma:
			return at + 1, false, nil
		case t.raw[at] != '"':
			return 0, false, t.quoteInside(begin, at)
		}
		t.text = append(t.text, '"')
		at++
	}
}

// QuoteError is a mistake in the quotes of a cell.
type QuoteError struct {
	// Cell is the place of the cell in the row, from 0.
	Cell int
	// Text is the cell as it is written, or its first line.
	Text string
	// Problem and Expected are as in a textfile.Error.
	Problem, Expected string
}

func (e *QuoteError) Error() string { return e.Problem }

// quoteInside returns the error of a cell that goes on after its closing quote.
func (t *Reader) quoteInside(begin, after int) error {
	rest := t.raw[after:t.lineEnd()]
	if i := bytes.IndexByte(rest, t.comma); i >= 0 {
		rest = rest[:i]
	}
	return &QuoteError{
		Cell: len(t.ends), Text: string(t.raw[begin : after+len(rest)]),
		Problem: "a quote inside a cell in quotes", Expected: `"" for each quote in it, and nothing after the closing one`,
	}
}

func (t *Reader) neverClosed(begin int) error {
	first, more, _ := strings.Cut(string(t.raw[begin:]), "\n")
	e := &QuoteError{
		Cell: len(t.ends), Text: first,
		Problem: "a quote that is never closed", Expected: `a closing quote, or "" for a quote that belongs to the text`,
	}
	if more != "" {
		e.Problem += fmt.Sprintf(" (all up to line %d is one cell)", t.lines)
	}
	return e
}

// IsEmpty reports whether a row holds nothing but separators and blanks.
func IsEmpty(fields []string) bool {
	return !slices.ContainsFunc(fields, func(f string) bool {
		return strings.ContainsFunc(f, func(r rune) bool { return r != ',' && r != ';' && !cell.IsBlank(r) })
	})
}
