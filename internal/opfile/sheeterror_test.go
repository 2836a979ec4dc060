package opfile

import (
	"fmt"
	"strings"
	"testing"
)

// What is wrong with a header is told before any row, all of it.
func TestMistakesInHeaderAreReported(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"First Name,Shoe size\nAda,39\n",
			`line 1, value "First Name,Shoe size": no column that identifies the user or group; expected a column "User ID/Email (Required)" or userName for users, displayName for groups`},
		{"<html>\n<p>Log in</p>", `value "<html>": no column that identifies the user or group`},
		{"Ada;ada@example.com\n",
			`line 1, value "ada@example.com": a row where the header should be; expected the names of the columns in the first line`},
		{"\nuserName,First Name,name.givenName\n",
			`line 2, column "name.givenName": the same as column "First Name" (columns B and C); expected one column for name.givenName`},
		{"userName,Title,title\n", `column "title": the same as column "Title" (columns B and C)`},
		{"userName" + strings.Repeat(",", 30) + "Title,title\n", `(columns AE and AF)`},
		{"userName,Operatoin\na@example.com,create\nb@example.com, Delete \nc@example.com,\n",
			`line 1, column "Operatoin": an unknown column that seems to hold operations; expected the header operation`},
		{"\nuserName,\"title\na@example.com,x\n",
			`line 2, value '"title': a quote that is never closed (all up to line 3 is one cell)`},
		{"userName,name.firstname\n",
			`line 1, column "name.firstname": not an attribute that a sheet can set; expected a SCIM path such as name.givenName`},
		{"userName,emails.value\n", `column "emails.value": not an attribute that a sheet can set`},
		{`userName,emails[type eq "work"]` + "\n", `not an attribute that a sheet can set`},
		{`userName,emails[primary eq "true"].value` + "\n",
			`a filter that a sheet cannot have; expected [type eq "…"]`},
		{"userName,urn:ietf:params:scim:schemas:extension:enterprise:2.0:User.shoeSize\n",
			"not an attribute that a sheet can set"},
		{"userName,emails[0].value\n", `column "emails[0].value": not an attribute that a sheet can set`},
		{"userName,emails.0.value\n", `column "emails.0.value": not an attribute that a sheet can set`},
		{"userName,phoneNumbers[type=work]\n", "not an attribute that a sheet can set"},
		{"userName,Toimenpide,Operacja\na@example.com,,\n", `(columns B and C); expected one column for the operation`},
		{"userName,accountEnabled\na@example.com,FALSE\n",
			`column "accountEnabled": an unknown column that says who may sign in; expected the header active, and true or false in its cells; or --ignore-column "accountEnabled"`},
		{"userName,Gesperrt\na@example.com,ja\n", `column "Gesperrt": an unknown column that says who may sign in`},
		{"userName,managedOrgs\n", "more parts than a cell can hold; expected operations in NDJSON"},
		{"\nuserName,x\x00y\n", "line 2: no text; expected text in UTF-8"},
		{"userName,Ti\atle\n", `line 1, column "Ti\atle": a control character (U+0007); expected text without it`},
		{"userName,Shoe\x1b[2Jsize\n",
			`line 1, column "Shoe\x1b[2Jsize": a control character (U+001B); expected text without it`},
		{"PK\x03\x04 and so on", "an Excel workbook; expected its sheet saved as CSV UTF-8"},
	} {
		_, wrong := readInvalid(t, "users.csv", c.text)
		if wrong.Count != 1 || !strings.Contains(wrong.Error(), c.want) {
			t.Errorf("%q:\n got  %v\n want %s", c.text, wrong.Error(), c.want)
		}
	}
	if _, wrong := readInvalid(t, "users.csv", "name.x,name.y,title,title\n"); wrong.Count != 4 {
		t.Errorf("not all is told: %v", wrong.Error())
	}
}

