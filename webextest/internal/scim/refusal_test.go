package scim

import (
	"strings"
	"testing"
	"time"
)

// The detail has the position of the mistake and does not quote the filter.
func TestParseFilterRefusesInvalidFilters(t *testing.T) {
	for filter, detail := range map[string]string{
		``:                          "byte 1: expected an attribute",
		`  `:                        "expected an attribute",
		`userName`:                  "byte 9: expected an operator",
		`userName eq`:               "byte 12: expected a value",
		`userName like "x"`:         "byte 10: expected an operator",
		`userName eq 'x'`:           "byte 13: expected a value",
		`userName eq x`:             "expected a value",
		`userName eq True`:          "expected a value",
		`userName eq "x`:            "closing quote",
		`userName eq "x\"`:          "closing quote",
		`userName eq "\x"`:          "a string as JSON",
		"userName eq \"\n\"":        "a string as JSON",
		`userName eq 01`:            "expected a value",
		`userName eq 1.`:            "expected a value",
		`userName eq +1`:            "expected a value",
		`userName eq 1e999`:         "expected a value",
		`userName eq "x" and`:       "byte 20: expected an attribute",
		`userName eq "x" userName`:  "byte 17: expected and, or",
		`userName pr pr`:            "expected and, or",
		`(userName pr`:              "or )",
		`userName pr)`:              "or the end",
		`()`:                        "expected an attribute",
		`not userName pr`:           "expected an operator",
		`emails[type eq "work"`:     "or ]",
		`emails[type eq "work")`:    "or ]",
		`emails[]`:                  "expected an attribute",
		`emails[a[b pr]]`:           "no brackets here",
		`emails.value[a pr]`:        "no brackets here",
		enterprise + `[a pr]`:       "no brackets here",
		`emails[a pr].value eq "x"`: "expected and, or",
		`active gt true`:            "kind that gt can compare",
		`active le null`:            "kind that le can compare",
		`active co true`:            "kind that co can compare",
		`score sw 2`:                "kind that sw can compare",
		`a.b.c pr`:                  "an attribute",
		`a. pr`:                     "an attribute",
		`a..b pr`:                   "an attribute",
		`1a pr`:                     "an attribute",
		`ä pr`:                      "an attribute",
		`$ pr`:                      "an attribute",
		`:a pr`:                     "an attribute",
		`a:b pr`:                    "an attribute",
		`http:x:y pr`:               "an attribute",
		`urn:a pr`:                  "an attribute",
		`urn::a:b pr`:               "an attribute",
		`urn:a:b: pr`:               "an attribute",
		enterprise + `: pr`:         "an attribute",
		enterprise + `. pr`:         "an attribute",
		enterprise + `:a:b pr`:      "an attribute",
		enterprise + `.a:b pr`:      "an attribute",
		`urn:ietf:params:scim:schemas:core:2.0:User pr`: "an attribute",
		"userName eq \"\xff\"":                          "not UTF-8",
	} {
		_, err := ParseFilter(filter)
		if typeOf(t, err) != "invalidFilter" || !strings.Contains(err.Error(), detail) {
			t.Errorf("%q: want %q, got %v", filter, detail, err)
		}
	}
	const secret = "ada@example.com"
	if _, err := ParseFilter(`userName eq "` + secret + `" or "`); err == nil || strings.Contains(err.Error(), secret) {
		t.Errorf("an error names the value: %v", err)
	}
}

func TestLongAndDeepFiltersAreRefusedQuickly(t *testing.T) {
	nested := func(n int, open, end string) string {
		return strings.Repeat(open, n) + "a pr" + strings.Repeat(end, n)
	}
	for filter, ok := range map[string]bool{
		nested(maxDepth, "(", ")"):                              true,
		nested(maxDepth+1, "(", ")"):                            false,
		nested(maxDepth, "not (", ")"):                          true,
		nested(30000, "(", ""):                                  false,
		"x[" + nested(maxDepth-1, "(", ")") + "]":               true,
		"x[" + nested(maxDepth, "(", ")") + "]":                 false,
		"a pr" + strings.Repeat(" ", maxLength-4):               true,
		"a pr" + strings.Repeat(" ", maxLength-3):               false,
		"a pr" + strings.Repeat(" and a pr", maxLength/9-1):     true,
		"(a pr)" + strings.Repeat(" or (a pr)", maxLength/10-1): true,
	} {
		began := time.Now()
		_, err := ParseFilter(filter)
		if (err == nil) != ok {
			t.Errorf("%.20s… of %d bytes: %v", filter, len(filter), err)
		}
		if took := time.Since(began); took > time.Second {
			t.Errorf("%.20s… took %v", filter, took)
		}
	}
}
