package opfile

import (
	"fmt"
	"strings"
	"testing"
)

// Values that spreadsheets, clipboards and people damage, in every column that
// can have them: refused with the words, or doubted by their line, or read as
// they stand.
func TestDamagedValuesAreRefusedOrDoubted(t *testing.T) {
	const refused, doubted, fine = "refused", "doubted", "fine"
	for _, c := range []struct {
		headers, text, want string
	}{
		{"Phone Number|Mobile|Extension|externalId|employeeNumber|costCenter|Address postal code|title",
			"1.00234E+11", refused},
		{"Phone Number|externalId|employeeNumber|costCenter|Address postal code", "42.0", refused},
		{"Phone Number|externalId|employeeNumber|costCenter|Address postal code", "'00042", refused},
		{"externalId|employeeNumber", "12.05.2023", doubted}, {"employeeNumber", "2-Jan", doubted},
		{"externalId|employeeNumber|costCenter", "e2f5", fine}, {"employeeNumber", "4.2",
			fine}, {"Address postal code", "01067", fine}, {"Address postal code", "SW1Y 4JH", fine},
		{"Phone Number|Mobile", "12.05.2023", refused}, {"Phone Number", "2023-05-12",
			refused}, {"Phone Number", "12-May-23", refused},
		{"Phone Number", "+491234567/+4912345678", refused}, {"Phone Number", "0301234567 or 0301234568",
			refused}, {"Phone Number", "030 1234567; 030 1234568", refused},
		{"Phone Number", "ask Bob 12", doubted}, {"Phone Number", "٠٣٠١٢٣٤", doubted}, {"Phone Number",
			"1-800-FLOWERS", doubted},
		{"Phone Number", "+1 202 555 0101", fine}, {"Phone Number", "(202) 555-0102", fine}, {"Phone Number",
			"202.555.0103", fine}, {"Phone Number", "+49 30/1234567", fine},
		{"Phone Number", "442079460104", fine}, {"Phone Number", "+1 202 555 0101 ext. 12",
			fine}, {"Phone Number", "12 34 56 78", fine},
		{"Phone Number", "+1\u00a0202\u00a0555\u20110101", fine}, {"Display Name|Last Name|title", "JÃ¶rg", doubted},
		{"title|Department", "Loading...", refused},
		{"Last Name|Department", "'t Hooft", fine}, {"Display Name", "'Engineer", doubted}, {"title", "#1 fan", fine},
		{"Display Name|title|Department|externalId|Address city", "M&uuml;ller",
			doubted}, {"Display Name|Last Name", "+AMQ-nnchen", doubted},
		{"Display Name|Address city|costCenter", "M?ller", doubted}, {"Display Name", "Fran%C3%A7ois",
			doubted}, {"title", "R&D; IT? Yes", fine},
		{"title|Department|externalId|Address city", "NULL", doubted}, {"title", "{{title}}",
			doubted}, {"Last Name", "Null", fine},
		{"Phone Number|employeeNumber", "1/2/26", doubted}, {"Phone Number", "12:30",
			doubted}, {"Display Name|title", "Ann\u2028Lee", doubted},
		{"Display Name|title|externalId", "Ann\ufffe", refused}, {"Display Name|title|externalId", "A\ufffdnn",
			refused},
		{"emails[type eq home].value|Manager", "ａnn@example.com", doubted}, {"Display Name", "Ａｎｎ", fine},
		{"Display Name|title|Department", "Ann\u200b Lee", doubted}, {"Display Name", "می\u200cخواهم", fine},
	} {
		for header := range strings.SplitSeq(c.headers, "|") {
			r := open(t, "users.csv", "userName\t"+header+"\na@example.com\t"+c.text+"\n")
			rows, wrong := readAll(t, r)
			notes := strings.Join(r.Notes(), "\n")
			got := fine
			switch {
			case wrong.Count == 1 && len(rows) == 0:
				got = refused
			case strings.Contains(notes, "(line 2)"):
				got = doubted
			}
			if got != c.want || wrong.Count > 1 {
				t.Errorf("%s %q: %s, not %s\n%v%s", header, c.text, got, c.want, wrong.Error(), notes)
			}
		}
	}
}