// What is wrong with a row is told with its line, column, value and what is
// expected; the rows around it are read.
func TestMistakesInRowsAreReported(t *testing.T) {
	long := strings.Repeat("x", 65)
	for _, c := range []struct{ header, row, want string }{
		{"userName", "ada", `users.csv, line 3, column "userName", value "ada": not an email address; expected one such as ada@example.com, at most 64 characters before the @`},
		{"User ID/Email (Required),Title", ",Dr",
			`line 3, column "User ID/Email (Required)": no userName for a new user; expected an email address`},
		{"userName", "a@b@example.com", "not an email address"},
		{"userName", "a b@example.com", "not an email address"},
		{"userName", "@example.com", "not an email address"},
		{"userName", long + "@example.com", "not an email address"},
		{"userName", "a@" + strings.Repeat("x", 300) + ".com", "306 characters; expected at most 254"},
		{"userName", "FIRST@example.com",
			`column "userName", value "FIRST@example.com": the same as in line 2; expected each user in one row`},
		{"userName,title", "a@example.com," + strings.Repeat("é", 513), "513 characters; expected at most 512"},
		{"userName,title", "a@example.com,caf\xe9",
			`column "title", value "caf\xe9": invalid text encoding: a character that is not UTF-8 (Windows-1252?); expected UTF-8`},
		{"userName,title", "a@example.com,caf\uFFFD", "invalid text encoding"},
		{"userName,title", "a@example.com,D\x00r", "invalid text encoding"},
		{"userName,active", "a@example.com,yes",
			`column "active", value "yes": neither true nor false; expected true or false`},
		{"userName,Preferred Language", "a@example.com,Elvish",
			`column "Preferred Language", value "Elvish": unknown language; expected language and country, such as en_US`},
		{"userName,Time zone", "a@example.com,Pacific Standard Time",
			`column "Time zone", value "Pacific Standard Time": unknown time zone; expected a name of the IANA database`},
		{"userName,Time zone", "a@example.com,Local", "unknown time zone"},
		{"userName,Phone Number", "a@example.com,4.42036E+11", "a number that a spreadsheet has rounded"},
		{"userName,Phone Number", "a@example.com,442036978111.0", "a number with decimals"},
		{"userName,Phone Number", "a@example.com,'0044 20", "an apostrophe before the value; expected the value alone"},
		{"userName,Phone Number", "a@example.com,ask Bob", "not a telephone number; expected digits"},
		{"userName,Time zone", "a@example.com,america/new york", "unknown time zone; expected America/New_York"},
		{"userName,Phone Number", "a@example.com,REMOVE|123",
			`value "REMOVE|123": the removal of a number in a row that creates a user`},
		{"userName,operation,Phone Number", "a@example.com,update,REMOVE| ",
			`value "REMOVE|": no number after REMOVE|; expected the number to remove`},
		{"userName,operation,Phone Number", "a@example.com,update,REMOVE|4.42E+11",
			"a number that a spreadsheet has rounded"},
		{"userName,operation,Manager", "a@example.com,update,REMOVE|a@example.com",
			`column "Manager", value "REMOVE|a@example.com": REMOVE| is for telephone numbers alone; expected the new manager`},
		{"displayName,members", "g,remove|a@example.com",
			`column "members", value "remove|a@example.com": ADD| or REMOVE| in a row that creates a group`},
		{"displayName,operation,members,id", ",update,a@example.com remove|a@example.com,g1",
			`members with ADD| or REMOVE| beside members without; expected ADD| or REMOVE| before each of them, or before none`},
		{"userName,operation,title", "a@example.com,update,REMOVE|Dr",
			`value "REMOVE|Dr": REMOVE| is for telephone numbers alone; expected the new value`},
		{"userName,Manager", "a@example.com,#REF!@x.com",
			`value "#REF!@x.com": a formula, or an error of one; expected the value itself`},
		{"userName", "#REF!@x.com", `value "#REF!@x.com": a formula, or an error of one`},
		{"userName,operation", "#NAME?@x.com,delete", `value "#NAME?@x.com": a formula, or an error of one`},
		{"userName,Address type,Address country,Address city", "a@example.com,Igloo,GL,Nuuk",
			`column "Address type", value "Igloo": unknown type of address; expected Office, Home or Other`},
		{"userName,Address country,addresses[type eq work].country", "a@example.com,GL,DK",
			`value "DK": the same attribute as in column "Address country"; expected a value in only one of them`},
		{"userName,Manager", "a@example.com,boss",
			`column "Manager", value "boss": not an email address; expected the email address of a user of this sheet or of the organization`},
		{"userName,Manager", "a@example.com,boss@example.com",
			`column "Manager", value "boss@example.com": neither in this sheet nor in the organization; expected`},
		{"userName,password", "a@example.com,hunter\uFFFD2", `line 3, column "password": invalid text encoding`},
		{"userName,title", "a@example.com", "line 3: 1 cell; expected 2, as many as the header has"},
		{"userName,title", "a@example.com,Dr,x",
			`line 3, value "x": 3 cells with this one; expected 2, as many as the header has; a comma inside a cell needs quotes around the cell`},
		{"userName,title", `a@example.com,"Dr" who`,
			`line 3, column "title", value '"Dr" who': a quote inside a cell in quotes; expected "" for each quote in it, and nothing after the closing one`},
		{"userName,title", `a@example.com, "Dr, X"`,
			`line 3, column "title", value ' "Dr': a space before the opening quote; expected the quote right after the comma`},
		{"userName,password", `a@example.com,"hunter"2`,
			`line 3, column "password": a quote inside a cell in quotes; expected "" for each quote in it`},
		{"userName,password", `a@example.com,x,hunter2`, "line 3: 3 cells with this one"},
		{"userName", "a\u00a0b@example.com",
			`value "a\u00a0b@example.com": not an email address: it has an invisible character (U+00A0)`},
		{"userName,Manager", "a@example.com,b\u200b@example.com", "it has an invisible character (U+200B)"},
		{"userName", "mailto:ada@example.com", "not an email address"},
		{"userName", "ada@example.com.", "not an email address"},
		{"userName", `EXAMPLE\ada`, `value "EXAMPLE\ada": not an email address`},
		{"userName,title", "a@example.com,=B2",
			`value "=B2": a formula, or an error of one; expected the value itself, as text`},
		{"userName,title", "a@example.com,#N/A", `value "#N/A": a formula`},
		{"userName,Manager", "a@example.com,#REF!",
			`value "#REF!": a formula, or an error of one; expected the value itself`},
		{"userName,operation", "a@example.com,upsert",
			`column "operation", value "upsert": unknown operation; expected create, update or delete, or nothing for create`},
		{"userName,operation,title", "a@example.com,update,",
			"line 3: an update that changes nothing; expected a value in at least one more column"},
		{"userName,operation,id", ",delete,",
			`line 3, column "userName": neither an id nor a userName; expected one of them`},
		{"userName,operation,id", "boss,delete,", "not an email address"},
		{"userName,operation,id", ",delete,a/b", `column "id", value "a/b": not an id`},
		{"userName,operation,id", ",delete,bulkId:u1", "not an id"},
		{"userName,id", "a@example.com,7c5b1f0e",
			`column "id", value "7c5b1f0e": an id in a row that creates a user; expected no id, or update or delete in the column operation`},
		{"displayName,members", ",a@example.com",
			`line 3, column "displayName": no displayName for a new group; expected a name`},
		{"displayName,members", "FIRST,", "the same as in line 2; expected each group in one row"},
		{"displayName,members", "g,a@example.com b", `column "members", value "b": not an email address`},
		{"displayName,members", "g,nobody@example.com",
			`column "members", value "nobody@example.com": no user of the organization has this userName`},
	} {
		first, cells := "first@example.com", strings.Count(c.header, ",")
		if strings.HasPrefix(c.header, "displayName") {
			first = "First"
		}
		last := strings.Replace(first, "irst", "ourth", 1)
		text := fmt.Sprintf("%s\n%s%s\n%s\n%s%s\n", c.header, first, strings.Repeat(",", cells), c.row, last,
			strings.Repeat(",", cells))
		r := open(t, "users.csv", text)
		r.Resolve(lookupIn("a@example.com"))
		rows, wrong := readAll(t, r)
		if wrong.Count != 1 || !strings.Contains(wrong.Error(), c.want) {
			t.Errorf("%s:\n got  %v\n want %s", c.row, wrong.Error(), c.want)
		}
		if len(rows) != 2 || rows[1].Line != 4 || rows[1].Name != last {
			t.Errorf("%s: rows\n%s", c.row, textOf(rows))
		}
		if strings.Contains(wrong.Error(), "hunter") {
			t.Error("a password is quoted")
		}
	}
}

