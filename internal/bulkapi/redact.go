package bulkapi

import (
	"bytes"
	"encoding/json"
	"html"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/webexscim/bulk/internal/fold"
)

// hidden stands for what is not shown.
const hidden = "…"

// shortest is the length, in characters, from which a value is looked for everywhere in a text. A shorter one is in every
// text by chance, unless it is a word of its own there.
const shortest = 3

// redactor takes the token and the values of data out of texts.
type redactor struct {
	token  forms
	values map[rune][]value // by their first character
	known  map[string]bool
}

// value is what must not be shown, folded.
type value struct {
	text []rune
	word bool // it is hidden where it is a word of its own
}

// newRedactor collects the values of the operations' data. It does its work only where an error is reported.
func newRedactor(token forms, ops ...Operation) *redactor {
	r := &redactor{token: token, values: make(map[rune][]value), known: make(map[string]bool)}
	for _, form := range token {
		r.add(form)
	}
	for _, op := range ops {
		var data any
		dec := json.NewDecoder(bytes.NewReader(op.Data))
		dec.UseNumber()
		if len(op.Data) > 0 && dec.Decode(&data) == nil {
			r.collect("", data)
		}
	}
	return r
}

// collect adds all texts and numbers under value, the member called key.
func (r *redactor) collect(key string, value any) {
	switch v := value.(type) {
	case map[string]any:
		for name, member := range v {
			r.collect(name, member)
		}
	case []any:
		for _, entry := range v {
			r.collect(key, entry)
		}
	case json.Number:
		r.add(v.String())
	case string:
		switch {
		case vocabulary(key):
		case strings.EqualFold(key, "path"): // of a PATCH: attribute names, and in quotes the values of a filter
			for i, part := range strings.Split(v, `"`) {
				if i%2 == 1 {
					r.add(part)
				}
			}
		default:
			r.add(v)
		}
	}
}

// vocabulary reports whether a member's values are words of the protocol, such as "user" or "work". They say nothing
// about people, and errors are hard to read without them.
func vocabulary(key string) bool {
	switch strings.ToLower(key) {
	case "schemas", "type", "usertype", "op":
		return true
	}
	return false
}

// add adds a value in the forms in which a service may keep it.
func (r *redactor) add(text string) {
	plain := fold.Spaces(text)
	for _, form := range []string{plain, fold.Compose(plain), fold.Decompose(plain)} {
		runes := []rune(strings.Map(fold.Rune, form))
		if len(runes) == 0 || r.known[string(runes)] {
			continue
		}
		r.known[string(runes)] = true
		dense := slices.ContainsFunc(runes, unspaced)
		if len(runes) >= 2 || dense {
			v := value{text: runes, word: len(runes) < shortest && !dense}
			r.values[runes[0]] = append(r.values[runes[0]], v)
		}
	}
}

// unspaced reports whether c is of a script that writes no spaces between words, or glues endings to names. There two
// characters are a whole name, and no space shows where it ends.
func unspaced(c rune) bool {
	return unicode.In(c, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar)
}

// queried finds the query of a url in a text, absolute or relative, however often escaped.
var queried = regexp.MustCompile(`(?i)((?:/|%(?:25)*2F)[^\s?"]*?)(?:\?|%(?:25)*3F)[^\s"]+`)

// clean is text on one line with every value replaced, in any case and however escaped, and without the query of a url:
// that of a search names people.
func (r *redactor) clean(text string) string {
	return r.mask(queried.ReplaceAllString(oneLine(text), "$1"))
}

func (r *redactor) mask(text string) string {
	for range 4 { // a replacement can make a new match only with values that hold the mark itself
		next := r.once(text)
		if next == text {
			break
		}
		text = next
	}
	if r.token.in(text) { // escaped in another way
		return hidden
	}
	return text
}

