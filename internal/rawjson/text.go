package rawjson

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// Text returns what a JSON string says, "" for a token that is none. Lone
// surrogates and bytes that are not UTF-8 read as U+FFFD, as in encoding/json.
func Text(token []byte) string {
	if len(token) < 2 || token[0] != '"' {
		return ""
	}
	inner := token[1 : len(token)-1]
	escape := bytes.IndexByte(inner, '\\')
	switch {
	case !utf8.Valid(inner), escape >= 0 && bytes.Contains(inner, []byte(`\u`)):
		var text string
		_ = json.Unmarshal(token, &text) // it is a valid string
		return text
	case escape < 0:
		return string(inner)
	}
	var b strings.Builder
	b.Grow(len(inner))
	for i := 0; i < len(inner); i++ {
		c := inner[i]
		if c == '\\' {
			i++
			c = unescaped(inner[i])
		}
		b.WriteByte(c)
	}
	return b.String()
}

// unescaped is what a letter after a backslash stands for.
func unescaped(letter byte) byte {
	switch letter {
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	}
	return letter
}

// Is reports whether a JSON string, such as a key, says word, in any case: word
// is ASCII, as attribute names are.
func Is(token []byte, word string) bool {
	switch plain := len(word) + len(`""`); {
	case len(token) < plain:
		return false
	case len(token) == plain:
		return strings.EqualFold(string(token[1:plain-1]), word)
	}
	return bytes.IndexByte(token, '\\') >= 0 && strings.EqualFold(Text(token), word)
}

// AppendText appends s as a JSON string, with no more escapes than RFC 8259
// section 7 asks for. What is not UTF-8 becomes U+FFFD.
func AppendText(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c == '\n':
			dst = append(dst, `\n`...)
		case c < ' ':
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		case c < utf8.RuneSelf:
			dst = append(dst, c)
		default:
			r, n := utf8.DecodeRuneInString(s[i:])
			dst = utf8.AppendRune(dst, r)
			i += n
			continue
		}
		i++
	}
	return append(dst, '"')
}
