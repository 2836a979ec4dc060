package report

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/webexscim/bulk/internal/terminal"
)

// hidden replaces the omitted parts of a text, as in the errors of client.
const hidden = terminal.Cut

// The bounds of texts, in characters: the part that is read, and the part that
// is shown.
const (
	maxRead  = 1 << 10
	maxShown = 300
)

// discreet removes from text everything that identifies a person or one
// operation: the given names, quotations, addresses, bulkIds, tracking ids and
// ids. The rest is equal for all failures of a kind, and can be shown to
// anybody.
func discreet(text string, names ...string) string {
	text = terminal.Escape(terminal.Clip(text, maxRead))
	for _, name := range names {
		text = hideWord(text, name)
	}
	s := scrubber{text: strings.ToValidUTF8(text, hidden), mark: -1}
	for s.text != "" {
		s.next()
	}
	return terminal.Clip(strings.TrimSpace(string(s.out)), maxShown)
}

// scrubber reads a text from left to right, once.
type scrubber struct {
	text string // the rest to read
	out  []byte
	mark int  // the end of the last mark in out, -1 if there is none
	last rune // the last character that was copied, or … after a mark
}

// copy takes over n bytes.
func (s *scrubber) copy(n int) {
	if n > 0 {
		s.last, _ = utf8.DecodeLastRuneInString(s.text[:n])
	}
	s.out = append(s.out, s.text[:n]...)
	s.text = s.text[n:]
}

// hide leaves out n bytes. Marks with only punctuation between them become one,
// so that the number of words in a name does not show.
func (s *scrubber) hide(n int) {
	s.last, s.text = '…', s.text[n:]
	if s.mark >= 0 && strings.Trim(string(s.out[s.mark:]), " .,;:@+_/-") == "" {
		s.out = s.out[:s.mark]
		return
	}
	s.out = append(s.out, hidden...)
	s.mark = len(s.out)
}

func (s *scrubber) next() {
	first, size := utf8.DecodeRuneInString(s.text)
	n := wordLength(s.text)
	switch {
	case strings.HasPrefix(s.text, " (tracking id "):
		s.text = s.text[through(s.text, ")"):]
	case first == '…':
		s.hide(size)
	case first == '"':
		s.quotation()
	case first == '\'' && !isPart(s.last):
		s.hide(singleQuoted(s.text))
	case closing[first] != "":
		s.hide(through(s.text, closing[first]))
	case n == 0:
		s.copy(size)
	case strings.Contains(s.text[:n], "@"):
		s.hide(n)
	default:
		s.word(n)
	}
}

// closing maps the beginnings of quotations without escapes to their ends.
var closing = map[rune]string{'`': "`", '“': "”", '‘': "’", '«': "»", '„': "“"}

// quotation hides a text in double quotes, unless it is a word of the protocol.
func (s *scrubber) quotation() {
	n := 1
	for n < len(s.text) && s.text[n] != '"' {
		if s.text[n] == '\\' {
			n++
		}
		n++
	}
	n = min(n+1, len(s.text))
	if vocabulary[strings.Trim(s.text[:n], `"`)] {
		s.copy(n)
	} else {
		s.hide(n)
	}
}

// word passes over n bytes without space, brackets and quotes: words joined by
// punctuation.
func (s *scrubber) word(n int) {
	for n > 0 {
		part := strings.IndexFunc(s.text[:n], func(r rune) bool { return !isPart(r) && r != '-' })
		if part < 0 {
			part = n
		}
		switch {
		case part == 0:
			_, part = utf8.DecodeRuneInString(s.text)
			s.copy(part)
		case strings.EqualFold(s.text[:part], "bulkId"):
			s.copy(part)
			s.name()
			return
		case isID(s.text[:part]):
			s.hide(part)
		default:
			s.copy(part)
		}
		n -= part
	}
}

// name passes over the name that follows "bulkId", if one does: in quotes it is
// a quotation.
func (s *scrubber) name() {
	start := len(s.text) - len(strings.TrimLeft(s.text, ":= "))
	after := s.text[start:]
	n := strings.IndexAny(after, " \",;)]")
	if n < 0 {
		n = len(after)
	}
	named := strings.ContainsAny(s.text[:start], ":=")
	s.copy(start)
	first, _ := utf8.DecodeRuneInString(after)
	quoted := first == '\'' || closing[first] != ""
	if start > 0 && n > 0 && !quoted && (named || !follows[after[:n]]) {
		s.hide(n)
	}
}

// wordLength returns the length of text up to the first space, bracket or
// quote. An apostrophe between letters is not a quote.
func wordLength(text string) int {
	var before rune
	for i, r := range text {
		after, _ := utf8.DecodeRuneInString(text[i+utf8.RuneLen(r):])
		apostrophe := r == '\'' && isPart(before) && isPart(after)
		if strings.ContainsRune(" \"'`“”‘’«»„<>()[]{},;:=…", r) && !apostrophe {
			return i
		}
		before = r
	}
	return len(text)
}

// through returns the length of text up to and including the first end after
// its first character.
func through(text, end string) int {
	_, size := utf8.DecodeRuneInString(text)
	if i := strings.Index(text[size:], end); i >= 0 {
		return size + i + len(end)
	}
	return len(text)
}

// singleQuoted returns the length of a quotation that may contain apostrophes.
func singleQuoted(text string) int {
	for i := 1; i < len(text); i++ {
		after, _ := utf8.DecodeRuneInString(text[i+1:])
		if text[i] == '\'' && !isPart(after) {
			return i + 1
		}
	}
	return len(text)
}

// follows are the words that come after "bulkId" if no bulkId is given.
var follows = wordSet("already and can cannot did does for has in is missing must not of or required than that to " +
	"was with which without")

// vocabulary are quotations that explain a failure and contain no names: words
// of the protocol.
var vocabulary = wordSet("/Users /Users/<id> /Groups /Groups/<id> POST PATCH DELETE PUT add replace remove " +
	"userName displayName nickName title userType preferredLanguage locale timezone active password emails phoneNumbers " +
	"addresses photos ims roles entitlements name name.givenName name.familyName members manager value type primary " +
	"externalId id schemas meta Operations op path data method bulkId failOnErrors status")

func wordSet(list string) map[string]bool {
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
