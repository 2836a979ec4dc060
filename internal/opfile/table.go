package opfile

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// table reads the rows of a sheet as text.
type table struct {
	csv     *csv.Reader
	bound   *bounded
	skipped int // lines before those that csv sees
}

// style is how a sheet is written, as far as it has to be known.
type style struct {
	comma rune
	crlf  bool // lines end in CR LF
	cr    bool // lines end in CR alone, as Excel for Mac once wrote
}

// styleOf finds the style of a sheet from its beginning.
func styleOf(head []byte, f Format) style {
	_, length := sepLine(head)
	_, end := headerOf(head[length:])
	return style{comma: separator(head, f), crlf: end == "\r\n", cr: end == "\r"}
}

// headerOf returns the first line that holds more than separators, and how it ends. In quotes no line ends.
func headerOf(head []byte) (line []byte, end string) {
	begin, quoted, empty := 0, false, true
	for i, c := range head {
		switch {
		case c == '"':
			quoted = !quoted
		case quoted || c != '\n' && c != '\r':
			empty = empty && bytes.IndexByte([]byte(",;\t "), c) >= 0
		case empty:
			begin = i + 1
		case bytes.HasPrefix(head[i:], []byte("\r\n")):
			return head[begin:i], "\r\n"
		default:
			return head[begin:i], string(c)
		}
	}
	return head[begin:], ""
}

// separator finds what stands between the cells: what Excel's sep= line says, or else the one that the header has most
// of, outside quotes.
func separator(head []byte, f Format) rune {
	if comma, _ := sepLine(head); comma != 0 {
		return comma
	}
	best, most := ',', 0
	if f == TSV {
		best = '\t'
	}
	count := make(map[rune]int)
	line, _ := headerOf(head)
	for i, part := range strings.Split(string(line), `"`) {
		if i%2 == 1 {
			continue // in quotes
		}
		for _, c := range []rune{',', '\t', ';'} {
			count[c] += strings.Count(part, string(c))
		}
	}
	for _, c := range []rune{best, ',', '\t', ';'} {
		if count[c] > most {
			best, most = c, count[c]
		}
	}
	return best
}

// sepLine returns the separator that a first line "sep=;" names, and the length of that line with its end.
func sepLine(head []byte) (comma rune, length int) {
	line, _, ended := bytes.Cut(head, []byte("\n"))
	rest, ok := cutFold(strings.TrimSpace(strings.Trim(string(line), "\"")), "sep=")
	switch strings.Trim(rest, "\"\r") {
	case ",", ";":
		comma = rune(rest[0])
	case "\t", "":
		comma = '\t' // TrimSpace took it
	}
	if !ok || !ended || comma == 0 {
		return 0, 0
	}
	return comma, len(line) + 1
}

func newTable(text io.Reader, s style, limit int) (*table, error) {
	if s.cr {
		text = &lineFeeds{Reader: text}
	}
	in := bufio.NewReader(text)
	head, err := in.Peek(16)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	t := &table{bound: &bounded{Reader: in, limit: int64(limit)}}
	if _, length := sepLine(head); length > 0 {
		t.skipped = 1
		if _, err := in.Discard(length); err != nil {
			return nil, err
		}
	}
	t.csv = csv.NewReader(t.bound)
	t.csv.Comma = s.comma
	t.csv.FieldsPerRecord = -1
	t.csv.ReuseRecord = true
	return t, nil
}

// header reads the first row in which something stands. Quotes in it may stand in the middle of a cell:
// emails[type eq "work"].value has them, and people write it as it is.
func (t *table) header() (fields []string, line int, err error) {
	t.csv.LazyQuotes = true
	for err == nil && isEmpty(fields) {
		fields, line, err = t.next()
	}
	t.csv.LazyQuotes = false
	return append([]string(nil), fields...), line, err
}

