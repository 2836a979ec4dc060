package opfile

import (
	"fmt"
	"strings"
	"testing"

	"golang.org/x/text/encoding/unicode"
)

// export is a Control Hub export of three people, tab separated: the manager
// stands below those who report to him.
var export = strings.Join([]string{
	"First Name\tLast Name\tDisplay Name\tUser ID/Email (Required)\tUser Status\tLast Service Accessed Time\t" +
		"Days since Last Service Accessed\tExtension\tTitle\tDepartment\tManager\tPhone Number\tCaller ID Number\tLocation\t" +
		"Preferred Language\tTime zone\tAddress type\tAddress country\tAddress locality\tWebex Messaging\t" +
		"example.webex.com - WebEx Enterprise Edition [Sub121331]\tCalendar Service (Suspended)",
	"Ada\tLovelace\tAda Lovelace\tAda@example.com\tVerified\t2022-06-23T18:53:09.064Z\t2\t1234\tAnalyst\t\"Maths\nand\nEngines\"\t" +
		"charles@example.com\t+44 20 7946 0102\t+1 123 456 7890\tHQ\tEnglish\tGMT\tOffice\tGB\tLondon\tTRUE\tFALSE\t",
	"José\tÑandú\t\tjose@example.com\tNot Verified\t\t\t\t\t\tboss@elsewhere.example.com\t\t\t\tpt-br\tAmerica/Sao_Paulo\thome\t\t\tFALSE\tTRUE\tFALSE",
	"\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t",
	"Charles\tBabbage\t\tcharles@example.com\tActive\t\t\t\t\t\t\t\t\t\tde\t\t\t\t\tTRUE\t\t",
}, "\n") + "\n"

const exported = `2 POST /Users user-b5fc85e55755f9e0 {"addresses":[{"country":"GB","locality":"London","type":"work"}],"displayName":"Ada Lovelace","emails":[{"primary":true,"type":"work","value":"Ada@example.com"}],"name":{"familyName":"Lovelace","givenName":"Ada"},"phoneNumbers":[{"type":"work","value":"+44 20 7946 0102"},{"type":"work_extension","value":"1234"}],"preferredLanguage":"en_US","schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],"timezone":"GMT","title":"Analyst","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"Maths\nand\nEngines","manager":{"value":"bulkId:user-8944cbd350efae5c"}},"userName":"Ada@example.com","userType":"user"}
5 POST /Users user-b12dcff163bf9a93 {"emails":[{"primary":true,"type":"work","value":"jose@example.com"}],"name":{"familyName":"Ñandú","givenName":"José"},"preferredLanguage":"pt_BR","schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],"timezone":"America/Sao_Paulo","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"manager":{"value":"id-of-boss@elsewhere.example.com"}},"userName":"jose@example.com","userType":"user"}
7 POST /Users user-8944cbd350efae5c {"emails":[{"primary":true,"type":"work","value":"charles@example.com"}],"name":{"familyName":"Babbage","givenName":"Charles"},"preferredLanguage":"de_DE","schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"charles@example.com","userType":"user"}
`

