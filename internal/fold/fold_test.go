package fold

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"github.com/webexscim/bulk/internal/raced"
)

func needTables(t testing.TB) {
	if norm.Version != unicodeVersion {
		t.Skipf("the table is of Unicode %s, norm of %s: run go generate", unicodeVersion, norm.Version)
	}
}

// Every rune is composed and decomposed as by golang.org/x/text.
func TestEveryRuneIsComposedAsByNorm(t *testing.T) {
	needTables(t)
	const last = 0x2ffff // above, nothing has a decomposition: a sample does
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if !utf8.ValidRune(r) || r > last && r%61 != 0 || raced.On && r%8 != 0 {
			continue
		}
		s := string(r)
		if got, want := Decompose(s), norm.NFD.String(s); got != want {
			t.Errorf("%U decomposed: %U, want %U", r, []rune(got), []rune(want))
		}
		if got, want := Compose(s), norm.NFC.String(s); got != want {
			t.Errorf("%U composed: %U, want %U", r, []rune(got), []rune(want))
		}
		if got, want := Compose(norm.NFD.String(s)), norm.NFC.String(s); got != want {
			t.Errorf("%U composed from its parts: %U, want %U", r, []rune(got), []rune(want))
		}
		for other := unicode.SimpleFold(r); other != r; other = unicode.SimpleFold(other) {
			if Rune(other) != Rune(r) || Fold(string(other)) != Fold(s) {
				t.Errorf("%U and %U differ in case alone, their forms are %U and %U", r, other, []rune(Fold(s)), []rune(Fold(string(other))))
			}
		}
		if again := Fold(Fold(s)); again != Fold(s) {
			t.Errorf("%U folded: %U, and again %U", r, []rune(Fold(s)), []rune(again))
		}
	}
}

// interesting draws texts of runes that matter in canonical composition: bases,
// marks of several classes, Hangul, exclusions, spaces.
func interesting() *rapid.Generator[string] {
	var runes []rune
	for _, p := range decompositions {
		runes = append(runes, p.rune, p.first)
		if p.second != 0 {
			runes = append(runes, p.second)
		}
	}
	for _, s := range classes {
		runes = append(runes, s.first, s.last)
	}
	runes = append(runes, []rune("aAeEoOsſßİıKÅ  \t\u200b\u3000가각각힣\u11a7\u0345")...)
	marks := []rune("\u0301\u0308\u0327\u0323\u0345\u0338\u05bc\u3099\u0300\u0304")
	one := rapid.OneOf(rapid.SampledFrom(runes), rapid.SampledFrom(marks), rapid.SampledFrom(marks), rapid.Rune())
	return rapid.StringOfN(one, 0, 20, -1)
}

// Texts are composed and decomposed as by golang.org/x/text, and Fold ignores
// composition, case, and the length of white space.
func TestTextsAreComposedAsByNorm(t *testing.T) {
	needTables(t)
	text := interesting()
	rapid.Check(t, func(t *rapid.T) { checkText(t, text.Draw(t, "text")) })
}

type failer interface{ Fatalf(string, ...any) }

func checkText(t failer, s string) {
	if got, want := Compose(s), norm.NFC.String(s); got != want {
		t.Fatalf("%U composed: %U, want %U", []rune(s), []rune(got), []rune(want))
	}
	if got, want := Decompose(s), norm.NFD.String(s); got != want {
		t.Fatalf("%U decomposed: %U, want %U", []rune(s), []rune(got), []rune(want))
	}
	want := Fold(s)
	for name, other := range map[string]string{
		"NFC": norm.NFC.String(s), "NFD": norm.NFD.String(s), "trimmed": Spaces(s), "wide": " \ufeff" + strings.ReplaceAll(s, " ", " \u200b\t") + "\n",
		"folded": want,
	} {
		if got := Fold(other); got != want {
			t.Fatalf("%s of %U: %U, want %U", name, []rune(s), []rune(got), []rune(want))
		}
	}
}

func FuzzCompose(f *testing.F) {
	needTables(f)
	for _, s := range []string{"", "Ada", "e\u0301\u0327", "\u1112\u1161\u11ab", "\u0344", "ﬢ\u05bc", "\u0dd9\u0dcf\u0dca"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if !utf8.ValidString(s) || longestMarks(s) > 25 { // more are split by norm (UAX #15, section 13)
			Fold(s)
			if !utf8.ValidString(s) && Compose(s) != s {
				t.Fatalf("%q changed", s)
			}
			return
		}
		checkText(t, s)
	})
}

// longestMarks is the length of the longest run of combining marks once s is
// decomposed.
func longestMarks(s string) (longest int) {
	n := 0
	for _, r := range norm.NFD.String(s) {
		if n++; norm.NFD.PropertiesString(string(r)).CCC() == 0 {
			n = 0
		}
		longest = max(longest, n)
	}
	return longest
}

func TestFold(t *testing.T) {
	for _, same := range [][]string{
		{"Ada Lovelace", "ada  LOVELACE ", "\tADA\u00a0lovelace", "\ufeffAda\u200b \u3000Lovelace"},
		{"José", "jose\u0301", "JOSÉ", "JOSE\u0301 "},
		{"ΣΊΣΥΦΟΣ", "σίσυφος", "Σι\u0301συφος"},
		{"Å", "\u212b", "A\u030a"}, {"한글", "\u1112\u1161\u11ab\u1100\u1173\u11af"}, {"", " ", "\u200b"}, {"\xff", "\ufffd"},
	} {
		for _, s := range same {
			if Fold(s) != Fold(same[0]) {
				t.Errorf("%q and %q: %q, %q", same[0], s, Fold(same[0]), Fold(s))
			}
		}
	}
	for _, other := range [][2]string{{"Ada", "Adá"}, {"a b", "ab"}, {"ß", "ss"}, {"2²", "22"}, {"ﬁ", "fi"}, {"x-y", "x y"}, {"α\u0345\u0301", "α\u0301\u0304"}} {
		if Fold(other[0]) == Fold(other[1]) {
			t.Errorf("%q and %q are different", other[0], other[1])
		}
	}
}