// next reads a row, valid until the one after, and tells the line on which it begins.
func (t *table) next() (fields []string, line int, err error) {
	t.bound.mark = t.csv.InputOffset()
	fields, err = t.csv.Read()
	if syntax, ok := errors.AsType[*csv.ParseError](err); ok {
		return nil, syntax.StartLine + t.skipped, t.misquoted(len(fields), syntax)
	}
	if errors.Is(err, errTooLarge) {
		return nil, t.bound.line() + t.skipped, err
	}
	if err != nil {
		return nil, 0, err
	}
	line, _ = t.csv.FieldPos(0)
	return fields, line + t.skipped, nil
}

// quoteError is a cell whose quotes are wrong.
type quoteError struct {
	cell    int    // its place in the row, from 0
	text    string // as it stands there, or how it begins
	problem string
	wanted  string
}

func (e *quoteError) Error() string { return e.problem }

// misquoted says what is wrong with the quotes of the cell that stands after the given number of good ones.
func (t *table) misquoted(cell int, syntax *csv.ParseError) *quoteError {
	comma := string(t.csv.Comma)
	e := &quoteError{cell: cell, text: cellAt(t.bound.unread(), comma, cell)}
	if errors.Is(syntax, csv.ErrBareQuote) {
		e.text = upTo(e.text, comma+"\r\n")
		if strings.HasPrefix(strings.TrimLeftFunc(e.text, isBlank), `"`) {
			e.problem, e.wanted = "a space before the opening quote", "the quote right after the "+separatorNames[t.csv.Comma]
			return e
		}
		e.problem, e.wanted = "a quote inside a cell", `the cell in quotes and "" for each quote in it`
		if len(e.text) <= maxShown {
			e.wanted += `: "` + strings.ReplaceAll(e.text, `"`, `""`) + `"`
		}
		return e
	}
	if end := closing(e.text); end < len(e.text) {
		e.text = e.text[:end] + upTo(e.text[end:], comma+"\r\n")
		e.problem, e.wanted = "a quote inside a cell in quotes", `"" for each quote in it, and nothing after the closing one`
		return e
	}
	e.problem, e.wanted = "a quote that is never closed", `a closing quote, or "" for a quote that belongs to the text`
	if syntax.Line > syntax.StartLine {
		e.problem += fmt.Sprintf(" (all up to line %d is one cell)", syntax.Line+t.skipped)
	}
	e.text = upTo(e.text, "\r\n")
	return e
}

// separatorNames are what people call them.
var separatorNames = map[rune]string{',': "comma", ';': "semicolon", '\t': "tab"}

// cellAt returns a row from the beginning of a cell; those before it are well quoted.
func cellAt(row []byte, comma string, cell int) string {
	quoted := false
	text := strings.TrimLeft(string(row), "\r\n")
	for i := range len(text) {
		switch {
		case cell == 0:
			return text[i:]
		case text[i] == '"':
			quoted = !quoted
		case text[i] == comma[0] && !quoted:
			cell--
		}
	}
	return ""
}

// closing finds the quote that ends a cell in quotes; where there is none, the end of the text.
func closing(text string) int {
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] != '"':
		case strings.HasPrefix(text[i:], `""`):
			i++
		default:
			return i
		}
	}
	return len(text)
}

// upTo returns s up to the first of some characters.
func upTo(s, ends string) string {
	if i := strings.IndexAny(s, ends); i >= 0 {
		return s[:i]
	}
	return s
}

// isEmpty reports whether nothing stands in a row but separators, of whatever kind.
func isEmpty(fields []string) bool {
	return !slices.ContainsFunc(fields, func(f string) bool {
		return strings.ContainsFunc(f, func(r rune) bool { return r != ',' && r != ';' && !isBlank(r) })
	})
}

// lineFeeds makes each line end, CR LF and CR, one that csv knows.
type lineFeeds struct {
	io.Reader
	afterCR bool
}

func (l *lineFeeds) Read(p []byte) (int, error) {
	n, err := l.Reader.Read(p)
	out := p[:0]
	for _, c := range p[:n] {
		switch {
		case c == '\r':
			out = append(out, '\n')
		case c != '\n' || !l.afterCR:
			out = append(out, c)
		}
		l.afterCR = c == '\r'
	}
	return len(out), err
}
