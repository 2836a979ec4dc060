package table

import (
	"bytes"
	"io"
	"strings"

	"github.com/webexscim/bulk/internal/textfile"
)

// Style is the form in which a table is written.
type Style struct {
	Comma rune // separates the cells
	CRLF  bool // lines end in CR LF
	cr    bool // lines end in CR alone, as Excel for Mac once wrote
}

// StyleOf finds the style of a table from its beginning; tabs says that the
// file name ends in .tsv.
func StyleOf(head []byte, tabs bool) Style {
	_, length := sepLine(head)
	_, end := headerOf(head[length:])
	return Style{Comma: separator(head, tabs), CRLF: end == "\r\n", cr: end == "\r"}
}

// headerOf returns the first line that holds more than separators, and its line
// end. A line break in quotes ends no line.
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

// separator finds the separator of the cells: the one of Excel's sep= line, or
// else the most frequent one in the header, outside quotes.
func separator(head []byte, tabs bool) rune {
	if comma, _ := sepLine(head); comma != 0 {
		return comma
	}
	best, most := ',', 0
	if tabs {
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

// sepLine returns the separator that a first line "sep=;" names, and the length
// of that line with its end.
func sepLine(head []byte) (comma rune, length int) {
	line, _, ended := bytes.Cut(head, []byte("\n"))
	rest, ok := textfile.CutFold(strings.TrimSpace(strings.Trim(string(line), "\"")), "sep=")
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

// Name returns the name of the separator.
func (s Style) Name() string {
	switch s.Comma {
	case ';':
		return "semicolon"
	case '\t':
		return "tab"
	}
	return "comma"
}

// lineFeeds turns CR LF and CR into LF.
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
