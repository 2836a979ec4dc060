package scim

import (
	"encoding/json"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/alecthomas/participle/v2"
	"github.com/alecthomas/participle/v2/lexer"
	"pgregory.net/rapid"
)

// The grammar of filters a second time, for a parser generator: the witness
// beside the parser written by hand.
type (
	gOr struct {
		Terms []*gAnd `parser:"@@ ( 'or' @@ )*"`
	}
	gAnd struct {
		Terms []*gTerm `parser:"@@ ( 'and' @@ )*"`
	}
	gTerm struct {
		Group *gGroup `parser:"  @@"`
		Test  *gTest  `parser:"| @@"`
	}
	gGroup struct {
		Not   bool `parser:"@'not'? '('"`
		Inner *gOr `parser:"@@ ')'"`
	}
	gTest struct {
		Name    string `parser:"@Word"`
		Present bool   `parser:"( @'pr'"`
		List    *gOr   `parser:"| '[' @@ ']'"`
		Equal   string `parser:"| ( 'eq' | 'ne' ) @( String | Number | Word )"`
		Order   string `parser:"| ( 'gt' | 'ge' | 'lt' | 'le' ) @( String | Number )"`
		Part    string `parser:"| ( 'co' | 'sw' | 'ew' ) @String )"`
	}
)

var generated = participle.MustBuild[gOr](
	participle.Lexer(lexer.MustStateful(lexer.Rules{"Root": {
		{Name: "space", Pattern: `[ \t\r\n]+`},
		{Name: "Word", Pattern: `[A-Za-z$][A-Za-z0-9_$:.\-]*`},
		{Name: "String", Pattern: `"(?s:[^"\\]|\\.)*"`},
		{Name: "Number", Pattern: `-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+\-]?[0-9]+)?`},
		{Name: "Bracket", Pattern: `[()\[\]]`},
	}})),
	participle.Elide("space"), participle.CaseInsensitive("Word"), participle.UseLookahead(2),
)

// valid checks the rules that the grammar does not have: names of attributes,
// JSON values, no nested brackets.
func (g *gOr) valid(inList bool) bool {
	for _, and := range g.Terms {
		for _, term := range and.Terms {
			if term.Group != nil && !term.Group.Inner.valid(inList) || term.Test != nil && !term.Test.valid(inList) {
				return false
			}
		}
	}
	return true
}

func (g *gTest) valid(inList bool) bool {
	attr, ok := parseAttribute(g.Name)
	if !ok || attr == (attribute{}) {
		return false
	}
	if g.List != nil {
		return !inList && attr.name != "" && attr.sub == "" && g.List.valid(true)
	}
	value := g.Equal + g.Order + g.Part
	if value == "" {
		return g.Present
	}
	if _, err := strconv.ParseFloat(value, 64); err != nil && value[0] != '"' {
		return value == "true" || value == "false" || value == "null"
	}
	return json.Valid([]byte(value))
}

// agree fails where the two parsers do not accept the same.
func agree(t interface{ Fatalf(string, ...any) }, text string) {
	if len(text) > 2000 || !utf8.ValidString(text) || strings.Count(text, "(")+strings.Count(text, "[") > maxDepth {
		return
	}
	_, err := ParseFilter(text)
	witness, witnessErr := generated.ParseString("", text)
	if accepted := witnessErr == nil && witness.valid(false); accepted != (err == nil) {
		t.Fatalf("%q: by hand %v; generated %v, accepted %v", text, err, witnessErr, accepted)
	}
}

// The texts are filters, and filters with mistakes.
func TestBothParsersAcceptTheSame(t *testing.T) {
	pieces := []string{
		"a", "b.c", "a:b", enterprise + ":x", "$ref", "not", "and", "or", "pr", "eq", "Ne", "co", "gt", "true", "null", "True",
		`"x"`, `"\u00e4"`, `"\x"`, `"`, "1", "-1.5e3", "01", "1e", "(", ")", "[", "]", "a pr", `a eq "x"`, "b gt 2",
	}
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOfN(rapid.SampledFrom(pieces), 1, 8).Draw(t, "words")
		agree(t, strings.Join(words, rapid.SampledFrom([]string{" ", " ", ""}).Draw(t, "between")))
	})
	rapid.Check(t, func(t *rapid.T) {
		agree(t, drawSpoken(t, 3).text)
	})
}

// spoken is a filter with its meaning, which was not found by a parser.
type spoken struct {
	text string
	says func(facts map[string]string) bool
	bind int // precedence: 0 or, 1 and, 2 a term
}

