package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"maps"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	_ "github.com/webexscim/bulk/internal/raced" // fewer random checks under the race detector
	"github.com/webexscim/bulk/webextest"
)

// undoColumns are columns of sheets, each with the values that its cells may
// have.
var undoColumns = []struct {
	header string
	values []string
}{
	{"First Name", []string{"Ada", "Bob"}},
	{"Last Name", []string{"Lovelace", "Builder"}},
	{"Display Name", []string{"Ada L", "Bob B"}},
	{"nickName", []string{"Ada", "Bobby"}},
	{"Title", []string{"Chief", "Clerk"}},
	{"Department", []string{"Sales", "Research"}},
	{"employeeNumber", []string{"1", "2"}},
	{"Phone Number", []string{"+1 555 0100", "+1 555 0101"}},
	{"Mobile Number", []string{"+1 555 0200", "+1 555 0201"}},
	{`emails[type eq "home"].value`, []string{"home@example.org", "flat@example.org"}},
	{`addresses[type eq "home"].locality`, []string{"London", "Bonn"}},
	{`addresses[type eq "home"].streetAddress`, []string{"1 Road", "2 Lane"}},
	{"Manager", []string{"p0@example.com", "p1@example.com", "new0@example.com"}},
	{"Preferred Language", []string{"en_US", "de_DE"}},
	{"Time zone", []string{"Europe/Berlin", "America/New_York"}},
}

// drawSheet makes a sheet of these people, with some of the columns. cells are
// what stands in a cell besides a value.
func drawSheet(t *rapid.T, people map[string]string, cells ...string) []byte {
	var columns []int
	header := []string{"User ID/Email (Required)", "externalId"}
	for i, c := range undoColumns {
		if rapid.Bool().Draw(t, c.header) {
			columns, header = append(columns, i), append(header, c.header)
		}
	}
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	_ = w.Write(header)
	for i := range 8 {
		id := fmt.Sprint("e", i)
		name, ok := people[id]
		if !ok {
			continue
		}
		row := []string{name, id}
		for _, c := range columns {
			choices := append([]string{}, cells...)
			for _, v := range undoColumns[c].values {
				if v != name && people["new"] != "" || !strings.HasPrefix(v, "new") {
					choices = append(choices, v)
				}
			}
			cell := rapid.SampledFrom(choices).Draw(t, "cell")
			if cell == name {
				cell = ""
			}
			row = append(row, cell)
		}
		_ = w.Write(row)
	}
	w.Flush()
	return out.Bytes()
}

// The undo sheet of a sync restores the organization, whatever it was and
// whatever the sheet said: all attributes of all who were there; who was
// created is deactivated.
func TestUndoRestores(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"WEBEX_BASE_URL", "WEBEX_ORG_ID", "WEBEX_ACCESS_TOKEN"} {
		t.Setenv(name, "") // and as it was afterwards
	}
	rapid.Check(t, func(t *rapid.T) { checkUndo(t, dir) })
}

// undoBench runs commands against a simulator, and writes their files.
type undoBench struct {
	*rapid.T
	sim *webextest.Simulator
	dir string
}

func newUndoBench(t *rapid.T, dir string) *undoBench {
	sim := webextest.New(webextest.Config{Token: token, Seed: 1})
	server := httptest.NewServer(sim)
	t.Cleanup(server.Close)
	for name, value := range map[string]string{"WEBEX_BASE_URL": server.URL, "WEBEX_ORG_ID": webextest.DefaultOrgID, "WEBEX_ACCESS_TOKEN": token} {
		os.Setenv(name, value)
	}
	return &undoBench{t, sim, dir}
}

func (b *undoBench) do(args ...string) (printed string) {
	b.Helper()
	var out bytes.Buffer
	if code := run(args, strings.NewReader(""), &out, &out); code != 0 {
		b.Fatalf("%v: %d\n%s", args, code, out.String())
	}
	return out.String()
}

func (b *undoBench) write(name string, text []byte) (path string) {
	path = filepath.Join(b.dir, name)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		b.Fatal(err)
	}
	return path
}

// syncWithUndo makes the organization as a sheet says, by itself or by way of a
// plan, and returns the undo sheet.
func (b *undoBench) syncWithUndo(sheet string, flags ...string) (undo string) {
	undo = filepath.Join(b.dir, "undo.csv")
	_ = os.Remove(undo)
	sync := append([]string{"sync", "--no-journal", "--yes", "--max-removals", "100%", sheet}, flags...)
	if rapid.Bool().Draw(b.T, "plan") {
		actions := filepath.Join(b.dir, "actions.csv")
		_ = os.Remove(actions)
		b.do(append(sync, "--before", undo, "--out", actions)...)
		b.do("apply", "--no-journal", "--yes", actions)
	} else {
		b.do(append(sync, "--before", undo)...)
	}
	if printed := b.do(sync...); !strings.Contains(printed, "nothing to do") {
		b.Errorf("after a sync:\n%s", printed)
	}
	return undo
}

