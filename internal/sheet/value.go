package sheet

import (
	_ "embed"
	"fmt"
	"iter"
	"regexp"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	xlanguage "golang.org/x/text/language"

	"github.com/webexscim/bulk/internal/cell"
	"github.com/webexscim/bulk/internal/textfile"
)

// value returns the value of a cell that is not empty, or the problem with it.
// References are read elsewhere.
func (c *column) value(text string) (v value, problem, expected string) {
	switch {
	case c.max > 0 && utf8.RuneCountInString(text) > c.max:
		return v, fmt.Sprintf("%d characters", utf8.RuneCountInString(text)), fmt.Sprintf("at most %d", c.max)
	case c.kind != phone && !c.secret && isRemoval(text):
		return v, removalProblem, "the new value, REMOVE|* to clear it, or an empty cell to leave it as it is"
	}
	switch c.kind {
	case boolean:
		if !isSwitch(text) {
			return v, "neither true nor false", "true or false"
		}
		return otherValue(strings.EqualFold(text, "true")), "", ""
	case identity:
		if c.path == users.identity {
			problem, expected = emailProblem(text)
		}
	case address:
		problem, expected = emailProblem(text)
	case phone:
		problem, expected = phoneProblem(text)
	case code:
		problem, expected = damagedCode(text)
	case language:
		text, problem, expected = languageTag(text)
	case zone:
		problem, expected = zoneProblem(text)
	case list:
		return value{form: asList, text: text}, "", ""
	}
	if problem != "" {
		return v, problem, expected
	}
	return textValue(text), "", ""
}

// phoneProblem returns the problem with a telephone number. It accepts one
// number in any style that a spreadsheet has not changed into another value.
func phoneProblem(text string) (problem, expected string) {
	if problem, expected = damagedCode(text); problem != "" {
		return problem, expected
	}
	switch {
	case cell.IsDate(text):
		return cell.DateProblem, "the column formatted as text, and the number, such as +1 555 0100"
	case !strings.ContainsFunc(text, unicode.IsDigit):
		return "not a telephone number", "digits, such as +1 555 0100"
	case isSeveral(text):
		return "more than one telephone number, or one that is too long", "one of them, with at most 15 digits (ITU-T E.164)"
	}
	return "", ""
}

// damagedCode returns the problem with a code of digits that a spreadsheet has
// damaged.
func damagedCode(text string) (problem, expected string) {
	switch {
	case strings.ContainsAny(text, "Ee") && mangledCode.MatchString(text):
		return cell.RoundedProblem, "the column formatted as text and the value written in full"
	case cell.HasDecimals(text):
		return cell.DecimalsProblem, "the column formatted as text and the value without them"
	case strings.HasPrefix(text, "'"):
		return cell.ApostropheProblem, "the value alone"
	}
	return "", ""
}

// mangledCode is cell.IsRounded for codes, which may lack the sign of the
// exponent.
var mangledCode = regexp.MustCompile(`^[+-]?\d([.,]\d+)[Ee][+-]?\d+$`)

// isSeveral reports whether a cell holds several telephone numbers: parts that
// could each be one, or more digits than one has, with an extension.
func isSeveral(text string) bool {
	long, digits := 0, countDigits(text)
	if digits < 12 {
		return strings.Count(text, "+") > 1
	}
	for _, part := range betweenNumbers.Split(text, -1) {
		if countDigits(part) >= 6 {
			long++
		}
	}
	return long > 1 || strings.Count(text, "+") > 1 || digits > 24
}

var betweenNumbers = regexp.MustCompile(`[/;,|&\n\r]|\s(or|and|oder|und|ou|et)\s`)

func countDigits(text string) (n int) {
	for _, r := range text {
		if unicode.IsDigit(r) {
			n++
		}
	}
	return n
}

// isOddNumber reports whether a telephone number has unusual characters:
// letters, except those of an extension, or digits outside of ASCII.
func isOddNumber(text string) bool { return !numberForm.MatchString(text) }

var numberForm = regexp.MustCompile(`^(?i)[-+0-9()./\s\x{a0}\x{2009}\x{202f}*#\x{2010}-\x{2015}]+` +
	`((ext|extn|x)\.?\s*[0-9]+)?$`)

const removalProblem = "REMOVE| is for telephone numbers alone"

func isRemoval(text string) bool { _, ok := removal(text); return ok }

// removal cuts off REMOVE|, the prefix that Control Hub has for a number to
// remove.
func removal(text string) (number string, ok bool) {
	if number, ok = textfile.CutFold(text, removalMark); ok {
		number = strings.TrimFunc(number, cell.IsBlank)
	}
	return number, ok
}

// emailProblem returns why a text is not an email address.
func emailProblem(text string) (problem, expected string) {
	expected = "one such as ada@example.com, at most 64 characters before the @"
	if strings.HasPrefix(text, "'") && strings.Contains(text, "@") {
		return "an apostrophe before the address", "the address alone"
	}
	if isEmail(text) {
		return "", ""
	}
	problem = "not an email address"
	if i := strings.IndexFunc(text, func(r rune) bool { return r != ' ' && isUnseen(r) }); i >= 0 {
		r, _ := utf8.DecodeRuneInString(text[i:])
		problem += fmt.Sprintf(": it has an invisible character (%U)", r)
	}
	return problem, expected
}

// isEmail reports whether text has the form of an email address as Webex takes
// it: before the @ a dot-string of at most 64 characters, behind it labels of
// letters, digits and hyphens (RFC 5321 section 4.1.2; letters of any script,
// RFC 6531).
func isEmail(text string) bool {
	user, domain, ok := strings.Cut(text, "@")
	return ok && (len(user) <= 64 || utf8.RuneCountInString(user) <= 64) && !strings.HasPrefix(user, "'") &&
		isDotted(user, func(atom string) bool { return isMadeOf(atom, "!#$%&'*+/=?^_{|}~`-") }) &&
		isDotted(domain, isLabel)
}

