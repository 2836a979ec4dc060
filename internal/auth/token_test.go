package auth

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"pgregory.net/rapid"
)

// encodings are the ways in which editors and shells write a small file.
var encodings = map[string]func(string) []byte{
	"UTF-8":                           func(s string) []byte { return []byte(s) },
	"UTF-8 with a mark":               func(s string) []byte { return []byte("\ufeff" + s) },
	"UTF-16LE with a mark":            func(s string) []byte { return utf16Bytes(binary.LittleEndian, "\ufeff"+s) },
	"UTF-16BE with a mark":            func(s string) []byte { return utf16Bytes(binary.BigEndian, "\ufeff"+s) },
	"UTF-16LE":                        func(s string) []byte { return utf16Bytes(binary.LittleEndian, s) },
	"UTF-16BE":                        func(s string) []byte { return utf16Bytes(binary.BigEndian, s) },
	"UTF-8 with two marks, and a NUL": func(s string) []byte { return []byte("\ufeff\ufeff" + s + "\x00") },
}

func utf16Bytes(order binary.ByteOrder, text string) []byte {
	var b bytes.Buffer
	_ = binary.Write(&b, order, utf16.Encode([]rune(text)))
	return b.Bytes()
}

// TestTextAroundATokenIsRemoved holds that the text around a token is removed,
// and that the error about any other text gives the cause and does not quote
// it.
func TestTextAroundATokenIsRemoved(t *testing.T) {
	for _, text := range []string{
		"to.ken", "to.ken\r\n", "\n\t to.ken \n\n", "Bearer to.ken", "bearer  to.ken\n", "BEARER\tto.ken", "Bearer: to.ken",
		"Bearer\u00a0to.ken", "Authorization: Bearer to.ken", "authorization:to.ken", `"to.ken"`, `'to.ken'`, "`to.ken`", "“to.ken”",
		`"Bearer to.ken"`, `Bearer "to.ken"`, "Bearer Bearer to.ken", "\u200bto.ken\u2060", "\ufeffBearer \ufeffto.ken", "to.ken\x00",
	} {
		if token, err := ParseToken(text); token != "to.ken" || err != nil {
			t.Errorf("%q: %q, %v", text, token, err)
		}
	}
	for text, says := range map[string]string{
		"": "no token", " \r\n": "no token", "\ufeff": "no token", "Bearer": "no token", "Authorization: Bearer ": "no token", `""`: "no token",
		"sec ret": "a space", "sec\u00a0ret": "a space", "sec\nret": "a line break", "sec\r\nret": "a line break",
		"sec\u200bret": "an invisible character (U+200B)", "sec\x1bret": "an invisible character (U+001B)",
		"secr…": "not ASCII (U+2026)", "sécret": "not ASCII (U+00E9)", "sec\xe9ret": "not UTF-8", "\xff\xfesecret": "UTF-16",
		`"secret`: `'"'`, "TOKEN=secret": `'='`, "$SECRET": `'$'`, "<secret>": `'<'`, `secret\n`: `'\\'`, "secret,": `','`,
		`{"access_token":"secret"}`: "JSON", "===": "no token", strings.Repeat("secret", maxToken): "longer than",
	} {
		token, err := ParseToken(text)
		if err == nil || token != "" || !strings.Contains(err.Error(), says) {
			t.Errorf("%.40q: %q, %v; want %s", text, token, err, says)
		}
		if err != nil && strings.Contains(strings.ToLower(err.Error()), "secret") {
			t.Errorf("%.40q is quoted: %v", text, err)
		}
	}
}

