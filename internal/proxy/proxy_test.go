package proxy_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/webexscim/bulk/conformance/vectors"
	"github.com/webexscim/bulk/internal/proxy"
	"github.com/webexscim/bulk/webextest"
)

// bench is a proxy in front of a service.
type bench struct {
	*testing.T
	*proxy.Proxy
	url string

	mu         sync.Mutex
	violations []proxy.Violation
}

func newBench(t *testing.T, service http.Handler, maxChecked int) *bench {
	target := httptest.NewServer(service)
	t.Cleanup(target.Close)
	u, err := url.Parse(target.URL)
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{T: t}
	b.Proxy, err = proxy.New(proxy.Config{Target: u, MaxChecked: maxChecked, Report: func(br proxy.Violation) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.violations = append(b.violations, br)
	}})
	if err != nil {
		t.Fatal(err)
	}
	front := httptest.NewServer(b)
	t.Cleanup(front.Close)
	b.url = front.URL
	return b
}

const bulk = "/identity/scim/" + webextest.DefaultOrgID + "/v2/Bulk"

// send posts a body and returns the violations that follow, once the exchange
// is over.
func (b *bench) send(method, path, body string) (*http.Response, string, []proxy.Violation) {
	b.Helper()
	before := b.Stats().Requests
	req, err := http.NewRequest(method, b.url+path, strings.NewReader(body))
	if err != nil {
		b.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+webextest.DefaultToken)
	req.Header.Set("Content-Type", "application/json")
	resp, err := (&http.Transport{DisableCompression: true, DisableKeepAlives: true}).RoundTrip(req)
	var answer []byte
	if err == nil {
		answer, _ = io.ReadAll(resp.Body)
		resp.Body.Close()
	}
	for b.Stats().Requests == before { // the check follows the last byte
		time.Sleep(time.Millisecond)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	list := b.violations
	b.violations = nil
	return resp, string(answer), list
}

func request(ops string) string {
	return `{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],"operations":[` + ops + `]}`
}

const create = `{"method":"POST","path":"/Users","bulkId":"ada","data":{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ada@example.com","userType":"user"}}`

func TestMessagesPassUnchanged(t *testing.T) {
	var got *http.Request
	var body []byte
	b := newBench(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r
		body, _ = io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Odd", "value")
		fmt.Fprint(w, `{"operations":[ ]}`)
	}), 0)
	resp, answer, violations := b.send("POST", bulk+"?a=b%20c", request(create))
	if len(violations) != 0 || answer != `{"operations":[ ]}` || resp.Header.Get("Odd") != "value" {
		t.Errorf("%v %q %v", violations, answer, resp.Header)
	}
	if string(body) != request(create) || got.RequestURI != bulk+"?a=b%20c" || got.Header.Get("Authorization") != "Bearer "+webextest.DefaultToken {
		t.Errorf("%s %s %v", got.RequestURI, body, got.Header)
	}
	for name := range got.Header {
		switch name {
		case "Authorization", "Content-Type", "Content-Length", "Connection", "User-Agent":
		default:
			t.Errorf("the proxy adds %s", name)
		}
	}
}

