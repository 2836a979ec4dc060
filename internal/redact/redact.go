// Package redact takes an access token and the data of requests out of texts
// that are shown or logged, however the texts hold them.
//
//	r := redact.Redactor{Token: redact.NewToken(token), Texts: []string{"ann@example.com"}}
//	r.Clean("no such user: ANN%40example.com") // "no such user: …"
package redact

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"html"
	"iter"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/webexscim/bulk/internal/fold"
	"github.com/webexscim/bulk/internal/location"
	"github.com/webexscim/bulk/internal/rawjson"
)

// Token is a token in the forms in which an answer may repeat it, in lower
// case. The zero value is none.
type Token []string

// Bounds of looking for a token: shorter forms are in every base64 text by
// chance, larger texts are hidden whole, and a token that is escaped more often
// is not looked for.
const (
	shortestBase64 = 8
	largestMasked  = 64 << 10
	mostEscapes    = 4
)

// NewToken knows the token as it is, which "Bearer …" holds, and inside
// base64, as in "Basic …" (RFC 7617 section 2).
func NewToken(token string) Token {
	if len(token) < Shortest {
		return nil
	}
	f := Token{strings.ToLower(token)}
	for before := range 3 { // how many bytes stand before it in a group of three
		for _, enc := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			text := enc.EncodeToString(append(make([]byte, before, before+len(token)), token...))
			// The characters that it shares with its neighbors may be others.
			text = text[(before*8+5)/6 : (before+len(token))*8/6]
			if len(text) >= shortestBase64 {
				f = append(f, strings.ToLower(text))
			}
		}
	}
	return f
}

// In reports whether a text holds the token, in any case, however often escaped
// as in a url.
func (f Token) In(text string) bool {
	for range mostEscapes {
		folded := strings.ToLower(text)
		for _, form := range f {
			if strings.Contains(folded, form) {
				return true
			}
		}
		if strings.IndexByte(text, '%') < 0 {
			return false // as in most texts, of which each operation has some
		}
		text = location.Unescape(text)
	}
	return false
}

// Mask is text with the mark in the place of the token, and nothing but the
// mark where the token is in another form.
func (f Token) Mask(text string) string {
	switch {
	case !f.In(text):
		return text
	case len(text) > largestMasked:
		return Hidden
	}
	return (&Redactor{Token: f}).mask(text)
}

// Without is text, or "" where it holds the token.
func (f Token) Without(text string) string {
	if f.In(text) {
		return ""
	}
	return text
}

// Location is the url of a resource without the token. Of one that holds it,
// only the end is kept: type and id tell the resource.
func (f Token) Location(text string) string {
	if !f.In(text) {
		return text
	}
	_, kind, id := location.Split(text)
	return f.Without("/" + url.PathEscape(kind) + "/" + url.PathEscape(id))
}

// Hidden stands in the place of hidden text.
const Hidden = "…"

// Shortest is the length, in characters, from which a value is looked for
// everywhere in a text. A shorter one is in every text by chance, unless it is
// a word of its own there.
const Shortest = 3

// Redactor takes a token, texts and the values of JSON data out of other texts.
// The zero value hides nothing. A Redactor is not for concurrent use.
type Redactor struct {
	Token Token
	// Texts are texts to hide, such as the names that a lookup asks for.
	Texts []string
	// Data are JSON values, such as those of the operations of a request; nil
	// for none. They are read when they are first needed, since most answers
	// hold no error.
	Data iter.Seq[json.RawMessage]

	values map[string]bool  // all that must not be shown, folded
	index  map[rune][]value // values by their first character
}

// value is a text that must not be shown, folded.
type value struct {
	text []rune
	word bool // it is hidden where it is a word of its own
}

// load collects the values, once.
func (r *Redactor) load() {
	if r.values != nil {
		return
	}
	r.values, r.index = make(map[string]bool), make(map[rune][]value)
	for _, text := range slices.Concat(r.Token, r.Texts) {
		r.add(text)
	}
	if r.Data != nil {
		for data := range r.Data {
			in := rawjson.New(data)
			r.collect("", &in)
		}
	}
	for text := range r.values {
		v := value{text: []rune(text)}
		v.word = len(v.text) < Shortest && !slices.ContainsFunc(v.text, unspaced)
		r.index[v.text[0]] = append(r.index[v.text[0]], v)
	}
}

// collect adds all texts and numbers of the next value of data, the member
// called key.
func (r *Redactor) collect(key string, data *rawjson.Reader) {
	switch data.Kind() {
	case '{':
		for data.Enter('{'); data.More('}'); {
			r.collect(rawjson.Text(data.Key()), data)
		}
	case '[':
		for data.Enter('['); data.More(']'); {
			r.collect(key, data)
		}
	case 't', 'f', 'n':
		data.Value()
	case '"':
		text := rawjson.Text(data.Value())
		switch {
		case vocabulary(key):
		case strings.EqualFold(key, "path"): // of a PATCH: attribute names, and in quotes the values of a filter
			for i, part := range strings.Split(text, `"`) {
				if i%2 == 1 {
					r.add(part)
				}
			}
		default:
			r.add(text)
		}
	default:
		r.add(string(data.Value()))
	}
}

// vocabulary reports whether a member's values are words of the protocol, such
// as "user" or "work". They say nothing about people, and errors are hard to
// read without them.
func vocabulary(key string) bool {
	switch strings.ToLower(key) {
	case "schemas", "type", "usertype", "op":
		return true
	}
	return false
}