// isDotted reports whether text consists of valid parts with dots between them.
func isDotted(text string, valid func(part string) bool) bool {
	for part, more := "", true; more; {
		part, text, more = strings.Cut(text, ".")
		if part == "" || !valid(part) {
			return false
		}
	}
	return true
}

// isLabel reports whether text is a label of a domain.
func isLabel(text string) bool {
	first, _ := utf8.DecodeRuneInString(text)
	return !unicode.IsMark(first) && text[0] != '-' && text[len(text)-1] != '-' && isMadeOf(text, "-")
}

// isMadeOf reports whether text consists of letters, digits and marks of any
// script, and the given others.
func isMadeOf(text, others string) bool {
	for _, r := range text {
		switch {
		case 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9':
		case r < utf8.RuneSelf && strings.IndexByte(others, byte(r)) >= 0:
		case r < utf8.RuneSelf || !unicode.In(r, unicode.L, unicode.M, unicode.N):
			return false
		}
	}
	return true
}

// isUnseen reports whether r is white space or invisible.
func isUnseen(r rune) bool {
	if r < utf8.RuneSelf {
		return r <= ' ' || r == 0x7f
	}
	return unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Cf, r)
}

// entriesOf yields the entries of a cell, separated by semicolons, commas,
// spaces or line ends.
func entriesOf(text string) iter.Seq[string] {
	return strings.FieldsFuncSeq(text, func(r rune) bool { return r == ';' || r == ',' || cell.IsBlank(r) })
}

// zoneProblem returns the problem with a time zone. It accepts the names of the
// IANA database, in their own case.
func zoneProblem(text string) (problem, expected string) {
	if isZone(text) {
		return "", ""
	}
	expected = "a name of the IANA database, such as Europe/Berlin or America/New_York"
	if near := titled(text); isZone(near) {
		expected = near
	}
	return "unknown time zone", expected
}

// titled capitalizes the words of a zone: america/new_york becomes
// America/New_York.
func titled(zone string) string {
	before := '/'
	return strings.Map(func(r rune) rune {
		last := before
		before = r
		if last == '/' || last == '_' || last == '-' {
			return unicode.ToUpper(r)
		}
		return unicode.ToLower(r)
	}, strings.ReplaceAll(zone, " ", "_"))
}

//go:embed zones.txt
var zoneList string

// zones are the names of the IANA database in Go 1.26 (lib/time/zoneinfo.zip).
// Unlike those of time.LoadLocation, they do not depend on the machine.
var zones = sync.OnceValue(func() map[string]bool { return wordSet(zoneList) })

func isZone(name string) bool { return zones()[name] }

var scimLanguage = regexp.MustCompile(`^[a-z]{2,3}_[A-Z]{2}$`)

// languageTag writes a language as Webex does: en_US. Control Hub writes
// names of languages.
func languageTag(text string) (written, problem, expected string) {
	if scimLanguage.MatchString(text) {
		return text, "", ""
	}
	if tag, ok := languageNames[strings.ToLower(text)]; ok {
		return tag, "", ""
	}
	tag, err := xlanguage.Raw.Parse(text)
	base, _, region := tag.Raw()
	if err != nil || base.String() == "und" {
		return "", "unknown language", "language and country, such as en_US"
	}
	if region.String() == "ZZ" {
		region, _ = tag.Region() // the country where most of its speakers live
	}
	return base.String() + "_" + region.String(), "", ""
}

// languageNames are the languages that Webex offers, as people write them, in
// lower case.
var languageNames = map[string]string{
	"english": "en_US", "english (us)": "en_US", "english (united states)": "en_US", "english (uk)": "en_GB",
	"english (united kingdom)": "en_GB", "english (australia)": "en_AU", "english (canada)": "en_CA",
	"arabic": "ar_SA", "bulgarian": "bg_BG", "catalan": "ca_ES", "croatian": "hr_HR", "czech": "cs_CZ",
	"chinese": "zh_CN", "chinese (simplified)": "zh_CN", "simplified chinese": "zh_CN", "chinese (china)": "zh_CN",
	"chinese (traditional)": "zh_TW", "traditional chinese": "zh_TW", "chinese (taiwan)": "zh_TW",
	"danish": "da_DK", "dutch": "nl_NL", "estonian": "et_EE", "finnish": "fi_FI",
	"french": "fr_FR", "french (france)": "fr_FR", "french (canada)": "fr_CA",
	"german": "de_DE", "german (germany)": "de_DE", "greek": "el_GR", "hebrew": "he_IL", "hindi": "hi_IN",
	"hungarian": "hu_HU", "indonesian": "id_ID", "italian": "it_IT", "japanese": "ja_JP", "korean": "ko_KR",
	"latvian": "lv_LV", "lithuanian": "lt_LT", "norwegian": "nb_NO", "polish": "pl_PL",
	"portuguese": "pt_PT", "portuguese (portugal)": "pt_PT", "portuguese (brazil)": "pt_BR",
	"brazilian portuguese": "pt_BR", "romanian": "ro_RO", "russian": "ru_RU", "serbian": "sr_RS", "slovak": "sk_SK",
	"slovenian": "sl_SI", "spanish": "es_ES", "spanish (spain)": "es_ES", "spanish (latin america)": "es_CO",
	"spanish (mexico)": "es_MX", "swedish": "sv_SE", "thai": "th_TH", "turkish": "tr_TR", "ukrainian": "uk_UA",
	"vietnamese": "vi_VN",
}
