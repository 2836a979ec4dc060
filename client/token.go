package client

import (
	"context"
	"errors"
	"time"
)

// TokenSource gives the bearer token of each request. It is called from several
// goroutines and should keep a token as long as it is valid. refused is empty,
// or the token that the service has just refused with 401: the source then
// returns a fresh one if it can, and the same one if it cannot. The text of its
// error becomes part of the job's error and must not hold a secret.
//
// [StaticToken] makes one of a token, [NewTokenSource] of a function that gets
// tokens.
type TokenSource func(ctx context.Context, refused string) (string, error)

// ErrNoToken is the error of a source that has no token.
var ErrNoToken = errors.New("no access token")

// StaticToken is a TokenSource that always returns the same token.
func StaticToken(token string) TokenSource {
	return func(context.Context, string) (string, error) {
		if token == "" {
			return "", ErrNoToken
		}
		return token, nil
	}
}

const (
	// tokenMargin is how long before its expiry a token is replaced, so that it
	// does not expire on its way.
	tokenMargin = time.Minute
	// fetchTimeout bounds a fetch, since it may outlive the job that needed it.
	fetchTimeout = 30 * time.Second
)

// NewTokenSource returns a TokenSource that keeps the token that fetch returns.
// It calls fetch for the first token, a minute before the token expires (when
// half its time is left, if that is less), and when the service has refused it:
// once for all goroutines, which wait for the result. A zero expires means that
// the expiry is not known. fetch gets 30 seconds; the end of a caller's context
// does not cut it, since a refresh token that is exchanged and not kept is
// lost. Where fetch fails while the token is still valid, the token stays in
// use. A nil fetch gives a nil TokenSource, which New refuses.
func NewTokenSource(fetch func(ctx context.Context) (token string, expires time.Time, err error)) TokenSource {
	if fetch == nil {
		return nil
	}
	s := &keptToken{fetch: fetch, turn: make(chan struct{}, 1)}
	return s.get
}

// keptToken holds the last token. The goroutine that has the turn, of which
// there is one, reads and replaces it.
type keptToken struct {
	fetch   func(context.Context) (string, time.Time, error)
	turn    chan struct{}
	token   string
	renew   time.Time // when it is to be replaced; zero: not known
	expires time.Time // likewise
}

func (s *keptToken) get(ctx context.Context, refused string) (string, error) {
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
	valid := func(end time.Time) bool {
		return s.token != "" && s.token != refused && (end.IsZero() || time.Now().Before(end))
	}
	if valid(s.renew) {
		return s.token, nil
	}
	if err := s.refresh(ctx); err != nil && !valid(s.expires) {
		return "", err
	}
	return s.token, nil
}

func (s *keptToken) refresh(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchTimeout)
	defer cancel()
	token, expires, err := s.fetch(ctx)
	if err != nil {
		return err
	}
	if token == "" {
		return ErrNoToken
	}
	s.token, s.expires, s.renew = token, expires, expires
	if !expires.IsZero() {
		s.renew = expires.Add(-min(tokenMargin, time.Until(expires)/2))
	}
	return nil
}
