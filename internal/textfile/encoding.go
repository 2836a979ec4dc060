package textfile

import (
	"bufio"
	"bytes"
	"errors"
	"io"

	"golang.org/x/text/encoding/unicode"
)

// Encoding is how an input writes its text. Control Hub exports UTF-16 with a byte order mark; so does what
// PowerShell redirects into a file.
type Encoding int

const (
	utf8Plain Encoding = iota
	utf8Marked
	utf16LE
	utf16BE
)

var byteOrderMarks = [...]string{utf8Marked: "\xef\xbb\xbf", utf16LE: "\xff\xfe", utf16BE: "\xfe\xff"}

// encodingOf tells the encoding from the first bytes, and how many of them are a byte order mark. UTF-16 without one
// shows in the zero byte beside the first character, which is ASCII in every format here.
func encodingOf(head []byte) (e Encoding, mark int) {
	for e := utf8Marked; e <= utf16BE; e++ {
		if bytes.HasPrefix(head, []byte(byteOrderMarks[e])) {
			return e, len(byteOrderMarks[e])
		}
	}
	if len(head) >= 2 && head[0] != 0 && head[1] == 0 {
		return utf16LE, 0
	}
	if len(head) >= 2 && head[0] == 0 && head[1] != 0 {
		return utf16BE, 0
	}
	return utf8Plain, 0
}

// Decode returns the text of r as UTF-8, without a byte order mark. What is no UTF-16 becomes U+FFFD; what is no
// UTF-8 stays as it is. Both are found later, in the row that they break.
func Decode(r io.Reader) (io.Reader, Encoding, error) {
	in := bufio.NewReaderSize(r, 1<<16)
	head, err := in.Peek(3)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, utf8Plain, err
	}
	e, mark := encodingOf(head)
	if _, err := in.Discard(mark); err != nil {
		return nil, utf8Plain, err
	}
	switch e {
	case utf16LE:
		return unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM).NewDecoder().Reader(in), e, nil
	case utf16BE:
		return unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM).NewDecoder().Reader(in), e, nil
	}
	return in, e, nil
}

// Encode begins a text in w in the encoding e, and returns where to write it.
func (e Encoding) Encode(w io.Writer) (io.Writer, error) {
	if _, err := io.WriteString(w, byteOrderMarks[e]); err != nil {
		return nil, err
	}
	switch e {
	case utf16LE:
		return unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM).NewEncoder().Writer(w), nil
	case utf16BE:
		return unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM).NewEncoder().Writer(w), nil
	}
	return w, nil
}
