package sheet

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/scimdiff"
	"github.com/webexscim/bulk/internal/textfile"
)

// read opens a sheet and returns its operations, with ids in place of lookups.
func read(t interface{ Fatalf(string, ...any) }, text string, id func(Lookup) (string, bool)) (rows []Row) {
	s, err := Open(&textfile.File{Name: "x.csv", In: strings.NewReader(text)}, Options{Head: []byte(text)})
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	for _, err := range s.Check() {
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
	}
	s.Resolve(id)
	for row, err := range s.Rows() {
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		rows = append(rows, row)
	}
	return rows
}

const bossID = "7c5b1f0e-51a4-4c3b-8f0d-2b9f6a5de001"

// Whatever users an organization has: their sheet can be read, and what it says
// of each equals what they are; nothing that a spreadsheet would carry out
// stands in a cell.
func TestWrittenSheetIsRead(t *testing.T) {
	odd := rapid.OneOf(rapid.StringMatching(`[ -~]{0,6}`), rapid.SampledFrom([]string{
		"", "Ada", "=1+2", "@SUM(A1)", "+1 555 0100", "-2+3", "#REF!", "1.5E+07", " x ", "a\u200bb", "Jörg", "O'Neil", "'x", "a;b,c\"d", "a\nb", "REMOVE|x", "REMOVE|*",
		"\u202ex", "\x1b[31m", "12.05.2023", "42.0", "en_US", "en-US", "Europe/Berlin", "\tx", "true",
	}))
	rapid.Check(t, func(t *rapid.T) {
		var out bytes.Buffer
		w, err := NewWriter(&out, "users", nil,
			func(id string) (string, bool) { return "boss@example.com", id == bossID })
		if err != nil {
			t.Fatal(err)
		}
		stored := map[string]json.RawMessage{}
		for i := range rapid.IntRange(0, 4).Draw(t, "users") {
			name := fmt.Sprintf("u%d@example.com", i)
			user := map[string]any{
				"id": fmt.Sprint(i), "userName": name, "userType": "user", "active": rapid.Bool().Draw(t, "active"),
				"schemas": []string{"x"}, "meta": map[string]any{"version": "1"},
				"displayName": odd.Draw(t, "displayName"), "title": odd.Draw(t,
					"title"), "externalId": odd.Draw(t, "externalId"),
				"preferredLanguage": odd.Draw(t, "language"), "timezone": odd.Draw(t, "zone"),
				"name": map[string]any{"givenName": odd.Draw(t, "givenName"), "formatted": "made by the service"},
				"emails": []any{map[string]any{"value": rapid.SampledFrom([]string{name,
					"other@example.com"}).Draw(t, "email"), "type": "work", "primary": true}},
				"phoneNumbers": []any{map[string]any{"value": odd.Draw(t, "phone"), "type": "work"},
					map[string]any{"value": "1", "type": "fax"},
					map[string]any{"value": odd.Draw(t, "mobile"), "type": "mobile"}},
				"addresses": []any{map[string]any{"type": rapid.SampledFrom([]string{"work", "home",
					"other"}).Draw(t, "type"), "streetAddress": odd.Draw(t, "street")}},
				enterpriseURN: map[string]any{"department": odd.Draw(t, "department"),
					"costCenter": odd.Draw(t, "costCenter"),
					"manager": map[string]any{"value": rapid.SampledFrom([]string{bossID,
						"00000000-0000-4000-8000-000000000002"}).Draw(t, "manager"), "displayName": "x"}},
			}
			raw := marshal(user)
			stored[name] = raw
			if err := w.Write(client.Resource{Type: "Users", ID: fmt.Sprint(i), Name: name, Data: raw},
				nil); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		rows := read(t, out.String(), func(l Lookup) (string, bool) { return bossID, l.Name == "boss@example.com" })
		if len(rows) != len(stored) {
			t.Fatalf("%d rows of %d users\n%s", len(rows), len(stored), out.String())
		}
		for _, row := range rows {
			differences, err := scimdiff.Compare(row.Operation.Data.(json.RawMessage), stored[row.Name],
				scimdiff.Options{})
			for _, c := range differences {
				// A row completes an address that differs.
				if c.Path != "emails" && !strings.HasPrefix(c.Path, `emails[type eq "work"]`) {
					t.Fatalf("%s: %v %+v\n%s\n%s", row.Name, err, c, out.String(), stored[row.Name])
				}
			}
		}
	})
}

func TestWriterNotesWhatItLeavesOut(t *testing.T) {
	var out bytes.Buffer
	w, err := NewWriter(&out, "users", []string{"User ID/Email (Required)", "Title", "externalId"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	w.chosen = false
	for i, more := range []string{
		`"title":"=cmd()","externalId":"7"`, `"title":"Boss","externalId":"7","roles":[{"type":"cirole","value":"id_full_admin"}]`,
		`"phoneNumbers":[{"type":"fax","value":"1"}]`, `"userType":"room"`, `"` + webexUserURN +
			`":{"managedOrgs":[{"orgId":"x"}]}`,
	} {
		name := fmt.Sprintf("u%d@example.com", i)
		raw := fmt.Sprintf(`{"id":"%d","userName":%q,%s}`, i, name, more)
		if err := w.Write(client.Resource{Type: "Users", ID: fmt.Sprint(i), Name: name,
			Data: json.RawMessage(raw)}, nil); err != nil {
			t.Fatal(err)
		}
	}
	_ = w.Flush()
	want := "User ID/Email (Required),Title,externalId\nu0@example.com,,7\nu1@example.com,Boss,\nu2@example.com,,\nu4@example.com,,\n"
	if out.String() != want {
		t.Errorf("%s", out.String())
	}
	notes := strings.Join(w.Notes(), "\n")
	for _, part := range []string{
		"accounts that are not people (userType room): 1", "Title (1)", "externalId (another one has the same) (1)",
		`without a column here: phoneNumbers[type eq "fax"].value (1); roles[type eq "cirole"].value (1)`, "no sheet can hold: ", "managedorgs",
	} {
		if !strings.Contains(notes, part) {
			t.Errorf("no %q in\n%s", part, notes)
		}
	}
}

// Members are written by their addresses, and a group is read as it was.
func TestWrittenGroupsAreRead(t *testing.T) {
	var out bytes.Buffer
	w, err := NewWriter(&out, "groups", nil,
		func(id string) (string, bool) { return "u" + id + "@example.com", len(id) < 6 })
	if err != nil {
		t.Fatal(err)
	}
	members := []client.Member{{ID: "2", Type: "user"}, {ID: "1", Type: "user"}, {ID: bossID}, {ID: "9", Type: "group"}}
	for i := range 1200 {
		members = append(members, client.Member{ID: fmt.Sprint(1000 + i), Type: "user"})
	}
	for _, g := range []string{"Sales", "sales", "Support"} {
		data := json.RawMessage(fmt.Sprintf(`{"displayName":%q,"members":[{"value":"x"}]}`, g))
		if err := w.Write(client.Resource{Type: "Groups", ID: g, Name: g, Data: data}, members); err != nil {
			t.Fatal(err)
		}
		members = nil
	}
	_ = w.Flush()
	rows := read(t, out.String(), func(l Lookup) (string, bool) { return l.Placeholder(), true })
	if len(rows) != 1+2+1 || !bytes.Contains(rows[0].Operation.Data.(json.RawMessage), []byte(bossID)) {
		t.Errorf("%d rows\n%s", len(rows), out.String())
	}
	notes := strings.Join(w.Notes(), "\n")
	if !strings.Contains(notes, "groups with the name of another one: 1") ||
		!strings.Contains(notes, "members that are a group (1)") {
		t.Error(notes)
	}
}

func TestWriterRefusesColumnsItCannotFill(t *testing.T) {
	for header, part := range map[string]string{
		"Title": "no column that identifies the user or group", "userName,Location": "no attribute", "userName,password": "nothing that can be read",
		"userName,id": "nothing that can be read", "userName,userName": "the same as column", "userName,frobnicate": "no attribute",
	} {
		_, err := NewWriter(new(bytes.Buffer), "users", strings.Split(header, ","), nil)
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%s: %v", header, err)
		}
	}
}
