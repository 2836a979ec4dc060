package auth_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/auth"
	"github.com/webexscim/bulk/webextest"
)

// app is an integration that the simulator knows.
var app = webextest.OAuth{ClientID: "app", ClientSecret: "hush-hush", RefreshToken: "refresh-me"}

// credentials writes a credentials file and returns its path.
func credentials(t *testing.T, mode fs.FileMode, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "credentials.json")
	if err := errors.Join(os.WriteFile(path, []byte(text), mode), os.Chmod(path, mode)); err != nil {
		t.Fatal(err)
	}
	return path
}

const whole = `{"client_id":"app","client_secret":"hush-hush","refresh_token":"refresh-me","note":"of the HR sync"}`

// source is one from a file, against a simulator whose token requests it
// counts.
func source(t *testing.T, path string) (client.TokenSource, *atomic.Int64) {
	t.Helper()
	s, exchanges, err := trySource(t, path)
	if err != nil {
		t.Fatal(err)
	}
	return s, exchanges
}

func trySource(t *testing.T, path string) (client.TokenSource, *atomic.Int64, error) {
	t.Helper()
	var exchanges atomic.Int64
	sim := webextest.New(webextest.Config{OAuth: app})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		exchanges.Add(1)
		sim.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	c, err := auth.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	s, err := auth.New(auth.Config{BaseURL: server.URL, Credentials: c})
	return s, &exchanges, err
}

func token(t *testing.T, s client.TokenSource, refused string) string {
	t.Helper()
	text, err := s(t.Context(), refused)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestRefreshKeepsTheFile holds that new tokens are saved at once and
// atomically, and that the mode and the other members of the file stay.
func TestRefreshKeepsTheFile(t *testing.T) {
	for _, mode := range []fs.FileMode{0o600, 0o400} {
		path := credentials(t, mode, whole)
		s, exchanges := source(t, path)
		first := token(t, s, "")
		if again := token(t, s, ""); again != first || exchanges.Load() != 1 {
			t.Errorf("%d exchanges for a token that serves", exchanges.Load())
		}
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != mode {
			t.Errorf("mode %v, %v, want %v", info.Mode().Perm(), err, mode)
		}
		raw, _ := os.ReadFile(path)
		var members map[string]string
		if err := json.Unmarshal(raw, &members); err != nil {
			t.Fatal(err)
		}
		if members["refresh_token"] != "refresh-me-1" || members["access_token"] != first || members["note"] != "of the HR sync" ||
			members["client_secret"] != "hush-hush" || members["expiry"] == "" {
			t.Errorf("the file holds %s", raw)
		}
		if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".*")); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	}
}

// TestRefusedTokenIsRefreshedOnce holds that any number of callers who were
// refused the same token share one exchange.
func TestRefusedTokenIsRefreshedOnce(t *testing.T) {
	s, exchanges := source(t, credentials(t, 0o600, whole))
	first := token(t, s, "")
	var wg sync.WaitGroup
	var seen sync.Map
	for range 16 {
		wg.Go(func() {
			text, err := s(t.Context(), first)
			if err != nil || text == first {
				t.Errorf("%q, %v: want a fresh token", text, err)
			}
			seen.Store(text, true)
		})
	}
	wg.Wait()
	different := 0
	seen.Range(func(any, any) bool { different++; return true })
	if n := exchanges.Load(); n != 2 || different != 1 {
		t.Errorf("%d exchanges and %d tokens, want 2 and 1", n, different)
	}
}

// TestTokenOfAnotherProcessIsUsed holds that a process uses the token that
// another process has saved, instead of exchanging the refresh token again.
func TestTokenOfAnotherProcessIsUsed(t *testing.T) {
	path := credentials(t, 0o600, whole)
	s, exchanges := source(t, path)
	first := token(t, s, "")
	c, err := auth.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	other, err := auth.New(auth.Config{BaseURL: "http://127.0.0.1:1", Credentials: c}) // nobody is there
	if err != nil {
		t.Fatal(err)
	}
	if text := token(t, other, ""); text != first {
		t.Errorf("the second process has %q, want %q", text, first)
	}
	second := token(t, s, first)
	if text := token(t, other, first); text != second || exchanges.Load() != 2 {
		t.Errorf("refused, it has %q after %d exchanges, want %q after 2", text, exchanges.Load(), second)
	}
}

// TestFileMustBeTheOwnersAlone holds that a file that others can read, or that
// lacks a member, is refused, and that the error does not quote it.
func TestFileMustBeTheOwnersAlone(t *testing.T) {
	for name, c := range map[string]struct {
		mode       fs.FileMode
		text, says string
	}{
		"group can read":  {0o640, whole, "chmod 600"},
		"others can read": {0o604, whole, "chmod 600"},
		"not JSON":        {0o600, `hush-hush`, "expected a JSON object"},
		"not an object":   {0o600, `["hush-hush"]`, "expected a JSON object"},
		"wrong types":     {0o600, `{"client_secret":{"hush-hush":1}}`, "expected a JSON object"},
		"no secret":       {0o600, `{"client_id":"app","refresh_token":"hush-hush"}`, "client_secret"},
	} {
		path := credentials(t, c.mode, c.text)
		_, err := auth.Load(path)
		if err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), path) || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: %v", name, err)
		}
		if exposed := errors.Is(err, auth.ErrExposed); exposed != (c.mode != 0o600) {
			t.Errorf("%s: ErrExposed is %v", name, exposed)
		}
	}
	if _, err := auth.Load(filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
}

