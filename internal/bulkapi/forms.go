package bulkapi

import (
	"encoding/base64"
	"net/url"
	"strings"

	"github.com/webexscim/bulk/internal/location"
)

// forms is a token in the forms in which an answer may repeat it, in lower case. The zero value is none.
type forms []string

// Bounds of looking for a token: forms shorter than this are in every base64 text, texts larger than that are not worth
// keeping, and what is escaped more often is not the token any more.
const (
	shortestBase64 = 8
	largestMasked  = 64 << 10
	mostEscapes    = 4
)

// newForms knows the token as it is, which "Bearer …" holds, and inside base64, as in "Basic …" (RFC 7617 section 2).
func newForms(token string) forms {
	if len(token) < shortest {
		return nil
	}
	f := forms{strings.ToLower(token)}
	for before := range 3 { // how many bytes stand before it in a group of three
		for _, enc := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			text := enc.EncodeToString(append(make([]byte, before, before+len(token)), token...))
			// The characters that it shares with what stands around it may be others.
			text = text[(before*8+5)/6 : (before+len(token))*8/6]
			if len(text) >= shortestBase64 {
				f = append(f, strings.ToLower(text))
			}
		}
	}
	return f
}

// in reports whether a text holds the token, in any case, however often escaped as in a url.
func (f forms) in(text string) bool {
	if len(f) == 0 || len(text) < len(f[0]) { // the other forms are longer, and unescaping makes no text longer
		return false
	}
	for range mostEscapes {
		folded := strings.ToLower(text)
		for _, form := range f {
			if strings.Contains(folded, form) {
				return true
			}
		}
		if strings.IndexByte(text, '%') < 0 {
			return false
		}
		text = location.Unescape(text)
	}
	return false
}

// mask is text with the mark in the place of the token, and nothing but the mark where the token is in disguise.
func (f forms) mask(text string) string {
	switch {
	case !f.in(text):
		return text
	case len(text) > largestMasked:
		return hidden
	}
	return newRedactor(f).mask(text)
}

// without is text, or "" where it holds the token: for what is of no use in part.
func (f forms) without(text string) string {
	if f.in(text) {
		return ""
	}
	return text
}

// location is the url of a resource without the token. Of one that holds it the end is kept, type and id, which is what
// tells the resource.
func (f forms) location(text string) string {
	if !f.in(text) {
		return text
	}
	_, kind, id := location.Split(text)
	return f.without("/" + url.PathEscape(kind) + "/" + url.PathEscape(id))
}
