package client_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/raced"
	"github.com/webexscim/bulk/journal"
	"github.com/webexscim/bulk/webextest"
)

// quotes makes a service that repeats what it was sent wherever it can.
var quotes = webextest.EachItem(func(it *webextest.Item) {
	if it.Response != nil {
		detail := "refused secret.person@example.com, token " + webextest.DefaultToken
		if it.Method == "POST" {
			detail += ", also called Secret Name, phone +15550199"
		}
		it.Response = map[string]any{"detail": detail, "scimType": "secret.person@example.com"}
	}
})

// echoes make a service that repeats the token in every member and header, and
// in the forms that what stands before it may have made of it.
func echoes() (faults []*webextest.Fault) {
	escaped := strings.NewReplacer("-", "%2D", "t", "%74").Replace(webextest.DefaultToken)
	basic := base64.StdEncoding.EncodeToString([]byte("user:" + webextest.DefaultToken))
	for _, echo := range []string{webextest.DefaultToken, "Bearer " + webextest.DefaultToken, escaped, url.QueryEscape(escaped), "Basic " + basic, strings.Repeat("x", 120) + webextest.DefaultToken} {
		shape := webextest.EachItem(func(it *webextest.Item) {
			it.Location += "?access_token=" + echo
			it.Method, it.Version = echo, `W/"`+echo+`"`
			it.Extra = map[string]any{"trackingId": echo, "schemas": []string{echo}, "meta": echo, echo: echo}
			members := map[string]any{
				"detail": echo, "details": []string{echo}, "scimType": echo, "errorCode": echo, "trackingId": echo, "message": echo,
				"schemas": []string{echo}, "error": echo, "error_description": echo, "errors": []any{map[string]any{"description": echo, "errorCode": echo}},
			}
			it.Response = maps.Clone(members)
			it.Response.(map[string]any)["urn:scim:schemas:extension:cisco:webexidentity:api:messages:2.0:Error"] = members
		})
		header := http.Header{"Trackingid": {echo}, "Location": {"https://" + echo}, "Www-Authenticate": {echo}, "Etag": {echo}}
		body := fmt.Sprintf(`{"schemas":[%[1]q],"status":"400","scimType":%[1]q,"detail":%[1]q,"trackingId":%[1]q,"errorCode":%[1]q,"message":%[1]q}`, echo)
		paths := webextest.EachItem(func(it *webextest.Item) { it.Location = "https://webexapis.com/" + echo + "/v2/Users/" + echo })
		faults = append(faults, &webextest.Fault{Shape: shape, Header: header}, &webextest.Fault{Shape: paths}, &webextest.Fault{Shape: webextest.NoStatus, Header: header},
			&webextest.Fault{Status: 400, Header: header, Body: &body}, &webextest.Fault{Status: 403, Header: header, Body: &body},
			&webextest.Fault{Status: 503, Header: header, Body: &body}, &webextest.Fault{Status: 502, Header: header, Body: &body})
	}
	return faults
}

var page = "<html>token " + webextest.DefaultToken + " for secret.person@example.com</html>"

// discreet are faults that tempt to talk.
var discreet = []*webextest.Fault{
	nil, webextest.Refuse(400, ""), webextest.Refuse(401, ""), webextest.Refuse(403, ""), webextest.Refuse(404, ""), webextest.Refuse(413, ""),
	webextest.Refuse(429, "soon"), webextest.AnswerPage(), webextest.Truncate(0), webextest.CutAt(webextest.AfterWork), webextest.CutAt(webextest.BeforeBody),
	webextest.CutAt(webextest.InAnswer), webextest.Lose(504), webextest.Delay(time.Hour), webextest.Redirect("http://elsewhere.example/?secret=secret.person"),
	webextest.ShapeAnswer(quotes), {Status: 400, Body: &page}, {Status: 502, Body: &page}, {Body: &page}, webextest.ShapeAnswer(webextest.NoStatus), webextest.RefuseItems(429),
}

