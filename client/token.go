package client

import (
	"context"
	"errors"
)

// TokenSource gives the bearer token of each request. It is called from
// several goroutines and should keep the token it has as long as that serves.
// refused is empty, or the token that the service has just answered with 401:
// the source then returns a fresh one if it can, and the same one if it can't.
type TokenSource func(ctx context.Context, refused string) (string, error)

// ErrNoToken is what an empty StaticToken gives.
var ErrNoToken = errors.New("no access token")

// StaticToken is a TokenSource that has one token and no other.
func StaticToken(token string) TokenSource {
	return func(context.Context, string) (string, error) {
		if token == "" {
			return "", ErrNoToken
		}
		return token, nil
	}
}