func checkUndo(t *rapid.T, dir string) {
	b := newUndoBench(t, dir)
	people := map[string]string{}
	for i := range 4 {
		people[fmt.Sprint("e", i)] = fmt.Sprintf("p%d@example.com", i)
	}
	was := drawSheet(t, people, "")
	b.do("apply", "--no-journal", b.write("was.csv", was))
	before := stateOfUsers(b.sim)

	wanted := maps.Clone(people)
	if rapid.Bool().Draw(t, "leaver") {
		delete(wanted, "e3")
	}
	if rapid.Bool().Draw(t, "rename") {
		wanted["e2"] = "renamed@example.com"
	}
	wanted["e4"], wanted["new"] = "new0@example.com", "yes"
	undo := b.syncWithUndo(b.write("hr.csv", drawSheet(t, wanted, "", "REMOVE|*")), "--leavers", "deactivate")
	b.do("apply", "--no-journal", undo)

	after := stateOfUsers(b.sim)
	if created := after["new0@example.com"]; !strings.Contains(created, `"active":false`) {
		t.Errorf("created: %s", created)
	}
	delete(after, "new0@example.com")
	for name, is := range before {
		if after[name] != is {
			raw, _ := os.ReadFile(undo)
			t.Errorf("%s was\n%s\nand is\n%s\n%s", name, is, after[name], raw)
		}
	}
	if len(before) != len(after) {
		t.Errorf("%d users, were %d", len(after), len(before))
	}
	if err := b.sim.Check(); err != nil {
		t.Error(err)
	}
}

// The same for groups: names and members are as they were, and the groups that
// sync has created are gone.
func TestUndoRestoresGroups(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"WEBEX_BASE_URL", "WEBEX_ORG_ID", "WEBEX_ACCESS_TOKEN"} {
		t.Setenv(name, "")
	}
	rapid.Check(t, func(t *rapid.T) { checkUndoOfGroups(t, dir) })
}

func checkUndoOfGroups(t *rapid.T, dir string) {
	b := newUndoBench(t, dir)
	people := []string{"User ID/Email (Required)"}
	for i := range 6 {
		people = append(people, fmt.Sprintf("p%d@example.com", i))
	}
	b.do("apply", "--no-journal", b.write("people.csv", []byte(strings.Join(people, "\n"))))
	b.do("apply", "--no-journal", b.write("was.csv", drawGroups(t, 3, people[1:], false)))
	before := stateOfGroups(b.sim)
	undo := b.syncWithUndo(b.write("want.csv", drawGroups(t, 5, people[1:], true)))
	if _, err := os.Stat(undo); err == nil { // else there was nothing to do
		b.do("apply", "--no-journal", "--yes", undo)
	}
	if after := stateOfGroups(b.sim); !maps.Equal(before, after) {
		raw, _ := os.ReadFile(undo)
		t.Errorf("was\n%v\nand is\n%v\n%s", before, after, raw)
	}
	if err := b.sim.Check(); err != nil {
		t.Error(err)
	}
}

// drawGroups makes a sheet of some of n groups, of which some may have a new
// name.
func drawGroups(t *rapid.T, n int, people []string, renamed bool) []byte {
	rows := []string{"displayName,externalId,members"}
	for i := range n {
		if i > 0 && !rapid.Bool().Draw(t, "group") {
			continue
		}
		name := fmt.Sprintf("Group %d", i)
		if renamed && rapid.Bool().Draw(t, "renamed") {
			name = fmt.Sprintf("Team %d", i)
		}
		members := strings.Join(rapid.SliceOfNDistinct(rapid.SampledFrom(people), 0, 5, rapid.ID[string]).Draw(t, "members"), "; ")
		if members == "" && renamed && rapid.Bool().Draw(t, "cleared") {
			members = "REMOVE|*"
		}
		rows = append(rows, fmt.Sprintf("%s,g%d,%s", name, i, members))
	}
	return []byte(strings.Join(rows, "\n") + "\n")
}

// stateOfGroups are the names and members of all groups, by id.
func stateOfGroups(sim *webextest.Simulator) map[string]string {
	all := map[string]string{}
	for _, g := range sim.Groups() {
		members := slices.Sorted(slices.Values(g.Members()))
		all[g.ID()] = fmt.Sprint(g.DisplayName(), g.ExternalID(), members)
	}
	return all
}

// sortedValues are the values of a multi-valued attribute, which have no order,
// without one that is only a type; "" for another attribute.
func sortedValues(value any) string {
	list, ok := value.([]any)
	if !ok {
		return ""
	}
	var all []string
	for _, e := range list {
		object, _ := e.(map[string]any)
		if _, typed := object["type"]; !typed || len(object) > 1 {
			raw, _ := json.Marshal(e)
			all = append(all, string(raw))
		}
	}
	slices.Sort(all)
	return "[" + strings.Join(all, ",") + "]"
}

// stateOfUsers are the attributes of all users by userName, without what tells
// when they were changed, and without active where it says what holds anyway.
func stateOfUsers(sim *webextest.Simulator) map[string]string {
	all := map[string]string{}
	for _, u := range sim.Users() {
		delete(u, "meta")
		delete(u, "schemas")
		if u["active"] == true {
			delete(u, "active")
		}
		for name, value := range u {
			if list := sortedValues(value); list == "[]" {
				delete(u, name)
			} else if list != "" {
				u[name] = list
			}
		}
		raw, _ := json.Marshal(u)
		all[u.UserName()] = string(raw)
	}
	return all
}