func discreetJob() *client.Job {
	data := `"displayName":"Secret Name","phoneNumbers":[{"value":"+15550199"}]`
	return &client.Job{Source: client.Operations(
		client.Operation{Method: "POST", Path: "/Users", BulkID: "a", Data: user("secret.person", data)},
		client.Operation{Method: "POST", Path: "/Users", BulkID: "b", Data: user("secret.person", data)}, // refused as a duplicate
		client.Operation{Method: "POST", Path: "/Users", BulkID: "c", Data: []byte(`{"userName":"secret.person@example.com",`)},
		client.Operation{Method: "POST", Path: "/Users", BulkID: "d", Data: make(chan int)},
		client.Operation{Method: "POST", Path: "/Groups", BulkID: "g", Data: []byte(`{"schemas":["` + client.SchemaGroup + `"],"displayName":"hidden group"}`)},
		patch("/Users/bulkId:a", `emails[value eq "secret.person@example.com"].value`, `"secret.person@example.com"`),
	)}
}

// tell writes down all that a job says of itself.
func tell(c *client.Client, job *client.Job) string {
	var said strings.Builder
	for res, err := range c.Run(context.Background(), job) {
		fmt.Fprintf(&said, "%+v %v %v\n", res, err, res.Err)
		for e := res.Err; e != nil; e = errors.Unwrap(e) {
			fmt.Fprintln(&said, e)
		}
	}
	return said.String()
}

func wantAbsent(t *testing.T, where, text string) {
	t.Helper()
	text = strings.ToLower(text)
	basic := base64.StdEncoding.EncodeToString([]byte(webextest.DefaultToken[1:19])) // stands so behind "user:"
	for _, secret := range []string{webextest.DefaultToken, webextest.DefaultToken[:8], strings.ToLower(basic), "secret.person", "secret name", "15550199", "hidden group"} {
		plain := strings.NewReplacer("%2d", "-", "%74", "t", "%252d", "-", "%2574", "t").Replace(text)
		if i := strings.Index(plain, secret); i >= 0 {
			t.Errorf("%q in the %s: …%s…", secret, where, plain[max(0, i-200):min(len(plain), i+100)])
		}
	}
}

// Errors, logs at every level and printed results hold neither token nor data,
// whatever goes wrong and however much the service repeats of them.
func TestNothingIsSaidAboutPeople(t *testing.T) {
	var logs safeBuffer
	logger := slog.New(slog.NewTextHandler(&logs, &slog.HandlerOptions{Level: slog.LevelDebug - 8}))
	searches := []*webextest.Fault{nil, {Status: 400, Body: &page}, webextest.Refuse(403, ""), webextest.CutAt(webextest.InAnswer)}
	for _, fault := range append(discreet, echoes()...) {
		for _, search := range searches[:raced.Fewer(2, 4)] {
			synctest.Test(t, func(t *testing.T) {
				s := webextest.New(webextest.Config{})
				s.Script(fault, fault)
				s.ScriptSearches(search, search, search, search, search, search)
				c := newClient(t, s, func(c *client.Config) { c.Logger, c.MaxAttempts = logger, 2 })
				wantAbsent(t, "results", tell(c, discreetJob()))
			})
		}
	}
	if strings.Count(logs.String(), "bulk request") < raced.Fewer(2, 4)*len(discreet) || !strings.Contains(logs.String(), "path=/Users") {
		t.Error("the logs say nothing")
	}
	wantAbsent(t, "log", logs.String())
}

