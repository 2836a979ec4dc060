package report

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// follows are the words that come after "bulkId" if no bulkId is given.
var follows = words("already and can cannot did does for has in is missing must not of or required than that to " +
	"was with which without")

// vocabulary are quotations that explain a failure and contain no names: words
// of the protocol.
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
	digits, others := 0, 0
	for _, r := range word {
		if unicode.IsDigit(r) {
			digits++
		} else {
			others++
		}
	}
	return digits >= 7 || digits >= 4 && digits+others >= 7 && others > 0
}

// hideWord hides name where it is a whole word of two bytes or more.
func hideWord(text, name string) string {
	if len(name) < 2 || !strings.Contains(text, name) {
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

// isPart reports whether r is part of a word.
func isPart(r rune) bool {
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_')
}
