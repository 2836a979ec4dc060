package lookup

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/webexscim/bulk/internal/fold"
	"github.com/webexscim/bulk/internal/throttle"
	"github.com/webexscim/bulk/internal/transport"
	"github.com/webexscim/bulk/internal/transporttest"
)

// directory is a small service that searches.
type directory struct {
	names    []string // of its resources; the id of each is its index
	attr     string
	perPage  int
	noTotal  bool // leave totalResults out
	samePage bool // give the first page whatever is asked
	queries  []string
	starts   []int
}

func (d *directory) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if path := map[string]string{"userName": "/v2/Users", "displayName": "/v2/Groups"}[d.attr]; !strings.HasSuffix(r.URL.Path, path) {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	q := r.URL.Query()
	d.queries = append(d.queries, q.Get("filter"))
	start, _ := strconv.Atoi(q.Get("startIndex"))
	d.starts = append(d.starts, start)
	asked := terms(q.Get("filter"), d.attr)
	var hits []string
	for i, name := range d.names {
		if slices.ContainsFunc(asked, func(a string) bool { return strings.EqualFold(a, name) }) {
			hits = append(hits, fmt.Sprintf(`{"id":"%d",%q:%s,"externalId":"x%d","meta":{"version":"v","location":"/l/%d","created":"c"}}`,
				i, d.attr, transporttest.Quoted(name), i, i))
		}
	}
	from := min(start-1, len(hits))
	if d.samePage {
		from = 0
	}
	page := hits[from:min(from+d.perPage, len(hits))]
	total := fmt.Sprintf(`"totalResults":%d,`, len(hits))
	if d.noTotal {
		total = ""
	}
	fmt.Fprintf(w, `{%s"itemsPerPage":%d,"Resources":[%s]}`, total, len(page), strings.Join(page, ","))
}

// terms reads a filter of `attr eq "…"` joined by or. What does not fit gives
// nothing.
func terms(filter, attr string) (values []string) {
	for filter != "" {
		rest, ok := strings.CutPrefix(filter, attr+" eq ")
		if !ok {
			return nil
		}
		dec := json.NewDecoder(strings.NewReader(rest))
		var value string
		if dec.Decode(&value) != nil {
			return nil
		}
		values = append(values, value)
		filter = strings.TrimPrefix(rest[dec.InputOffset():], " or ")
	}
	return values
}

func ids(found []Resource) string {
	var all []string
	for _, r := range found {
		all = append(all, r.ID)
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

// TestFind: names of any kind are found, whatever their case, and nothing else.
func TestFind(t *testing.T) {
	odd := []string{`quo"te@example.com`, `back\slash`, `a&b=c+d%20e#f`, `comma,semi;colon`, "tab\tnew\nline", "日本語 ß", "per%cent", `x" or userName pr or userName eq "`, "é́", " blank "}
	d := &directory{names: append(slices.Clone(odd), "Ada@Example.com", "other@example.com"), attr: "userName", perPage: 100}
	b := transporttest.Serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != "GET" || r.URL.Path != "/identity/scim/"+transporttest.Org+"/v2/Users" || r.Header.Get("Authorization") != "Bearer "+transporttest.Token {
			t.Errorf("%s %s %v", r.Method, r.URL.Path, r.Header)
		}
		if q := r.URL.Query(); q.Get("startIndex") != "1" || q.Get("count") != "100" || len(q) != 3 {
			t.Errorf("query %v", q)
		}
		d.ServeHTTP(w, r)
	})
	found, err := Find(t.Context(), b.Client, "Users", append(odd, "ADA@example.COM", "ada@example.com", "", "absent@example.com"))
	if err != nil || ids(found) != "0 1 10 2 3 4 5 6 7 8 9" {
		t.Fatalf("%v %v, filters %q", ids(found), err, d.queries)
	}
	for _, r := range found {
		r.Raw, r.Date = nil, time.Time{}
		if want := (Resource{ID: "10", Name: "Ada@Example.com", ExternalID: "x10", HasExternalID: true, Location: "/l/10", Version: "v"}); r.ID == "10" && !reflect.DeepEqual(r, want) {
			t.Errorf("%+v", r)
		}
	}
	if n := len(terms(d.queries[0], "userName")); n != len(odd)+4 || len(d.queries) != 1 { // two names have two forms
		t.Errorf("%d terms in %q", n, d.queries)
	}
	if strings.Contains(b.Logs.String(), "example.com") {
		t.Errorf("names are logged: %s", b.Logs.String())
	}
	var many []string
	for i := range 2*namesPerQuery + 1 {
		many = append(many, fmt.Sprint("u", i))
	}
	d.queries = nil
	if _, err := Find(t.Context(), b.Client, "Users", many); err != nil || len(d.queries) != 3 || len(terms(d.queries[0], "userName")) != namesPerQuery {
		t.Errorf("%d queries for %d names: %v", len(d.queries), len(many), err)
	}
	d.queries = d.queries[:1]
	if found, err := Find(t.Context(), b.Client, "Users", nil); err != nil || found != nil || len(d.queries) != 1 {
		t.Errorf("nothing asked: %v %v after %d queries", found, err, len(d.queries))
	}
}

