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

// columnNotes names the columns that are ignored and why, one line a reason.
// Columns of services and licenses, of which there can be thousands, are
// counted. What was not understood is told again by itself.
func columnNotes(unused []unusedColumn) (notes, warnings []string) {
	var services, odd, readOnly, unsupported, unknown, ignored []string
	for _, c := range unused {
		switch {
		case c.use == leftReadOnly:
			readOnly = append(readOnly, c.header)
		case c.use == leftReason:
		case c.use == leftIgnored:
			ignored = append(ignored, unknownHeader(c))
		case c.use == leftUnsupported:
			unsupported = append(unsupported, c.header)
		case c.header == "" && c.holds == 0: // what spreadsheets append
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

// repeatNotes tells of rows that repeat the header.
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

// typeNotes tells of columns whose type of an element is unknown.
func typeNotes(columns []*column) []string {
	var odd []string
	for _, c := range columns {
		known, ok := knownTypes[c.target.name]
		if ok && c.use == setsAttribute && c.target.filter != "" && !slices.Contains(known, c.target.filter) {
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
	`^(hybrid|call|calendar)\b.* service\b|^call service |` +
	`^(contact migration required|enterprise content management)$`)

func isService(header string) bool { return service.MatchString(header) }

// unknownHeader is a header that nobody knows.
func unknownHeader(c unusedColumn) string {
	if c.header == "" {
		return "column " + letters(c.index) + ", without a name"
	}
	return c.header
}

// likelyHeader is the known column of which a header is likely a misspelling;
// "" when it is none. Headers that a number tells apart, such as Phone 2, are
// none.
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
