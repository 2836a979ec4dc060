package sheet

import (
	"regexp"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// Values are written as SCIM has them, and what cannot be one is refused.
func TestCellsBecomeValuesOfTheirKind(t *testing.T) {
	for _, c := range []struct {
		kind       kind
		text, want string
	}{
		{language, "en_US", "en_US"}, {language, "en-gb", "en_GB"}, {language, "English", "en_US"}, {language,
			"ENGLISH (UK)", "en_GB"},
		{language, "fr", "fr_FR"}, {language, "zh-Hant-TW", "zh_TW"}, {language, "es_419", "es_419"}, {language,
			"und", ""}, {language, "x", ""},
		{language, "english language", ""}, {language, "de_de", "de_DE"},
		{zone, "GMT", "GMT"}, {zone, "Asia/Kolkata", "Asia/Kolkata"}, {zone, "../etc/passwd", ""}, {zone,
			"europe/nowhere", ""},
		{boolean, "tRuE", "true"}, {boolean, "FALSE", "false"}, {boolean, "1", ""},
		{phone, "123-456-7890", "123-456-7890"}, {phone, "442035978111", "442035978111"}, {phone, "4,42E+11", ""},
		{address, "o'neil+x@exa-mple.com", "o'neil+x@exa-mple.com"}, {address, "a@b, c@d", ""}, {address,
			"Ada <a@b.com>", ""},
	} {
		value, problem, expected := (&column{attribute: attribute{kind: c.kind}}).value(c.text)
		if got := strings.Trim(string(value.append(nil)), `"`); (problem == "") != (c.want != "") ||
			c.want != "" && got != c.want || (problem == "") != (expected == "") {
			t.Errorf("%q: %v, %s", c.text, value, problem)
		}
	}
}

// The zones of the product's own table are those that Go's release knows.
func TestZonesAreThoseOfGo(t *testing.T) {
	if len(zones()) < 500 || !isZone("Europe/Berlin") || !isZone("GMT") || isZone("europe/berlin") ||
		isZone("Local") || isZone("") {
		t.Errorf("%d zones", len(zones()))
	}
	for name := range zones() {
		if _, err := time.LoadLocation(name); err != nil {
			t.Error(err)
		}
	}
}

// The form of an address, as an expression.
var addressForm = regexp.MustCompile(`^[\pL\pM\pN!#$%&*+/=?^_{|}~\x60-][\pL\pM\pN!#$%&'*+/=?^_{|}~\x60-]*(\.[\pL\pM\pN!#$%&'*+/=?^_{|}~\x60-]+)*` +
	`@[\pL\pN]([\pL\pM\pN-]*[\pL\pM\pN])?(\.[\pL\pN]([\pL\pM\pN-]*[\pL\pM\pN])?)*$`)

func TestEmailsHaveFormThatWebexTakes(t *testing.T) {
	text := rapid.StringOfN(rapid.SampledFrom([]rune("ab1é日\u0301-'.@_ +/\"\uFFFD\u200b`")), 0, 9, -1)
	rapid.Check(t, func(t *rapid.T) {
		address := text.Draw(t, "text")
		if rapid.Bool().Draw(t, "two parts") {
			address += "@" + text.Draw(t, "domain")
		}
		if rapid.IntRange(0, 9).Draw(t, "broken") == 0 {
			address += "\xe9"
		}
		if got, want := isEmail(address), utf8.ValidString(address) && addressForm.MatchString(address); got != want {
			t.Fatalf("%q: %v", address, got)
		}
	})
	for length, want := range map[int]bool{64: true, 65: false} {
		if isEmail(strings.Repeat("é", length)+"@example.com") != want {
			t.Errorf("%d characters before the @", length)
		}
	}
}