// TestEachNameIsAskedOnce: every name is asked for once, regardless of case, in
// queries of at most 50 names whose url stays short, and also in the form that
// a service may have made of it.
func TestEachNameIsAskedOnce(t *testing.T) {
	var serve transporttest.RoundTripper
	b := transporttest.New(t, "https://webex.example/a/prefix/of/some/length",
		transporttest.Through(func(r *http.Request) (*http.Response, error) { return serve(r) }))
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfN(rapid.OneOf(rapid.StringN(0, 254, 254), rapid.StringN(200, 254, 600)), 0, 130).Draw(t, "names")
		names = append(names, strings.Repeat("x", longestFilter))
		var asked []string
		serve = func(r *http.Request) (*http.Response, error) {
			query, err := url.ParseQuery(r.URL.RawQuery)
			got := terms(query.Get("filter"), "userName")
			if n := len(r.URL.String()); err != nil || len(got) == 0 || len(got) > namesPerQuery || n > 6000 && len(got) > 1 {
				t.Fatalf("%d terms in a url of %d bytes: %v", len(got), n, err)
			}
			asked = append(asked, got...)
			return transporttest.Answer(200, `{"totalResults":0}`), nil
		}
		if _, err := Find(t.Context(), b.Client, "Users", names); err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for _, name := range asked {
			if seen[strings.Map(fold.Rune, name)] {
				t.Fatalf("%q is asked for twice", name)
			}
			seen[strings.Map(fold.Rune, name)] = true
		}
		for _, name := range names {
			for _, form := range []string{name, strings.TrimSpace(name), fold.Compose(strings.TrimSpace(fold.Spaces(name)))} {
				if form != "" && !seen[strings.Map(fold.Rune, form)] {
					t.Fatalf("%q is not asked for", form)
				}
			}
		}
	})
}

// TestFindReadsAllPages: all pages are read, however many a service puts on one
// and whatever it says of itself.
func TestFindReadsAllPages(t *testing.T) {
	var names []string
	for range 250 {
		names = append(names, "Team", "other")
	}
	for _, tt := range []struct {
		name string
		d    directory
		want int // requests
		hits int
	}{
		{"as many as asked for", directory{perPage: 100}, 3, 250},
		{"fewer than asked for", directory{perPage: 30}, 9, 250},
		{"all at once", directory{perPage: 1000}, 1, 250},
		{"no total", directory{perPage: 100, noTotal: true}, 4, 250},
		{"always the same page", directory{perPage: 100, samePage: true}, 2, 100},
	} {
		tt.d.names, tt.d.attr = names, "displayName"
		b := transporttest.Serve(t, tt.d.ServeHTTP)
		found, err := Find(t.Context(), b.Client, "Groups", []string{"TEAM"})
		if err != nil || len(found) != tt.hits || len(tt.d.starts) != tt.want {
			t.Errorf("%s: %d found in %d requests, %v", tt.name, len(found), len(tt.d.starts), err)
		}
		seen := map[string]bool{}
		for _, r := range found {
			if seen[r.ID] || r.Name != "Team" {
				t.Errorf("%s: %+v", tt.name, r)
			}
			seen[r.ID] = true
		}
		if s := b.Throttle.State(); s.Accepted != tt.want {
			t.Errorf("%s: throttle %+v", tt.name, s)
		}
	}
	endless := 0
	b := transporttest.Serve(t, func(w http.ResponseWriter, r *http.Request) {
		endless++
		fmt.Fprintf(w, `{"totalResults":1000000,"Resources":[{"id":"%d","displayName":"x"}]}`, endless)
	})
	if _, err := Find(t.Context(), b.Client, "Groups", []string{"a"}); err == nil || endless != mostPages {
		t.Errorf("%d pages, %v", endless, err)
	}
}

