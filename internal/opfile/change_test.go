package opfile

import (
	"fmt"
	"strings"
	"testing"

	"github.com/webexscim/bulk/internal/sheet"
)

const changes = `operation,id,userName,Title,Phone Number,Extension,Department,Manager,active,Address type,Address country
update,,ada@example.com,Countess,REMOVE|+44 20 7946 0102,,Maths,new@example.com,,Home,GB
Update,7c5b1f0e-51a4-4c3b-8f0d-2b9f6a5de001,renamed@example.com,,,12,,ada@example.com,FALSE,,
DELETE,,gone@example.com,whatever,no number,,,nobody,maybe,,
delete,7c5b1f0e-51a4-4c3b-8f0d-2b9f6a5de002,,,,,,,,,
,,new@example.com,,,,,renamed@example.com,,,
`

// One sheet creates, updates and deletes. An update writes the cells that are
// not empty; who is named without an id and not created here is looked up.
func TestSheetCreatesUpdatesAndDeletes(t *testing.T) {
	const patch = `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[`
	const enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	want := `2 PATCH /Users/id-of-ada@example.com  ` + patch +
		`{"op":"add","path":"addresses[type eq \"home\"].country","value":"GB"},` +
		`{"op":"remove","path":"phoneNumbers[type eq \"work\" and value eq \"+44 20 7946 0102\"]"},{"op":"replace","path":"title","value":"Countess"},` +
		`{"op":"replace","path":"` + enterprise + `:department","value":"Maths"},` +
		`{"op":"replace","path":"` + enterprise + `:manager","value":{"value":"bulkId:` + bulkIDOf("user-", "new@example.com") + `"}}]}
3 PATCH /Users/7c5b1f0e-51a4-4c3b-8f0d-2b9f6a5de001  ` + patch + `{"op":"replace","path":"active","value":false},` +
		`{"op":"add","path":"phoneNumbers[type eq \"work_extension\"].value","value":"12"},` +
		`{"op":"replace","path":"` + enterprise + `:manager","value":{"value":"id-of-ada@example.com"}},` +
		`{"op":"replace","path":"userName","value":"renamed@example.com"}]}
4 DELETE /Users/id-of-gone@example.com  
5 DELETE /Users/7c5b1f0e-51a4-4c3b-8f0d-2b9f6a5de002  
6 POST /Users ` + bulkIDOf("user-", "new@example.com") + ` {"emails":[{"primary":true,"type":"work","value":"new@example.com"}],` +
		`"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","` + enterprise + `"],` +
		`"` + enterprise + `":{"manager":{"value":"7c5b1f0e-51a4-4c3b-8f0d-2b9f6a5de001"}},"userName":"new@example.com","userType":"user"}
`
	r := open(t, "changes.csv", changes)
	if got := fmt.Sprint(r.Lookups()); got != "[{Users ada@example.com} {Users gone@example.com}]" {
		t.Errorf("lookups %s", got)
	}
	r.Resolve(lookupIn("ada@example.com", "gone@example.com"))
	rows := readValid(t, r)
	expectEqual(t, "changes", textOf(rows), want)
	names := ""
	for _, row := range rows {
		names += row.Name + " "
	}
	expectEqual(t, "names", names,
		"ada@example.com renamed@example.com gone@example.com 7c5b1f0e-51a4-4c3b-8f0d-2b9f6a5de002 new@example.com ")
}

// RFC 7644 permits a user who is her own manager, so it is sent; a note names
// the lines. Nobody can report to one whom the same sheet deletes.
func TestOwnManagerIsNotedAndDeletedOneRefused(t *testing.T) {
	r := open(t, "users.csv",
		"userName,Manager,operation,id\na@example.com,A@example.com,,\nb@example.com,a@example.com,,\n"+
			"c@example.com,c@example.com,update,7c5b1f0e-51a4-4c3b-8f0d-2b9f6a5de001\n,7c5b1f0e-51a4-4c3b-8f0d-2b9f6a5de002,update,7c5b1f0e-51a4-4c3b-8f0d-2b9f6a5de002\n")
	rows := readValid(t, r)
	if !strings.Contains(dataOf(rows[0]), `"bulkId:`+rows[0].Operation.BulkID+`"`) {
		t.Errorf("no reference to itself: %s", dataOf(rows[0]))
	}
	expectEqual(t, "notes", strings.Join(r.Notes(), "\n"),
		"sent as written, though a service may refuse it: 3 rows in which the manager is the user (line 2; line 4; line 5)")
	_, wrong := readInvalid(t, "users.csv", "operation,userName,Manager\n,a@example.com,b@example.com\ndelete,B@example.com,\n")
	expectEqual(t, "deleted", wrong.Error(),
		`users.csv, line 2, column "Manager", value "b@example.com": a user whom line 3 deletes; expected a user who is not deleted`)
}

