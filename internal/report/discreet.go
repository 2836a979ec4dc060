package report

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// hidden stands for what is left out of a text, as in the errors of client.
const hidden = "…"

// The bounds of texts, in bytes: what is read of one, and what is shown.
const (
	maxRead  = 1 << 10
	maxShown = 300
)

// telling finds what can differ between texts that mean the same, or name a
// person: what is quoted, addresses, names of operations, tracking ids, ids.
// A quotation that is cut off goes to the end.
var telling = regexp.MustCompile(`\s*\(tracking id [^)]*\)` +
	`|"(?:[^"\\]|\\.)*(?:"|\\?$)` +
	"|`[^`]*(?:`|$)" +
	`|“[^”]*(?:”|$)|‘[^’]*(?:’|$)|«[^»]*(?:»|$)` +
	`|(?:^|[\s(\[{=:,;])'(?:[^']|'[\pL\pN])*(?:'|$)` +
	`|(?i:\bbulkid)(?:\s*[:=]\s*|\s+)[^\s"'“‘,;)\]][^\s",;)\]]*` +
	`|[^\s"'<>()\[\],;:]*@[^\s"'<>()\[\],;]*` +
	`|[\pL\pN_-]{7,}`)

// runs finds marks with little but punctuation between them.
var runs = regexp.MustCompile(hidden + `(?:[\s.,;:@+_/-]*` + hidden + `)+`)

// discreet is text without what names a person or one operation, the given
// names among it: what is left is the same for all failures of a kind, and can
// be shown to anybody.
func discreet(text string, names ...string) string {
	text = oneLine(clip(text, maxRead))
	for _, name := range names {
		text = hideWord(text, name)
	}
	text = telling.ReplaceAllStringFunc(text, hide)
	return clip(strings.TrimSpace(runs.ReplaceAllString(text, hidden)), maxShown)
}

// hide is what stays of a match of telling.
func hide(match string) string {
	first, size := utf8.DecodeRuneInString(match)
	switch {
	case strings.HasPrefix(strings.TrimSpace(match), "(tracking id"):
		return ""
	case first == '"' && vocabulary[strings.Trim(match, `"`)]:
		return match
	case strings.ContainsRune("\"`“‘«'", first):
		return hidden
	case strings.ContainsRune(match[size:], '\'') && !unicode.IsLetter(first):
		return match[:size] + hidden
	case len(match) > 6 && strings.EqualFold(match[:6], "bulkId") && !unicode.IsLetter(rune(match[6])):
		return hideBulkID(match)
	case strings.Contains(match, "@"), isID(match):
		return hidden
	}
	return match
}

// hideBulkID keeps a word that goes on with the sentence.
func hideBulkID(match string) string {
	i := strings.LastIndexAny(match, ":= \t") + 1
	if separator := strings.TrimSpace(match[6:i]); separator == "" && follows[match[i:]] {
		return match
	}
	return match[:i] + hidden
}

// follows are the words that come after "bulkId" when it is not named.
var follows = words("already and can cannot did does for has in is missing must not of or required than that to was with which without " + hidden)

// vocabulary are quotations that explain a failure and name nobody: parts of
// the protocol.
var vocabulary = words("/Users /Users/<id> /Groups /Groups/<id> POST PATCH DELETE PUT add replace remove " +
	"userName displayName nickName title userType preferredLanguage locale timezone active password emails phoneNumbers " +
	"addresses photos ims roles entitlements name name.givenName name.familyName members manager value type primary " +
	"externalId id schemas meta Operations op path data method bulkId failOnErrors status")

func words(list string) map[string]bool {
	set := map[string]bool{}
	for word := range strings.FieldsSeq(list) {
		set[word] = true
	}
	return set
}

// isID reports whether a word is more likely an id than a word or a code of the
// service, which has six digits at most.
func isID(word string) bool {
	digits := 0
	for _, r := range word {
		if unicode.IsDigit(r) {
			digits++
		}
	}
	return digits >= 7 || digits >= 4 && utf8.RuneCountInString(word) > digits
}

// hideWord hides name where it stands by itself, from two characters on.
func hideWord(text, name string) string {
	if len(name) < 2 {
		return text
	}
	var b strings.Builder
	for {
		i := strings.Index(text, name)
		if i < 0 {
			return b.String() + text
		}
		before, _ := utf8.DecodeLastRuneInString(text[:i])
		after, _ := utf8.DecodeRuneInString(text[i+len(name):])
		b.WriteString(text[:i])
		if isPart(before) || isPart(after) {
			b.WriteString(name)
		} else {
			b.WriteString(hidden)
		}
		text = text[i+len(name):]
	}
}

func isPart(r rune) bool {
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_')
}

// oneLine has spaces in place of line breaks and control characters, which a
// terminal might obey, and none of the marks that turn text around.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r), r == '\u2028', r == '\u2029':
			return ' '
		case unicode.Is(unicode.Bidi_Control, r):
			return -1
		}
		return r
	}, s)
}

// clip cuts s to at most n bytes and the mark of what is left out.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + hidden
}
