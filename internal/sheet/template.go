package sheet

import (
	"fmt"
	"strings"
)

// Templates lists the kinds of sheet that Template knows.
var Templates = [...]string{"users", "groups"}

// Template returns a sheet to fill in: the header and example rows, which are
// to be overwritten. That of users has the columns of Control Hub that SCIM
// carries, and two rows, one of which names the other as manager.
func Template(kind string) (string, error) {
	switch kind {
	case "users":
		return sheetText(
			"operation,First Name,Last Name,Display Name,User ID/Email (Required),Title,Department,Manager,Phone Number,"+
				"Extension,Preferred Language,Time zone,Address type,Address street,Address locality,Address region,"+
				"Address postal code,Address country",
			`create,Charles,Babbage,Charles Babbage,charles@example.com,Engineer,Mathematics,,+44 20 7946 0101,0101,`+
				`en_GB,Europe/London,Office,1 Dorset Street,London,England,W1U 4EG,GB`,
			`create,Ada,Lovelace,Ada Lovelace,ada@example.com,Analyst,Mathematics,charles@example.com,+44 20 7946 0102,0102,`+
				`en_GB,Europe/London,Office,12 St James's Square,London,England,SW1Y 4JH,GB`), nil
	case "groups":
		return sheetText("operation,displayName,members", `create,Analysts,"ada@example.com; charles@example.com"`), nil
	}
	return "", fmt.Errorf("no template %q: expected one of %s", kind, strings.Join(Templates[:], ", "))
}

// sheetText ends each line.
func sheetText(rows ...string) string { return strings.Join(rows, "\n") + "\n" }

// Columns returns the default headers of a Writer for users or groups. They are
// Control Hub's where it has a name for an attribute.
func Columns(kind string) []string {
	if kind == Templates[1] {
		return []string{"displayName", "externalId", "members"}
	}
	return []string{
		"First Name", "Last Name", "Display Name", "User ID/Email (Required)", "Title", "Department", "Manager",
		"Phone Number", "Extension", "Mobile Number", "Preferred Language", "Time zone", "Address type", "Address street", "Address locality",
		"Address region", "Address postal code", "Address country", "externalId", "active", "nickName", "name.middleName",
		"employeeNumber", "costCenter", "organization", "division", `emails[type eq "work"].value`,
	}
}