// TestSecretsGoNowhereElse holds that no secret is sent without encryption,
// follows a redirect, or is in an error.
func TestSecretsGoNowhereElse(t *testing.T) {
	c, missing := auth.FromEnvironment(func(name string) string { return "secret-" + name })
	if len(missing) > 0 {
		t.Fatalf("missing %v", missing)
	}
	for _, name := range []string{"WEBEX_CLIENT_ID", "WEBEX_CLIENT_SECRET", "WEBEX_REFRESH_TOKEN"} {
		_, missing := auth.FromEnvironment(func(other string) string { return strings.ReplaceAll(other, name, " ") })
		if !slices.Equal(missing, []string{name}) {
			t.Errorf("missing %v, want %s", missing, name)
		}
	}
	for _, base := range []string{"", "webexapis.com", "http://webexapis.com", "http://10.0.0.1", "ftp://127.0.0.1", "https://u:p@webexapis.com", "https://webexapis.com?x"} {
		if _, err := auth.New(auth.Config{BaseURL: base, Credentials: c}); err == nil {
			t.Errorf("%q is taken", base)
		}
	}
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("a redirect was followed: %s", r.URL)
	}))
	defer elsewhere.Close()
	for name, answer := range map[string]http.HandlerFunc{
		"redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
		},
		"echo": func(w http.ResponseWriter, r *http.Request) {
			_ = r.ParseForm()
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusBadRequest)
			_ = json.NewEncoder(w).Encode(map[string]string{"error": r.Form.Encode(), "error_description": r.Form.Encode()})
		},
		"page": func(w http.ResponseWriter, r *http.Request) {
			_ = r.ParseForm()
			_, _ = w.Write([]byte("<p>" + r.Form.Encode()))
		},
		"empty": func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusNotFound) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(answer)
			defer server.Close()
			s, err := auth.New(auth.Config{BaseURL: server.URL, Credentials: c})
			if err != nil {
				t.Fatal(err)
			}
			text, err := s(t.Context(), "")
			if err == nil || text != "" || strings.Contains(err.Error(), "secret-") {
				t.Errorf("%q, %v", text, err)
			}
		})
	}
}

// TestEndpointErrorsSayWhatToDo holds that an error of the endpoint says what
// to do next, and that only temporary errors are tried again.
func TestEndpointErrorsSayWhatToDo(t *testing.T) {
	path := credentials(t, 0o600, strings.Replace(whole, "refresh-me", "used-up", 1))
	s, exchanges := source(t, path)
	_, err := s(t.Context(), "")
	var e *auth.Error
	if !errors.As(err, &e) || e.Code != "invalid_grant" || e.Status != 400 || !strings.Contains(e.Error(), "authorize") {
		t.Errorf("%v", err)
	}
	if n := exchanges.Load(); n != 1 {
		t.Errorf("%d exchanges for what does not pass", n)
	}
}

// TestExchangeIsRetriedAfter503 holds that an exchange is tried again after a
// 503.
func TestExchangeIsRetriedAfter503(t *testing.T) {
	sim := webextest.New(webextest.Config{OAuth: app})
	var n atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if n.Add(1) == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		sim.ServeHTTP(w, r)
	}))
	defer server.Close()
	var warned []string
	s, err := auth.New(auth.Config{
		BaseURL:     server.URL,
		Credentials: auth.Credentials{ClientID: app.ClientID, ClientSecret: app.ClientSecret, RefreshToken: app.RefreshToken},
		Warn:        func(text string) { warned = append(warned, text) },
	})
	if err != nil {
		t.Fatal(err)
	}
	if text := token(t, s, ""); text == "" || n.Load() != 2 {
		t.Errorf("%q after %d exchanges", text, n.Load())
	}
	if len(warned) != 1 || !strings.Contains(warned[0], "lost") {
		t.Errorf("a refresh token that nobody keeps: %q", warned)
	}
}

// TestTokenFileIsReadAgain holds that a new token is taken from the file when
// the old one is refused, and not before.
func TestTokenFileIsReadAgain(t *testing.T) {
	path := credentials(t, 0o600, " one\n")
	get, err := auth.File(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ file, refused, want string }{
		{"one", "", "one"}, {"two", "", "one"}, {"two", "one", "two"}, {"two", "one", "two"}, {"", "two", "two"},
	} {
		if err := os.WriteFile(path, []byte(c.file), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := get(t.Context(), c.refused); got != c.want || err != nil {
			t.Errorf("%+v: %q, %v", c, got, err)
		}
	}
	if _, err := auth.File(path); err == nil {
		t.Error("an empty file gives a token")
	}
}

// TestUnwritableFileStopsBeforeTheExchange holds that a refresh token is not
// exchanged if a new one could not be saved.
func TestUnwritableFileStopsBeforeTheExchange(t *testing.T) {
	path := credentials(t, 0o600, whole)
	s, exchanges := source(t, path)
	if err := os.RemoveAll(filepath.Dir(path)); err != nil {
		t.Fatal(err)
	}
	if _, err := s(t.Context(), ""); err == nil || exchanges.Load() != 0 {
		t.Errorf("%v after %d exchanges", err, exchanges.Load())
	}
}
