// Package auth gives access tokens: the one of a file, or those that an
// integration or service app gets for its refresh token.
//
//	credentials, err := auth.Load("credentials.json")
//	if err != nil {
//		return err // not there, incomplete, or readable by others
//	}
//	source, err := auth.New(auth.Config{BaseURL: "https://webexapis.com", Credentials: credentials})
//	c, err := client.New(client.Config{Token: source, ...})
//
// A source refreshes the token when it is about to expire or was refused, once
// for all who ask at the same time, and keeps what comes back in the file it came
// from. No secret is in any of its errors.
package auth

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/webexscim/bulk/client"
)

// Config says where tokens come from.
type Config struct {
	// BaseURL is the service's scheme and host: https, or http to this machine.
	// The secrets go to its token endpoint and nowhere else.
	BaseURL string
	// HTTPClient carries the requests; http.DefaultTransport when nil. Redirects
	// are not followed.
	HTTPClient *http.Client
	// Credentials are what a token is got for.
	Credentials Credentials
	// Warn hears, in a sentence, of what is not an error yet; nil: nobody does.
	Warn func(string)
}

// refresher gets the tokens of one integration or service app.
type refresher struct {
	cfg  Config
	http *http.Client
	now  Credentials
	gave string // the access token that was given last
}

const (
	// endpoint is where Webex exchanges refresh tokens
	// (developer.webex.com/docs/integrations).
	endpoint = "/v1/access_token"
	// leeway is how long before its end a token of the file is no longer used.
	leeway = time.Minute
	// tries bounds how often one exchange is sent.
	tries = 3
)

// New returns a source of access tokens for the credentials. It refuses
// credentials of a file in which a new refresh token could not be kept, if an
// exchange is due. Nothing is sent.
func New(cfg Config) (client.TokenSource, error) {
	if err := CheckBaseURL(cfg.BaseURL); err != nil {
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

// CheckBaseURL holds secrets to https: in the clear they go to this machine
// alone.
func CheckBaseURL(base string) error {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return errors.New(`expected a url such as "https://webexapis.com"`)
	}
	ip := net.ParseIP(u.Hostname())
	here := strings.EqualFold(u.Hostname(), "localhost") || ip != nil && ip.IsLoopback()
	if u.Scheme != "https" && (u.Scheme != "http" || !here) {
		return errors.New("expected https, or http to this machine (127.0.0.1, ::1, localhost)")
	}
	return nil
}

// fetch returns the access token of the file, if another run has put a new one
// there, and otherwise exchanges the refresh token.
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

// refresh exchanges the refresh token and keeps the new one.
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
			r.cfg.Warn("the new refresh token could not be kept, and the old one may no longer serve: " + err.Error())
		}
	case changed:
		r.cfg.Warn("the service gave a new refresh token, which is lost when this ends: keep the credentials in a file")
	}
	return nil
}

// open opens the file of the credentials to keep new ones in it.
func (r *refresher) open() (*store, error) {
	s, err := openStore(r.now.file)
	if err != nil {
		return nil, fmt.Errorf("a new refresh token could not be kept in %s, so none was asked for: %w", r.now.file, err)
	}
	return s, nil
}

// exchange asks the token endpoint (RFC 6749, section 6), again when the
// network or the service has a bad moment.
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
