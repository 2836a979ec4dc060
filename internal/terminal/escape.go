package terminal

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Escape returns s on one line, without anything that a terminal obeys or that changes how the text around it is shown:
// control characters (C0, C1), marks of direction and other format characters, separators of lines and paragraphs, and
// bytes that are not UTF-8 become escapes such as \u001b. The joiners that Persian, Indic scripts and emoji need stay.
func Escape(s string) string { return escape(s, false) }

// escape is Escape, which may leave line breaks and tabs.
func escape(s string, layout bool) string {
	if i := strings.IndexFunc(s, func(r rune) bool { return isDangerous(r, layout) }); i < 0 {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		switch _, size := utf8.DecodeRuneInString(s[i:]); {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\u%04x`, s[i])
		case !isDangerous(r, layout):
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// isDangerous reports whether a character must not reach a terminal. U+FFFD may stand for an invalid byte.
func isDangerous(r rune, layout bool) bool {
	switch {
	case r >= ' ' && r <= '~':
		return false
	case r == '\n' || r == '\t':
		return !layout
	case r == '\u200c' || r == '\u200d':
		return false
	}
	return r == utf8.RuneError || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Cs)
}
