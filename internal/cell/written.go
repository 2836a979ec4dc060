package cell

import (
	"encoding/base64"
	"html"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf16"
)

// IsEncoded reports whether text contains letters in the ASCII encoding of
// another format: an HTML entity, a url, a mail (quoted-printable), a JSON
// escape, UTF-7 or HZ. Such a text is valid UTF-8.
func IsEncoded(text string) bool {
	if !strings.ContainsAny(text, `&+%=\~`) || strings.Contains(text, "://") { // a url is written so
		return false
	}
	for _, entity := range entities.FindAllString(text, -1) {
		if html.UnescapeString(entity) != entity {
			return true
		}
	}
	for _, group := range utf7.FindAllStringSubmatch(text, -1) {
		if isUTF7(group[1]) {
			return true
		}
	}
	return escapes.MatchString(text)
}

var (
	entities = regexp.MustCompile(`&#?[0-9A-Za-z]{2,32};`)
	// escapes are two bytes of UTF-8 in a url or a mail, an escape of JSON, and
	// HZ (RFC 1843).
	escapes = regexp.MustCompile(`%[C-Fc-f][0-9A-Fa-f]%[89ABab][0-9A-Fa-f]|=[C-F][0-9A-F]=[89AB][0-9A-F]|` +
		`\\u[0-9A-Fa-f]{4}|~\{([!-}]{2})+~\}`)
	utf7 = regexp.MustCompile(`\+([A-Za-z0-9/]{3,})-`)
)

// isUTF7 reports whether a group encodes letters outside of ASCII (RFC 2152).
func isUTF7(group string) bool {
	bytes, err := base64.RawStdEncoding.Strict().DecodeString(group)
	if err != nil || len(bytes)%2 != 0 {
		return false
	}
	units := make([]uint16, len(bytes)/2)
	for i := range units {
		units[i] = uint16(bytes[2*i])<<8 | uint16(bytes[2*i+1])
	}
	return !strings.ContainsFunc(string(utf16.Decode(units)), func(r rune) bool {
		return r <= unicode.MaxASCII || !unicode.IsLetter(r)
	})
}

// HasLostLetters reports whether question marks have likely replaced letters in
// a conversion to a smaller character set: M?ller.
func HasLostLetters(text string) bool {
	return strings.Contains(text, "?") && !strings.Contains(text, "://") && lostLetters.MatchString(text)
}

var lostLetters = regexp.MustCompile(`\pL\?\pL|^\?\pL|^\?[? ]*\?$`)

// IsNothing reports whether text is a program's word for an empty cell, such as
// NULL, or an unfilled placeholder.
func IsNothing(text string) bool {
	switch text {
	case "":
		return false
	case "NULL", "null", "undefined", "NaN", "nan", "None", "nil", `\N`, "(null)", "<null>", "[null]", "(NULL)",
		"<NULL>", "[NULL]", "(none)", "<none>", "(empty)", "<empty>", "[object Object]":
		return true
	}
	return (text[0] == '{' || text[0] == '$') && placeholder.MatchString(text)
}

var placeholder = regexp.MustCompile(`^(\{\{[^{}]*\}\}|\$\{[^{}]*\})$`)
