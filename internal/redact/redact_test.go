package redact_test

import (
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