func TestViolationsHavePlacesAndNoValues(t *testing.T) {
	const secret = "s3cret"
	b := newBench(t, webextest.New(webextest.Config{}), 0)
	for name, c := range map[string]struct{ method, path, body, where, what string }{
		"path":      {"POST", "/v1/identity/scim/x/v2/Bulk", "{}", "", "the contract has no such method and path"},
		"method":    {"PUT", bulk, "{}", "", "the contract has no such method and path"},
		"capital":   {"POST", bulk, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],"Operations":[]}`, "", `"Operations" is unsupported`},
		"no JSON":   {"POST", bulk, secret, "", "not the JSON"},
		"no method": {"POST", bulk, request(`{"path":"/Users","bulkId":"` + secret + `","data":{}}`), "/operations/0", `"method" is missing`},
		"no bulkId": {"POST", bulk, request(`{"method":"POST","path":"/Users","data":{"userName":"` + secret + `"}}`), "/operations/0", "A POST without a bulkId"},
		"no type":   {"POST", bulk, request(`{"method":"POST","path":"/Groups","bulkId":"g","data":{"members":[{"value":"` + secret + `"}]}}`), "/operations/0", "member that has no type"},
		"number":    {"POST", bulk, request(`{"method":"DELETE","path":17}`), "/operations/0/path", "must be a string"},
		"pattern":   {"POST", bulk, request(`{"method":"DELETE","path":"/` + secret + `/1"}`), "/operations/0/path", "regular expression"},
		"enum":      {"POST", bulk, request(`{"method":"` + secret + `","path":"/Users/1"}`), "/operations/0/method", "allowed values"},
		"text":      {"POST", bulk, request(`{"method":"POST","path":"/Users","bulkId":"a","data":{"userName":"` + secret + `","title":5}}`), "/operations/0/data/title", "must be a string"},
		"list":      {"POST", bulk, request(`{"method":"POST","path":"/Users","bulkId":"a","data":{"userName":"a","emails":"` + secret + `"}}`), "/operations/0/data/emails", "must be an array"},
		"user":      {"POST", bulk, request(`{"method":"POST","path":"/Users","bulkId":"a","data":{"title":"` + secret + `"}}`), "/operations/0/data", `"userName" is missing`},
		"group":     {"POST", bulk, request(`{"method":"POST","path":"/Groups","bulkId":"a","data":{"displayName":""}}`), "/operations/0/data", `"displayName" is missing`},
		"no value":  {"POST", bulk, request(change(`"op":"add","path":"title"`)), "/operations/0/data/Operations/0", "An add or a replace without a value"},
		"no path":   {"POST", bulk, request(change(`"op":"remove","x":"` + secret + `"`)), "/operations/0/data/Operations/0", "A remove without a path"},
		"null":      {"POST", bulk, request(change(`"op":"add","path":"title","value":null`)), "/operations/0/data/Operations/0", "without a value"},
		"op":        {"POST", bulk, request(change(`"op":"Add","path":"title","value":"` + secret + `"`)), "/operations/0/data/Operations/0/op", "allowed values"},
		"title":     {"POST", bulk, request(change(`"op":"add","path":"TITLE","value":["` + secret + `"]`)), "/operations/0/data/Operations/0/value", "must be a string"},
		"active":    {"POST", bulk, request(change(`"op":"replace","path":"active","value":"False"`)), "/operations/0/data/Operations/0/value", "must be a boolean"},
		"sub":       {"POST", bulk, request(change(`"op":"add","path":"emails[type eq \"a.b]\"].value","value":5`)), "/operations/0/data/Operations/0/value", "must be a string"},
		"element":   {"POST", bulk, request(change(`"op":"add","path":"emails","value":"` + secret + `"`)), "/operations/0/data/Operations/0/value", "must be an object"},
		"elements":  {"POST", bulk, request(change(`"op":"add","path":"emails","value":[{"value":7}]`)), "/operations/0/data/Operations/0/value/0/value", "must be a string"},
		"extension": {"POST", bulk, request(change(`"op":"add","path":"` + enterprise + `:department","value":5`)), "/operations/0/data/Operations/0/value", "must be a string"},
		"manager":   {"POST", bulk, request(change(`"op":"add","path":"` + enterprise + `.manager","value":"` + secret + `"`)), "/operations/0/data/Operations/0/value", "must be an object"},
		"no object": {"POST", bulk, request(change(`"op":"add","value":"` + secret + `"`)), "/operations/0/data/Operations/0/value", "must be an object"},
		"members":   {"POST", bulk, request(change(`"op":"add","value":{"title":5}`)), "/operations/0/data/Operations/0/value/title", "must be a string"},
		"sort":      {"GET", strings.TrimSuffix(bulk, "Bulk") + "Users?sortBy=" + secret, "", "query parameter sortBy", "allowed values"},
		"search":    {"GET", strings.TrimSuffix(bulk, "Bulk") + "Users?count=" + secret, "", "query parameter count", "contract"},
	} {
		_, _, violations := b.send(c.method, c.path, c.body)
		found := false
		for _, br := range violations {
			found = found || br.Message == "request" && strings.HasPrefix(br.Where, c.where) && strings.Contains(br.What, c.what)
			if line, _ := json.Marshal(br); strings.Contains(string(line)+br.String(), secret) {
				t.Errorf("%s: %s tells what was sent", name, line)
			}
		}
		if !found {
			t.Errorf("%s: %v", name, violations)
		}
	}
	if got := b.Stats(); got.Violations < 30 || got.Requests != 29 || got.Unchecked != 0 {
		t.Errorf("%+v", got)
	}
}

const enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

func change(step string) string {
	return `{"method":"PATCH","path":"/Users/1","data":{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{` + step + `}]}}`
}

// Examples are unknown attributes, single values of a list, paths in any case,
// and a remove without a value.
func TestValidPatchesAreNoViolations(t *testing.T) {
	b := newBench(t, webextest.New(webextest.Config{}), 0)
	var changes []string
	for _, step := range []string{
		`"op":"replace","path":"title","value":"x"`, `"op":"add","path":"shoe.size","value":44`,
		`"op":"add","path":"emails","value":{"value":"a@x.org","type":"work"}`, `"op":"add","path":"EMAILS","value":[{"value":"a@x.org"}]`,
		`"op":"replace","path":"phoneNumbers[type eq \"work\"].value","value":"1"`, `"op":"replace","path":"phoneNumbers[type eq \"work\"]","value":{"value":"1"}`,
		`"op":"remove","path":"phoneNumbers[type eq \"]\"]"`, `"op":"add","path":"` + enterprise + `:manager.value","value":"1"`,
		`"op":"add","path":"` + strings.ToUpper(enterprise) + `","value":{"department":"x","manager":null}`, `"op":"add","value":{"title":"x","name":{"givenName":"A"}}`,
		`"op":"add","path":"urn:example:2.0:Extension:size","value":[1]`, `"op":"replace","path":"name.givenName","value":"A"`,
		`"op":"add","value":{"name.givenName":"A","emails":{"value":"a@x.org"}}`,
	} {
		changes = append(changes, change(step))
	}
	if _, _, violations := b.send("POST", bulk, request(strings.Join(changes, ","))); len(violations) != 0 {
		t.Error(violations)
	}
}

// Examples are unknown attributes, null values, and references.
func TestValidCreatesAreNoViolations(t *testing.T) {
	b := newBench(t, webextest.New(webextest.Config{}), 0)
	_, _, violations := b.send("POST", bulk, request(`{"method":"POST","path":"/Users","bulkId":"a","data":{"userName":"a@x.org",
		"title":null,"name":{"givenName":null},"emails":[{"value":"a@x.org","display":null}],"shoe":44}},
		{"method":"POST","path":"/Groups","bulkId":"g","data":{"displayName":"G","members":[{"value":"bulkId:a","type":"user"}]}}`))
	if len(violations) != 0 {
		t.Error(violations)
	}
}

func TestTokenIsRequiredAndNotReported(t *testing.T) {
	b := newBench(t, webextest.New(webextest.Config{}), 0)
	resp, err := http.Post(b.url+bulk, "application/json", strings.NewReader(request(create)))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	for b.Stats().Requests == 0 {
		time.Sleep(time.Millisecond)
	}
	if len(b.violations) != 1 || b.violations[0].Where != "Authorization" {
		t.Errorf("%v", b.violations)
	}
}

// Of the other vectors, those that do not match a schema are violations.
func TestVectorsThatConformAreNoViolations(t *testing.T) {
	list, err := vectors.All()
	if err != nil {
		t.Fatal(err)
	}
	var current atomic.Pointer[vectors.Vector]
	b := newBench(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := current.Load()
		content, _ := v.Response.Content()
		for name, value := range v.Response.Headers {
			w.Header().Set(name, value)
		}
		if v.Response.Cut == vectors.CutAnswer {
			panic(http.ErrAbortHandler)
		}
		w.Header().Set("Content-Length", fmt.Sprint(len(content)))
		w.WriteHeader(v.Response.Status)
		if v.Response.Cut == vectors.CutBody {
			_, _ = w.Write(content[:len(content)/2])
			panic(http.ErrAbortHandler)
		}
		_, _ = w.Write(content)
	}), 0)
	found := 0
	for _, v := range list {
		current.Store(&v)
		before := b.Stats()
		resp, answer, violations := b.send("POST", bulk, string(v.Request.Body))
		content, _ := v.Response.Content()
		switch {
		case v.Response.Cut != "":
			if after := b.Stats(); len(violations) != 0 || after.Unanswered != before.Unanswered+1 {
				t.Errorf("vector %d: %v %+v", v.Number, violations, after)
			}
			continue
		case answer != string(content) || resp.StatusCode != v.Response.Status:
			t.Errorf("vector %d: %d %q", v.Number, resp.StatusCode, answer)
		case v.Kind == vectors.Conforms && len(violations) > 0:
			t.Errorf("vector %d: %v", v.Number, violations)
		}
		for _, br := range violations {
			if br.Message != "answer" {
				t.Errorf("vector %d: %v", v.Number, br)
			}
			if line := br.String(); strings.Contains(line, "ROUTER_") || strings.Contains(line, "example.com") || strings.Contains(line, "taken") {
				t.Errorf("vector %d: %s", v.Number, line)
			}
		}
		if len(violations) > 0 {
			found++
		}
	}
	if found < 20 {
		t.Errorf("violations in the answers of %d vectors", found)
	}
}

// At most Config.MaxChecked bytes of a body are kept, also after decompression.
func TestLongBodiesPassUnchecked(t *testing.T) {
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	_, _ = w.Write(bytes.Repeat([]byte(" "), 1<<20))
	w.Close()
	for name, c := range map[string]struct{ encoding, answer string }{
		"long": {"", strings.Repeat(" ", 1<<20)}, "inflates": {"gzip", zipped.String()},
	} {
		b := newBench(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			w.Header().Set("Content-Type", "application/json")
			if c.encoding != "" {
				w.Header().Set("Content-Encoding", c.encoding)
			}
			_, _ = io.WriteString(w, c.answer)
		}), 64<<10)
		_, answer, violations := b.send("POST", bulk, request(create)+strings.Repeat(" ", 1<<20))
		if got := b.Stats(); answer != c.answer || len(violations) != 0 || got.Unchecked != 2 {
			t.Errorf("%s: %d bytes, %v, %+v", name, len(answer), violations, got)
		}
	}
}

// The proxy sends no answer of its own.
func TestNoServiceIsACutConnection(t *testing.T) {
	b := newBench(t, http.NotFoundHandler(), 0)
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	u, _ := url.Parse(gone.URL)
	p, err := proxy.New(proxy.Config{Target: u, Report: func(br proxy.Violation) { t.Error(br) }})
	if err != nil {
		t.Fatal(err)
	}
	front := httptest.NewServer(p)
	defer front.Close()
	b.Proxy, b.url = p, front.URL
	if resp, _, _ := b.send("POST", bulk, request(create)); resp != nil {
		t.Errorf("answered %d", resp.StatusCode)
	}
	if got := p.Stats(); got != (proxy.Stats{Requests: 1, Unanswered: 1, Unchecked: 1}) {
		t.Errorf("%+v", got)
	}
}