func (r *redactor) once(text string) string {
	runes := []rune(text)
	hide := make([]bool, len(runes))
	read := make([]char, 0, len(runes))
	for i, c := range runes {
		read = appendChar(read, c, i, i+1)
	}
	for n, more := 0, true; n < mostEscapes && more; n++ {
		r.mark(read, hide)
		read, more = unescaped(read)
	}
	var b strings.Builder
	for i, c := range runes {
		switch {
		case !hide[i]:
			b.WriteRune(c)
		case i == 0 || !hide[i-1]:
			b.WriteString(hidden)
		}
	}
	return b.String()
}

// char is a character as it is read, folded, and where it stands in the text.
type char struct {
	r        rune
	from, to int
}

// appendChar makes one space of a run of white space, as in the values.
func appendChar(read []char, r rune, from, to int) []char {
	if !fold.IsSpace(r) {
		return append(read, char{fold.Rune(r), from, to})
	}
	if n := len(read); n > 0 && read[n-1].r == ' ' {
		read[n-1].to = to
		return read
	}
	return append(read, char{' ', from, to})
}

// mark notes what is to be hidden.
func (r *redactor) mark(text []char, hide []bool) {
	for i, c := range text {
		for _, v := range r.values[c.r] {
			if v.at(text, i) {
				for k := text[i].from; k < text[i+len(v.text)-1].to; k++ {
					hide[k] = true
				}
			}
		}
	}
}

// at reports whether the value stands at text[i].
func (v value) at(text []char, i int) bool {
	end := i + len(v.text)
	if end > len(text) {
		return false
	}
	for k, c := range v.text {
		if text[i+k].r != c {
			return false
		}
	}
	return !v.word || (i == 0 || !inWord(text[i-1].r)) && (end == len(text) || !inWord(text[end].r))
}

func inWord(c rune) bool { return unicode.IsLetter(c) || unicode.IsDigit(c) }

// unescaped reads the escapes of urls, JSON and HTML. more reports whether there were any.
func unescaped(text []char) (read []char, more bool) {
	if !slices.ContainsFunc(text, func(c char) bool { return strings.ContainsRune(`%+\&`, c.r) }) {
		return text, false
	}
	for i := 0; i < len(text); {
		r, n := escape(text[i:min(i+longestEscape, len(text))])
		if n > 0 {
			more = true
		} else {
			r, n = text[i].r, 1
		}
		read = appendChar(read, r, text[i].from, text[i+n-1].to)
		i += n
	}
	return read, more
}

// longestEscape is that of a character as %XX%XX%XX%XX, or of a pair of surrogates.
const longestEscape = 12

// escape is the character that an escape at the beginning of text stands for, and its length; 0 if there is none.
func escape(text []char) (r rune, n int) {
	s := make([]rune, len(text))
	for i, c := range text {
		s[i] = c.r
	}
	switch s[0] {
	case '+':
		return ' ', 1
	case '%':
		var b []byte
		for ; len(s) >= 3 && s[0] == '%'; s = s[3:] {
			c, ok := hex(s[1:3])
			if !ok {
				break
			}
			b = append(b, byte(c))
		}
		switch r, size := utf8.DecodeRune(b); {
		case len(b) == 0:
			return 0, 0
		case r == utf8.RuneError: // not UTF-8, perhaps ISO 8859-1
			return rune(b[0]), 3
		default:
			return r, 3 * size
		}
	case '\\':
		if len(s) >= 2 && strings.ContainsRune(`"\/`, s[1]) {
			return s[1], 2
		}
		high, ok := unicodeEscape(s)
		if !ok {
			return 0, 0
		}
		if low, ok := unicodeEscape(s[6:]); ok && utf16.IsSurrogate(high) {
			return utf16.DecodeRune(high, low), 12
		}
		return high, 6
	case '&':
		if end := slices.Index(s, ';'); end > 0 {
			if c := []rune(html.UnescapeString(string(s[:end+1]))); len(c) == 1 {
				return c[0], end + 1
			}
		}
	}
	return 0, 0
}

// unicodeEscape reads \uXXXX, folded.
func unicodeEscape(s []rune) (r rune, ok bool) {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return 0, false
	}
	return hex(s[2:6])
}

func hex(digits []rune) (r rune, ok bool) {
	n, err := strconv.ParseUint(string(digits), 16, 16)
	return rune(n), err == nil
}
