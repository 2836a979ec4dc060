// Package auth gives access tokens: the one of a file, or those that an
// integration or service app gets for its refresh token.
//
//	credentials, err := auth.Load("credentials.json")
//	if err != nil {
//		return err // not there, incomplete, or readable by others
//	}
//	source, err := auth.New(auth.Config{BaseURL: "https://webexapis.com", Credentials: credentials})
//	c, err := client.New(client.Config{Token: source.Token, ...})
//
// A source is a client.TokenSource. It refreshes the token when it is about to
// expire or was refused, once for all who ask at the same time, and keeps what
// comes back in the file it came from. No secret is in any of its errors.
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

// Source gives the tokens of one integration or service app. Its methods may be
// called from several goroutines.
type Source struct {
	cfg  Config
	http *http.Client
	turn chan struct{} // held by whoever refreshes or looks
	now  Credentials
}

// endpoint is where Webex exchanges refresh tokens
// (developer.webex.com/docs/integrations).
const endpoint = "/v1/access_token"

const (
	// leeway is how long before its end a token is no longer used.
	leeway = time.Minute
	// patience bounds one exchange of tokens with all its tries.
	patience = 30 * time.Second
	tries    = 3
)

// New checks cfg. Nothing is sent.
func New(cfg Config) (*Source, error) {
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
	return &Source{cfg: cfg, http: &plain, turn: make(chan struct{}, 1), now: cfg.Credentials}, nil
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

// Token gives the access token: the one that is known as long as it serves,
// which it does not when it is refused or about to expire. Those who ask while
// it is refreshed wait and get the new one.
func (s *Source) Token(ctx context.Context, refused string) (string, error) {
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
	if s.now.serves(refused) {
		return s.now.AccessToken, nil
	}
	// A refresh that is cut can lose the only refresh token there is: the
	// caller's end does not end it.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	if err := s.refresh(ctx, refused); err != nil {
		return "", err
	}
	return s.now.AccessToken, nil
}

// refresh exchanges the refresh token, unless another process just has.
func (s *Source) refresh(ctx context.Context, refused string) error {
	if s.now.file != "" {
		if other, err := Load(s.now.file); err == nil && other.ClientID == s.now.ClientID {
			s.now = other
			if other.serves(refused) {
				return nil
			}
		}
		if err := s.now.writable(); err != nil {
			return fmt.Errorf("a new refresh token could not be kept: %w", err)
		}
	}
	fresh, err := s.exchange(ctx)
	if err != nil {
		return err
	}
	changed := fresh.RefreshToken != s.now.RefreshToken
	s.now.AccessToken, s.now.Expiry, s.now.RefreshToken = fresh.AccessToken, fresh.Expiry, fresh.RefreshToken
	switch {
	case s.now.file != "":
		if err := s.now.save(); err != nil {
			s.cfg.Warn("the new refresh token could not be kept, and the old one may no longer serve: " + err.Error())
		}
	case changed:
		s.cfg.Warn("the service gave a new refresh token, which is lost when this ends: keep the credentials in a file")
	}
	return nil
}

// exchange asks the token endpoint (RFC 6749, section 6), again when the
// network or the service has a bad moment.
func (s *Source) exchange(ctx context.Context) (*oauth2.Token, error) {
	cfg := oauth2.Config{
		ClientID: s.now.ClientID, ClientSecret: s.now.ClientSecret,
		Endpoint: oauth2.Endpoint{
			TokenURL:  strings.TrimRight(s.cfg.BaseURL, "/") + endpoint,
			AuthStyle: oauth2.AuthStyleInParams,
		},
	}
	ctx = context.WithValue(ctx, oauth2.HTTPClient, s.http)
	for try := 1; ; try++ {
		token, err := cfg.TokenSource(ctx, &oauth2.Token{RefreshToken: s.now.RefreshToken}).Token()
		if err == nil {
			return token, nil
		}
		problem := s.explain(err)
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