// TestLookupRepeats: what may pass is tried five times, what will not pass
// once, and a lost answer never says "not found".
func TestLookupRepeats(t *testing.T) {
	const page = `{"totalResults":1,"Resources":[{"id":"1","userName":"` + transporttest.Secret + `"}]}`
	const refusal = `{"detail":"no ` + transporttest.Secret + ` for ` + transporttest.Token + `","totalResults":0}`
	for _, tt := range []struct {
		name     string
		failures int
		status   int // 0: the connection is lost
		want     int // requests
		kind     transport.Kind
	}{
		{"429 once", 1, 429, 2, transport.Answered}, {"503 four times", 4, 503, 5, transport.Answered}, {"429 for ever", 99, 429, 5, transport.Waiting},
		{"500", 2, 500, 3, transport.Answered}, {"502 for ever", 99, 502, 5, transport.NoResponse}, {"425 once", 1, 425, 2, transport.Answered}, {"lost", 4, 0, 5, transport.Answered}, {"lost for ever", 99, 0, 5, transport.NoResponse},
		{"400", 99, 400, 1, transport.Rejected}, {"403", 99, 403, 1, transport.Denied}, {"401 twice", 99, 401, 1, transport.Denied}, {"redirect", 99, 302, 1, transport.Denied},
	} {
		synctest.Test(t, func(t *testing.T) {
			requests := 0
			b := transporttest.New(t, "https://webex.example", func(c *transport.Config) {
				c.Throttle = throttle.New(throttle.Config{})
				c.HTTP = &http.Client{Transport: transporttest.RoundTripper(func(r *http.Request) (*http.Response, error) {
					requests++
					switch {
					case requests > tt.failures:
						return transporttest.Answer(200, page), nil
					case tt.status == 0:
						return nil, fmt.Errorf("lost %s: %w", r.URL, io.ErrUnexpectedEOF)
					}
					return transporttest.Answer(tt.status, refusal, "Retry-After", "5"), nil
				})}
			})
			began := time.Now()
			found, err := Find(t.Context(), b.Client, "Users", []string{transporttest.Secret, "two"})
			le, _ := errors.AsType[*Error](err)
			switch {
			case requests != tt.want:
				t.Errorf("%s: %d requests", tt.name, requests)
			case tt.kind == transport.Answered && (err != nil || len(found) != 1):
				t.Errorf("%s: %v %v", tt.name, found, err)
			case tt.kind != transport.Answered && (le == nil || le.Kind != tt.kind || le.Status != tt.status || found != nil):
				t.Errorf("%s: %v, %v", tt.name, found, err)
			}
			if tt.status == 429 && time.Since(began) < 5*time.Second*time.Duration(tt.want-1) {
				t.Errorf("%s: over after %s", tt.name, time.Since(began))
			}
			if paused := time.Since(began) > 0; paused != (tt.want > 1) {
				t.Errorf("%s: over after %s", tt.name, time.Since(began))
			}
			if n := strings.Count(b.Logs.String(), `"msg":"lookup"`); n != tt.want {
				t.Errorf("%s: %d records", tt.name, n)
			}
			transporttest.WantClean(t, tt.name, transporttest.ErrorText(err))
			transporttest.WantClean(t, tt.name, b.Logs.String())
			if strings.Contains(transporttest.ErrorText(err)+b.Logs.String(), url.QueryEscape(transporttest.Secret)) {
				t.Errorf("%s: the query shows: %v %s", tt.name, err, b.Logs.String())
			}
		})
	}
}

