package records

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"iter"

	"github.com/webexscim/bulk/internal/rawjson"
	"github.com/webexscim/bulk/internal/textfile"
)

// splitter reads a JSON text value by value and counts the lines. It looks only
// at brackets and strings, so that an invalid value does not affect the others;
// its caller checks the values.
type splitter struct {
	r     *bufio.Reader
	line  int // of the next byte
	limit int
	buf   []byte
}

// syntaxError is a mistake between the values.
type syntaxError struct{ problem, expected string }

func (e *syntaxError) Error() string { return e.problem }

// atEnd makes an unexpected end of the text a syntaxError.
func atEnd(err error) error {
	if err == io.EOF {
		return &syntaxError{"the file ends too early", "its brackets closed"}
	}
	return err
}

// peek returns the next byte that is no white space, without reading it.
func (s *splitter) peek() (byte, error) {
	for {
		c, err := s.r.ReadByte()
		if err != nil {
			return 0, err
		}
		switch c {
		case '\n':
			s.line++
		case ' ', '\t', '\r':
		default:
			return c, s.r.UnreadByte()
		}
	}
}

// list reads an array or object with its brackets; element reads one element or
// member.
func (s *splitter) list(open, end byte, element func() error) error {
	if err := s.expect(open); err != nil {
		return err
	}
	if c, err := s.peek(); err != nil {
		return atEnd(err)
	} else if c == end {
		return s.expect(end)
	}
	for {
		if _, err := s.peek(); err != nil {
			return atEnd(err)
		}
		if err := element(); err != nil {
			return err
		}
		c, err := s.peek()
		switch {
		case err != nil:
			return atEnd(err)
		case c == end:
			return s.expect(end)
		case c != ',':
			return &syntaxError{"no comma between two values", "',' or '" + string(end) + "'"}
		}
		if err := s.expect(','); err != nil {
			return err
		}
	}
}

// expect reads the byte c.
func (s *splitter) expect(c byte) error {
	got, err := s.peek()
	if err != nil {
		return atEnd(err)
	}
	if got != c {
		return &syntaxError{"invalid JSON", "'" + string(c) + "'"}
	}
	_, err = s.r.ReadByte()
	return err
}

// key reads an object's key and the colon after it.
func (s *splitter) key() (name string, err error) {
	raw, err := s.value()
	if err != nil {
		return "", err
	}
	if json.Unmarshal(raw, &name) != nil {
		return "", &syntaxError{"invalid JSON", "the name of a member"}
	}
	if err := s.expect(':'); err != nil {
		return "", err
	}
	_, err = s.peek()
	return name, atEnd(err)
}

// value reads the value that begins with the next byte, which is no white
// space. It is valid until the next call.
func (s *splitter) value() ([]byte, error) {
	s.buf = s.buf[:0]
	depth, quoted := 0, false
	for {
		c, err := s.r.ReadByte()
		if err == io.EOF && depth == 0 && !quoted && len(s.buf) > 0 {
			return s.buf, nil
		}
		if err != nil {
			return nil, atEnd(err)
		}
		if ends := depth == 0 && !quoted && isDelimiter(c); ends {
			if len(s.buf) == 0 {
				return nil, &syntaxError{"invalid JSON", "a value"}
			}
			return s.buf, s.r.UnreadByte()
		}
		if len(s.buf) == s.limit {
			return nil, textfile.ErrTooLarge
		}
		s.buf = append(s.buf, c)
		switch {
		case c == '\n':
			s.line++
			quoted = false // no string goes over a line's end: this one was never closed
		case quoted && c == '\\':
			if err := s.escaped(); err != nil {
				return nil, err
			}
		case c == '"':
			if quoted = !quoted; !quoted && depth == 0 {
				return s.buf, nil
			}
		case quoted:
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			if depth--; depth == 0 {
				return s.buf, nil
			}
		}
	}
}

// escaped reads the byte after a backslash, unless it is a line feed.
func (s *splitter) escaped() error {
	c, err := s.r.ReadByte()
	if err != nil {
		return atEnd(err)
	}
	if c == '\n' {
		return s.r.UnreadByte()
	}
	s.buf = append(s.buf, c)
	return nil
}

// isDelimiter reports whether c ends a number or a word.
func isDelimiter(c byte) bool {
	switch c {
	case ',', ':', ']', '}', ' ', '\t', '\r', '\n':
		return true
	}
	return false
}

// members yields the keys and values of a valid object as they are written.
func members(object []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(key, value []byte) bool) {
		r := rawjson.New(object)
		for r.Enter('{'); r.More('}'); {
			if key := r.Key(); !yield(key, r.Value()) {
				return
			}
		}
	}
}

// unquoted returns the text of a string; ok is false for any other value.
// Without escapes, it is a part of the value.
func unquoted(value []byte) (text []byte, ok bool) {
	if len(value) < 2 || value[0] != '"' {
		return nil, false
	}
	if inner := value[1 : len(value)-1]; bytes.IndexByte(inner, '\\') < 0 {
		return inner, true
	}
	var unescaped string
	err := json.Unmarshal(value, &unescaped)
	return []byte(unescaped), err == nil
}