// Everything that is wrong with a row is told, not only the first.
func TestAllMistakesOfARowAreReported(t *testing.T) {
	_, wrong := readInvalid(t, "users.csv", "userName,active,Time zone,Manager,id\nada,maybe,Mars,boss,x\nada,,,,x\n")
	if wrong.Count != 5+4 {
		t.Errorf("%d errors:\n%v", wrong.Count, wrong.Error())
	}
}

// A quote that is never closed names the line on which its row begins.
func TestOpenQuoteNamesItsLine(t *testing.T) {
	rows, wrong := readInvalid(t, "users.csv",
		"userName,title\na@example.com,x\nb@example.com,\"open\nc@example.com,x\nd@example.com,x\n")
	if len(rows) != 1 || wrong.Count != 1 ||
		!strings.Contains(wrong.Error(),
			`line 3, column "title", value '"open': a quote that is never closed (all up to line 5 is one cell); expected a closing quote, or ""`) {
		t.Errorf("%s%v", textOf(rows), wrong.Error())
	}
	rows, wrong = readInvalid(t, "users.csv",
		"sep=;\nuserName;title;nickName\n\n\"a;a@example.com\";\"two\nlines\" and;x\nb@example.com;x;y\n")
	if len(rows) != 1 || rows[0].Line != 6 ||
		!strings.Contains(wrong.Error(),
			`line 4, column "title", value '"two\nlines" and': a quote inside a cell in quotes`) {
		t.Errorf("%s%v", textOf(rows), wrong.Error())
	}
	for _, before := range []string{"", "\n\r\n", strings.Repeat("b@example.com,x\n", 3),
		strings.Repeat(",\n", 50_000)} {
		r := openSmall(t, "users.csv", "userName,title\n"+before+"a@example.com,\""+strings.Repeat("x\n", 10_000))
		want := fmt.Sprintf("line %d: a row larger than 64 MiB", 2+strings.Count(before, "\n"))
		if _, wrong := readAll(t, r); !strings.Contains(wrong.Error(), want) {
			t.Errorf("%v; want %s", wrong.Error(), want)
		}
	}
}

// Lines end in LF, CR LF or, as on old Macs, in CR, and even mixed; the numbers
// of lines are right.
func TestAnyLineEndsAreRead(t *testing.T) {
	for _, text := range []string{
		"userName,title\ra@example.com,x\rb@example.com,y\r",
		"userName,title\ra@example.com,x\rb@example.com,y\n",
		"userName,title\ra@example.com,x\r\nb@example.com,y\n",
		"userName,title\r\na@example.com,x\nb@example.com,y",
		"userName,\"title\"\na@example.com,x\r\nb@example.com,y",
	} {
		rows := readValid(t, open(t, "users.csv", text))
		if len(rows) != 2 || rows[1].Line != 3 || rows[1].Name != "b@example.com" {
			t.Errorf("%q: %s", text, textOf(rows))
		}
	}
	rows := readValid(t, open(t, "users.csv",
		"\n,;\n;\n \nuserName;title\n\n\"a@example.com\";\"x\n\ny\"\n;\nb@example.com;y\n"))
	if len(rows) != 2 || rows[0].Line != 7 || rows[1].Line != 11 {
		t.Errorf("empty lines: %s", textOf(rows))
	}
}
