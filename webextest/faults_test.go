package webextest

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// ask sends a request and returns the status, body and header of the answer, or
// the error of a client.
func ask(ctx context.Context, c *http.Client, base, body string) (status int, answer string, header http.Header, err error) {
	req, err := http.NewRequestWithContext(ctx, "POST", base+"/identity/scim/"+DefaultOrgID+"/v2/Bulk", strings.NewReader(body))
	if err != nil {
		return 0, "", nil, err
	}
	req.Header.Set("Authorization", "Bearer "+DefaultToken)
	req.Header.Set("Content-Type", "application/json")
	res, err := c.Do(req)
	if err != nil {
		return 0, "", nil, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	return res.StatusCode, string(text), res.Header, err
}

// Each fault has the same answer and effect in memory and over a socket.
func TestFaultsDoOrOmitTheWork(t *testing.T) {
	for _, c := range []struct {
		name   string
		fault  *Fault
		status int    // 0: no answer at all
		broken bool   // an error comes with it
		worked bool   // the user exists afterwards
		header string // "Name: value" that must be there
	}{
		{name: "none", fault: nil, status: 200, worked: true},
		{name: "zero", fault: &Fault{}, status: 200, worked: true},
		{name: "429 in seconds", fault: Refuse(429, "30"), status: 429, header: "Retry-After: 30"},
		{name: "429 as seen live", fault: Refuse(429, "rand(30),add(30)"), status: 429, header: "Retry-After: rand(30),add(30)"},
		{name: "429 without", fault: Refuse(429, ""), status: 429, header: "Retry-After: "},
		{name: "423", fault: Refuse(423, "Mon, 02 Jan 2006 15:04:05 GMT"), status: 423, header: "Retry-After: Mon, 02 Jan 2006 15:04:05 GMT"},
		{name: "503", fault: Refuse(503, "-5"), status: 503, header: "Retry-After: -5"},
		{name: "500", fault: Refuse(500, ""), status: 500},
		{name: "502", fault: Refuse(502, ""), status: 502},
		{name: "401", fault: Refuse(401, ""), status: 401},
		{name: "403", fault: Refuse(403, ""), status: 403},
		{name: "404", fault: Refuse(404, ""), status: 404},
		{name: "lost in the gateway", fault: Lose(504), status: 504, worked: true},
		{name: "no connection", fault: CutAt(OnDial), broken: true},
		{name: "cut before the body", fault: CutAt(BeforeBody), broken: true},
		{name: "cut before the work", fault: CutAt(BeforeWork), broken: true},
		{name: "cut after the work", fault: CutAt(AfterWork), broken: true, worked: true},
		{name: "cut in the answer", fault: CutAt(InAnswer), status: 200, broken: true, worked: true},
		{name: "cut in a refusal", fault: &Fault{Status: 502, Cut: InAnswer}, status: 502, broken: true},
		{name: "truncated", fault: Truncate(0), status: 200, worked: true},
		{name: "page", fault: AnswerPage(), status: 200, worked: true, header: "Content-Type: text/html; charset=utf-8"},
		{name: "nothing", fault: AnswerWith("application/json", ""), status: 200, worked: true},
		{name: "null", fault: AnswerWith("application/json", "null"), status: 200, worked: true},
		{name: "page instead of work", fault: &Fault{Body: new("<html>")}, status: 200},
		{name: "gzip", fault: Gzip(), status: 200, worked: true},
		{name: "truncated gzip", fault: &Fault{Gzip: true, Truncate: 30}, status: 200, broken: true, worked: true},
		{name: "header", fault: &Fault{Header: http.Header{"retry-after": {"7"}}}, status: 200, worked: true, header: "Retry-After: 7"},
		{name: "all busy", fault: RefuseItems(429), status: 200},
		{name: "another busy", fault: RefuseItems(429, "z"), status: 200, worked: true},
		{name: "claims success", fault: RefuseItems(200), status: 200},
		{name: "results in a 412", fault: ShapeAnswer(InStatus(412)), status: 412, worked: true},
	} {
		check := func(t *testing.T, s *Simulator, client *http.Client, base string) {
			s.Script(c.fault)
			body := bulkRequest(0, user("a", "a@x.org"))
			status, answer, header, err := ask(t.Context(), client, base, body)
			if status != c.status || (err != nil) != c.broken {
				t.Errorf("status %d, error %v, %s", status, err, answer)
			}
			if name, value, ok := strings.Cut(c.header, ": "); ok && header.Get(name) != value {
				t.Errorf("%s is %q", name, header.Get(name))
			}
			if _, worked := s.UserByName("a@x.org"); worked != c.worked {
				t.Errorf("worked: %v", worked)
			}
			if got := s.Exchanges(); len(got) != 1 || (got[0].Fault != "") != (c.fault != nil && c.fault.String() != "") {
				t.Errorf("exchanges: %+v", got)
			}
			// The script is used up, and the service is none the worse.
			if status, answer, _, err := ask(t.Context(), client, base, bulkRequest(0, user("b", "b@x.org"))); status != 200 || err != nil {
				t.Errorf("afterwards: %d %v %s", status, err, answer)
			}
			checkSound(t, s)
		}
		t.Run(c.name+"/memory", func(t *testing.T) {
			s := New(Config{})
			check(t, s, s.Client(), "https://webexapis.com")
		})
		t.Run(c.name+"/socket", func(t *testing.T) {
			s := Start(t, Config{})
			client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
			check(t, s.Simulator, client, s.URL)
		})
	}
}

// A client must not send its token to the target of a redirect.
func TestTokenAfterARedirectIsRecorded(t *testing.T) {
	s := New(Config{})
	s.Script(Redirect("https://elsewhere.example/Bulk"))
	client := s.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	status, _, header, err := ask(t.Context(), client, "https://webexapis.com", bulkRequest(0, user("a", "a@x.org")))
	if status != 307 || err != nil || header.Get("Location") != "https://elsewhere.example/Bulk" {
		t.Errorf("%d %v %v", status, err, header)
	}
	checkSound(t, s)
	req, _ := http.NewRequest("GET", "https://elsewhere.example/Bulk", nil)
	req.Header.Set("Authorization", "Bearer "+DefaultToken)
	if _, err := s.Client().Do(req); err == nil {
		t.Error("another host answers")
	}
	if v := s.Violations(); len(v) != 1 || strings.Contains(v[0].Text, DefaultToken) {
		t.Errorf("violations: %v", v)
	}
}

// If the client disconnects while it waits, the stage decides about the work.
func TestWaitsEndWithTheClient(t *testing.T) {
	for _, c := range []struct {
		name   string
		cfg    Config
		fault  *Fault
		worked bool
	}{
		{"hold", Config{}, &Fault{Hold: time.Hour}, false},
		{"delay", Config{}, Delay(time.Hour), true},
		{"latency", Config{Latency: time.Hour}, nil, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := New(c.cfg)
				s.Script(c.fault, c.fault)
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				start := time.Now()
				_, _, _, err := ask(ctx, s.Client(), "https://webexapis.com", bulkRequest(0, user("a", "a@x.org")))
				if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Minute {
					t.Errorf("%v after %v", err, time.Since(start))
				}
				if _, worked := s.UserByName("a@x.org"); worked != c.worked {
					t.Errorf("worked: %v", worked)
				}
				// With patience the answer comes, exactly so much later.
				start = time.Now()
				status, _, _, err := ask(t.Context(), s.Client(), "https://webexapis.com", bulkRequest(0, user("b", "b@x.org")))
				if status != 200 || err != nil || time.Since(start) != time.Hour {
					t.Errorf("%d %v after %v", status, err, time.Since(start))
				}
			})
		})
	}
}