// TestTokenIsFoundInEveryEncoding holds that a token is found in every encoding
// and whatever is around it.
func TestTokenIsFoundInEveryEncoding(t *testing.T) {
	path := filepath.Join(t.TempDir(), "token")
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.StringMatching(`[A-Za-z0-9][A-Za-z0-9._~+/-]{7,80}={0,2}`).Draw(t, "token")
		text := want
		for range rapid.IntRange(0, 4).Draw(t, "layers") {
			pair := rapid.SampledFrom([][2]string{
				{`"`, `"`}, {"'", "'"}, {"", "\r\n"}, {"\n", ""}, {" ", "\t"}, {"Bearer ", ""}, {"authorization: bearer ", ""}, {"\ufeff", ""},
			}).Draw(t, "around")
			text = pair[0] + text + pair[1]
		}
		name := rapid.SampledFrom([]string{
			"UTF-8", "UTF-8 with a mark", "UTF-16LE with a mark", "UTF-16BE with a mark", "UTF-8 with two marks, and a NUL",
		}).Draw(t, "encoding")
		if err := os.WriteFile(path, encodings[name](text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := readToken(path); got != want || err != nil {
			t.Fatalf("%q in %s: %q, %v, want %q", text, name, got, err, want)
		}
	})
}

// TestCredentialsInEveryEncoding holds the same for credentials.
func TestCredentialsInEveryEncoding(t *testing.T) {
	for name, encode := range encodings {
		path := filepath.Join(t.TempDir(), "c.json")
		text := `{"client_id":" app\n","client_secret":"'hush'","refresh_token":"Bearer r0","access_token":"\ufeffa0"}` + "\r\n"
		if name == "UTF-8 with two marks, and a NUL" {
			continue // a NUL is no JSON
		}
		if err := os.WriteFile(path, encode(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := Load(path)
		if want := (Credentials{ClientID: "app", ClientSecret: "hush", RefreshToken: "r0", AccessToken: "a0", file: path}); c != want || err != nil {
			t.Errorf("%s: %+v, %v", name, c, err)
		}
	}
	for member, text := range map[string]string{
		"client_id":     `{"client_id":"hu sh","client_secret":"s","refresh_token":"r"}`,
		"client_secret": `{"client_id":"a","client_secret":"hu\nsh","refresh_token":"r"}`,
		"refresh_token": `{"client_id":"a","client_secret":"s","refresh_token":"hu…sh"}`,
		"access_token":  `{"client_id":"a","client_secret":"s","refresh_token":"r","access_token":"hu\u0000sh"}`,
	} {
		path := filepath.Join(t.TempDir(), "c.json")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(path); err == nil || !strings.Contains(err.Error(), `"`+member+`" contains a`) || strings.Contains(err.Error(), "hu") {
			t.Errorf("%s: %v", member, err)
		}
	}
}

// TestErrorNamesTheKindOfFile holds that a path that cannot have a token is
// refused, and that the error says what it is.
func TestErrorNamesTheKindOfFile(t *testing.T) {
	dir := t.TempDir()
	big := filepath.Join(dir, "big")
	if err := os.WriteFile(big, bytes.Repeat([]byte("t"), maxFile+1), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, says := range map[string]string{dir: "a directory", big: "longer than 65536 bytes"} {
		for kind, read := range map[string]func(string) error{
			"token":       func(path string) error { _, err := File(path); return err },
			"credentials": func(path string) error { _, err := Load(path); return err },
		} {
			if err := read(path); err == nil || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), path) {
				t.Errorf("%s from %s: %v", kind, path, err)
			}
		}
	}
	if _, err := File(filepath.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
}

// FuzzToken holds for any content of a token file: the result is a token that
// is valid in a header and reads as itself, or an error that quotes no part of
// the content.
func FuzzToken(f *testing.F) {
	for _, encode := range encodings {
		f.Add(encode("Bearer to.ken=\r\n"))
	}
	f.Add([]byte(`"sec ret"`))
	f.Add([]byte("\xff\xfes\x00\x00"))
	valid := regexp.MustCompile(`^[A-Za-z0-9._~+/-]+=*$`)
	f.Fuzz(func(t *testing.T, raw []byte) {
		text, err := decode(raw)
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		token, err := ParseToken(text)
		if took := time.Since(began); took > time.Second {
			t.Errorf("%v for %d bytes", took, len(raw))
		}
		if err != nil {
			if token != "" || len(err.Error()) > 120 {
				t.Errorf("%q with %v", token, err)
			}
			return
		}
		if !valid.MatchString(token) || !strings.Contains(text, token) {
			t.Errorf("%q is no token of %q", token, text)
		}
		if again, err := ParseToken(token); again != token || err != nil {
			t.Errorf("%q is read as %q, %v", token, again, err)
		}
	})
}
