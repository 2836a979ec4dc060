// Package cell cleans the text of a cell, and finds the damage that encodings,
// clipboards and spreadsheets have done to it.
//
//	text, fault := cell.Clean("\u200eSales\u00ad") // "Sales", nil
//	_, fault = cell.Clean("#BEZUG!")                // a failed formula
//
// All columns are read through it. It knows nothing of SCIM.
package cell

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/unicode/norm"
)

// Fault is a mistake in a cell. Its texts never quote the cell.
type Fault struct {
	// Problem and Expected are as in a textfile.Error.
	Problem, Expected string
	// Cause is equal for all cells with one cause, such as the file's encoding.
	// It is "" otherwise.
	Cause string
}

// Clean returns the text of a cell without blanks around it, in Unicode's
// composed form (NFC). The text can be examined further even if there is a
// fault.
func Clean(raw string) (text string, fault *Fault) {
	text, fault = Exact(raw)
	if fault != nil {
		return text, fault
	}
	if !isASCII(text) {
		text = norm.NFC.String(text)
	}
	switch {
	case isCut(raw):
		fault = &Fault{
			Problem:  "text that a spreadsheet has cut off after 32,767 characters",
			Expected: "the whole text, written by another program",
		}
	case IsFormula(text):
		fault = &Fault{Problem: FormulaProblem, Expected: "the value itself, as text"}
	case IsRounded(text):
		fault = &Fault{Problem: RoundedProblem, Expected: "the column formatted as text and the value written in full"}
	}
	return text, fault
}

// Exact is Clean for a text in which every character counts, such as a
// password: it removes blanks around it and checks only the encoding.
func Exact(raw string) (text string, fault *Fault) {
	text = strings.TrimFunc(raw, IsBlank)
	return text, broken(text)
}

// isPlain reports whether text consists of visible ASCII characters and spaces,
// as most cells do.
func isPlain(text string) bool {
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return false
		}
	}
	return true
}