// A Control Hub export becomes users, however it is encoded and separated: only
// the manager who is not in it has to be looked up, and what SCIM does not
// carry is named.
func TestControlHubExportBecomesUsers(t *testing.T) {
	comma := strings.ReplaceAll(export, "\t", ",")
	for name, text := range map[string]string{
		"UTF-16LE, tabs":             utf16(t, export, unicode.LittleEndian),
		"UTF-16LE, tabs, CRLF":       utf16(t, strings.ReplaceAll(export, "\n", "\r\n"), unicode.LittleEndian),
		"UTF-16BE, tabs":             utf16(t, export, unicode.BigEndian),
		"UTF-8, tabs":                export,
		"UTF-8, commas":              comma,
		"UTF-8, marked, commas":      "\xef\xbb\xbf" + comma,
		"UTF-8, marked, CRLF":        "\xef\xbb\xbf" + strings.ReplaceAll(comma, "\n", "\r\n"),
		"UTF-8, semicolons":          strings.ReplaceAll(export, "\t", ";"),
		"other spelling of headers":  strings.Replace(comma, "User ID/Email (Required)", " UserID/Email(required) ", 1),
		"spaces around, and unseen":  strings.Replace(comma, "jose@example.com", " \u00a0jose@example.com\u200b ", 1),
		"empty cells too many":       strings.Replace(comma, "TRUE,,\n", "TRUE,,,,,\n", 1),
		"header in quotes":           `"` + strings.Replace(comma, "Name,", `Name",`, 1),
		"one column more, named so":  strings.Replace(comma, ",Webex Messaging", `,"Webex, Messaging"`, 1),
		"last line without its end":  strings.TrimSuffix(comma, "\n"),
		"blank lines at the end":     comma + "\n\n",
		"separator named":            "sep=,\n" + comma,
		"quotes and tabs everywhere": quoted(export),
	} {
		r := open(t, "export.csv", text)
		if lookups := fmt.Sprint(r.Lookups()); lookups != "[{Users boss@elsewhere.example.com}]" {
			t.Errorf("%s: lookups %s", name, lookups)
		}
		r.Resolve(lookupIn("boss@elsewhere.example.com"))
		got := textOf(readValid(t, r))
		want := exported
		if strings.HasPrefix(name, "separator") {
			want = strings.NewReplacer("2 POST", "3 POST", "5 POST", "6 POST", "7 POST", "8 POST").Replace(want)
		}
		expectEqual(t, name, got, want)
	}
}

// quoted puts every cell in quotes.
func quoted(tabs string) string {
	tabs = strings.NewReplacer("\"Maths\nand\nEngines\"", "Maths\x00and\x00Engines").Replace(tabs)
	tabs = `"` + strings.NewReplacer("\t", "\"\t\"", "\n", "\"\n\"").Replace(strings.TrimSuffix(tabs, "\n")) + "\"\n"
	return strings.ReplaceAll(tabs, "\x00", "\n")
}

// The notes name once what is left alone, and count the columns of licenses.
func TestNotesNameIgnoredColumnsOnce(t *testing.T) {
	header, row := "userName,User Status,Location,Caller ID Number,Hobby,Shoe size,meta.created", "a@example.com,Active,HQ,,Ada,39,"
	for i := range 3000 {
		header += fmt.Sprintf(",Service %d [Sub%d]", i, i)
		row += ",TRUE"
	}
	r := open(t, "export.csv", header+"\n"+row+"\n")
	readValid(t, r)
	want := `ignored: 3000 columns of services and licenses, which SCIM does not carry (Service 0 [Sub0]; Service 1 [Sub1]; Service 2 [Sub2]; Service 3 [Sub3]; Service 4 [Sub4]; Service 5 [Sub5]; Service 6 [Sub6]; Service 7 [Sub7]; Service 8 [Sub8]; Service 9 [Sub9]; and 2990 more)
ignored: 2 columns that only the service writes (User Status; meta.created)
ignored: 2 columns that SCIM does not carry (Location; Caller ID Number)
ignored: 2 columns with an unknown header (Hobby; Shoe size)`
	expectEqual(t, "notes", strings.Join(r.Notes(), "\n"), want)
	r = open(t, "odd.csv", "userName,,,\"A\u202e\nB\",Address type\na@example.com,,x,39,Office\n")
	expectEqual(t, "odd notes", strings.Join(r.Notes(), "\n"), "ignored: 1 column that SCIM does not carry (Address type)\n"+
		`ignored: 2 columns with an unknown header (column C, without a name; A\u202e\nB)`)
	if notes := open(t, "plain.csv", "userName,,\na@example.com,,\n").Notes(); len(notes) != 0 {
		t.Errorf("notes of a sheet all of which is used: %q", notes)
	}
	r = open(t, "odd.csv",
		"userName,members remove,Webex Meetings [Sub1],Webex Teams [Sub1],Call Service Aware\na@example.com,,maybe,,\nb@example.com,,TRUE,,\n")
	expectEqual(t, "licenses", strings.Join(r.Notes(), "\n"),
		"ignored: 2 columns of services and licenses, which SCIM does not carry (Webex Teams [Sub1]; Call Service Aware)\n"+
			"ignored: 1 column of services and licenses in which a value is neither TRUE nor FALSE (Webex Meetings [Sub1])\n"+
			"ignored: 1 column with an unknown header (members remove)")
	expectEqual(t, "warnings", strings.Join(r.Warnings(), "\n"),
		"ignored: 1 column of services and licenses in which a value is neither TRUE nor FALSE (Webex Meetings [Sub1])\n"+
			"ignored: 1 column with an unknown header (members remove)")
	if r = open(t, "a.ndjson", ""); len(r.Warnings()) > 0 {
		t.Errorf("%q", r.Warnings())
	}
}

