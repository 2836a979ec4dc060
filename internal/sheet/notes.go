package sheet

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/webexscim/bulk/internal/terminal"
	"github.com/webexscim/bulk/internal/textfile"
)

// maxNamed is how many columns a note names.
const maxNamed = 10

// columnNotes lists the ignored columns, one line for each reason. warnings are
// the notes about columns whose header or content was not understood.
func columnNotes(columns []ignoredColumn) (notes, warnings []string) {
	var services, odd, readOnly, unsupported, unknown, ignored []string
	for _, c := range columns {
		switch {
		case c.use == ignoredReadOnly:
			readOnly = append(readOnly, c.header)
		case c.use == ignoredReason:
		case c.use == ignoredOnRequest:
			ignored = append(ignored, unknownHeader(c))
		case c.use == ignoredUnsupported:
			unsupported = append(unsupported, c.header)
		case c.header == "" && c.holds == 0: // spreadsheets append such columns
		case c.header != "" && (c.holds == switchWords || c.holds == 0 && isService(c.header)):
			services = append(services, c.header)
		case isService(c.header):
			odd = append(odd, c.header)
		default:
			unknown = append(unknown, unknownHeader(c))
		}
	}
	note := func(columns []string, format string) {
		if len(columns) > 0 {
			notes = append(notes, fmt.Sprintf(format, terminal.Plural(len(columns), "column"), someOf(columns)))
		}
	}
	note(services, "ignored: %s of services and licenses, which SCIM does not carry (%s)")
	note(readOnly, "ignored: %s that only the service writes (%s)")
	note(unsupported, "ignored: %s that SCIM does not carry (%s)")
	note(ignored, "ignored: %s, as requested (%s)")
	understood := len(notes)
	note(odd, "ignored: %s of services and licenses in which a value is neither TRUE nor FALSE (%s)")
	note(unknown, "ignored: %s with an unknown header (%s)")
	return notes, slices.Clone(notes[understood:])
}

// repeatNotes returns a note about rows that repeat the header, if there are
// any.
func (r *reader) repeatNotes() []string {
	if r.repeats.Count == 0 {
		return nil
	}
	rows := terminal.Plural(r.repeats.Count, "row")
	return []string{fmt.Sprintf("left out: %s that repeat the header (%s)", rows, r.repeats)}
}

// knownTypes are the types that Webex's documents name.
var knownTypes = map[string][]string{
	"emails":       {"work", "home", "other"},
	"addresses":    {"work", "home", "other"},
	"phoneNumbers": {"work", "home", "mobile", "work_extension", "fax", "pager", "other", "alternate1", "alternate2"},
	"photos":       {"photo", "thumbnail", "resizable"},
}

// typeNotes returns a note about columns of elements of an unknown type, if
// there are any.
func typeNotes(columns []*column) []string {
	var odd []string
	for _, c := range columns {
		known, ok := knownTypes[c.target.name]
		if ok && c.use == attributeColumn && c.target.filter != "" && !slices.Contains(known, c.target.filter) {
			odd = append(odd, c.header)
		}
	}
	if odd == nil {
		return nil
	}
	return []string{textfile.SentAsWritten(terminal.Plural(len(odd), "column")+" of an unknown type", someOf(odd))}
}

// service matches the headers of services and licenses in Control Hub's
// exports.
var service = regexp.MustCompile(`(?i)\[sub[^\]]*\]|\b(webex|jabber)\b|` +
	`^(hybrid|call|calendar)\b.* service\b|^call service |\S ?\(suspended\)|` +
	`^(contact migration required|enterprise content management)$`)

func isService(header string) bool { return service.MatchString(header) }

// unknownHeader returns the header of a column, or its letters if it has none.
func unknownHeader(c ignoredColumn) string {
	if c.header == "" {
		return "column " + letters(c.index) + ", without a name"
	}
	return c.header
}

// likelyHeader returns the known column of which a header is probably a
// misspelling, "" if there is none. Headers with a number, such as Phone 2, are
// not taken for misspellings.
func (r *resources) likelyHeader(header string) string {
	folded := fold(header)
	if strings.ContainsAny(folded, "0123456789") {
		return ""
	}
	best, least := "", 3
	for _, known := range r.misspellable {
		if d := textfile.Distance(folded, fold(known)); d < least && 4*d <= len(folded) {
			best, least = known, d
		}
	}
	return best
}

// someOf lists the first few names, each on one line.
func someOf(names []string) string {
	more := len(names) - maxNamed
	if more > 1 {
		names = names[:maxNamed]
	}
	list := make([]string, len(names), len(names)+1)
	for i, name := range names {
		list[i] = textfile.Visible(name)
	}
	if more > 1 {
		list = append(list, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(list, "; ")
}
