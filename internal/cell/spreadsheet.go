package cell

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf16"
)

// The problems of a cell that a spreadsheet has damaged.
const (
	FormulaProblem    = "a formula, or an error of one"
	RoundedProblem    = "a number that a spreadsheet has rounded"
	DecimalsProblem   = "a number with decimals"
	ApostropheProblem = "an apostrophe before the value"
	DateProblem       = "a date, into which a spreadsheet has turned it"
)

// IsFormula reports whether a cell holds a formula, or the error of one in any
// language of Excel, LibreOffice and Google Sheets.
func IsFormula(text string) bool {
	switch {
	case len(text) < 2:
		return false
	case text[0] == '=':
		return true
	case text[0] == '#':
		return failedFormula.MatchString(text) || slices.Contains(unmarked, strings.ToUpper(upToAt(text)))
	}
	return strings.HasPrefix(text, "Err:") && calcError.MatchString(text) || text == "Loading..." // of Google Sheets
}

// failedFormula matches most errors: #REF!, #NAME?, #¡VALOR!, #DĚLENÍ_NULOU!,
// #ПЕРЕНОС!, #DIV/0!, a column that is too narrow, and an address that was made
// of an error.
var failedFormula = regexp.MustCompile(`^#([¡¿]?[\p{Lu}\p{Lo}][\p{Lu}\p{Lo}\p{M}_/0-9]*[!?]|#{2,})(@|$)`)

// calcError matches an error of LibreOffice.
var calcError = regexp.MustCompile(`^Err:\d{3}$`)

// unmarked are the errors that end without a mark, in upper case: "not
// available" in each language, and waiting for data.
var unmarked = strings.Fields(`#N/A #N/D #N/B #NV #I/T #Н/Д #Δ/Υ #YOK #HIÁNYZIK #NENÍ_K_DISPOZICI #NEDOSTUPNÝ
	#SAKNAS #PUUTTUU #PUUTTUVA #ND #GETTING_DATA #ERROR #NULL #REF #VALUE #NUM #SPILL #CALC #FIELD #BLOCKED #CONNECT
	#UNKNOWN #BUSY`)

func upToAt(text string) string {
	word, _, _ := strings.Cut(text, "@")
	return word
}

// IsRounded reports whether text is a number in scientific notation, in which
// spreadsheets show long numbers: 4.42036E+11, also with a decimal comma.
func IsRounded(text string) bool { return endsInDigit(text) && scientific.MatchString(text) }

// endsInDigit spares most cells a regular expression.
func endsInDigit(text string) bool {
	return text != "" && '0' <= text[len(text)-1] && text[len(text)-1] <= '9'
}

var scientific = regexp.MustCompile(`^[+-]?\d([.,]\d+)?[Ee][+-]\d{2,3}$`)

// HasDecimals reports whether text is a whole number to which a spreadsheet has
// given decimals: 42.0.
func HasDecimals(text string) bool { return strings.HasSuffix(text, "0") && decimals.MatchString(text) }

var decimals = regexp.MustCompile(`^\d+[.,]0+$`)

// IsDate reports whether text looks like a date: 12.05.2023, 2023-05-12,
// 12-May-2023, May-23, also with a time.
func IsDate(text string) bool { return strings.ContainsAny(text, "./- ") && date.MatchString(text) }

var date = regexp.MustCompile(`^(\d{1,2}([./-])\d{1,2}[./-]((19|20)\d\d)|(19|20)\d\d([./-])\d{1,2}[./-]\d{1,2}|` +
	`\d{1,2}[. -]{1,2}\pL{3,9}\.?([. -]{1,2}\d{2,4})?|\pL{3,9}\.?[ -]\d{2}(\d{2})?)([ T]\d{1,2}:\d\d(:\d\d)?)?$`)

// IsShortDate reports whether text may be a date with a two-digit year, or a
// time: 1/2/26, 12:30. It can also be something else.
func IsShortDate(text string) bool {
	return strings.ContainsAny(text, "./-:") && shortDate.MatchString(text)
}

var shortDate = regexp.MustCompile(`^(\d{1,2}[./-]\d{1,2}[./-]\d{2}|\d{1,2}:\d\d(:\d\d)?)$`)

// HasApostrophe reports whether text begins with the apostrophe that marks text
// in a spreadsheet. It is false for names that begin with an apostrophe, such
// as 't Hooft.
func HasApostrophe(text string) bool {
	rest, ok := strings.CutPrefix(text, "'")
	return ok && rest != "" && !elided.MatchString(rest) && !strings.HasSuffix(rest, "'")
}

var elided = regexp.MustCompile(`^\pL{1,2}([ -]|$)`)

// maxCell is the number of UTF-16 units that Excel keeps of a cell.
const maxCell = 32767

// isCut reports whether a text has the greatest length of a cell, so that its
// end is likely lost.
func isCut(raw string) bool {
	return len(raw) >= maxCell && len(utf16.Encode([]rune(raw))) == maxCell
}
