// Package rawjson reads JSON text in one pass without decoding it, so that what
// is read can be passed on byte for byte.
//
//	r := rawjson.New(data)
//	for r.Enter('{'); r.More('}'); {
//		if key := r.Key(); rawjson.Is(key, "userName") {
//			name = rawjson.Text(r.Value())
//		} else {
//			r.Value()
//		}
//	}
//	err := r.End() // data is one valid JSON value, and an object
//
// It accepts exactly the texts that json.Valid accepts. After a fault, More
// returns false and every value is empty, so that a caller needs to look for
// errors only at the end.
package rawjson

import (
	"encoding/binary"
	"fmt"
	"math/bits"
)

// maxDepth is how deep objects and arrays may nest, as in encoding/json. It
// also bounds the recursion of Value.
const maxDepth = 10000

// A SyntaxError says where data stops being one JSON value. It does not hold
// the data.
type SyntaxError struct {
	Offset   int    // bytes before the fault
	Expected string // what should stand there
}

// Error gives the offset and what was expected.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("invalid json at offset %d: expected %s", e.Offset, e.Expected)
}

// Reader stands at one place in a JSON text, after which it reads one value,
// one token or one part after the other. Make one with New. It does not
// allocate, except for the error.
type Reader struct {
	data  []byte
	pos   int
	depth int
	begun bool // an object or array was entered, and nothing of it was read
	err   *SyntaxError
}

// New returns a Reader at the start of data.
func New(data []byte) Reader { return Reader{data: data} }

// Pos is the offset of the next byte.
func (r *Reader) Pos() int { return r.pos }

// Since is what was read from an offset on, nil after a fault.
func (r *Reader) Since(start int) []byte {
	if r.err != nil {
		return nil
	}
	return r.data[start:r.pos]
}

// End reports whether nothing follows: nil, or a *SyntaxError that tells the
// first fault.
func (r *Reader) End() error {
	if r.next(); r.pos < len(r.data) {
		r.fail("the end after one value")
	}
	if r.err != nil {
		return r.err
	}
	return nil
}

// fail notes the first fault.
func (r *Reader) fail(expected string) {
	if r.err == nil {
		r.err = &SyntaxError{r.pos, expected}
	}
}

// Kind is the byte with which the next value begins, 0 if there is none: it
// stands for the type of a valid value.
func (r *Reader) Kind() byte {
	if r.err != nil {
		return 0
	}
	return r.next()
}

// next skips white space and returns the byte at pos, or 0 at the end: no valid
// JSON holds a byte 0.
func (r *Reader) next() byte {
	for r.pos < len(r.data) {
		c := r.data[r.pos]
		if c > ' ' || c != ' ' && c != '\n' && c != '\r' && c != '\t' {
			return c
		}
		r.pos++
	}
	return 0
}

// Enter passes the brace or bracket with which an object or array opens.
func (r *Reader) Enter(open byte) {
	switch {
	case r.Kind() != open:
		r.fail("'" + string(open) + "'")
	case r.depth == maxDepth:
		r.fail("less nesting")
	default:
		r.pos++
		r.depth++
		r.begun = true
	}
}

// More moves to the next member or element, and reports whether there is one;
// if not, it moves past the end of the object or array.
func (r *Reader) More(end byte) bool {
	first := r.begun
	r.begun = false
	switch c := r.Kind(); {
	case r.err != nil:
		return false
	case c == end:
		r.pos++
		r.depth--
		return false
	case first:
		return true
	case c == ',':
		r.pos++
		return true
	}
	r.fail("',' or '" + string(end) + "'")
	return false
}

// Key passes the key of a member and returns it with its quotes. The member's
// value is next.
func (r *Reader) Key() []byte {
	if r.Kind() != '"' {
		r.fail("an object key")
		return nil
	}
	start := r.pos
	r.text()
	end := r.pos
	if r.Kind() != ':' {
		r.fail("':' after an object key")
		return nil
	}
	r.pos++
	return r.data[start:end]
}

// Value passes the next value and returns it as it stands.
func (r *Reader) Value() []byte {
	c := r.Kind()
	start := r.pos
	switch c {
	case '"':
		r.text()
	case '{':
		for r.Enter('{'); r.More('}'); {
			r.Key()
			r.Value()
		}
	case '[':
		for r.Enter('['); r.More(']'); {
			r.Value()
		}
	case 't':
		r.literal("true")
	case 'f':
		r.literal("false")
	case 'n':
		r.literal("null")
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		r.number()
	default:
		r.fail("a value")
	}
	return r.Since(start)
}

func (r *Reader) literal(word string) {
	for i := range len(word) {
		if r.at() != word[i] {
			r.fail("a value")
			return
		}
		r.pos++
	}
}

func (r *Reader) number() {
	if r.at() == '-' {
		r.pos++
	}
	if r.at() == '0' {
		r.pos++
	} else {
		r.digits()
	}
	if r.at() == '.' {
		r.pos++
		r.digits()
	}
	if r.at()|0x20 == 'e' {
		r.pos++
		if c := r.at(); c == '+' || c == '-' {
			r.pos++
		}
		r.digits()
	}
}

// digits reads one digit or more.
func (r *Reader) digits() {
	start := r.pos
	for '0' <= r.at() && r.at() <= '9' {
		r.pos++
	}
	if r.pos == start {
		r.fail("a digit")
	}
}

// at returns the byte at pos, or 0 at the end.
func (r *Reader) at() byte {
	if r.pos < len(r.data) {
		return r.data[r.pos]
	}
	return 0
}

// text reads a string from its opening quote on. Like encoding/json it lets
// bytes pass that are not UTF-8.
func (r *Reader) text() {
	r.pos++
	for {
		r.pos += plain(r.data[r.pos:])
		switch r.at() {
		case '"':
			r.pos++
			return
		case '\\':
			r.pos++
			if !r.escape() {
				return
			}
		default:
			r.fail("the end of a string, no control character")
			return
		}
	}
}

// escape reads what follows a backslash.
func (r *Reader) escape() bool {
	switch r.at() {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		r.pos++
		return true
	case 'u':
		r.pos++
		for range 4 {
			if c := r.at(); (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'f') {
				r.fail("a hexadecimal digit")
				return false
			}
			r.pos++
		}
		return true
	}
	r.fail("an escape")
	return false
}

// plain returns how many bytes at the start of b stand for themselves in a
// string: up to the first quote, backslash or control character. It looks at
// eight bytes at a time: (x-lows)&^x has the high bit of a byte set where it is
// 0; a borrow can spoil only bytes after a true find.
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
