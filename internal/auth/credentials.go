package auth

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// Credentials are what an integration or service app gets access tokens for.
// The zero value is of no use; Load and FromEnvironment make some.
type Credentials struct {
	// ClientID and ClientSecret are those of the app.
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret"`
	// RefreshToken is exchanged for access tokens, and for its successor.
	RefreshToken string `json:"refresh_token"`
	// AccessToken is the last one that was got, "" before that, and Expiry its
	// end, zero when it is not known.
	AccessToken string    `json:"access_token,omitempty"`
	Expiry      time.Time `json:"expiry,omitzero"`

	file string // where they are kept; "" is nowhere
}

// FromEnvironment reads WEBEX_CLIENT_ID, WEBEX_CLIENT_SECRET and
// WEBEX_REFRESH_TOKEN, and reports whether all are there.
func FromEnvironment(getenv func(string) string) (Credentials, bool) {
	c := Credentials{
		ClientID:     getenv("WEBEX_CLIENT_ID"),
		ClientSecret: getenv("WEBEX_CLIENT_SECRET"),
		RefreshToken: getenv("WEBEX_REFRESH_TOKEN"),
	}.bare()
	return c, c.ClientID != "" && c.ClientSecret != "" && c.RefreshToken != ""
}

// bare returns the credentials without what stands around a secret that was
// copied, as ParseToken takes it off.
func (c Credentials) bare() Credentials {
	for _, text := range []*string{&c.ClientID, &c.ClientSecret, &c.RefreshToken, &c.AccessToken} {
		*text = bare(*text)
	}
	return c
}

// check names the members that are missing, or else one that holds what none
// can hold (RFC 6749, appendix A), without quoting it.
func (c Credentials) check() error {
	var missing []string
	var wrong error
	for _, m := range []struct{ name, value string }{
		{"client_id", c.ClientID}, {"client_secret", c.ClientSecret}, {"refresh_token", c.RefreshToken},
		{"access_token", c.AccessToken},
	} {
		found := firstOther(m.value, func(r rune) bool { return ' ' < r && r <= '~' })
		switch {
		case m.value == "" && m.name != "access_token":
			missing = append(missing, m.name)
		case found != "" && wrong == nil:
			wrong = fmt.Errorf("%q holds %s", m.name, found)
		}
	}
	if missing != nil {
		return fmt.Errorf(`no "%s" in it`, strings.Join(missing, `", no "`))
	}
	return wrong
}

// serves reports whether the access token can be used.
func (c Credentials) serves(refused string) bool {
	return c.AccessToken != "" && c.AccessToken != refused && (c.Expiry.IsZero() || time.Until(c.Expiry) > leeway)
}

// Load reads credentials from a JSON file with the members client_id,
// client_secret and refresh_token, which only its owner may be able to read.
// New tokens will be kept there, along with any other member.
func Load(path string) (Credentials, error) {
	if err := checkKind(path, 0); err != nil {
		return Credentials{}, err
	}
	if err := OwnerOnly(path); err != nil {
		return Credentials{}, err
	}
	text, err := ReadText(path, maxFile)
	if err != nil {
		return Credentials{}, err
	}
	var c Credentials
	if json.Unmarshal([]byte(text), &c) != nil { // its error would quote the file
		return Credentials{}, fmt.Errorf(`%s: expected a JSON object with "client_id", "client_secret" and "refresh_token"`, path)
	}
	c = c.bare()
	if err := c.check(); err != nil {
		return Credentials{}, fmt.Errorf("%s: %w", path, err)
	}
	c.file = path
	return c, nil
}

// KeptIn returns the credentials as they are to be kept in a new file, which is
// written at once.
func (c Credentials) KeptIn(path string) (Credentials, error) {
	c.file = path
	return c, c.save()
}

// ErrExposed says that a file with a secret can be read by others.
var ErrExposed = errors.New("others than its owner can read it")

// OwnerOnly checks that nobody but the owner of a file can read or change it.
// The error wraps ErrExposed, or says why the file cannot be looked at. Windows
// keeps that elsewhere: there it is always nil.
func OwnerOnly(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if mode := info.Mode().Perm(); runtime.GOOS != "windows" && mode&0o077 != 0 {
		return fmt.Errorf("%s: %w (mode %04o): chmod 600 %s", path, ErrExposed, mode, path)
	}
	return nil
}

// writable tries whether save can succeed, before there is anything to lose.
func (c Credentials) writable() error {
	f, err := c.create()
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// create makes a new file beside the one that it is to replace.
func (c Credentials) create() (*os.File, error) {
	return os.CreateTemp(filepath.Dir(c.target()), ".webex-bulk-*") // mode 0600
}

// target is the file itself, where the path is a link to it.
func (c Credentials) target() string {
	if real, err := filepath.EvalSymlinks(c.file); err == nil {
		return real
	}
	return c.file
}

// save replaces the file in one step: whoever reads it, and whatever happens
// meanwhile, finds the old credentials or the new ones.
func (c Credentials) save() (err error) {
	mode, members := fs.FileMode(0o600), map[string]json.RawMessage{}
	if info, err := os.Stat(c.file); err == nil {
		mode = info.Mode().Perm()
		if old, err := os.ReadFile(c.file); err == nil {
			_ = json.Unmarshal(old, &members) // what is not an object is replaced
		}
	}
	if err := c.into(members); err != nil {
		return err
	}
	f, err := c.create()
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	enc := json.NewEncoder(f)
	enc.SetIndent("", "  ")
	if err := errors.Join(enc.Encode(members), f.Chmod(mode), f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), c.target())
}

// into writes the members of c over those of a file.
func (c Credentials) into(members map[string]json.RawMessage) error {
	for _, gone := range []string{"access_token", "expiry"} {
		delete(members, gone)
	}
	raw, err := json.Marshal(c)
	if err != nil {
		return err
	}
	return json.NewDecoder(bytes.NewReader(raw)).Decode(&members)
}