// add adds a value in the forms in which a service may keep it.
func (r *Redactor) add(text string) {
	plain := fold.Spaces(text)
	for _, form := range []string{plain, fold.Compose(plain), fold.Decompose(plain)} {
		form = strings.Map(fold.Rune, form)
		if utf8.RuneCountInString(form) >= 2 || strings.ContainsFunc(form, unspaced) {
			r.values[form] = true
		}
	}
}

// Certain is the length, in characters, from which a value does not stand in an
// id by chance.
const Certain = 5

// Reveals reports whether a code or tracking id is about a person: it is a
// value, or the first part of an address, or holds one of at least so many
// characters, as it is or in Base64 or hexadecimal digits.
func (r *Redactor) Reveals(code string, least int) bool {
	r.load()
	return r.holdsValue(code, least) || r.encodes(code, least)
}

// encodes is Reveals for a code in Base64 or hexadecimal digits.
func (r *Redactor) encodes(code string, least int) bool {
	for _, decode := range decoders {
		decoded, err := decode(code)
		if err == nil && utf8.Valid(decoded) && r.holdsValue(string(decoded), least) {
			return true
		}
	}
	return false
}

// holdsValue is Reveals for a code as it is.
func (r *Redactor) holdsValue(code string, least int) bool {
	code = strings.Map(fold.Rune, code)
	holds := func(part string) bool {
		return utf8.RuneCountInString(part) >= least && strings.Contains(code, part)
	}
	for value := range r.values {
		if local, _, _ := strings.Cut(value, "@"); holds(value) || holds(local) || code == local {
			return true
		}
	}
	return false
}

// encoded finds words that may be in Base64 or hexadecimal digits, in either
// alphabet of Base64, and as a segment of a path.
var encoded = []*regexp.Regexp{
	regexp.MustCompile(`[A-Za-z0-9+/]{7,}=*`), regexp.MustCompile(`[A-Za-z0-9_-]{7,}=*`),
	regexp.MustCompile(`[A-Za-z0-9+]{7,}=*`),
}

// decoders read a code as Base64 or hexadecimal digits.
var decoders = []func(string) ([]byte, error){
	base64.RawStdEncoding.DecodeString, base64.RawURLEncoding.DecodeString, hex.DecodeString,
}

// unspaced reports whether c is of a script that writes no spaces between
// words, or glues endings to names. There two characters are a whole name, and
// no space shows where it ends.
func unspaced(c rune) bool {
	return unicode.In(c, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul,
		unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar)
}

// queried finds the query of a url in a text, absolute or relative, however
// often escaped.
var queried = regexp.MustCompile(`(?i)((?:/|%(?:25)*2F)[^\s?"]*?)(?:\?|%(?:25)*3F)[^\s"]+`)

// Clean is text on one line with every value replaced, in any case, however
// escaped, and in Base64 or hexadecimal digits, and without the query of a url:
// that of a search names people.
func (r *Redactor) Clean(text string) string {
	r.load()
	text = queried.ReplaceAllString(oneLine(text), "$1")
	for _, alphabet := range encoded {
		text = alphabet.ReplaceAllStringFunc(text, func(word string) string {
			if r.encodes(strings.TrimRight(word, "="), Certain) {
				return Hidden
			}
			return word
		})
	}
	return r.mask(text)
}

// mask is text with the mark in the place of every value. Where an escape hid
// one, the text is shown unescaped.
func (r *Redactor) mask(text string) string {
	shown := r.hide(text)
	plain := shown
	for range mostEscapes {
		next := unescapeText(plain)
		if plain = r.hide(next); plain != next {
			shown = plain
		}
	}
	if r.Token.In(shown) { // escaped in another way
		return Hidden
	}
	return shown
}

// hide replaces the values that stand in a text as they are.
func (r *Redactor) hide(text string) string {
	r.load()
	runes := []rune(text)
	folded := []rune(strings.Map(fold.Rune, text))
	covered := make([]bool, len(runes))
	for i, c := range folded {
		for _, v := range r.index[c] {
			if v.at(folded, i) {
				for k := range v.text {
					covered[i+k] = true
				}
			}
		}
	}
	var b strings.Builder
	for i, c := range runes {
		switch {
		case !covered[i]:
			b.WriteRune(c)
		case i == 0 || !covered[i-1]:
			b.WriteString(Hidden)
		}
	}
	return b.String()
}

// at reports whether the value stands at text[i].
func (v value) at(text []rune, i int) bool {
	end := i + len(v.text)
	if end > len(text) || !slices.Equal(text[i:end], v.text) {
		return false
	}
	return !v.word || (i == 0 || !inWord(text[i-1])) && (end == len(text) || !inWord(text[end]))
}

func inWord(c rune) bool { return unicode.IsLetter(c) || unicode.IsDigit(c) }

// inJSON finds the escapes of JSON strings.
var inJSON = regexp.MustCompile(`(?:\\u[0-9A-Fa-f]{4})+|\\["\\/]`)

// unescapeText reads the escapes of urls, HTML and JSON once, on one line.
func unescapeText(text string) string {
	text = html.UnescapeString(strings.ReplaceAll(location.Unescape(text), "+", " "))
	text = inJSON.ReplaceAllStringFunc(text, func(escape string) (plain string) {
		_ = json.Unmarshal([]byte(`"`+escape+`"`), &plain) // always can be
		return plain
	})
	if !utf8.ValidString(text) { // perhaps ISO 8859-1
		runes := make([]rune, len(text))
		for i := range len(text) {
			runes[i] = rune(text[i])
		}
		text = string(runes)
	}
	return oneLine(text)
}

// oneLine is text without line breaks and control characters, which a terminal
// might obey.
func oneLine(text string) string {
	return fold.Spaces(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text))
}