// What tells a resource is kept where the token is taken out of its location,
// and a resource whose id is the token is looked up.
func TestLocationsThatHoldTheToken(t *testing.T) {
	for _, fault := range echoes() {
		if fault.Shape == nil || fault.Status != 0 {
			continue
		}
		sc := scenario{script: []*webextest.Fault{fault}}
		sc.all(t, []client.Operation{create("a"), create("r", manager("a"))}, func(t *testing.T, s *webextest.Simulator, results []client.Result) {
			wantNothingTwice(t, s)
			for i, name := range []string{"a@example.com", "r@example.com"} {
				if u, _ := s.User(results[i].Location.ID); u.UserName() != name {
					t.Errorf("%s is %v at %v", name, u, results[i].Location)
				}
			}
			wantAbsent(t, "results", fmt.Sprintf("%+v", results))
		})
	}
}

// Nor does the journal on disk.
func TestJournalHoldsNoPeople(t *testing.T) {
	t.Parallel()
	s := webextest.New(webextest.Config{})
	faults := append(echoes(), nil, webextest.ShapeAnswer(quotes), webextest.CutAt(webextest.AfterWork))
	if raced.On {
		faults = faults[max(0, len(faults)-6):]
	}
	s.Script(faults...)
	c := newClient(t, s, func(c *client.Config) {
		c.MaxAttempts, c.LookupPatience, c.MaxWait, c.MaxServiceTime = 2, time.Millisecond, time.Millisecond, time.Millisecond
	})
	for n := 0; requests(s) < len(faults); n++ {
		path := filepath.Join(t.TempDir(), fmt.Sprint("j", n))
		j, err := journal.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		job := discreetJob()
		job.Journal = j
		tell(c, job)
		log, _ := os.ReadFile(path + "-wal")
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		disk, err := os.ReadFile(path)
		if err != nil || len(disk) == 0 {
			t.Fatal("nothing on disk", err)
		}
		wantAbsent(t, "journal", string(disk))
		wantAbsent(t, "log of the journal", string(log))
	}
}

// silent keeps a simulator's seed out of the log.
type silent struct{ *testing.T }

func (silent) Logf(string, ...any) {}

type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// The token goes to the configured host and nowhere else: a redirect is not
// followed, a location's host is never contacted.
func TestTokenGoesToOneHost(t *testing.T) {
	var calls []string
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		calls = append(calls, r.Header.Get("Authorization"))
	}))
	defer elsewhere.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		s := webextest.Start(silent{t}, webextest.Config{Shape: webextest.ForeignLocations(strings.TrimPrefix(elsewhere.URL, "http://"))})
		s.Script(nil, &webextest.Fault{Status: status, Header: http.Header{"Location": {elsewhere.URL}}})
		c := newClient(t, s.Simulator, func(c *client.Config) {
			c.HTTPClient, c.BaseURL, c.ResolveReferences, c.Concurrency = &http.Client{}, s.URL, true, 1
		})
		results, err := c.Do(t.Context(), create("u"), create("r", manager("u")))
		if !errors.Is(err, client.ErrEndpoint) || results[0].Err != nil || results[1].Outcome != client.Skipped {
			t.Errorf("%d: %v %v, %v", status, results[0].Err, results[1].Outcome, err)
		}
		if results[0].Location.ID == "" {
			t.Errorf("%d: no id in %v", status, results[0].Location)
		}
	}
	if len(calls) > 0 {
		t.Errorf("the other host was called with %q", calls)
	}
}

// TestTokenSourceErrorIsNotQuoted holds that the error of a token source does
// not show the token.
func TestTokenSourceErrorIsNotQuoted(t *testing.T) {
	sc := scenario{script: []*webextest.Fault{webextest.Refuse(401, "")}}
	sc.config = func(c *client.Config) {
		c.Token = func(_ context.Context, refused string) (string, error) {
			if refused != "" {
				return "", fmt.Errorf("cannot refresh %s", refused)
			}
			return webextest.DefaultToken, nil
		}
	}
	sc.run(t, users(3), func(t *testing.T, s *webextest.Simulator, results []client.Result, err error) {
		if !errors.Is(err, client.ErrUnauthorized) || strings.Contains(fmt.Sprint(err, results[0].Err), webextest.DefaultToken) {
			t.Errorf("%v", err)
		}
	})
}
