package auth

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/oauth2"
)

// Error says why there is no access token. Its text says what to do next and
// contains no secret.
type Error struct {
	// Status is the HTTP status of the token endpoint, 0 without an answer.
	Status int
	// Code is the error code of the token endpoint (RFC 6749, section 5.2), or
	// "".
	Code string

	text    string
	passing bool // temporary: another attempt may succeed
	cause   error
}

// Error returns one line.
func (e *Error) Error() string { return e.text }

// As finds the errors of the network. They are not unwrapped, since their texts
// could quote a secret.
func (e *Error) As(target any) bool { return errors.As(e.cause, target) }

// advice explains the error codes of RFC 6749, section 5.2. Other codes are not
// shown, since they could quote a secret.
var advice = map[string]string{
	"invalid_grant": "the refresh token is wrong, used up or expired: " +
		"authorize the app again and use its new refresh token",
	"invalid_client":         "client id or client secret is wrong",
	"unauthorized_client":    "the app may not refresh tokens",
	"invalid_request":        "the token endpoint does not understand the request",
	"unsupported_grant_type": "the token endpoint does not refresh tokens",
	"invalid_scope":          "the app no longer has the scopes of its refresh token: authorize it again",
}

func (r *refresher) explain(err error) *Error {
	refusal, ok := errors.AsType[*oauth2.RetrieveError](err)
	if !ok {
		if u, ok := errors.AsType[*url.Error](err); ok {
			err = u.Err
		}
		return &Error{passing: true, text: "no access token: " + r.clean(err.Error()), cause: err}
	}
	e := &Error{}
	if refusal.Response != nil {
		e.Status = refusal.Response.StatusCode
	}
	say, known := advice[refusal.ErrorCode]
	switch {
	case known:
		e.Code = refusal.ErrorCode
	case e.Status == http.StatusTooManyRequests || e.Status >= 500:
		e.passing, say = true, "try again later"
	case e.Status >= 300 && e.Status < 400:
		say = "it redirects to another address, where secrets are not sent: check the base url"
	case e.Status == http.StatusNotFound:
		say = "there is no token endpoint at this base url"
	default:
		say = "check client id, client secret and refresh token"
	}
	e.text = fmt.Sprintf("no access token: the token endpoint answered %d", e.Status)
	if e.Code != "" {
		e.text += " " + e.Code
	}
	e.text += ": " + say
	return e
}

// clean replaces the secrets in a text.
func (r *refresher) clean(text string) string {
	for _, secret := range []string{r.now.ClientSecret, r.now.RefreshToken, r.now.AccessToken} {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, "…")
		}
	}
	return text
}