// drawSpoken draws a filter of attributes a, b and c with any casing, spacing
// and superfluous parentheses.
func drawSpoken(t *rapid.T, depth int) spoken {
	kind := rapid.IntRange(0, 4).Draw(t, "kind")
	if depth == 0 {
		kind = 4
	}
	cased := func(word string) string {
		if rapid.Bool().Draw(t, "upper") {
			return strings.ToUpper(word)
		}
		return word
	}
	space := rapid.SampledFrom([]string{" ", "  ", "\t"}).Draw(t, "space")
	switch kind {
	case 0, 1:
		word, all := "or", false
		if kind == 1 {
			word, all = "and", true
		}
		terms := make([]spoken, rapid.IntRange(2, 3).Draw(t, "terms"))
		texts := make([]string, len(terms))
		for i := range terms {
			terms[i] = drawSpoken(t, depth-1)
			texts[i] = terms[i].text
			if terms[i].bind < kind {
				texts[i] = "(" + texts[i] + ")"
			}
		}
		return spoken{strings.Join(texts, space+cased(word)+space), func(facts map[string]string) bool {
			for _, term := range terms {
				if term.says(facts) != all {
					return !all
				}
			}
			return all
		}, kind}
	case 2:
		inner := drawSpoken(t, depth-1)
		says := func(facts map[string]string) bool { return !inner.says(facts) }
		return spoken{cased("not") + space + "(" + inner.text + ")", says, 2}
	case 3:
		inner := drawSpoken(t, depth-1)
		return spoken{"( " + inner.text + " )", inner.says, 2}
	}
	name := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "name")
	value := rapid.SampledFrom([]string{"x", "xy", "y"}).Draw(t, "value")
	op := rapid.SampledFrom([]string{"eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le", "pr"}).Draw(t, "op")
	if op == "pr" {
		return spoken{cased(name) + space + cased(op), func(facts map[string]string) bool { return facts[name] != "" }, 2}
	}
	return spoken{cased(name) + space + cased(op) + space + `"` + cased(value) + `"`, func(facts map[string]string) bool {
		fact, known := facts[name]
		return known && map[string]bool{
			"eq": fact == value, "ne": fact != value, "co": strings.Contains(fact, value),
			"sw": strings.HasPrefix(fact, value), "ew": strings.HasSuffix(fact, value),
			"gt": fact > value, "ge": fact >= value, "lt": fact < value, "le": fact <= value,
		}[op] || !known && op == "ne"
	}, 2}
}

func TestCaseSpaceAndParenthesesDoNotChangeAFilter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		filter := drawSpoken(t, 3)
		f, err := ParseFilter(filter.text)
		if err != nil {
			t.Fatalf("%s: %v", filter.text, err)
		}
		facts, resource := map[string]string{}, map[string]any{}
		for _, name := range []string{"a", "b", "c"} {
			if fact := rapid.SampledFrom([]string{"", "x", "xy", "y", "yx"}).Draw(t, name); fact != "" {
				facts[name], resource[name] = fact, fact
			}
		}
		if got := f.Match(resource); got != filter.says(facts) {
			t.Fatalf("%s of %v: got %v", filter.text, facts, got)
		}
	})
}

// A printed filter parses to an equal filter.
func TestPrintedFilterIsTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		printsBack(t, drawSpoken(t, 4).text)
	})
	for _, text := range []string{
		`emails[type eq "work" or (value co "<&>\u2028\"\\")]`,
		`a eq -1.50e+2 or b ne null and not (not (` + enterprise + `.manager.$ref pr))`,
		`a eq "2026-01-01T00:00:00Z"`,
	} {
		if _, err := ParseFilter(text); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		printsBack(t, text)
	}
	if got := new(Filter).String(); got != "" {
		t.Errorf("the zero filter prints %q", got)
	}
}

func printsBack(t interface{ Fatalf(string, ...any) }, text string) {
	f, err := ParseFilter(text)
	if err != nil {
		return
	}
	printed := f.String()
	if len(printed) > maxLength {
		return // escapes may be longer than their characters
	}
	again, err := ParseFilter(printed)
	if err != nil || !reflect.DeepEqual(f, again) || again.String() != printed {
		t.Fatalf("%q prints %q: %v", text, printed, err)
	}
}

// The baseline for BenchmarkParseHundredNames.
func BenchmarkGeneratedParseHundredNames(b *testing.B) {
	text := hundredNames()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := generated.ParseString("", text); err != nil {
			b.Fatal(err)
		}
	}
}