// An address has the form that RFC 5321 gives it, in every column that holds
// one; those that only look odd pass.
func TestEmailFormHoldsInEachColumn(t *testing.T) {
	for address, right := range map[string]bool{
		"ann@example.com": true, "o'brien@example.co.uk": true, "a+b@sub.example.com": true, "cid@xn--mnchen-3ya.de": true, "x_y-z.1@example-2.com": true,
		"jörg@müller.de": true, "a/b=c@example.com": true, "d'arc.jeanne@example.com": true, "`a{b}@example.com": true, "a@b": true,
		"bob@example。com": false, "dan@example.com/": false, "fay@exam_ple.com": false, "gus.@example.com": false, "hal..x@example.com": false, ".hal@example.com": false,
		"ivy@example.com'": false, "'q97@example.com": false, "a@-example.com": false, "a@example-.com": false, "a@example..com": false, "a@@example.com": false,
		"Ann <ann@example.com>": false, "mailto:ann@example.com": false, "a@example.com.": false, "a@exam ple.com": false, "a,b@example.com": false, `a"b@example.com`: false,
	} {
		for _, text := range []string{
			"userName\n\"%s\"\n", "userName\tManager\nx@example.com\t\"%s\"\n", "userName\temails[type eq \"home\"].value\nx@example.com\t\"%s\"\n",
			"userName\toperation\n\"%s\"\tdelete\n",
		} {
			r, err := Read(strings.NewReader(fmt.Sprintf(text, strings.ReplaceAll(address, `"`, `""`))),
				Options{Name: "a.tsv"})
			if err != nil {
				t.Fatal(err)
			}
			if _, wrong := readAll(t, r); (wrong.Count == 0) != right {
				t.Errorf("%s in %q: %v", address, text, wrong.Error())
			}
			if !right && len(r.Lookups()) > 0 {
				t.Errorf("%s is looked up", address)
			}
		}
	}
}

// Cells that are right one by one and wrong together.
func TestCellsMustFitTogether(t *testing.T) {
	for text, want := range map[string]string{
		`emails[type eq "home"].value;emails[type eq "home"].primary;emails[type eq "work"].primary` +
			"\nh@example.com;true;true": "a second primary value",
		`phoneNumbers[type eq "work"].value;phoneNumbers[type eq "work"].primary;phoneNumbers[type eq "mobile"].primary;Mobile` +
			"\n1;true;true;2": "at most one that is primary",
		`emails[type eq "home"].primary` +
			"\ntrue": "without a value",
		`phoneNumbers[type eq "fax"].display` +
			"\nx": "without a value",
		`emails[type eq "home"].primary` + "\nfalse":                                                   "",
		`emails[type eq "work"].primary` + "\nfalse":                                                   "",
		`photos[type eq "photo"].value;photos[type eq "photo"].primary` + "\nhttps://example.com;true": "",
	} {
		header, row, _ := strings.Cut(text, "\n")
		rows, wrong := readInvalid(t, "a.csv", "userName;"+header+"\na@example.com;"+row+"\n")
		if (wrong.Count == 0) != (want == "") || !strings.Contains(wrong.Error(), want) {
			t.Errorf("%s: %v", text, wrong.Error())
		}
		if want == "" && strings.Contains(dataOf(rows[0]), `{"primary":false,"type":"home"}`) {
			t.Errorf("%s: %s", text, dataOf(rows[0]))
		}
	}
	rows := readValid(t, open(t, "a.csv", "userName;emails[type eq \"home\"].primary\na@example.com;false\n"))
	if !strings.Contains(dataOf(rows[0]), `"emails":[{"primary":true,"type":"work","value":"a@example.com"}]`) {
		t.Error(dataOf(rows[0]))
	}
	_, wrong := readInvalid(t, "a.csv", "userName,externalId\na@example.com,E-1\nb@example.com,e-1\nc@example.com,E-1\n")
	if wrong.Count != 1 ||
		!strings.Contains(wrong.Error(), `line 4, column "externalId", value "E-1": the same as in line 2`) {
		t.Error(wrong.Error())
	}
}

// Ids of other Webex APIs are taken apart wherever an id can stand; those of
// something else, or cut off, are refused.
func TestIDsOfOtherAPIsAreConverted(t *testing.T) {
	const uuid = "7c5b1f0e-51a4-4c3b-8f0d-2b9f6a5de001"
	const person = "Y2lzY29zcGFyazovL3VzL1BFT1BMRS83YzViMWYwZS01MWE0LTRjM2ItOGYwZC0yYjlmNmE1ZGUwMDE"
	const room = "Y2lzY29zcGFyazovL3VzL1JPT00vcjE"
	for _, text := range []string{
		"operation,id,title\nupdate,%s,x\n", "operation,id\ndelete,%s\n", "userName,Manager\na@example.com,%s\n",
		"displayName,members\ng,%s\n", "operation,displayName,members\nupdate,g,a@example.com %s\n",
	} {
		rows := readValid(t, open(t, "a.csv", fmt.Sprintf(text, person)))
		if all := textOf(rows); !strings.Contains(all, uuid) || strings.Contains(all, "Y2lz") {
			t.Errorf("%q: %s", text, all)
		}
		for _, id := range []string{room, person[:60]} {
			if rows, wrong := readInvalid(t, "a.csv", fmt.Sprintf(text, id)); wrong.Count != 1 || len(rows) > 0 {
				t.Errorf("%q of %s: %v %s", text, id, wrong.Error(), textOf(rows))
			}
		}
	}
	if _, wrong := readInvalid(t, "a.csv", "operation,id\ndelete,"+uuid+"\ndelete,"+person+"\n"); wrong.Count != 1 {
		t.Errorf("two forms of one id: %v", wrong.Error())
	}
	_, wrong := readInvalid(t, "a.ndjson", `{"method":"DELETE","path":"/Users/`+person+`"}`)
	if !strings.Contains(wrong.Error(), "expected what is in it: "+uuid) {
		t.Error(wrong.Error())
	}
}