// Columns can be named by SCIM path, with quotes as people and spreadsheets
// write them.
func TestColumnsAreNamedByPath(t *testing.T) {
	header := strings.Join([]string{"userName", "name.givenName", "NAME.FAMILYNAME", `emails[type eq "home"].value`,
		`"phoneNumbers[type eq ""mobile""].value"`, "phoneNumbers[type eq fax].value", "photos[type EQ “photo”].value",
		"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User.department",
		"urn:ietf:params:scim:schemas:extension:enterprise:2.0:user:costCenter", "employeeNumber", "active", "externalId",
		"urn:scim:schemas:extension:cisco:webexidentity:2.0:User:extensionAttribute3", `externalAttribute15[source eq "HR"].value`,
		"addresses[type eq 'work'].postalCode", "urn:ietf:params:scim:schemas:core:2.0:User:nickName", "manager.value", "time_zone",
		"roles[type eq \"cirole\"].value", "accountStatus"}, ",")
	row := "a@example.com,Ada,Lovelace,ada@home.example.com,+1 555 0100,555,https://example.com/a.png,Maths,CC 1,0042,False,x-1," +
		"left,right,0123,Countess,7C5B1F0E-51a4-4c3b-8f0d-2b9f6a5de001,Europe/London,id_readonly_admin,active"
	want := `2 POST /Users ` + bulkIDOf("user-", "A@example.com") +
		` {"active":false,"addresses":[{"postalCode":"0123","type":"work"}],` +
		`"emails":[{"type":"home","value":"ada@home.example.com"},{"primary":true,"type":"work","value":"a@example.com"}],"externalId":"x-1",` +
		`"name":{"familyName":"Lovelace","givenName":"Ada"},"nickName":"Countess",` +
		`"phoneNumbers":[{"type":"fax","value":"555"},{"type":"mobile","value":"+1 555 0100"}],"photos":[{"type":"photo","value":"https://example.com/a.png"}],` +
		`"roles":[{"type":"cirole","value":"id_readonly_admin"}],` +
		`"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User","urn:scim:schemas:extension:cisco:webexidentity:2.0:User"],` +
		`"timezone":"Europe/London","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"costCenter":"CC 1","department":"Maths","employeeNumber":"0042","manager":{"value":"7C5B1F0E-51a4-4c3b-8f0d-2b9f6a5de001"}},` +
		`"urn:scim:schemas:extension:cisco:webexidentity:2.0:User":{"accountStatus":["active"],"extensionAttribute3":["left"],"externalAttribute15":[{"source":"hr","value":"right"}]},` +
		`"userName":"a@example.com","userType":"user"}` + "\n"
	r := open(t, "users.csv", header+"\n"+row+"\n")
	expectEqual(t, "paths", textOf(readValid(t, r)), want)
	if notes := r.Notes(); len(notes) != 0 {
		t.Errorf("notes: %q", notes)
	}
}

// The work email follows the userName unless the sheet says otherwise, and is
// primary only where it equals it.
func TestWorkEmailFollowsUserName(t *testing.T) {
	for _, c := range []struct{ header, row, want string }{
		{"Email", "a@example.com", `[{"primary":true,"type":"work","value":"a@example.com"}]`},
		{"userName,Email", "a@example.com,A@example.com", `[{"primary":true,"type":"work","value":"A@example.com"}]`},
		{"E-mail,user_name", "b@example.com,a@example.com", `[{"type":"work","value":"b@example.com"}]`},
		{`userName,emails[type eq "home"].value,emails[type eq "home"].primary`, "a@example.com,h@example.com,TRUE",
			`[{"primary":true,"type":"home","value":"h@example.com"},{"type":"work","value":"a@example.com"}]`},
	} {
		rows := readValid(t, open(t, "users.csv", c.header+"\n"+c.row+"\n"))
		if got := dataOf(rows[0]); !strings.Contains(got, `"emails":`+c.want+",") {
			t.Errorf("%s: %s", c.header, got)
		}
	}
}

