package rawjson

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// Text returns what a JSON string says, "" for a token that is none. Lone surrogates and bytes that are not UTF-8 read as
// U+FFFD, as in encoding/json.
func Text(token []byte) string {
	if len(token) < 2 || token[0] != '"' {
		return ""
	}
	if inner := token[1 : len(token)-1]; bytes.IndexByte(inner, '\\') < 0 && utf8.Valid(inner) {
		return string(inner)
	}
	var text string
	_ = json.Unmarshal(token, &text) // it is a valid string
	return text
}

// Is reports whether a JSON string, such as a key, says word, in any case: word is ASCII, as attribute names are.
func Is(token []byte, word string) bool {
	switch plain := len(word) + len(`""`); {
	case len(token) < plain:
		return false
	case len(token) == plain:
		return strings.EqualFold(string(token[1:plain-1]), word)
	}
	return bytes.IndexByte(token, '\\') >= 0 && strings.EqualFold(Text(token), word)
}
