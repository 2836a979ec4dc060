package table

import (
	"encoding/csv"
	"io"
	"strings"
)

// Writer writes a table with the separator and line ends of a Style.
type Writer struct {
	csv *csv.Writer
	err error
}

// NewWriter begins a table with its header.
func NewWriter(w io.Writer, s Style, header []string) *Writer {
	t := &Writer{csv: csv.NewWriter(w)}
	t.csv.Comma, t.csv.UseCRLF = s.Comma, s.CRLF
	_, t.err = io.WriteString(w, s.headerLine(header))
	return t
}

// headerLine writes the header so that StyleOf finds the separator: other
// separators are in quotes.
func (s Style) headerLine(header []string) string {
	var b strings.Builder
	for i, cell := range header {
		if i > 0 {
			b.WriteRune(s.Comma)
		}
		if strings.ContainsAny(cell, ",;\t\"\r\n") {
			cell = `"` + strings.ReplaceAll(cell, `"`, `""`) + `"`
		}
		b.WriteString(cell)
	}
	if s.CRLF {
		b.WriteByte('\r')
	}
	b.WriteByte('\n')
	return b.String()
}

// Write writes a row.
func (t *Writer) Write(cells []string) error {
	if t.err == nil {
		t.err = t.csv.Write(cells)
	}
	return t.err
}

// Flush ends the table and returns the first error of writing.
func (t *Writer) Flush() error {
	t.csv.Flush()
	if t.err == nil {
		t.err = t.csv.Error()
	}
	return t.err
}
