package cell

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"
)

// Whatever a cell holds: what comes out clean is valid, composed text without
// control characters and without anything unseen at its ends, and it comes out
// of a second cleaning as it is.
func TestCleanIsClean(t *testing.T) {
	odd := rapid.OneOf(rapid.Rune(), rapid.RuneFrom(nil, unicode.Cf, unicode.Cc, unicode.Zs, unicode.M),
		rapid.SampledFrom([]rune("\uFEFF\u202a\u200e'=#E+1\x00\ufffd")))
	rapid.Check(t, func(t *rapid.T) {
		raw := rapid.StringOf(odd).Draw(t, "raw")
		if rapid.Bool().Draw(t, "bytes") {
			raw = string(rapid.SliceOfN(rapid.Byte(), 0, 8).Draw(t, "raw bytes"))
		}
		text, fault := Clean(raw)
		if fault != nil {
			if fault.Problem == "" || fault.Expected == "" {
				t.Fatalf("%q: %+v", raw, fault)
			}
			return
		}
		if !utf8.ValidString(text) || !norm.NFC.IsNormalString(text) || strings.ContainsFunc(text, isControl) {
			t.Fatalf("%q became %q", raw, text)
		}
		first, _ := utf8.DecodeRuneInString(text)
		last, _ := utf8.DecodeLastRuneInString(text)
		if text != "" && (IsBlank(first) || IsBlank(last)) {
			t.Fatalf("%q became %q", raw, text)
		}
		if again, fault := Clean(text); again != text || fault != nil {
			t.Fatalf("%q became %q, then %q, %+v", raw, text, again, fault)
		}
	})
}

func TestCleanRemovesWhatIsUnseenAndRefusesDamage(t *testing.T) {
	for raw, want := range map[string]string{
		" Ann Lee\u200e": "Ann Lee", "Bob\u2060": "Bob", "Sales\u00ad": "Sales", "\u202a+1 202 555 0101\u202c": "+1 202 555 0101",
		"Jo\u0308rg": "Jörg", "\u0645\u06cc\u200c\u062e\u0648": "\u0645\u06cc\u200c\u062e\u0648", "\u3164": "", "\ufeff\ufeffx": "x",
		"🏴\U000E0067\U000E0062\U000E007F": "🏴\U000E0067\U000E0062\U000E007F", "a\nb": "a\nb", "#1 fan": "#1 fan", "e2f5": "e2f5", "1E5": "1E5",
		"#sales": "#sales", "Err: no": "Err: no", "#TeamA": "#TeamA",
	} {
		if text, fault := Clean(raw); text != want || fault != nil {
			t.Errorf("%q: %q, %+v", raw, text, fault)
		}
	}
	for _, raw := range strings.Fields("=B2 #N/A #REF! #BEZUG! #WERT! #NV #ZAHL! #ÜBERLAUF! #NOM? #VALEUR! #¡VALOR! #¿NOMBRE? #¡DIV/0! #N/D #NOME? #RIF! " +
		"#NÚM! #WAARDE! #N/B #VÄRDEFEL! #SAKNAS! #VÆRDI! #I/T #ARVO! #PUUTTUU! #ADR! #DZIEL/0! #DĚLENÍ_NULOU! #ÉRTÉK! #HIÁNYZIK #DEĞER! #YOK " +
		"#ЗНАЧ! #Н/Д #ССЫЛКА! #SPILL! #GETTING_DATA #REF!@x.com ##### Err:502 1.00234E+11 4,42036E+11 -1.5E-07 x\x07y caf\xe9 caf\ufffd x\x00 \x1b$B;3ED\x1b(B") {
		if text, fault := Clean(raw); fault == nil {
			t.Errorf("%q became %q", raw, text)
		}
	}
	for _, raw := range []string{"Ã\u0084nnchen MÃ¼ller", "Å\u0081Ã³dÅº"} {
		if _, fault := Clean(raw); fault == nil || fault.Cause != "misread" {
			t.Errorf("%q: %+v", raw, fault)
		}
	}
	if _, fault := Clean("a\u0084b"); fault == nil || fault.Cause != "" {
		t.Errorf("a control character alone: %+v", fault)
	}
	if _, fault := Clean(strings.Repeat("é", maxCell)); fault == nil {
		t.Error("a cell that was cut passes")
	}
	if _, fault := Clean(strings.Repeat("é", maxCell+1)); fault != nil {
		t.Error("a long cell is taken for one that was cut")
	}
}

