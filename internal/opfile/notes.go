package opfile

import (
	"fmt"
	"strings"
)

// maxNamed is how many columns a note names.
const maxNamed = 10

// describe names the columns that are left alone and why, one line a reason. Columns of services and licences, of
// which there can be thousands, are counted.
func (s *sheet) describe(left []column, used map[int]bool) (notes []string) {
	var services, readOnly, unsupported, unknown []string
	for _, c := range left {
		switch {
		case c.use == leftReadOnly:
			readOnly = append(readOnly, c.header)
		case c.use == leftUnsupported:
			unsupported = append(unsupported, c.header)
		case !used[c.index]:
			services = append(services, c.header)
		default:
			unknown = append(unknown, s.unknown(c.header))
		}
	}
	note := func(columns []string, format string) {
		if len(columns) > 0 {
			notes = append(notes, fmt.Sprintf(format, count(len(columns)), someOf(columns)))
		}
	}
	note(services, "left alone: %s of services and licences, which SCIM does not carry (%s)")
	note(readOnly, "left alone: %s that the service alone writes (%s)")
	note(unsupported, "left alone: %s that SCIM does not carry (%s)")
	note(unknown, "left alone: %s with an unknown header (%s)")
	return notes
}

// unknown is a header that nobody knows, with the one that was likely meant.
func (s *sheet) unknown(header string) string {
	if header == "" {
		return "one without a name"
	}
	known := []string{"First Name", "Last Name", "Display Name", "User ID/Email (Required)", "Title", "Department", "Manager",
		"Phone Number", "Extension", "Preferred Language", "Time zone", "operation", "userName", "externalId", "nickName",
		"employeeNumber", "costCenter", "organization", "division", "active"}
	if s.groups {
		known = []string{"displayName", "members", "externalId", "operation"}
	}
	if near := nearest(header, known); near != "" {
		return header + ", for " + near + "?"
	}
	return header
}

func count(n int) string {
	if n == 1 {
		return "1 column"
	}
	return fmt.Sprintf("%d columns", n)
}

// someOf lists the first few names.
func someOf(names []string) string {
	if more := len(names) - maxNamed; more > 1 {
		names = append(names[:maxNamed:maxNamed], fmt.Sprintf("and %d more", more))
	}
	return strings.Join(names, "; ")
}
