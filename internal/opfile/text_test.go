package opfile

import (
	"fmt"
	"strings"
	"testing"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"pgregory.net/rapid"

	"github.com/webexscim/bulk/internal/textfile"
)

// A file in another encoding is one error that names it, however many cells it
// breaks; with the encoding told it is read, and copied in it.
func TestWrongEncodingIsOneError(t *testing.T) {
	text := "userName,Display Name,Department\n"
	for i := range 100 {
		text += fmt.Sprintf("user%d@example.com,Jörg Müller %d,Büro\n", i, i)
	}
	latin, err := charmap.Windows1252.NewEncoder().String(text)
	if err != nil {
		t.Fatal(err)
	}
	_, wrong := readInvalid(t, "users.csv", latin)
	if wrong.Count != 1 || !strings.Contains(wrong.Error(), "Windows-1252") ||
		!strings.Contains(wrong.Error(), "(and 199 more like this)") {
		t.Errorf("%d: %v", wrong.Count, wrong.Error())
	}
	jis, err := japanese.ISO2022JP.NewEncoder().String("userName,Display Name\na@example.com,山田\n")
	if err != nil {
		t.Fatal(err)
	}
	if _, wrong := readInvalid(t, "users.csv", jis); wrong.Count != 1 || !strings.Contains(wrong.Error(), "ISO-2022-JP") {
		t.Errorf("%v", wrong.Error())
	}
	for name, text := range map[string]string{"cp1252": latin, "latin1": latin, "iso-2022-jp": jis} {
		e, err := textfile.EncodingNamed(name)
		if err != nil {
			t.Fatal(err)
		}
		r, err := Read(strings.NewReader(text), Options{Name: "users.csv", Encoding: e})
		if err != nil {
			t.Fatal(err)
		}
		if rows := readValid(t, r); !strings.Contains(dataOf(rows[0]), "Jörg") && !strings.Contains(dataOf(rows[0]), "山田") {
			t.Errorf("%s: %s", name, dataOf(rows[0]))
		}
		lines := strings.SplitAfter(text, "\n")
		expectEqual(t, name, copyOf(t, r, 0), lines[0]+lines[1])
	}
	if _, err := textfile.EncodingNamed("utf-9"); err == nil {
		t.Error("an unknown encoding passes")
	}
}

// No column escapes the reader of text: what is broken in any cell that says
// something is an error there, before anything is looked up, and what does not
// show at its ends does not arrive.
func TestTextOfEachColumnIsChecked(t *testing.T) {
	headers := map[string][]string{
		"users": {"userName", "operation", "id", "Manager", "Phone Number", "title", "active", "Time zone",
			"Preferred Language", "externalId", "password", "Address country"},
		"groups": {"displayName", "operation", "id", "members", "externalId"},
	}
	rapid.Check(t, func(rt *rapid.T) {
		header := headers[rapid.SampledFrom([]string{"users", "groups"}).Draw(rt, "kind")]
		cells := make([]string, len(header))
		at := rapid.IntRange(0, len(header)-1).Draw(rt, "column")
		cells[at] = "x" + rapid.SampledFrom([]string{"\xe9", "\ufffd", "\x07", "\x1b$B;3ED\x1b(B",
			"\x00"}).Draw(rt, "broken") + "y@example.com"
		r, err := Read(strings.NewReader(strings.Join(header, ",")+"\n"+strings.Join(cells, ",")+"\n"),
			Options{Name: "a.csv"})
		if err != nil {
			rt.Fatal(err)
		}
		found := false
		for _, err := range r.Check() {
			found = found || strings.Contains(fmt.Sprint(err), fmt.Sprintf("line 2, column %q", header[at]))
		}
		if !found || len(r.Lookups()) > 0 {
			rt.Fatalf("%s: looked up: %v", header[at], r.Lookups())
		}
	})
}

// A header that stands again where files were put together is told once, and no
// error; nor is a byte order mark there.
func TestRepeatedHeaderIsLeftOut(t *testing.T) {
	part := "\ufeff\"First Name\",userName\n\"Ann\",a%d@example.com\n"
	r := open(t, "users.csv", "\ufeff"+fmt.Sprintf(part, 1)+fmt.Sprintf(part, 2)+fmt.Sprintf(part, 3))
	if rows := readValid(t, r); len(rows) != 3 || !strings.Contains(dataOf(rows[2]), "Ann") || rows[2].Line != 6 {
		t.Errorf("%s", textOf(rows))
	}
	if notes := strings.Join(r.Notes(), "\n"); notes != "left out: 2 rows that repeat the header (line 3; line 5)" {
		t.Error(notes)
	}
	line := "\ufeff" + `{"method":"DELETE","path":"/Users/%d"}` + "\n"
	if rows := readValid(t, open(t, "ops.ndjson", "\ufeff"+fmt.Sprintf(line, 1)+fmt.Sprintf(line, 2))); len(rows) != 2 {
		t.Errorf("%s", textOf(rows))
	}
}
