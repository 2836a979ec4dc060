package textfile

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
	"golang.org/x/text/transform"
)

// Encoding is the character encoding of a file. The zero value is UTF-8 without
// a byte order mark.
type Encoding struct {
	mark  string            // the byte order mark
	codec encoding.Encoding // nil for UTF-8
}

// marked are the encodings with a byte order mark. Control Hub exports UTF-16
// with one, and so does PowerShell when it redirects output. The longer marks
// come first.
var marked = []Encoding{
	{"\xff\xfe\x00\x00", utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM)},
	{"\x00\x00\xfe\xff", utf32.UTF32(utf32.BigEndian, utf32.IgnoreBOM)},
	{"\xef\xbb\xbf", nil},
	{"\xff\xfe", utf16LE},
	{"\xfe\xff", utf16BE},
}

var (
	utf16LE = unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)
	utf16BE = unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
)

// EncodingNamed returns the encoding of a name, such as windows-1252, latin1,
// shift_jis or utf-16le, in any case.
func EncodingNamed(name string) (Encoding, error) {
	name = strings.ToLower(strings.TrimSpace(name))
	switch name {
	case "utf-8", "utf8":
		return Encoding{}, nil
	case "ansi":
		return Encoding{codec: charmap.Windows1252}, nil
	case "cp437", "ibm437":
		return Encoding{codec: charmap.CodePage437}, nil
	case "cp850", "ibm850":
		return Encoding{codec: charmap.CodePage850}, nil
	}
	codec, err := htmlindex.Get(name)
	if err != nil || codec == encoding.Replacement {
		const examples = "utf-8, utf-16le, windows-1252, macintosh or shift_jis"
		return Encoding{}, fmt.Errorf("unknown encoding %q: expected one such as %s", name, examples)
	}
	return Encoding{codec: codec}, nil
}

// encodingOf detects the encoding from the first bytes. UTF-16 without a byte
// order mark is recognized by the zero byte beside the first character, which
// is ASCII in every format.
func encodingOf(head []byte) Encoding {
	for _, e := range marked {
		if bytes.HasPrefix(head, []byte(e.mark)) {
			return e
		}
	}
	if len(head) >= 2 && head[0] != 0 && head[1] == 0 {
		return Encoding{codec: utf16LE}
	}
	if len(head) >= 2 && head[0] == 0 && head[1] != 0 {
		return Encoding{codec: utf16BE}
	}
	return Encoding{}
}

// Decode returns the text of r as UTF-8, and its encoding: that of a byte order
// mark, or else the one told. Byte order marks are removed, also at the
// beginning of later lines, where files were concatenated. Bytes that are
// invalid in the encoding become U+FFFD; invalid UTF-8 stays. Both are reported
// later, with their row.
func Decode(r io.Reader, told Encoding) (io.Reader, Encoding, error) {
	in := bufio.NewReaderSize(r, 1<<16)
	head, err := in.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, Encoding{}, err
	}
	e := encodingOf(head)
	if e.mark == "" && told.codec != nil {
		e = told
	}
	if _, err := in.Discard(len(e.mark)); err != nil {
		return nil, Encoding{}, err
	}
	var text io.Reader = in
	if e.codec != nil {
		text = e.codec.NewDecoder().Reader(in)
	}
	return transform.NewReader(text, &unmark{lineStart: true}), e, nil
}

// Encode begins a text in w in the encoding e, and returns the writer for it.
// Characters that the encoding does not have become "?" or the like.
func (e Encoding) Encode(w io.Writer) (io.Writer, error) {
	if _, err := io.WriteString(w, e.mark); err != nil {
		return nil, err
	}
	if e.codec != nil {
		w = encoding.ReplaceUnsupported(e.codec.NewEncoder()).Writer(w)
	}
	return w, nil
}

// unmark removes byte order marks from the beginning of a text and of its
// lines.
type unmark struct{ lineStart bool }

const byteOrderMark = "\uFEFF"

// Reset prepares it for another text.
func (u *unmark) Reset() { u.lineStart = true }

// Transform is that of a transform.Transformer.
func (u *unmark) Transform(dst, src []byte, atEOF bool) (written, read int, err error) {
	for read < len(src) {
		rest := src[read:]
		if u.lineStart && rest[0] == byteOrderMark[0] {
			switch {
			case bytes.HasPrefix(rest, []byte(byteOrderMark)):
				read += len(byteOrderMark)
				continue
			case len(rest) < len(byteOrderMark) && !atEOF && strings.HasPrefix(byteOrderMark, string(rest)):
				return written, read, transform.ErrShortSrc
			}
		}
		end := bytes.IndexAny(rest, "\r\n") + 1
		if end == 0 {
			end = len(rest)
		}
		n := copy(dst[written:], rest[:end])
		written, read = written+n, read+n
		if n < end {
			u.lineStart = u.lineStart && n == 0
			return written, read, transform.ErrShortDst
		}
		u.lineStart = rest[end-1] == '\n' || rest[end-1] == '\r'
	}
	return written, read, nil
}
