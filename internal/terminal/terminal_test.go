package terminal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// dangerous are characters of which none may reach a terminal.
const dangerous = "\x00\x07\b\r\x1b\x7f\u0080\u009b\u00ad\u061c\u200b\u200e\u200f\u2028\u2029\u202a\u202e\u2066\u2069\ufeff\U000e0041"

func hostile(t *rapid.T, label string) string {
	return strings.Join(rapid.SliceOf(rapid.SampledFrom(append(strings.Split(dangerous, ""), "a", "é", "王", "\n", "\t", "\xff", "\xe2\x80", " ", `\`, `"`))).Draw(t, label), "")
}

func check(t interface{ Fatalf(string, ...any) }, text string, lines int) {
	if strings.ContainsAny(text, dangerous) || !utf8.ValidString(text) || strings.Count(text, "\n") != lines {
		t.Fatalf("%q", text)
	}
}

func TestEscapeKeepsLettersAndEscapesControlCharacters(t *testing.T) {
	for in, want := range map[string]string{
		"Zoë 王芳 😀":                       "Zoë 王芳 😀",
		"\u0646\u0645\u06cc\u200c\u062e": "\u0646\u0645\u06cc\u200c\u062e", // a joiner that is part of a word
		"a\x1b[2J":                       `a\u001b[2J`,
		"a\nFORGED":                      `a\nFORGED`,
		"pay\u202egnp.exe":               `pay\u202egnp.exe`,
		"\x9b31m":                        `\u009b31m`,
		"\U000e0041":                     `\udb40\udc41`,
		"":                               "",
	} {
		if got := Escape(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}

// Foreign text in formats, errors and wrapped errors reaches a terminal without
// control characters, and cannot begin a line.
func TestForeignTextIsEscapedEverywhere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := hostile(t, "a"), hostile(t, "b")
		check(t, Escape(a), 0)
		if strings.Contains(Escape(a), "\t") {
			t.Fatalf("%q has a tab, which would begin another cell", a)
		}
		if Escape(Escape(a)) != Escape(a) {
			t.Fatalf("%q is escaped twice", a)
		}
		check(t, string(Sprintf("x %s\ny %v", a, errors.New(b))), 1)
		inner := errors.New(a)
		for _, c := range []struct {
			err   error
			lines int
		}{
			{inner, 0},
			{fmt.Errorf("%s: %w", b, inner), 0},
			{errors.Join(inner, errors.New(b)), 1},
			{fmt.Errorf("%w: %w", inner, errors.New(b)), 0},
			{Errorf("%w\nsee %s", inner, b), 1},
			{fmt.Errorf("%s: %w", b, Errorf("%w\nsee %s", inner, b)), 1},
			{errors.Join(Errorf("%w\n%s", inner, Text("own\nlines")), &fs.PathError{Op: "open", Path: b, Err: inner}), 3},
		} {
			check(t, string(ErrorText(c.err)), c.lines)
			if !errors.Is(c.err, inner) {
				t.Fatalf("%v does not wrap its cause", c.err)
			}
		}
	})
}

// A Writer escapes control characters except line breaks and tabs, also if
// characters are split between calls, and keeps the meaning of JSON.
func TestWriterEscapesTextInPiecesAndKeepsJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := hostile(t, "text")
		var whole, cut bytes.Buffer
		w := NewWriter(&whole)
		fmt.Fprint(w, text)
		_ = w.Flush()
		check(t, whole.String(), strings.Count(text, "\n"))
		w = NewWriter(&cut)
		for i := range len(text) {
			if n, err := w.Write([]byte(text[i : i+1])); n != 1 || err != nil {
				t.Fatalf("%d, %v", n, err)
			}
		}
		_ = w.Flush()
		if cut.String() != whole.String() {
			t.Fatalf("%q, and cut %q", &whole, &cut)
		}
		var out bytes.Buffer
		if err := json.NewEncoder(NewWriter(&out)).Encode(text); err != nil {
			t.Fatal(err)
		}
		var read string
		if err := json.Unmarshal(out.Bytes(), &read); err != nil || read != strings.ToValidUTF8(text, "\ufffd") && utf8.ValidString(text) {
			t.Fatalf("%q became %q: %v", text, read, err)
		}
	})
}

// Wrap changes only white space, and a line is longer than the width only if it
// is a single word.
func TestWrapKeepsWordsAndWidth(t *testing.T) {
	const text = "  line 4: user ann@example.com, tracking id ROUTER_1\nshort\n"
	const want = "  line 4: user\n    ann@example.com,\n    tracking id\n    ROUTER_1\nshort\n"
	if got := Wrap(text, 20); got != want {
		t.Errorf("%q", got)
	}
	if Wrap(text, 0) != text {
		t.Error("wrapped without a width")
	}
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`([ a-zé]{0,30}\n){0,3}[ a-z]{0,30}`).Draw(t, "text")
		width := rapid.IntRange(1, 30).Draw(t, "width")
		got := string(Wrap(Text(text), width))
		if strings.Join(strings.Fields(got), " ") != strings.Join(strings.Fields(text), " ") {
			t.Fatalf("%q became %q", text, got)
		}
		for line := range strings.SplitSeq(got, "\n") {
			if utf8.RuneCountInString(strings.TrimRight(line, " ")) > width && len(strings.Fields(line)) > 1 {
				t.Fatalf("%q: %q is wider than %d", text, line, width)
			}
		}
	})
}
