// Package auth provides access tokens. A token comes from a file, or from Webex
// in exchange for the refresh token of an integration or service app.
//
//	credentials, err := auth.Load("credentials.json")
//	if err != nil {
//		return err // the file is missing, incomplete, or readable by others
//	}
//	source, err := auth.New(auth.Config{BaseURL: "https://webexapis.com", Credentials: credentials})
//	c, err := client.New(client.Config{Token: source, ...})
//
// A source refreshes the token when it is about to expire or was refused.
// Callers that ask at the same time share one refresh. The new tokens are saved
// in the file of the credentials. Errors never contain a secret.
package auth

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/baseurl"
)

// Config says where tokens come from.
type Config struct {
	// BaseURL is the service's scheme and host: https, or http to this machine.
	// The secrets go to its token endpoint and nowhere else.
	BaseURL string
	// HTTPClient sends the requests; nil means http.DefaultTransport. Redirects
	// are not followed.
	HTTPClient *http.Client
	// Credentials are exchanged for access tokens.
	Credentials Credentials
	// Warn receives warnings, one sentence each; nil discards them.
	Warn func(string)
}

// refresher gets the tokens of one integration or service app.
type refresher struct {
	cfg  Config
	http *http.Client
	now  Credentials
	gave string // the access token that was returned last
}

const (
	// endpoint is where Webex exchanges refresh tokens
	// (developer.webex.com/docs/integrations).
	endpoint = "/v1/access_token"
	// leeway: a token that expires within this time is not used.
	leeway = time.Minute
	// tries is the maximum number of attempts of one exchange.
	tries = 3
)

// New returns a source of access tokens for the credentials. If the credentials
// come from a file and an exchange is due, it returns an error if a new refresh
// token could not be saved there. It sends nothing.
func New(cfg Config) (client.TokenSource, error) {
	if _, err := baseurl.Parse(cfg.BaseURL); err != nil {
		return nil, err
	}
	if err := cfg.Credentials.check(); err != nil {
		return nil, err
	}
	if cfg.Warn == nil {
		cfg.Warn = func(string) {}
	}
	plain := http.Client{}
	if cfg.HTTPClient != nil {
		plain = *cfg.HTTPClient
	}
	plain.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	r := &refresher{cfg: cfg, http: &plain, now: cfg.Credentials}
	if r.now.file != "" && !r.now.serves() {
		s, err := r.open()
		if err != nil {
			return nil, err
		}
		s.close()
	}
	return client.NewTokenSource(r.fetch), nil
}

// fetch returns the access token of the file if another run has saved a new one
// there. Otherwise it exchanges the refresh token.
func (r *refresher) fetch(ctx context.Context) (string, time.Time, error) {
	if r.now.file != "" {
		if other, err := Load(r.now.file); err == nil && other.ClientID == r.now.ClientID {
			r.now = other
		}
	}
	if !r.now.serves() || r.now.AccessToken == r.gave {
		if err := r.refresh(ctx); err != nil {
			return "", time.Time{}, err
		}
	}
	r.gave = r.now.AccessToken
	return r.now.AccessToken, r.now.Expiry, nil
}

// refresh exchanges the refresh token and saves the new one.
func (r *refresher) refresh(ctx context.Context) error {
	var file *store
	if r.now.file != "" {
		var err error
		if file, err = r.open(); err != nil {
			return err
		}
		defer file.close()
	}
	fresh, err := r.exchange(ctx)
	if err != nil {
		return err
	}
	changed := fresh.RefreshToken != r.now.RefreshToken
	r.now.AccessToken, r.now.Expiry, r.now.RefreshToken = fresh.AccessToken, fresh.Expiry, fresh.RefreshToken
	switch {
	case file != nil:
		if err := file.keep(r.now); err != nil {
			r.cfg.Warn("the new refresh token could not be saved, and the old one may no longer work: " + err.Error())
		}
	case changed:
		r.cfg.Warn("the service returned a new refresh token, which is lost when the program ends: " +
			"keep the credentials in a file")
	}
	return nil
}

// open prepares the file of the credentials for saving new ones.
func (r *refresher) open() (*store, error) {
	s, err := openStore(r.now.file)
	if err != nil {
		return nil, fmt.Errorf("no access token was requested, because a new refresh token could not be saved in %s: %w",
			r.now.file, err)
	}
	return s, nil
}

// exchange sends the refresh token to the token endpoint (RFC 6749, section 6).
// It tries again after an error that may be temporary.
func (r *refresher) exchange(ctx context.Context) (*oauth2.Token, error) {
	cfg := oauth2.Config{
		ClientID: r.now.ClientID, ClientSecret: r.now.ClientSecret,
		Endpoint: oauth2.Endpoint{
			TokenURL:  strings.TrimRight(r.cfg.BaseURL, "/") + endpoint,
			AuthStyle: oauth2.AuthStyleInParams,
		},
	}
	ctx = context.WithValue(ctx, oauth2.HTTPClient, r.http)
	for try := 1; ; try++ {
		token, err := cfg.TokenSource(ctx, &oauth2.Token{RefreshToken: r.now.RefreshToken}).Token()
		if err == nil {
			return token, nil
		}
		problem := r.explain(err)
		if try == tries || !problem.passing || ctx.Err() != nil {
			return nil, problem
		}
		select {
		case <-time.After(time.Duration(try) * time.Second):
		case <-ctx.Done():
			return nil, problem
		}
	}
}