// isASCII reports whether text has no character outside of ASCII.
func isASCII(text string) bool {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// broken finds characters that no text has, most of them due to a wrong
// encoding.
func broken(text string) *Fault {
	if isPlain(text) {
		return nil
	}
	switch i := strings.IndexFunc(text, isControl); {
	case !utf8.ValidString(text):
		return &Fault{
			Problem:  "invalid text encoding: a character that is not UTF-8 (Windows-1252?)",
			Expected: "UTF-8 (Excel: save as CSV UTF-8), or the file's encoding given, such as --encoding windows-1252",
			Cause:    "encoding",
		}
	case strings.ContainsRune(text, 0):
		return &Fault{
			Problem:  "invalid text encoding: a NUL character (UTF-16?)",
			Expected: "UTF-8, or UTF-16 throughout, with a byte order mark",
			Cause:    "encoding",
		}
	case strings.ContainsRune(text, '\uFFFD'):
		return &Fault{
			Problem:  "invalid text encoding: a character that an earlier conversion has lost (U+FFFD)",
			Expected: "the original text, saved as UTF-8; or the encoding of the file, if --encoding names another one",
			Cause:    "lost",
		}
	case strings.ContainsFunc(text, isNoncharacter):
		return &Fault{Problem: "a noncharacter of Unicode", Expected: "text without it"}
	case i < 0:
		return nil
	case isISO2022(text[i:]):
		return &Fault{
			Problem:  "invalid text encoding: an escape sequence (ISO-2022-JP?)",
			Expected: "UTF-8, or the file's encoding given, such as --encoding iso-2022-jp",
			Cause:    "encoding",
		}
	case isMisreadLatin1(text):
		return &Fault{
			Problem:  "invalid text encoding: UTF-8 that was decoded as another encoding, such as Ã¼ for ü",
			Expected: "the original text, saved as UTF-8",
			Cause:    "misread",
		}
	default:
		r, _ := utf8.DecodeRuneInString(text[i:])
		return &Fault{Problem: fmt.Sprintf("a control character (%U)", r), Expected: "text without it"}
	}
}

// isControl reports whether r is a control character (C0 or C1) other than tab
// and line breaks.
func isControl(r rune) bool { return unicode.IsControl(r) && r != '\t' && r != '\n' && r != '\r' }

// isNoncharacter reports whether r is a noncharacter (Unicode section 23.7).
func isNoncharacter(r rune) bool { return r&0xFFFE == 0xFFFE || r >= 0xFDD0 && r <= 0xFDEF }

// isISO2022 reports whether a text begins with an escape sequence that changes
// character sets (ECMA-35).
func isISO2022(text string) bool {
	return len(text) > 2 && text[0] == 0x1b && strings.IndexByte("$(),-./", text[1]) >= 0
}

// IsBlank reports whether r is removed from both ends of a cell: white space
// and invisible characters, which pasting adds.
func IsBlank(r rune) bool {
	switch {
	case r < utf8.RuneSelf:
		return r == ' ' || r >= '\t' && r <= '\r'
	case unicode.IsSpace(r):
		return true
	}
	return isUnseen(r) || isFiller(r)
}

// isFiller reports whether r is a filler, the place of an absent letter.
func isFiller(r rune) bool { return strings.ContainsRune("\u115F\u1160\u3164\uFFA0\u2800\u034F", r) }

// isUnseen reports whether r is an invisible format character (Cf). The signs
// of numbers and verses are visible; the tags of flags are treated apart.
func isUnseen(r rune) bool {
	return r >= '\u00ad' && unicode.Is(unicode.Cf, r) && !unicode.Is(unicode.Prepended_Concatenation_Mark, r) && !isTag(r)
}

// HoldsUnseen reports whether a clean text contains invisible characters, among
// them the separators of lines and paragraphs. Joiners are allowed after
// letters of scripts other than Latin and after emoji, fillers among jamo, and
// tags in a flag.
func HoldsUnseen(text string) bool {
	if isASCII(text) {
		return false
	}
	before := ' '
	for _, r := range text {
		joins := (r == '\u200C' || r == '\u200D') && before > '\u02AF'
		fills := r == '\u115F' || r == '\u1160' || unicode.Is(unicode.Hangul, before) || unicode.Is(unicode.Hebrew, before)
		switch {
		case isUnseen(r) && !joins, isFiller(r) && !fills && r != '\u2800', r == '\u2028', r == '\u2029':
			return true
		case isTag(r):
			if before != '\U0001F3F4' {
				return true
			}
			continue // the flag counts for all of its tags
		}
		before = r
	}
	return false
}

func isTag(r rune) bool { return r >= 0xE0020 && r <= 0xE007F }

// HasMixedScripts reports whether a text mixes Latin letters with those of a
// script that has letters of the same look (Unicode Technical Standard 39,
// section 5.1), or contains fullwidth letters or digits.
func HasMixedScripts(text string) bool {
	if isASCII(text) {
		return false
	}
	holds := func(tables ...*unicode.RangeTable) bool {
		return strings.ContainsFunc(text, func(r rune) bool { return unicode.In(r, tables...) })
	}
	if strings.ContainsFunc(text, func(r rune) bool { return r >= '\uFF01' && r <= '\uFF5E' }) {
		return true
	}
	return holds(unicode.Latin) && holds(unicode.Cyrillic, unicode.Greek, unicode.Armenian, unicode.Cherokee)
}

// IsMisread reports whether text is UTF-8 that was decoded as Windows-1252 and
// encoded as UTF-8 again: JÃ¶rg for Jörg.
func IsMisread(text string) bool {
	if isASCII(text) || !strings.ContainsFunc(text, func(r rune) bool { return r >= 0xC2 && r <= 0xF4 }) {
		return false // no byte that begins a character
	}
	before, err := charmap.Windows1252.NewEncoder().String(text)
	return err == nil && utf8.ValidString(before)
}

// isMisreadLatin1 is IsMisread for ISO 8859-1, which has control characters
// where Windows-1252 has letters.
func isMisreadLatin1(text string) bool {
	before, err := charmap.ISO8859_1.NewEncoder().String(text)
	return err == nil && before != text && utf8.ValidString(before) && !strings.ContainsFunc(before, isControl)
}
