package auth

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/webexscim/bulk/client"
)

// File returns a source of the token in a file. It reads the file at once and
// returns an error if there is no token in it. After the token was refused, it
// reads the file again, which may have a new token by then; if that fails, the
// token stays the same.
func File(path string) (client.TokenSource, error) {
	token, err := readToken(path)
	if err != nil {
		return nil, err
	}
	first := true
	return client.NewTokenSource(func(context.Context) (string, time.Time, error) {
		if !first {
			if fresh, err := readToken(path); err == nil {
				token = fresh
			}
		}
		first = false
		return token, time.Time{}, nil
	}), nil
}

func readToken(path string) (string, error) {
	text, err := ReadText(path, maxFile)
	if err != nil {
		return "", err
	}
	token, err := ParseToken(text)
	if err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	return token, nil
}

// maxToken is the maximum number of characters of a token: most servers refuse
// longer headers.
const maxToken = 16 << 10

// ParseToken returns the access token in a text that a person has copied,
// without spaces, line breaks, byte order marks and quotation marks around it,
// and without "Bearer" and "Authorization:" before it. The error names a
// character that a token cannot contain (RFC 6750, section 2.1), and quotes
// nothing else.
func ParseToken(text string) (string, error) {
	token := bare(text)
	letters := strings.TrimRight(token, "=") // padding
	switch {
	case letters == "":
		return "", errors.New("no token found: expected the token alone")
	case strings.HasPrefix(token, "{"):
		return "", errors.New("it is JSON, which --credentials reads: expected the token alone")
	case len(token) > maxToken:
		return "", fmt.Errorf("it is longer than %d characters: expected the token alone", maxToken)
	}
	if found := firstOther(letters, inToken); found != "" {
		return "", fmt.Errorf("it contains %s: expected the token alone: letters, digits and -._~+/", found)
	}
	return token, nil
}

func inToken(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("-._~+/", r)
}

var (
	scheme = regexp.MustCompile(`(?i)^(authorization[\s\p{Z}\p{Cf}]*:|bearer([\s\p{Z}\p{Cf}:]+|$))`)
	quotes = []string{`""`, `''`, "``", "“”", "„“", "‘’", "«»"}
)

// bare returns a copied secret without the characters and words around it.
func bare(text string) string {
	for {
		before := text
		text = strings.TrimFunc(text, func(r rune) bool { return unicode.IsSpace(r) || invisible(r) })
		for _, pair := range quotes {
			first, size := utf8.DecodeRuneInString(pair)
			if inside, ok := strings.CutPrefix(text, string(first)); ok && strings.HasSuffix(inside, pair[size:]) {
				text = inside[:len(inside)-len(pair[size:])]
			}
		}
		text = text[len(scheme.FindString(text)):]
		if text == before {
			return text
		}
	}
}

// invisible reports whether a character is invisible, such as a byte order
// mark.
func invisible(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) }

// firstOther describes the first character that is not allowed; "" if all are
// allowed.
func firstOther(text string, allowed func(rune) bool) string {
	for i, r := range text {
		_, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case r == utf8.RuneError && (strings.HasPrefix(text, "\xff\xfe") || strings.HasPrefix(text, "\xfe\xff")):
			return "the byte order mark of UTF-16"
		case r == utf8.RuneError && size <= 1:
			return "a byte that is not UTF-8"
		case allowed(r):
			continue
		case r == '\n' || r == '\r':
			return "a line break"
		case unicode.IsSpace(r):
			return "a space"
		case invisible(r):
			return fmt.Sprintf("an invisible character (U+%04X)", r)
		case r > unicode.MaxASCII:
			return fmt.Sprintf("a character that is not ASCII (U+%04X)", r)
		}
		return fmt.Sprintf("%q", r)
	}
	return ""
}