// TestBrokenLookup: of an answer that was not read to its end nothing is taken,
// and the error says why.
func TestBrokenLookup(t *testing.T) {
	for why, encoding := range map[string]string{transport.ErrBreaksOff.Error(): "", "an encoding that was not asked for: br": "br"} {
		synctest.Test(t, func(t *testing.T) {
			b := transporttest.New(t, "https://webex.example", func(c *transport.Config) {
				c.HTTP = &http.Client{Transport: transporttest.RoundTripper(func(*http.Request) (*http.Response, error) {
					resp := transporttest.Answer(200, "", "Content-Encoding", encoding)
					resp.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{"totalResults":0}`), iotest.ErrReader(io.ErrUnexpectedEOF)))
					return resp, nil
				})}
			})
			if _, err := Find(t.Context(), b.Client, "Users", []string{"a"}); !strings.Contains(transporttest.ErrorText(err), why) {
				t.Errorf("%v, want %s", err, why)
			}
		})
	}
}

// TestLookupFreshToken: as with Send.
func TestLookupFreshToken(t *testing.T) {
	source, refused := transporttest.Script("old-1", "good-1")
	b := transporttest.Serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer good-1" {
			w.WriteHeader(401)
			return
		}
		io.WriteString(w, `{"totalResults":0}`)
	}, func(c *transport.Config) { c.Token = source })
	if _, err := Find(t.Context(), b.Client, "Users", []string{"a"}); err != nil || strings.Join(*refused, "|") != "|old-1" {
		t.Errorf("%v, asked %q", err, *refused)
	}
}

// TestServicesThatNormalize: a name is found in the form that the service has
// made of it.
func TestServicesThatNormalize(t *testing.T) {
	for stored, sent := range map[string]string{
		"Team": " Team ", "José": "Jose\u0301", "A B": "A  \u00a0B", "TEAM": "team", "Jose\u0301": "JOSE\u0301",
	} {
		d := &directory{names: []string{stored, "other"}, attr: "displayName", perPage: 100}
		b := transporttest.Serve(t, d.ServeHTTP)
		if found, err := Find(t.Context(), b.Client, "Groups", []string{sent, sent}); err != nil || ids(found) != "0" {
			t.Errorf("%q sent, %q stored: %+v %v, asked %q", sent, stored, found, err, d.queries)
		}
	}
}

// TestFilterIgnored: a resource that two queries, or two pages, give is one,
// and what nobody asked for is left out.
func TestFilterIgnored(t *testing.T) {
	var names, all []string
	for i := range 120 {
		names = append(names, fmt.Sprintf("user%d", i))
		all = append(all, fmt.Sprintf(`{"id":"%d","userName":"USER%[1]d"}`, i), fmt.Sprintf(`{"id":"x%d","userName":"other%[1]d"}`, i))
	}
	all = append(all, all...) // each twice
	b := transporttest.Serve(t, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `{"totalResults":%d,"Resources":[%s]}`, len(all), strings.Join(all, ","))
	})
	found, err := Find(t.Context(), b.Client, "Users", names)
	if err != nil || len(found) != len(names) {
		t.Fatalf("%d found, %v", len(found), err)
	}
	seen := map[string]bool{}
	for _, r := range found {
		if seen[r.ID] || !strings.HasPrefix(r.Name, "USER") {
			t.Errorf("%+v", r)
		}
		seen[r.ID] = true
	}
}

// TestLongURL: where a url is too long for the service, fewer names are asked
// for at once, one in the end.
func TestLongURL(t *testing.T) {
	for _, status := range []int{414, 431} {
		for longest, want := range map[int]int{20: 3, 1: 20, 0: 0} { // terms that fit, queries that are answered
			var names, asked []string
			for i := range 20 {
				names = append(names, fmt.Sprintf("user%d", i))
			}
			answered := 0
			b := transporttest.Serve(t, func(w http.ResponseWriter, r *http.Request) {
				got := terms(r.URL.Query().Get("filter"), "userName")
				if len(got) > longest {
					w.WriteHeader(status)
					return
				}
				asked = append(asked, got...)
				answered++
				fmt.Fprint(w, `{"totalResults":0}`)
			})
			_, err := Find(t.Context(), b.Client, "Users", names)
			if longest == 0 {
				if le, ok := errors.AsType[*Error](err); !ok || le.Kind != transport.Rejected || le.Status != status {
					t.Errorf("%d: %v", status, err)
				}
				continue
			}
			if slices.Sort(asked); err != nil || len(slices.Compact(asked)) != len(names) || answered > want {
				t.Errorf("%d, %d fit: %d of %d names asked for in %d queries, %v", status, longest, len(asked), len(names), answered, err)
			}
		}
	}
}

// TestErrorsShowNoQuery: an error of the transport that quotes the url of a
// search loses its query, escaped or not.
func TestErrorsShowNoQuery(t *testing.T) {
	for _, quote := range []func(string) string{func(s string) string { return s }, url.QueryEscape, func(s string) string { return url.QueryEscape(url.QueryEscape(s)) }} {
		synctest.Test(t, func(t *testing.T) {
			b := transporttest.New(t, "https://webex.example", func(c *transport.Config) {
				c.HTTP = &http.Client{Transport: transporttest.RoundTripper(func(r *http.Request) (*http.Response, error) {
					return nil, errors.New("proxy: GET " + quote(r.URL.String()) + " failed")
				})}
			})
			_, err := Find(t.Context(), b.Client, "Users", []string{transporttest.Secret, "王伟"})
			if text := transporttest.ErrorText(err); strings.Contains(text, "filter") || strings.Contains(text, "secret") || strings.Contains(text, "E7") || !strings.Contains(text, "failed") {
				t.Error(text)
			}
		})
	}
}

// TestLookupAlive: a lookup that fails tells whether the service itself was
// heard during it.
func TestLookupAlive(t *testing.T) {
	type said struct {
		status int // 0: no answer
		body   string
	}
	const page = `{"totalResults":2,"Resources":[{"id":"1","userName":"a"}]}`
	for _, tt := range []struct {
		name    string
		answers []said // the last one stands for all that follow
		alive   bool
	}{
		{"none", []said{{}}, false},
		{"gateway", []said{{502, transporttest.LoginPage}}, false},
		{"login page", []said{{200, transporttest.LoginPage}}, false},
		{"other JSON", []said{{200, `{"status":"up"}`}}, false},
		{"the service's error", []said{{500, transporttest.WebexError}}, true},
		{"asked to wait before", []said{{503, ``}, {502, transporttest.LoginPage}}, true},
		{"a page before", []said{{200, page}, {502, transporttest.LoginPage}}, true},
		{"denied by the service", []said{{403, transporttest.WebexError}}, true},
		{"refused by a firewall", []said{{403, transporttest.LoginPage}}, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			n := 0
			b := transporttest.New(t, "https://webex.example", func(c *transport.Config) {
				c.HTTP = &http.Client{Transport: transporttest.RoundTripper(func(*http.Request) (*http.Response, error) {
					last := tt.answers[min(n, len(tt.answers)-1)]
					n++
					if last.status == 0 {
						return nil, errors.New("lost")
					}
					return transporttest.Answer(last.status, last.body), nil
				})}
			})
			_, err := Find(t.Context(), b.Client, "Users", []string{"a"})
			if le, ok := errors.AsType[*Error](err); !ok || le.Alive != tt.alive {
				t.Errorf("%s: %#v", tt.name, err)
			}
		})
	}
}

// TestFoundWithoutToken: nor does what a lookup finds hold the token.
func TestFoundWithoutToken(t *testing.T) {
	for name, echo := range transporttest.Echoes(transporttest.Token) {
		b := transporttest.Serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("TrackingID", url.QueryEscape(echo))
			fmt.Fprintf(w, `{"totalResults":2,"Resources":[{"id":"7","userName":"a","meta":{"location":%s,"version":%s}},{"id":%[2]s,"userName":"b"}]}`,
				transporttest.Quoted("https://h/v2/Users/7?t="+echo), transporttest.Quoted(echo))
		})
		found, err := Find(t.Context(), b.Client, "Users", []string{"a", "b"})
		if err != nil || len(found) != 2 || found[0].ID != "7" || transporttest.Leaks(fmt.Sprintf("%+v", found)+b.Logs.String(), transporttest.Token) {
			t.Errorf("%s: %+v, %v, %s", name, found, err, b.Logs)
		}
	}
}

// TestBoundOfPages: a page has a bound, in values and in entries.
func TestBoundOfPages(t *testing.T) {
	bombs := transporttest.Bombs(t)
	for _, name := range []string{"resources", "entries"} {
		body := bombs[name]
		synctest.Test(t, func(t *testing.T) {
			b := transporttest.New(t, "https://webex.example", transporttest.Through(func(*http.Request) (*http.Response, error) {
				return transporttest.Answer(200, body, "Content-Encoding", "x-gzip"), nil
			}))
			if _, err := Find(t.Context(), b.Client, "Users", []string{"a"}); err == nil {
				t.Errorf("%s: found", name)
			}
		})
	}
}

// TestDate: when the service answered is told, whatever it answered.
func TestDate(t *testing.T) {
	const date = "Sat, 03 Feb 2001 04:05:06 GMT"
	want := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
	for _, status := range []int{200, 400, 403} {
		b := transporttest.New(t, "https://webex.example", transporttest.Through(func(*http.Request) (*http.Response, error) {
			return transporttest.Answer(status, `{"totalResults":1,"Resources":[{"id":"1","userName":"a"}]}`, "Date", date), nil
		}))
		found, err := Find(t.Context(), b.Client, "Users", []string{"a"})
		if le, ok := errors.AsType[*Error](err); ok && !le.Date.Equal(want) || !ok && !found[0].Date.Equal(want) {
			t.Errorf("%d: %v %v", status, found, err)
		}
	}
}

// TestRedirect: no lookup follows a redirect.
func TestRedirect(t *testing.T) {
	b := transporttest.Serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/again" {
			t.Error("a lookup followed")
		}
		http.Redirect(w, r, "/again", http.StatusFound)
	})
	if _, err := Find(t.Context(), b.Client, "Users", []string{"a"}); err == nil {
		t.Error("found")
	}
}
