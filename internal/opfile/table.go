package opfile

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"io"
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
	s := style{crlf: bytes.Contains(head, []byte("\r\n"))}
	s.cr = !bytes.ContainsRune(head, '\n') && bytes.ContainsRune(head, '\r')
	s.comma = separator(head, f)
	return s
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
	quoted := false
	for _, c := range string(head) {
		if c == '"' {
			quoted = !quoted
		}
		if (c == '\n' || c == '\r') && !quoted && len(count) > 0 {
			break
		}
		if !quoted {
			count[c]++
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
		text = lineFeeds{text}
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

// header reads the first row. Quotes in it may stand in the middle of a cell: emails[type eq "work"].value has them,
// and people write it as it is.
func (t *table) header() (fields []string, line int, err error) {
	t.csv.LazyQuotes = true
	fields, line, err = t.next()
	t.csv.LazyQuotes = false
	return append([]string(nil), fields...), line, err
}

// next reads a row, valid until the one after, and tells the line on which it begins.
func (t *table) next() (fields []string, line int, err error) {
	t.bound.mark = t.csv.InputOffset()
	fields, err = t.csv.Read()
	if syntax, ok := errors.AsType[*csv.ParseError](err); ok {
		return nil, syntax.StartLine + t.skipped, err
	}
	if err != nil {
		return nil, 0, err
	}
	line, _ = t.csv.FieldPos(0)
	return fields, line + t.skipped, nil
}

// lineFeeds makes each CR a line end that csv knows.
type lineFeeds struct{ io.Reader }

func (l lineFeeds) Read(p []byte) (int, error) {
	n, err := l.Reader.Read(p)
	for i, c := range p[:n] {
		if c == '\r' {
			p[i] = '\n'
		}
	}
	return n, err
}
