package sheet

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/webexscim/bulk/internal/cell"
	"github.com/webexscim/bulk/internal/terminal"
)

// doubt is a kind of value that is sent as written, though a service may refuse
// it.
type doubt int

const (
	ownManager doubt = iota
	oddCountry
	oddExtension
	unseen
	oddPhone
	dateInCode
	apostrophe
	misread
	foreignLetters
	encoded
	lostLetters
	nothing
	dateInPhone
	noDomain
	doubts
)

var doubtNames = [doubts]string{
	ownManager:     "in which the manager is the user",
	oddCountry:     "in which the country is not a code of two letters, such as DE",
	oddExtension:   "in which the extension holds more than digits",
	oddPhone:       "in which the telephone number holds letters or unusual digits",
	dateInCode:     "in which an id, a number or a code is a date",
	misread:        "in which a text was decoded as another encoding, such as Ã¼ for ü",
	apostrophe:     "in which a text begins with an apostrophe",
	foreignLetters: "in which an address mixes letters of several scripts or widths, so that it may look like another one",
	encoded:        "in which letters have the form of another format, such as &uuml; or %C3%BC for ü",
	lostLetters:    "in which question marks may replace lost letters, such as M?ller",
	nothing:        "in which a cell has NULL or a placeholder and is not empty",
	dateInPhone:    "in which the telephone number may be a date or a time",
	noDomain:       "in which the domain of an address has no dot, as in dan@example",
	unseen:         "in which a text has invisible characters",
}

// doubt notes a row.
func (s *Sheet) doubt(d doubt, line int) { s.doubtful[d].Add(line) }

// doubtText notes damage that programs have done to a text of any column.
func (s *Sheet) doubtText(c *column, text string, line int) {
	if text == "" || c.secret {
		return
	}
	if cell.HoldsUnseen(text) {
		s.doubt(unseen, line)
	}
	if cell.IsMisread(text) {
		s.doubt(misread, line)
	}
	if at := strings.LastIndexByte(text, '@'); at >= 0 {
		if cell.HasMixedScripts(text) {
			s.doubt(foreignLetters, line)
		}
		if isEmail(text) && !strings.Contains(text[at:], ".") {
			s.doubt(noDomain, line)
		}
	}
	if cell.IsNothing(text) {
		s.doubt(nothing, line)
	}
	if c.kind == phone {
		return
	}
	if cell.IsEncoded(text) {
		s.doubt(encoded, line)
	}
	if cell.HasLostLetters(text) {
		s.doubt(lostLetters, line)
	}
}

// doubtCell notes a value that is unusual for its column.
func (s *Sheet) doubtCell(c *column, text string, line int) {
	switch {
	case c.kind == code && (cell.IsDate(text) || cell.IsShortDate(text)):
		s.doubt(dateInCode, line)
	case c.kind == phone && cell.IsShortDate(text):
		s.doubt(dateInPhone, line)
	case c.kind == plainText && !c.secret && cell.HasApostrophe(text):
		s.doubt(apostrophe, line)
	case c.kind == phone && c.target.filter != "work_extension" && !isRemoval(text) && isOddNumber(text):
		s.doubt(oddPhone, line)
	case c.target.name == "addresses" && c.target.sub == "country" && !twoLetters.MatchString(text):
		s.doubt(oddCountry, line)
	case c.kind == phone && c.target.filter == "work_extension" && !isRemoval(text) && !digitsAlone.MatchString(text):
		s.doubt(oddExtension, line)
	}
}

var (
	twoLetters  = regexp.MustCompile(`^[A-Za-z]{2}$`) // ISO 3166-1, as RFC 7643 section 4.1.2 wants it
	digitsAlone = regexp.MustCompile(`^[0-9]+$`)
)

// knownTypes are the types that Webex's documents name.
var knownTypes = map[string][]string{
	"emails":       {"work", "home", "other"},
	"addresses":    {"work", "home", "other"},
	"phoneNumbers": {"work", "home", "mobile", "work_extension", "fax", "pager", "other", "alternate1", "alternate2"},
	"photos":       {"photo", "thumbnail", "resizable"},
}

// Doubts returns the Notes about values that a service may refuse.
func (s *Sheet) Doubts() (notes []string) {
	const sent = "sent as written, though a service may refuse it: "
	for d, all := range s.doubtful {
		if all.Count == 0 {
			continue
		}
		notes = append(notes, fmt.Sprintf(sent+"%s %s (%s)", terminal.Plural(all.Count, "row"), doubtNames[d], all))
	}
	if s.repeats.Count > 0 {
		notes = append(notes, fmt.Sprintf("left out: %s that repeat the header (%s)", terminal.Plural(s.repeats.Count, "row"), s.repeats))
	}
	var odd []string
	for _, c := range s.columns {
		known, ok := knownTypes[c.target.name]
		if ok && c.use == setsAttribute && c.target.filter != "" && !slices.Contains(known, c.target.filter) {
			odd = append(odd, c.header)
		}
	}
	if len(odd) > 0 {
		notes = append(notes, fmt.Sprintf(sent+"%s of an unknown type (%s)", terminal.Plural(len(odd), "column"), someOf(odd)))
	}
	return notes
}
