package auth

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"
)

// Credentials identify an integration or service app, which exchanges them for
// access tokens. Load and FromEnvironment read them; the zero value is invalid.
type Credentials struct {
	// ClientID and ClientSecret identify the app.
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret"`
	// RefreshToken is exchanged for access tokens. The service may return a new
	// refresh token with them.
	RefreshToken string `json:"refresh_token"`
	// AccessToken is the last access token, "" if there is none yet. Expiry is
	// its end, zero if unknown.
	AccessToken string    `json:"access_token,omitempty"`
	Expiry      time.Time `json:"expiry,omitzero"`

	file string // where new tokens are saved; "" means nowhere
}

// FromEnvironment reads WEBEX_CLIENT_ID, WEBEX_CLIENT_SECRET and
// WEBEX_REFRESH_TOKEN. It returns the names of the variables that are not set
// as missing: with all three, there are no credentials.
func FromEnvironment(getenv func(string) string) (c Credentials, missing []string) {
	for _, v := range []struct {
		name  string
		value *string
	}{
		{"WEBEX_CLIENT_ID", &c.ClientID}, {"WEBEX_CLIENT_SECRET", &c.ClientSecret}, {"WEBEX_REFRESH_TOKEN", &c.RefreshToken},
	} {
		if *v.value = bare(getenv(v.name)); *v.value == "" {
			missing = append(missing, v.name)
		}
	}
	return c, missing
}

// bare returns the credentials without the spaces and quotation marks that were
// copied along with them, as ParseToken does.
func (c Credentials) bare() Credentials {
	for _, text := range []*string{&c.ClientID, &c.ClientSecret, &c.RefreshToken, &c.AccessToken} {
		*text = bare(*text)
	}
	return c
}

// check returns an error that names the missing members, or else a member with
// a character that is not allowed (RFC 6749, appendix A). The error does not
// quote the value.
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
			wrong = fmt.Errorf("%q contains %s", m.name, found)
		}
	}
	if missing != nil {
		return fmt.Errorf(`it has no "%s"`, strings.Join(missing, `", no "`))
	}
	return wrong
}

// serves reports whether the access token is usable and not about to expire.
func (c Credentials) serves() bool {
	return c.AccessToken != "" && (c.Expiry.IsZero() || time.Until(c.Expiry) > leeway)
}

// Load reads credentials from a JSON file with the members client_id,
// client_secret and refresh_token. Only the owner of the file may have access
// to it. New tokens will be saved there; other members of the file stay.
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
		return Credentials{}, fmt.Errorf(
			`%s: expected a JSON object with "client_id", "client_secret" and "refresh_token"`, path)
	}
	c = c.bare()
	if err := c.check(); err != nil {
		return Credentials{}, fmt.Errorf("%s: %w", path, err)
	}
	c.file = path
	return c, nil
}

// KeptIn writes the credentials to a new file and returns credentials whose new
// tokens will be saved there.
func (c Credentials) KeptIn(path string) (Credentials, error) {
	if err := c.check(); err != nil {
		return c, err
	}
	c.file = path
	s, err := openStore(path)
	if err != nil {
		return c, fmt.Errorf("%s: %w", path, err)
	}
	defer s.close()
	return c, s.keep(c)
}

// ErrExposed says that a file with a secret can be read by others.
var ErrExposed = errors.New("others than its owner can read it")

// OwnerOnly returns an error unless only the owner of a file can read or change
// it. The error wraps ErrExposed, or is that of os.Stat. On Windows, where the
// mode does not show the permissions, it is always nil.
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
