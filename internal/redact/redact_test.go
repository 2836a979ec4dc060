package redact_test

import (
	"encoding/base64"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/webexscim/bulk/internal/redact"
)

const token = "s3cr3t-t0ken"

// TestLocationWithoutToken: of a location that holds the token what tells the
// resource is kept, if it does not.
func TestLocationWithoutToken(t *testing.T) {
	f, escaped := redact.NewToken(token), strings.ReplaceAll(token, "-", "%2d")
	for text, want := range map[string]string{
		"https://h/v2/Users/7":                             "https://h/v2/Users/7",
		"https://h/v2/Users/7?access_token=" + token:       "/Users/7",
		"https://h/v2/Users/7/#" + escaped:                 "/Users/7",
		"https://x:" + token + "@h/scim/o/v2/Groups/a%20b": "/Groups/a%20b",
		"https://h/" + escaped + "/v2/Users/7":             "/Users/7",
		"https://h/v2/Users/" + token:                      "",
		"https://h/v2/" + token + "/7":                     "",
		"https://h/v2/Users/" + escaped + "/":              "",
		token:                                              "", "/" + token: "", "": "",
	} {
		if got := f.Location(text); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

// TestLargeTextWithToken: a large text is not searched for the token's place.
func TestLargeTextWithToken(t *testing.T) {
	f, large := redact.NewToken(token), strings.Repeat("x", 64<<10)
	if f.Mask(large+token) != redact.Hidden || f.Mask(large+"x") != large+"x" {
		t.Error("not hidden whole, or without a reason")
	}
}

// TestShortToken: what is in every text is not looked for.
func TestShortToken(t *testing.T) {
	if f := redact.NewToken("ab"); f.In("ab") || f.Mask("ab") != "ab" || f.Location("/Users/ab") != "/Users/ab" {
		t.Error("a token of two characters")
	}
}

// TestEncodedValues: a value is hidden in Base64 and in hexadecimal digits too,
// alone and inside of another text; other words stay.
func TestEncodedValues(t *testing.T) {
	const value = "José.O'Neil?>~@example.com"
	for _, form := range []string{value, "user:" + value, strings.ToUpper(value), "José.O'Neil?>~"} {
		for _, text := range []string{
			base64.StdEncoding.EncodeToString([]byte(form)), base64.RawURLEncoding.EncodeToString([]byte(form)),
			hex.EncodeToString([]byte(form)), strings.ToUpper(hex.EncodeToString([]byte(form))),
		} {
			r := redact.Redactor{Texts: []string{value}}
			if got := r.Clean("see id=" + text + ", Resource or /Users/" + strings.ReplaceAll(text, "/", "_")); got !=
				"see id=…, Resource or /Users/…" {
				t.Errorf("%s as %s: %s", form, text, got)
			}
		}
	}
}
