package webextest

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/webexscim/bulk/webextest/internal/contract"
	"github.com/webexscim/bulk/webextest/internal/scim"
)

// tokens holds the valid access tokens and the refresh token.
type tokens struct {
	uses    int           // of each token; 0: no limit
	life    time.Duration // from the first use; 0: no limit
	oauth   OAuth
	mu      sync.Mutex
	known   map[string]*token
	refresh string // the valid refresh token
	issued  int
}

type token struct {
	used  int
	since time.Time
}

func newTokens(cfg Config) *tokens {
	t := &tokens{
		uses: cfg.TokenUses, life: cfg.TokenLife, oauth: cfg.OAuth,
		known: make(map[string]*token), refresh: cfg.OAuth.RefreshToken,
	}
	for _, text := range append([]string{cfg.Token}, cfg.Tokens...) {
		t.known[text] = &token{}
	}
	return t
}

// check counts a use of the token of a request, or returns why it is refused.
func (t *tokens) check(r *http.Request, now time.Time) *scim.Error {
	text := contract.BearerToken(r)
	if text == "" {
		return scim.Refuse(http.StatusUnauthorized, "", contract.NoToken)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	known := t.known[text]
	if known == nil {
		return scim.Refuse(http.StatusUnauthorized, "", "the access token is not valid")
	}
	if known.since.IsZero() {
		known.since = now
	}
	if t.uses > 0 && known.used >= t.uses || t.life > 0 && now.Sub(known.since) >= t.life {
		return scim.Refuse(http.StatusUnauthorized, "", "the access token has expired")
	}
	known.used++
	return nil
}

// grant exchanges a refresh token for new tokens (RFC 6749, section 6).
func (t *tokens) grant(body []byte) (answer map[string]any, status int) {
	form, err := url.ParseQuery(string(body))
	problem := func(kind, text string) (map[string]any, int) {
		return map[string]any{"error": kind, "error_description": text}, http.StatusBadRequest
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case err != nil:
		return problem("invalid_request", "the body is not a form")
	case form.Get("grant_type") != "refresh_token":
		return problem("unsupported_grant_type", "the grant type must be refresh_token")
	case form.Get("client_id") != t.oauth.ClientID || form.Get("client_secret") != t.oauth.ClientSecret:
		return problem("invalid_client", "client_id or client_secret is wrong")
	case form.Get("refresh_token") != t.refresh:
		return problem("invalid_grant", "the refresh token is not valid")
	}
	t.issued++
	access := fmt.Sprintf("simulated-access-token-%d", t.issued)
	t.refresh = fmt.Sprintf("%s-%d", t.oauth.RefreshToken, t.issued)
	t.known[access] = &token{}
	// Webex gives tokens lives of 14 and 90 days.
	life := cmp.Or(int(t.life/time.Second), 14*24*60*60)
	return map[string]any{
		"access_token": access, "token_type": "Bearer", "expires_in": life,
		"refresh_token": t.refresh, "refresh_token_expires_in": 90 * 24 * 60 * 60,
		"scope": "identity:people_rw",
	}, http.StatusOK
}