// What a service may refuse is sent as it is written, and told: the first
// lines, and how many more.
func TestDoubtfulValuesAreSentAndNoted(t *testing.T) {
	text := "userName,Address country,Extension,\"emails[type eq \"\"wrk\"\"].value\"\n"
	for i := range 13 {
		text += fmt.Sprintf("u%d@example.com,Germany,12,\n", i)
	}
	r := open(t, "users.csv", text+"a@example.com,de,12a,\nb@example.com,,x 1,a@b.com\n")
	readValid(t, r)
	const sent = "sent as written, though a service may refuse it: "
	expectEqual(t, "notes", strings.Join(r.Notes(), "\n"),
		sent+"13 rows in which the country is not a code of two letters, such as DE (line 2; line 3; "+
			"line 4; line 5; line 6; line 7; line 8; line 9; line 10; line 11; and 3 more)\n"+
			sent+"2 rows in which the extension holds more than digits (line 15; line 16)\n"+
			sent+`1 column of an unknown type (emails[type eq "wrk"].value)`)
	r = open(t, "users.csv", "userName\nadmin@ex\u0430mple.com\n")
	readValid(t, r)
	expectEqual(t, "scripts", strings.Join(r.Notes(), "\n"),
		sent+"1 row in which an address mixes letters of several scripts or widths, so that it may look like another one (line 2)")
	r = open(t, "users.csv", "userName,title\ndan@example,@home\n")
	readValid(t, r)
	expectEqual(t, "no domain", strings.Join(r.Notes(), "\n"),
		sent+"1 row in which the domain of an address has no dot, as in dan@example (line 2)")
	r = open(t, "users.csv", "userName,externalId,employeeNumber\na@example.com,1-Mar,2-Mar\n")
	readValid(t, r)
	expectEqual(t, "a row counts once", strings.Join(r.Notes(), "\n"),
		sent+"1 row in which an id, a number or a code is a date (line 2)")
	r = open(t, "users.csv", "operation,userName,Extension,Phone Number\nupdate,a@example.com,REMOVE|12,12\n")
	if readValid(t, r); len(r.Notes()) > 0 {
		t.Errorf("%q", r.Notes())
	}
}

// Before anything is looked up, all else can be checked and shown: placeholders
// stand for the ids.
func TestPlaceholdersStandForIDs(t *testing.T) {
	r := open(t, "changes.csv", changes)
	rows := readValid(t, r)
	gone := sheet.Lookup{Type: "Users", Name: "GONE@example.com"}.Placeholder()
	if rows[2].Operation.Path != "/Users/"+gone || !uuid.MatchString(gone) ||
		gone == (sheet.Lookup{Type: "Users", Name: "ada@example.com"}).Placeholder() {
		t.Errorf("path %s, placeholder %s", rows[2].Operation.Path, gone)
	}
	r.Resolve(lookupIn("ada@example.com"))
	if _, wrong := readAll(t, r); wrong.Count != 1 ||
		wrong.Error() != `changes.csv, line 4, column "userName", value "gone@example.com": `+
			`no user of the organization has this userName; expected one that exists, or an id` {
		t.Errorf("%v", wrong.Error())
	}
}

// A sheet of groups has members by email, whom the organization knows.
func TestGroupsHaveMembersByEmail(t *testing.T) {
	text := `operation;id;Display Name;members;externalId
;;Analysts;"ada@example.com, b@example.com
ADA@example.com b@example.com;c@example.com";x1
update;;Engineers;7c5b1f0e-51a4-4c3b-8f0d-2b9f6a5de001;
update;g1;New name;;
delete;;Old;;
`
	want := `2 POST /Groups ` + bulkIDOf("group-", "analysts") +
		` {"displayName":"Analysts","externalId":"x1","members":[` +
		`{"value":"id-of-ada@example.com","type":"user"},{"value":"id-of-b@example.com","type":"user"},{"value":"id-of-c@example.com","type":"user"}],` +
		`"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"]}
4 PATCH /Groups/id-of-engineers  {"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[` +
		`{"op":"replace","path":"members","value":[{"value":"7c5b1f0e-51a4-4c3b-8f0d-2b9f6a5de001","type":"user"}]}]}
5 PATCH /Groups/g1  {"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","path":"displayName","value":"New name"}]}
6 DELETE /Groups/id-of-old  
`
	r := open(t, "groups.csv", text)
	if got := fmt.Sprint(r.Lookups()); got != "[{Users ada@example.com} {Users b@example.com} {Users c@example.com} {Groups Engineers} {Groups Old}]" {
		t.Errorf("lookups %s", got)
	}
	r.Resolve(lookupIn("ada@example.com", "b@example.com", "c@example.com", "engineers", "old"))
	expectEqual(t, "groups", textOf(readValid(t, r)), want)
}

// The templates can be applied as they are: the rows are right, and only
// members of groups are looked up.
func TestTemplatesCanBeApplied(t *testing.T) {
	for _, kind := range sheet.Templates {
		text, err := sheet.Template(kind)
		if err != nil {
			t.Fatal(err)
		}
		r := open(t, kind+".csv", text)
		rows := readValid(t, r)
		if len(rows) == 0 || rows[0].Operation.Path != "/"+strings.ToUpper(kind[:1])+kind[1:] || len(r.Notes()) > 0 {
			t.Errorf("%s: %s%q", kind, textOf(rows), r.Notes())
		}
		if kind == "users" &&
			(len(r.Lookups()) > 0 ||
				!strings.Contains(dataOf(rows[1]), `"bulkId:`+rows[0].Operation.BulkID+`"`)) {
			t.Errorf("lookups %v, manager in %s", r.Lookups(), dataOf(rows[1]))
		}
	}
	if _, err := sheet.Template("rooms"); err == nil || !strings.Contains(err.Error(), "users, groups") {
		t.Errorf("unknown template: %v", err)
	}
}
