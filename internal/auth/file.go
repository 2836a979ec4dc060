package auth

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
)

// File is the source of the token that stands in a file, which is read at once:
// there must be one in it. When the token is refused the file is read again,
// since somebody may have put a new one there.
func File(path string) (func(ctx context.Context, refused string) (string, error), error) {
	token, err := readToken(path)
	if err != nil {
		return nil, err
	}
	var mu sync.Mutex
	return func(_ context.Context, refused string) (string, error) {
		mu.Lock()
		defer mu.Unlock()
		if refused == token {
			if fresh, err := readToken(path); err == nil {
				token = fresh
			}
		}
		return token, nil
	}, nil
}

func readToken(path string) (string, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	token := strings.TrimSpace(string(raw))
	if token == "" {
		return "", fmt.Errorf("%s: there is no token in it", path)
	}
	return token, nil
}
