package sheet

import (
	"regexp"
	"strings"

	"github.com/webexscim/bulk/internal/cell"
	"github.com/webexscim/bulk/internal/textfile"
)

// doubt is a kind of value that is sent as written, though a service may refuse
// it.
type doubt int

const (
	oddID doubt = iota
	ownManager
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
	placeholder
	dateInPhone
	noDomain
	doubts
)

var doubtNames = [doubts]string{
	oddID:          "in which the id is not a UUID, as an id of Webex is",
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
	placeholder:    "in which a cell has NULL or a placeholder and is not empty",
	dateInPhone:    "in which the telephone number may be a date or a time",
	noDomain:       "in which the domain of an address has no dot, as in dan@example",
	unseen:         "in which a text has invisible characters",
}

// doubtful holds the rows of each kind of doubt.
type doubtful [doubts]textfile.Places

// addText notes texts of any column that programs have probably damaged.
func (d *doubtful) addText(c *column, text string, line int) {
	if text == "" || c.secret {
		return
	}
	note := func(kind doubt, holds bool) {
		if holds {
			d[kind].Add(line)
		}
	}
	note(unseen, cell.HoldsUnseen(text))
	note(misread, cell.IsMisread(text))
	if at := strings.LastIndexByte(text, '@'); at >= 0 {
		note(foreignLetters, cell.HasMixedScripts(text))
		note(noDomain, isEmail(text) && !strings.Contains(text[at:], "."))
	}
	note(placeholder, cell.IsNothing(text))
	if c.kind != phone {
		note(encoded, cell.IsEncoded(text))
		note(lostLetters, cell.HasLostLetters(text))
	}
}

// addCell notes a value that is unusual for its column.
func (d *doubtful) addCell(c *column, text string, line int) {
	switch {
	case c.kind == code && (cell.IsDate(text) || cell.IsShortDate(text)):
		d[dateInCode].Add(line)
	case c.kind == phone && cell.IsShortDate(text):
		d[dateInPhone].Add(line)
	case c.kind == plainText && !c.secret && cell.HasApostrophe(text):
		d[apostrophe].Add(line)
	case c.kind == phone && c.target.filter != "work_extension" && !isRemoval(text) && isOddNumber(text):
		d[oddPhone].Add(line)
	case c.target.name == "addresses" && c.target.sub == "country" && !twoLetters.MatchString(text):
		d[oddCountry].Add(line)
	case c.kind == phone && c.target.filter == "work_extension" && !isRemoval(text) && !digitsAlone.MatchString(text):
		d[oddExtension].Add(line)
	}
}

var (
	twoLetters  = regexp.MustCompile(`^[A-Za-z]{2}$`) // ISO 3166-1, as RFC 7643 section 4.1.2 wants it
	digitsAlone = regexp.MustCompile(`^[0-9]+$`)
)

// notes returns a note for each kind.
func (d *doubtful) notes() (notes []string) {
	for kind, all := range d {
		if all.Count > 0 {
			notes = append(notes, all.SentAsWritten("row", doubtNames[kind]))
		}
	}
	return notes
}
