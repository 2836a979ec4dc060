package bulkref

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"
)

// found keeps the string from start to pos if it is a reference.
func (s *scanner) found(start int, required bool) {
	inner := s.data[start+1 : s.pos-1]
	rest, ok := cutWord(inner, prefix, false)
	if !ok || len(rest) == 0 {
		return
	}
	s.refs = append(s.refs, Reference{Name: name(s.data[start:s.pos], rest), Start: start, End: s.pos, Required: required})
}

// name decodes the name of a reference; rest is the part of the string token that holds it. What is not simply its
// own text goes through encoding/json, so that lone surrogates and broken UTF-8 give what every Go decoder makes of
// them.
func name(token, rest []byte) string {
	if bytes.IndexByte(rest, '\\') < 0 && utf8.Valid(rest) {
		return string(rest)
	}
	var whole string
	_ = json.Unmarshal(token, &whole) // token is a valid string
	return whole[len(prefix):]
}

// isReferenceKey reports whether the inside of a key is "value" or "$ref".
func isReferenceKey(key []byte) bool {
	rest, ok := cutWord(key, "value", true)
	if !ok {
		rest, ok = cutWord(key, "$ref", true)
	}
	return ok && len(rest) == 0
}

// cutWord takes word from the start of the inside of a JSON string, where each character may be escaped as \u00XX;
// no character of the words looked for has a shorter escape. With fold, upper case passes for lower.
func cutWord(inner []byte, word string, fold bool) (rest []byte, ok bool) {
	for i := range len(word) {
		if len(inner) == 0 {
			return nil, false
		}
		c, size := inner[0], 1
		if c == '\\' {
			if len(inner) < 6 || inner[1] != 'u' || inner[2] != '0' || inner[3] != '0' {
				return nil, false
			}
			hi, _ := hexDigit(inner[4])
			lo, _ := hexDigit(inner[5])
			c, size = hi<<4|lo, 6
		}
		if fold && 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != word[i] {
			return nil, false
		}
		inner = inner[size:]
	}
	return inner, true
}