// The order of columns, and of those left alone, does not change what is sent:
// the journal knows the rows again.
func TestColumnOrderDoesNotMatter(t *testing.T) {
	a := readValid(t, open(t, "a.csv", "userName,Phone Number,Extension,Title\na@example.com,1,2,Dr\n"))
	b := readValid(t, open(t, "b.csv", "Title;Extension;Shoe size;Phone Number;userName\nDr;2;39;1;a@example.com\n"))
	expectEqual(t, "columns in another order", textOf(b), textOf(a))
}

// Every column of the header that Control Hub has been seen to write has its
// place.
func TestEachColumnOfControlHubHasAUse(t *testing.T) {
	const header = "First Name,Last Name,Display Name,UserID/Email (Required),User Status,Last Service Accessed Time," +
		"Days since Last Service Accessed,Extension,Phone Number,Caller ID Number,Caller ID First Name,Caller ID Last Name,Location," +
		"Hybrid Calendar Service Resource Group,Hybrid Call Service Resource Group,Jabber with Webex Teams,Jabber Calling," +
		"UC Manager Profile,Contact Migration Required,Upgrade Profile,Calling Behavior,Calling Behavior UC Manager Profile," +
		"Call Service Aware,Call Service Connect,Enterprise Content Management,Hybrid Calendar Service (Exchange)," +
		"Hybrid Calendar Service (Google),Hybrid Message Service,Webex Meeting Assistant,Care Digital Channel [Sub121331]," +
		"Webex Team Meeting [Sub121331],example.webex.com - WebEx Enterprise Edition [Sub121331],Webex Calling SP Enterprise [Sub121331]," +
		"Webex Teams [Sub121331],Title,Department,Manager,Preferred Language,Time zone,Address type,Address country,Address street," +
		"Address locality,Address region,Address postal code"
	var row []string
	for h := range strings.SplitSeq(header, ",") {
		cell, ok := map[string]string{"First Name": "Brian", "UserID/Email (Required)": "brian@example.com",
			"Extension":    "1111",
			"Phone Number": "442035978111", "Location": "UK", "Caller ID Number": "442035978111", "UC Manager Profile": "P",
			"Preferred Language": "English", "Time zone": "GMT", "Address type": "Office", "Address postal code": "0123"}[h]
		if !ok && (strings.Contains(h, "[") || strings.Contains(h, "Service") || strings.Contains(h, "Jabber")) {
			cell = "FALSE"
		}
		row = append(row, cell)
	}
	r := open(t, "export.csv", header+"\r\n"+strings.Join(row, ",")+"\r\n")
	expectEqual(t, "user", dataOf(readValid(t, r)[0]), `{"addresses":[{"postalCode":"0123","type":"work"}],`+
		`"emails":[{"primary":true,"type":"work","value":"brian@example.com"}],"name":{"givenName":"Brian"},`+
		`"phoneNumbers":[{"type":"work","value":"442035978111"},{"type":"work_extension","value":"1111"}],"preferredLanguage":"en_US",`+
		`"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"timezone":"GMT","userName":"brian@example.com","userType":"user"}`)
	expectEqual(t, "notes", strings.Join(r.Notes(), "\n"),
		`ignored: 15 columns of services and licenses, which SCIM does not carry (Jabber with Webex Teams; Jabber Calling; `+
			`Contact Migration Required; Call Service Aware; Call Service Connect; Enterprise Content Management; Hybrid Calendar Service (Exchange); `+
			`Hybrid Calendar Service (Google); Hybrid Message Service; Webex Meeting Assistant; and 5 more)
ignored: 3 columns that only the service writes (User Status; Last Service Accessed Time; Days since Last Service Accessed)
ignored: 10 columns that SCIM does not carry (Caller ID Number; Caller ID First Name; Caller ID Last Name; Location; `+
			`Hybrid Calendar Service Resource Group; Hybrid Call Service Resource Group; UC Manager Profile; Upgrade Profile; Calling Behavior; Calling Behavior UC Manager Profile)`)
}
