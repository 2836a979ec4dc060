package bulkref

import (
	"encoding/binary"
	"fmt"
	"math/bits"
)

// maxDepth is how deep objects and arrays may nest, as in encoding/json. It also bounds the recursion below.
const maxDepth = 10000

// A SyntaxError says where data stops being one JSON value. It does not hold the data.
type SyntaxError struct {
	Offset   int    // bytes before the fault
	Expected string // what should stand there
}

// Error gives the offset and what was expected.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("invalid json at offset %d: expected %s", e.Offset, e.Expected)
}

// Scan finds the references in data, in their order, and appends them to refs. Data that is not one valid JSON value
// (exactly what json.Valid accepts) gives a *SyntaxError and refs as it came. Scan allocates only for the names it
// finds and to make refs larger.
func Scan(refs []Reference, data []byte) ([]Reference, error) {
	s := scanner{data: data, refs: refs}
	if !s.value(0, false) {
		return refs, &SyntaxError{Offset: s.pos, Expected: s.expected}
	}
	if s.next(); s.pos < len(data) {
		return refs, &SyntaxError{Offset: s.pos, Expected: "the end after one value"}
	}
	return s.refs, nil
}

// scanner is a recursive descent over the grammar of RFC 8259. Its methods report whether pos could be moved past
// what they read; where not, pos is at the fault and expected says what is missing.
type scanner struct {
	data     []byte
	pos      int
	refs     []Reference
	expected string
}

func (s *scanner) fail(expected string) bool {
	s.expected = expected
	return false
}

// next skips white space and returns the byte at pos, or 0 at the end: no valid JSON holds a byte 0.
func (s *scanner) next() byte {
	for s.pos < len(s.data) {
		c := s.data[s.pos]
		if c > ' ' || c != ' ' && c != '\n' && c != '\r' && c != '\t' {
			return c
		}
		s.pos++
	}
	return 0
}

// value reads one value at the given depth; required is what a reference found in it will be.
func (s *scanner) value(depth int, required bool) bool {
	switch c := s.next(); c {
	case '"':
		start := s.pos
		if !s.text() {
			return false
		}
		s.found(start, required)
		return true
	case '{', '[':
		if depth == maxDepth {
			return s.fail("less nesting")
		}
		s.pos++
		if c == '{' {
			return s.object(depth + 1)
		}
		return s.array(depth+1, required)
	case 't':
		return s.literal("true")
	case 'f':
		return s.literal("false")
	case 'n':
		return s.literal("null")
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		return s.number()
	}
	return s.fail("a value")
}

// object reads what follows an opening brace.
func (s *scanner) object(depth int) bool {
	if s.next() == '}' {
		s.pos++
		return true
	}
	for {
		if s.next() != '"' {
			return s.fail("an object key")
		}
		start := s.pos
		if !s.text() {
			return false
		}
		required := isReferenceKey(s.data[start+1 : s.pos-1])
		if s.next() != ':' {
			return s.fail("':' after an object key")
		}
		s.pos++
		if !s.value(depth, required) {
			return false
		}
		switch s.next() {
		case ',':
			s.pos++
		case '}':
			s.pos++
			return true
		default:
			return s.fail("',' or '}' after an object's value")
		}
	}
}

// array reads what follows an opening bracket.
func (s *scanner) array(depth int, required bool) bool {
	if s.next() == ']' {
		s.pos++
		return true
	}
	for s.value(depth, required) {
		switch s.next() {
		case ',':
			s.pos++
		case ']':
			s.pos++
			return true
		default:
			return s.fail("',' or ']' after an array's value")
		}
	}
	return false
}

func (s *scanner) literal(word string) bool {
	for i := range len(word) {
		if s.at() != word[i] {
			return s.fail("a value")
		}
		s.pos++
	}
	return true
}

func (s *scanner) number() bool {
	if s.at() == '-' {
		s.pos++
	}
	if s.at() == '0' {
		s.pos++
	} else if !s.digits() {
		return false
	}
	if s.at() == '.' {
		s.pos++
		if !s.digits() {
			return false
		}
	}
	if s.at()|0x20 == 'e' {
		s.pos++
		if c := s.at(); c == '+' || c == '-' {
			s.pos++
		}
		return s.digits()
	}
	return true
}

// digits reads one digit or more.
func (s *scanner) digits() bool {
	start := s.pos
	for '0' <= s.at() && s.at() <= '9' {
		s.pos++
	}
	return s.pos > start || s.fail("a digit")
}

// at returns the byte at pos, or 0 at the end.
func (s *scanner) at() byte {
	if s.pos < len(s.data) {
		return s.data[s.pos]
	}
	return 0
}

// text reads a string from its opening quote on. Like encoding/json it lets bytes pass that are not UTF-8.
func (s *scanner) text() bool {
	s.pos++
	for {
		s.pos += plain(s.data[s.pos:])
		switch s.at() {
		case '"':
			s.pos++
			return true
		case '\\':
			s.pos++
			if !s.escape() {
				return false
			}
		default:
			return s.fail("the end of a string, no control character")
		}
	}
}

// escape reads what follows a backslash.
func (s *scanner) escape() bool {
	switch s.at() {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		s.pos++
		return true
	case 'u':
		s.pos++
		for range 4 {
			if _, ok := hexDigit(s.at()); !ok {
				return s.fail("a hexadecimal digit")
			}
			s.pos++
		}
		return true
	}
	return s.fail("an escape")
}

// plain returns how many bytes at the start of b stand for themselves in a string: up to the first quote, backslash
// or control character. It looks at eight bytes at a time: (x-lows)&^x has the high bit of a byte set where it is 0;
// a borrow can spoil only bytes after a true find.
func plain(b []byte) int {
	const lows, highs = 0x0101010101010101, 0x8080808080808080
	n := 0
	for ; len(b)-n >= 8; n += 8 {
		x := binary.LittleEndian.Uint64(b[n:])
		quote := x ^ lows*'"'
		slash := x ^ lows*'\\'
		found := ((quote-lows)&^quote | (slash-lows)&^slash | (x-lows*' ')&^x) & highs
		if found != 0 {
			return n + bits.TrailingZeros64(found)/8
		}
	}
	for n < len(b) && b[n] >= ' ' && b[n] != '"' && b[n] != '\\' {
		n++
	}
	return n
}
