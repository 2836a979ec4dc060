package table

import (
	"encoding/csv"
	"io"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/webexscim/bulk/internal/textfile"
)

// rows reads a table from its first row on, with the lines; of wrong quotes it
// notes the problem.
func rows(t interface{ Fatal(...any) }, text string, s Style) (all [][]string, lines []int) {
	r, err := NewReader(strings.NewReader(text), s, textfile.MaxRecord)
	if err != nil {
		t.Fatal(err)
	}
	for {
		cells, line, err := r.Next()
		if err == io.EOF {
			return all, lines
		}
		if err != nil {
			cells = []string{err.Error()}
		}
		all, lines = append(all, slices.Clone(cells)), append(lines, line)
	}
}

// What encoding/csv writes is read as it was, whatever the separator and the
// line ends; so is what Writer writes.
func TestWhatCSVWritesIsRead(t *testing.T) {
	cell := rapid.StringMatching(`[a-zé"',;\t\n|]{0,8}`)
	rapid.Check(t, func(t *rapid.T) {
		s := Style{Comma: rapid.SampledFrom([]rune{',', ';', '\t'}).Draw(t, "comma"),
			CRLF: rapid.Bool().Draw(t, "CRLF")}
		table := rapid.SliceOfN(rapid.SliceOfN(cell, 2, 4), 1, 6).Draw(t, "table")
		var b strings.Builder
		w := csv.NewWriter(&b)
		w.Comma, w.UseCRLF = s.Comma, s.CRLF
		_ = w.WriteAll(table)
		if got, _ := rows(t, b.String(), s); !slices.EqualFunc(got, table, slices.Equal) {
			t.Fatalf("%q became %q", table, got)
		}
		b.Reset()
		out := NewWriter(&b, s, table[0])
		for _, row := range table[1:] {
			_ = out.Write(row)
		}
		_ = out.Flush()
		if got, _ := rows(t, b.String(), s); !slices.EqualFunc(got, table, slices.Equal) {
			t.Fatalf("%q was written and became %q", table, got)
		}
	})
}

// A row in which the quotes are wrong costs that row; its line and those after
// it are right.
func TestWrongQuotesCostTheirRow(t *testing.T) {
	got, lines := rows(t, "a,b\n\"x\ny\" z,1\n\"c\"\"c\",\"d\n\nd\"\r\ne,\"f\ng", Style{Comma: ','})
	want := [][]string{{"a", "b"}, {"a quote inside a cell in quotes"}, {`c"c`, "d\n\nd"},
		{"a quote that is never closed (all up to line 8 is one cell)"}}
	if !slices.EqualFunc(got, want, slices.Equal) || !slices.Equal(lines, []int{1, 2, 4, 7}) {
		t.Errorf("%q on lines %v", got, lines)
	}
}

// Reading ends at a row that is too large.
func TestTooLargeRowEndsReading(t *testing.T) {
	r, err := NewReader(strings.NewReader("a,b\n\"x\n"+strings.Repeat("y\n", 100)), Style{Comma: ','}, 50)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := r.Next(); err != nil {
		t.Fatal(err)
	}
	if _, line, err := r.Next(); err != textfile.ErrTooLarge || line != 2 {
		t.Errorf("line %d: %v", line, err)
	}
}

// A quote within a cell that does not begin with one is text; in a tab
// separated export and elsewhere.
func TestQuoteInsideCellIsText(t *testing.T) {
	for _, comma := range []rune{',', ';', '\t'} {
		text := strings.ReplaceAll("O'Neil \"Jr\"|19\" rack|\"Ann \"\"Ace\"\" Lee\"|5' 7\"\n", "|", string(comma))
		got, _ := rows(t, text, Style{Comma: comma})
		if want := []string{`O'Neil "Jr"`, `19" rack`, `Ann "Ace" Lee`, `5' 7"`}; !slices.Equal(got[0], want) {
			t.Errorf("%q", got)
		}
		got, _ = rows(t, `a`+string(comma)+` "b"`+"\n", Style{Comma: comma})
		if !strings.HasPrefix(got[0][0], "a space before") {
			t.Errorf("%q", got)
		}
	}
}

func FuzzReader(f *testing.F) {
	f.Add("a,\"b\"\"\nc\"\r\nd,e \"f\"")
	f.Fuzz(func(t *testing.T, text string) {
		_, lines := rows(t, text, StyleOf([]byte(text), false))
		if !slices.IsSorted(lines) || len(lines) > 0 &&
			lines[len(lines)-1] > strings.Count(text, "\n")+strings.Count(text, "\r")+1 {
			t.Errorf("%q: lines %v", text, lines)
		}
	})
}
