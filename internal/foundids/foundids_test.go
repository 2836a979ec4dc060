package foundids

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/webexscim/bulk/internal/sheet"
)

// TestKeysTellNothingOfNames holds that names are found again in any case of
// their letters, apart from names of another type, and that keys tell nothing:
// those of one name differ from file to file and between organizations.
func TestKeysTellNothingOfNames(t *testing.T) {
	ids, name := New("org"), sheet.Lookup{Type: "Users", Name: "Ann@Example.com"}
	ann := ids.key(name)
	if ann != ids.key(sheet.Lookup{Type: "Users", Name: "ann@example.COM"}) {
		t.Error("the case of a name matters")
	}
	if ann == ids.key(sheet.Lookup{Type: "Groups", Name: "ann@example.com"}) {
		t.Error("a group has the key of a user")
	}
	if ann == New("org").key(name) || ann == (&Set{salt: ids.salt, org: "other"}).key(name) {
		t.Error("a name has the same key elsewhere")
	}
}

// TestFoundIDsAreKept holds that ids that were looked up are there again, for
// their owner alone, and that a damaged file is an error.
func TestFoundIDsAreKept(t *testing.T) {
	path := PathOf(filepath.Join(t.TempDir(), "x.journal"))
	name := sheet.Lookup{Type: "Users", Name: "ann@example.com"}
	ids, err := Load(path, "org")
	if err != nil || len(ids.ids) != 0 {
		t.Fatalf("no file: %v, %v", ids, err)
	}
	ids.ids[ids.key(name)] = "id"
	if err := ids.Save(path); err != nil {
		t.Fatal(err)
	}
	if ids, err := Load(path, "org"); err != nil || ids.ID(name) != "id" {
		t.Errorf("%v, %v", ids, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm()&0o077 != 0 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	for _, damaged := range []string{"{", "{}", `{"salt":"x"}`, `{"k":"id"}`} {
		if err := os.WriteFile(path, []byte(damaged), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(path, "org"); err == nil {
			t.Errorf("%s is read", damaged)
		}
	}
	for range 2 {
		if err := New("org").Save(path); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(path); err == nil {
			t.Error("a file without ids is left")
		}
	}
}
