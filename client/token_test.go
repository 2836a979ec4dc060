package client_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/webexscim/bulk/client"
)

// numberedTokens fetches the tokens t1, t2 and so on, each of which takes a
// second and lives for life; 0: nobody knows how long.
func numberedTokens(life time.Duration, calls *int, fail *error) func(context.Context) (string, time.Time, error) {
	return func(ctx context.Context) (string, time.Time, error) {
		time.Sleep(time.Second)
		*calls++
		if fail != nil && *fail != nil {
			return "", time.Time{}, *fail
		}
		var expires time.Time
		if life > 0 {
			expires = time.Now().Add(life)
		}
		return fmt.Sprint("t", *calls), expires, nil
	}
}

func wantToken(t *testing.T, source client.TokenSource, refused, want string) {
	t.Helper()
	if got, err := source(t.Context(), refused); got != want || err != nil {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
}

// A token is kept until a minute before its expiry, or half its life, and
// fetched once for all goroutines.
func TestTokenSourceRefreshesOnce(t *testing.T) {
	for life, kept := range map[time.Duration]time.Duration{time.Hour: 59 * time.Minute, time.Minute: 30 * time.Second, 0: 1000 * time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			var calls int
			source := client.NewTokenSource(numberedTokens(life, &calls, nil))
			all := func(refused, want string) {
				var wg sync.WaitGroup
				for range 20 {
					wg.Go(func() { wantToken(t, source, refused, want) })
				}
				wg.Wait()
			}
			all("", "t1")
			time.Sleep(kept - time.Second)
			all("", "t1")
			all("t1", "t2")
			all("t1", "t2") // refused before, and replaced since
			if life == 0 {
				return
			}
			time.Sleep(kept + time.Second)
			all("", "t3")
			if calls != 3 {
				t.Errorf("%v: fetched %d times", life, calls)
			}
		})
	}
}

// A fetch that fails ends nothing as long as the token is valid.
func TestFailedFetchKeepsTheToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls int
		var fail error
		down := errors.New("token endpoint down")
		source := client.NewTokenSource(numberedTokens(10*time.Minute, &calls, &fail))
		wantToken(t, source, "", "t1")
		fail = down
		time.Sleep(9*time.Minute + 30*time.Second)
		wantToken(t, source, "", "t1")
		if _, err := source(t.Context(), "t1"); !errors.Is(err, down) {
			t.Errorf("refused: %v", err)
		}
		time.Sleep(time.Minute)
		if _, err := source(t.Context(), ""); !errors.Is(err, down) {
			t.Errorf("expired: %v", err)
		}
		fail = nil
		wantToken(t, source, "", "t5")
		if client.NewTokenSource(nil) != nil {
			t.Error("a source without a fetch")
		}
		empty := client.NewTokenSource(func(context.Context) (string, time.Time, error) { return "", time.Time{}, nil })
		if _, err := empty(t.Context(), ""); !errors.Is(err, client.ErrNoToken) {
			t.Errorf("empty: %v", err)
		}
	})
}

// The end of a caller's context ends its wait, and cuts no fetch.
func TestTokenSourceOutlivesItsCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls int
		var deadline time.Duration
		fetch := numberedTokens(time.Hour, &calls, nil)
		source := client.NewTokenSource(func(ctx context.Context) (string, time.Time, error) {
			end, _ := ctx.Deadline()
			deadline = time.Until(end)
			token, expires, err := fetch(ctx)
			return token, expires, errors.Join(err, ctx.Err())
		})
		short, cancel := context.WithTimeout(t.Context(), time.Second/2)
		defer cancel()
		var wg sync.WaitGroup
		wg.Go(func() { _, _ = source(short, "") })
		synctest.Wait()
		if _, err := source(short, ""); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("waited until %v", err)
		}
		wg.Wait()
		wantToken(t, source, "", "t1")
		if calls != 1 || deadline != 30*time.Second {
			t.Errorf("fetched %d times, with %v", calls, deadline)
		}
	})
}
