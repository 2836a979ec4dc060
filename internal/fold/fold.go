package fold

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Fold returns a form of s for comparing, not for display. Two texts with the
// same form differ at most in composition (NFC equals NFD), in case, in white
// space around the text, and in the length of runs of white space. Bytes that
// are not UTF-8 compare as U+FFFD.
func Fold(s string) string {
	s = Spaces(s)
	if isASCII(s) {
		return strings.ToLower(s)
	}
	runes := decompose(s)
	for i, r := range runes {
		runes[i] = Rune(r)
	}
	return string(runes)
}

// Rune returns the same rune for all runes that differ only in case: the lower
// case of the upper case, as in Java's equalsIgnoreCase.
func Rune(r rune) rune { return unicode.ToLower(unicode.ToUpper(r)) }

// Spaces returns s without white space around it, and with one space for each
// run of white space inside.
func Spaces(s string) string {
	if !strings.ContainsFunc(s, IsSpace) {
		return s
	}
	return strings.Join(strings.FieldsFunc(s, IsSpace), " ")
}

// IsSpace reports whether r is white space, or an invisible character without
// width, such as a byte order mark within a sheet.
func IsSpace(r rune) bool {
	switch r {
	case '\u180e', '\u200b', '\u2060', '\ufeff':
		return true
	}
	return unicode.IsSpace(r)
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