func TestRefuseIfSeesOperationsAfterTheScript(t *testing.T) {
	s := New(Config{Faults: RefuseIf(400, func(o Operation) bool { return strings.Contains(string(o.Data), "poison") })})
	s.Script(Refuse(503, ""))
	for _, c := range []struct {
		name   string
		status int
	}{{"poison@x.org", 503}, {"poison@x.org", 400}, {"a@x.org", 200}} {
		if status, answer, _, _ := ask(t.Context(), s.Client(), "https://webexapis.com", bulkRequest(0, user("a", c.name))); status != c.status {
			t.Errorf("%s: %d %s", c.name, status, answer)
		}
	}
	refused := 0
	for _, e := range s.Ledger() {
		if e.Effect == Refused && e.Key == "poison@x.org" {
			refused++
		}
	}
	if refused != 2 {
		t.Errorf("%d refused operations in %v", refused, s.Ledger())
	}
}

// Equal seeds draw equal faults, and the zero Chaos draws none.
func TestChaosDependsOnTheSeed(t *testing.T) {
	run := func(seed int64) string {
		s := New(Config{Seed: seed, Chaos: Chaos{
			CutBeforeBody: .1, CutAfterWork: .1, TooMany: .1, LostGateway: .1, Truncate: .1, Shuffle: .3, RefusedItems: .2,
			RetryAfter: []string{"1", "x"},
		}})
		for range 60 {
			_, _, _, _ = ask(t.Context(), s.Client(), "https://webexapis.com", bulkRequest(0, user("a", "a@x.org"), user("b", "b@x.org")))
		}
		var log strings.Builder
		for _, e := range s.Exchanges() {
			log.WriteString(e.Fault + ";")
		}
		return log.String()
	}
	first := run(1)
	if first != run(1) {
		t.Error("one seed, two runs")
	}
	if first == run(2) {
		t.Error("two seeds, one run")
	}
	for _, want := range []string{"cut before the body", "cut after the work", "refused", "lost", "truncated", "busy"} {
		if !strings.Contains(first, want) {
			t.Errorf("60 requests and never %q: %s", want, first)
		}
	}
}