func TestDamageIsRecognized(t *testing.T) {
	for name, c := range map[string]struct {
		is      func(string) bool
		yes, no []string
	}{
		"date": {IsDate, []string{"12.05.2023", "2023-05-12", "5/12/2023", "12-May-23", "12. Mai 2023",
			"May-23", "2-Jan", "12.05.2023 10:30"},
			[]string{"202.555.0103", "123-456-7890", "2023", "12 34 56 78", "+49 30/1234567", "01067", "12-34-567"}},
		"decimals": {HasDecimals, []string{"42.0", "12025550101.00", "42,0"}, []string{"4.2", "42", "1.0.0", "v1.0"}},
		"apostrophe": {HasApostrophe, []string{"'00042", "'q97@example.com", "'+49", "'Engineer"},
			[]string{"'t Hooft", "'s-Gravenhage", "'n", "o'brien", "'quoted'", "'"}},
		"scripts": {HasMixedScripts, []string{"admin@ex\u0430mple.com", "\u0391nn@example.com"},
			[]string{"ann@example.com", "вася@пример", "müller@straße.de", "山田@example.com"}},
		"misread": {IsMisread, []string{"JÃ¶rg MÃ¼ller", "â€žx", "FranÃ§ois"},
			[]string{"Jörg", "Ã", "Ãngela", "São Paulo", "山田", "Ann"}},
		"unseen": {HoldsUnseen, []string{"a\u200bb", "a\u00adb", "a\u202eb", "a\u200db"},
			[]string{"ab", "\u0645\u06cc\u200c\u062e", "👩\u200d💻", "\u0601"}},
		"tags and fillers": {HoldsUnseen,
			[]string{"a\u2028b", "a\u2029b", "a\u3164b", "a\u034fb", "a\U000E0041", "🏴\U000E0067a\U000E0041"},
			[]string{"🏴\U000E0067\U000E0062\U000E007F", "\u1112\u1160", "한\u3164글", "\u2820\u2800\u2820"}},
		"widths": {HasMixedScripts, []string{"ａnn@example.com", "ann１@example.com"}, []string{"ann1@example.com"}},
		"encoded": {IsEncoded,
			[]string{"M&uuml;ller", "R&D &amp; IT", "&#233;", "&#xE9;", "M%C3%BCller", "M=C3=BCller",
				`M\u00fcller`, "+AMQ-nnchen", "Gr+APYA3w-e", "~{VPND~}"},
			[]string{"R&D; IT", "AT&T", "&nosuch;", "100%", "50%CO2", "a=b", `C:\users`, "~{~}", "+1202-555",
				"A+AB-", "+49-30", "https://example.com/%C3%BC?a=&amp;"}},
		"lost letters": {HasLostLetters, []string{"M?ller", "?ukasz", "???", "?? ??"},
			[]string{"Who?", "?!", "Müller", "https://example.com/a?b=c", "a ? b"}},
		"nothing": {IsNothing,
			[]string{"NULL", "undefined", "NaN", `\N`, "(null)", "[object Object]", "{{title}}", "${name}"},
			[]string{"", "Null", "none", "$", "{}", "N", "nano"}},
		"short date": {IsShortDate, []string{"1/2/26", "01.02.26", "12:30", "12:30:00"},
			[]string{"12 34 56", "12.34", "1/2/2026", "123:45", "01/23/45/67"}},
	} {
		for _, text := range c.yes {
			if !c.is(text) {
				t.Errorf("%s: not %q", name, text)
			}
		}
		for _, text := range c.no {
			if c.is(text) {
				t.Errorf("%s: %q", name, text)
			}
		}
	}
}

func FuzzClean(f *testing.F) {
	f.Add("#REF!\u200e")
	f.Fuzz(func(t *testing.T, raw string) {
		text, fault := Clean(raw)
		if again, second := Clean(text); fault == nil &&
			(again != text || second != nil && !strings.Contains(second.Problem, "cut off")) {
			t.Errorf("%q: %q, %q, %+v", raw, text, again, second)
		}
	})
}
