package scimfilter

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

const ada = `{"userName":"Ada@Example.com","active":true,"title":" Head of  R&D ","age":36,"nickName":"",
	"emails":[{"type":"work","value":"ada@example.com"},{"type":"home","value":"ada@home.test"}],
	"name":{"familyName":"Lovelace"},"meta":{"lastModified":"2026-05-01T10:00:00Z"},
	"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"Mathematics","manager":{"value":"m-1"}}}`

func TestMatchFollowsRFC7644(t *testing.T) {
	for text, want := range map[string]bool{
		``: true, `userName eq "ada@example.com"`: true, `USERNAME Eq "ADA@example.COM"`: true, `userName ne "ada@example.com"`: false,
		`userName sw "ada" and title co "head of r&d"`: true, `userName ew ".org" or title pr`: true, `nickName pr`: false, `shoe pr`: false,
		`active eq true`: true, `active eq false`: false, `age gt 35 and age le 36`: true, `age lt 36`: false, `shoe eq null`: true, `title eq null`: false,
		`emails.value ew "@home.test"`: true, `emails eq "ada@example.com"`: true, `emails[type eq "work" and value ew "home.test"]`: false,
		`emails[type eq "home" and value ew "home.test"]`: true, `emails.type ne "work"`: false, `name.familyName eq "lovelace"`: true,
		`department eq "mathematics"`: true, `urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department sw "Math"`: true,
		`urn:other:User:department sw "Math"`: false, `manager.value eq "m-1"`: true, `manager eq "m-1"`: true, `not (department eq "Sales")`: true,
		`meta.lastModified gt "2026-05-01T11:59:00+02:00"`: true, `meta.lastModified lt "2026-05-01T10:00:00.000Z"`: false,
		`title eq "x" or title eq "y" and userName pr`: false, `(title eq "x" or title pr) and userName pr`: true, `shoe ne "x"`: true,
		`title eq true`: false, `age eq "36"`: false,
	} {
		f, err := Parse(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		} else if f.Match([]byte(ada)) != want {
			t.Errorf("%s: %v", text, !want)
		}
	}
	f, _ := Parse(`a.b eq "1" or c[d pr] and not (a.b pr)`)
	if got := f.Paths(); !slices.Equal(got, []string{"a.b", "c"}) || !Has([]byte(ada), "department") || Has([]byte(ada), "departmnt") {
		t.Error(got)
	}
	if f.Match([]byte(`[1]`)) || f.Match(nil) {
		t.Error("JSON other than an object matches")
	}
}

func TestSyntaxErrorsSayWhatIsExpected(t *testing.T) {
	for text, want := range map[string]string{
		`userName`: "one of eq", `userName eq`: "a value", `userName eq "a`: "a value", `userName eq 'a'`: "a value", `userName eq [1]`: "a value",
		`eq "a"`: "one of eq", `title pr title pr`: "and, or", `(title pr`: ")", `not title pr`: "( after not", `emails[type pr`: "]",
		`title sw 1`: "a text", `title pr and`: "an attribute", `title pr )`: "and, or", `= 1`: "an attribute", `title is "x"`: "one of eq",
		strings.Repeat("(", 100): "fewer",
	} {
		_, err := Parse(text)
		if e, ok := errors.AsType[*SyntaxError](err); !ok || !strings.Contains(e.Expected, want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// not, and, or combine the results of their parts.
func TestLogicalOperatorsCombineResults(t *testing.T) {
	simple := rapid.SampledFrom([]string{`title pr`, `age gt 40`, `userName sw "ada"`, `shoe pr`, `emails[type eq "home"]`, `active eq false`})
	rapid.Check(t, func(t *rapid.T) {
		a, b := simple.Draw(t, "a"), simple.Draw(t, "b")
		is := func(text string) bool {
			f, err := Parse(text)
			if err != nil {
				t.Fatal(err)
			}
			return f.Match([]byte(ada))
		}
		if is("not ("+a+")") == is(a) || is(a+" and "+b) != (is(a) && is(b)) || is(a+" or "+b) != (is(a) || is(b)) {
			t.Fatalf("%s, %s", a, b)
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add(`emails[type eq "work" and value ew "x"] or not (urn:a:b:c.d ge 1e3)`)
	f.Fuzz(func(t *testing.T, text string) {
		filter, err := Parse(text)
		if err == nil {
			filter.Match([]byte(ada))
		} else if _, ok := errors.AsType[*SyntaxError](err); !ok || err.Error() == "" {
			t.Errorf("%q: %v", text, err)
		}
	})
}
