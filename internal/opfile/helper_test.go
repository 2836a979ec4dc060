package opfile

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"iter"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/encoding/unicode"

	"github.com/webexscim/bulk/internal/sheet"
	"github.com/webexscim/bulk/internal/textfile"
)

// open reads an input that has to begin well, and checks it.
func open(t *testing.T, name, text string) *Reader {
	t.Helper()
	r, err := Read(strings.NewReader(text), Options{Name: name})
	if err != nil {
		t.Fatalf("Read: %v", err)
	}
	for range r.Check() {
	}
	return r
}

// openSmall is open with a bound of 10,000 bytes for a record.
func openSmall(t *testing.T, name, text string) *Reader {
	t.Helper()
	r, err := Read(strings.NewReader(text), Options{Name: name, limit: 10_000})
	if err != nil {
		t.Fatalf("Read: %v", err)
	}
	return r
}

// readAll checks and reads an input. It returns the mistakes, and the rows:
// those of Check where there are mistakes.
func readAll(t *testing.T, r *Reader) (rows []Row, wrong textfile.Errors) {
	t.Helper()
	for _, read := range []iter.Seq2[Row, error]{r.Check(), r.Rows()} {
		rows = nil
		for row, err := range read {
			if err == nil {
				rows = append(rows, row)
			} else if !wrong.Add(err) {
				t.Fatalf("an error of reading: %v", err)
			}
		}
		if wrong.Count > 0 {
			break
		}
	}
	_ = wrong.Err()
	return rows, wrong
}

// readValid returns the rows of an input without mistakes.
func readValid(t *testing.T, r *Reader) []Row {
	t.Helper()
	rows, wrong := readAll(t, r)
	if err := wrong.Err(); err != nil {
		t.Fatalf("unexpected errors:\n%v", err)
	}
	return rows
}

// readInvalid returns the rows of an input and its mistakes, in the header or
// below it.
func readInvalid(t *testing.T, name, text string) (rows []Row, wrong textfile.Errors) {
	t.Helper()
	r, err := Read(strings.NewReader(text), Options{Name: name})
	if err != nil {
		if !wrong.Add(err) {
			t.Fatalf("Read: %v", err)
		}
		return nil, wrong
	}
	return readAll(t, r)
}

// textOf writes rows one a line, for comparison.
func textOf(rows []Row) string {
	var b strings.Builder
	for _, row := range rows {
		fmt.Fprintf(&b, "%d %s %s %s %s\n", row.Line, row.Operation.Method, row.Operation.Path,
			row.Operation.BulkID, dataOf(row))
	}
	return b.String()
}

func dataOf(row Row) string {
	raw, _ := row.Operation.Data.(json.RawMessage)
	return string(raw)
}

// expectEqual compares texts and shows both where they differ.
func expectEqual(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s:\n--- got\n%s\n--- want\n%s", what, got, want)
	}
}

// utf16 writes a text as Control Hub exports it.
func utf16(t testing.TB, text string, e unicode.Endianness) string {
	t.Helper()
	encoded, err := unicode.UTF16(e, unicode.UseBOM).NewEncoder().String(text)
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}

// lookupIn looks up names in an organization whose users and groups have ids
// made of their names.
func lookupIn(names ...string) func(sheet.Lookup) (string, bool) {
	return func(l sheet.Lookup) (string, bool) {
		return "id-of-" + strings.ToLower(l.Name), slices.Contains(names, strings.ToLower(l.Name))
	}
}

// copyOf returns what Copy writes.
func copyOf(t *testing.T, r *Reader, keep ...int) string {
	t.Helper()
	var b strings.Builder
	if err := r.Copy(&b, func(i int) bool { return slices.Contains(keep, i) }, nil); err != nil {
		t.Fatalf("Copy: %v", err)
	}
	return b.String()
}

// bulkIDOf is the bulkId that a sheet makes of a name.
func bulkIDOf(prefix, name string) string {
	sum := sha256.Sum256([]byte(strings.ToLower(name)))
	return prefix + hex.EncodeToString(sum[:8])
}

var uuid = regexp.MustCompile(`^[[:xdigit:]]{8}(-[[:xdigit:]]{4}){3}-[[:xdigit:]]{12}$`)
