package terminal

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Escape returns s on one line and safe to show. Control characters (C0, C1),
// bidirectional marks and other format characters, line and paragraph
// separators, and bytes that are not UTF-8 become escapes such as \u001b. The
// joiners that Persian, Indic scripts and emoji need stay.
func Escape(s string) string { return escape(s, false) }

// escape is Escape; with layout it keeps line breaks and tabs.
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

// isDangerous reports whether a character must be escaped. U+FFFD is among
// them, because it can be an invalid byte.
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
