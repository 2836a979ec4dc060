package admin_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"

	"github.com/webexscim/bulk/api"
	"github.com/webexscim/bulk/webextest"
	"github.com/webexscim/bulk/webextest/admin"
)

// bench is a simulator with its interface, and the document that all answers of
// the interface are held against.
type bench struct {
	*testing.T
	sim     *webextest.Simulator
	handler http.Handler
	router  routers.Router
	met     map[string]bool // "GET /__admin/health 200"
}

func newBench(t *testing.T, sim webextest.Config, cfg admin.Config) *bench {
	doc, err := openapi3.NewLoader().LoadFromData(admin.OpenAPI)
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Fatal(err)
	}
	router, err := legacy.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	s := webextest.New(sim)
	return &bench{t, s, admin.New(s, cfg), router, make(map[string]bool)}
}

// call is a request from this machine; the body of a POST is JSON.
func call(method, path, body string, headers ...string) *http.Request {
	r := httptest.NewRequest(method, "http://127.0.0.1:8080"+path, strings.NewReader(body))
	r.RequestURI, r.URL.Scheme, r.URL.Host = path, "", "" // as a server reads it
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		if r.Header.Set(headers[i], headers[i+1]); headers[i] == "Host" {
			r.Host = headers[i+1]
		}
	}
	return r
}

// do sends a request, validates the answer with the description, and returns it.
func (b *bench) do(want int, r *http.Request) string {
	b.Helper()
	sent, _ := io.ReadAll(r.Body) // from memory
	r.Body = io.NopCloser(bytes.NewReader(sent))
	w := httptest.NewRecorder()
	b.handler.ServeHTTP(w, r)
	body := w.Body.String()
	if w.Code != want {
		b.Errorf("%s %s: status %d, want %d: %.300s", r.Method, r.URL, w.Code, want, body)
	}
	route, params, err := b.router.FindRoute(r)
	if err != nil {
		return body // the service, the page, or a method that the document lacks
	}
	b.met[fmt.Sprintf("%s %s %d", r.Method, route.Path, w.Code)] = true
	r.Body = io.NopCloser(bytes.NewReader(sent))
	request := &openapi3filter.RequestValidationInput{
		Request: r, PathParams: params, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc},
	}
	if err := openapi3filter.ValidateRequest(b.Context(), request); err != nil && w.Code < 300 {
		b.Errorf("%s %s is answered with %d, and breaks the document: %v", r.Method, r.URL, w.Code, err)
	}
	err = openapi3filter.ValidateResponse(b.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: request,
		Status:                 w.Code, Header: w.Header(), Body: io.NopCloser(bytes.NewReader(w.Body.Bytes())),
		Options: &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true},
	})
	if err != nil {
		b.Errorf("%s %s: the answer breaks the document: %v", r.Method, r.URL, err)
	}
	return body
}

// get returns the list of a GET.
func (b *bench) get(name string) (list []map[string]any) {
	b.Helper()
	var body map[string][]map[string]any
	text := b.do(200, call("GET", "/__admin/"+name, ""))
	if err := json.Unmarshal([]byte(text), &body); err != nil {
		b.Fatalf("%s: %v: %s", name, err, text)
	}
	for _, list = range body {
	}
	return list
}

const service = "/identity/scim/" + webextest.DefaultOrgID + "/v2/"

// bulk sends a Bulk request of operations; cut reports that there was no
// answer.
func (b *bench) bulk(operations string) (w *httptest.ResponseRecorder, cut bool) {
	defer func() { cut = recover() == http.ErrAbortHandler }()
	w = httptest.NewRecorder()
	b.handler.ServeHTTP(w, call("POST", service+"Bulk",
		`{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],"operations":[`+operations+`]}`,
		"Authorization", "Bearer "+webextest.DefaultToken))
	return w, false
}

func create(name string) string {
	return `{"method":"POST","path":"/Users","bulkId":"` + name + `","data":{"userName":"` + name + `@example.com"}}`
}

// The description has every answer of the interface, and its schemas match.
func TestEveryAnswerIsDocumented(t *testing.T) {
	open, guarded := newBench(t, webextest.Config{}, admin.Config{}), newBench(t, webextest.Config{}, admin.Config{Remote: true, Token: "s3cret"})
	closed := newBench(t, webextest.Config{}, admin.Config{Remote: true})
	guarded.met, closed.met = open.met, open.met
	for _, c := range []struct {
		method, path, body string
		status             int
	}{
		{"GET", "health", "", 200}, {"GET", "stats", "", 200}, {"GET", "ledger", "", 200}, {"GET", "requests", "", 200}, {"GET", "violations", "", 200},
		{"GET", "openapi.yaml", "", 200}, {"GET", "faults", "", 200}, {"DELETE", "faults", "", 204}, {"POST", "reset", "", 204},
		{"POST", "faults", `{"faults":[{"status":503}]}`, 201}, {"POST", "seed", `{"users":[{"userName":"a"}]}`, 201},
	} {
		path := "/__admin/" + c.path
		open.do(c.status, call(c.method, path, c.body))
		open.do(204, call("POST", "/__admin/reset", ""))
		open.do(c.status, call(c.method, path, c.body, "Host", "localhost", "Origin", "http://LOCALHOST"))
		open.do(421, call(c.method, path, c.body, "Host", "rebound.example:8080"))
		open.do(403, call(c.method, path, c.body, "Origin", "http://evil.example"))
		open.do(403, call(c.method, path, c.body, "Origin", "null"))
		open.do(403, call(c.method, path, c.body, "Origin", "http://127.0.0.1:9090"))
		guarded.do(401, call(c.method, path, c.body))
		guarded.do(401, call(c.method, path, c.body, "Authorization", "Bearer wrong"))
		guarded.do(401, call(c.method, path, c.body, "Authorization", "s3cret"))
		guarded.do(c.status, call(c.method, path, c.body, "Authorization", "bearer s3cret", "Host", "simulator:8080"))
		closed.do(403, call(c.method, path, c.body))
		closed.do(403, call(c.method, path, c.body, "Authorization", "Bearer "))
		if c.method == "POST" {
			open.do(415, call(c.method, path, c.body, "Content-Type", "text/plain"))
			open.do(415, call(c.method, path, c.body, "Content-Type", ""))
		}
		open.do(405, call("PUT", path, c.body))
	}
	open.do(204, call("POST", "/__admin/reset", ""))
	for _, path := range []string{"ledger", "requests", "violations"} {
		for _, after := range []string{"-1", "x", "", "1.5"} {
			open.do(400, call("GET", "/__admin/"+path+"?after="+after, ""))
		}
	}
	for _, path := range []string{"seed", "faults"} {
		open.do(400, call("POST", "/__admin/"+path, `[]`))
		open.do(413, call("POST", "/__admin/"+path, strings.Repeat(" ", 9<<20)))
	}
	open.do(409, call("POST", "/__admin/seed", `{"users":[{"userName":"a"},{"userName":"A"}]}`))
	doc, err := openapi3.NewLoader().LoadFromData(admin.OpenAPI)
	if err != nil {
		t.Fatal(err)
	}
	for path, item := range doc.Paths.Map() {
		for method, operation := range item.Operations() {
			for status := range operation.Responses.Map() {
				if key := method + " " + path + " " + status; !open.met[key] {
					t.Errorf("%s was not met", key)
				}
			}
		}
	}
}

func TestShapesAreDocumented(t *testing.T) {
	b := newBench(t, webextest.Config{}, admin.Config{})
	for _, name := range webextest.ShapeNames() {
		b.do(201, call("POST", "/__admin/faults", `{"faults":[{"shape":"`+name+`"}]}`))
	}
	doc, err := openapi3.NewLoader().LoadFromData(admin.OpenAPI)
	if err != nil {
		t.Fatal(err)
	}
	shape := doc.Components.Schemas["Shape"].Value
	if len(shape.Enum) != len(webextest.ShapeNames()) {
		t.Errorf("the document lists %v", shape.Enum)
	}
	for _, name := range webextest.ShapeNames() {
		if !strings.Contains(shape.Description, "`"+name+"`") {
			t.Errorf("the document does not describe %s", name)
		}
	}
}

// A request with the name of another machine is refused on every path, and does
// not reach the service.
func TestOtherHostsAreRefused(t *testing.T) {
	b := newBench(t, webextest.Config{}, admin.Config{Hosts: []string{"sim.internal"}})
	for _, path := range []string{"/", "/openapi.yaml", "/favicon.ico", "/__admin", "/__admin/health", service + "Users", service + "Bulk", "/nowhere"} {
		for host, known := range map[string]bool{
			"localhost": true, "LocalHost:1": true, "127.0.0.1:8080": true, "127.9.9.9": true, "[::1]:8080": true, "[::1]": true,
			"sim.internal:8080": true, "[::ffff:127.0.0.1]": true,
			"": false, "rebound.example": false, "rebound.example:8080": false, "127.0.0.1.rebound.example": false, "192.0.2.1": false,
			"localhost.rebound.example": false, "0.0.0.0": false, "127.1": false, "::": false, "[::2]:80": false,
		} {
			w := httptest.NewRecorder()
			b.handler.ServeHTTP(w, call("GET", path, "", "Host", host))
			if (w.Code != 421) != known {
				t.Errorf("%s of %q: %d", path, host, w.Code)
			}
		}
	}
	b.sim.Reset()
	b.do(421, call("POST", service+"Bulk", "{}", "Host", "rebound.example"))
	if len(b.sim.Exchanges()) != 0 {
		t.Error("the service has seen it")
	}
}

func TestFilesAreServedAndUnknownPathsRefused(t *testing.T) {
	b := newBench(t, webextest.Config{}, admin.Config{})
	if b.do(200, call("GET", "/openapi.yaml", "")) != string(api.OpenAPI) || b.do(200, call("GET", "/__admin/openapi.yaml", "")) != string(admin.OpenAPI) {
		t.Error("the documents are others")
	}
	page := b.do(200, call("GET", "/", ""))
	for _, text := range []string{`href="/openapi.yaml"`, `"violations"`, `"ledger"`} {
		if !strings.Contains(page, text) {
			t.Errorf("the page lacks %s", text)
		}
	}
	if strings.Contains(page, "://") || strings.Contains(page, "innerHTML") {
		t.Error("the page loads something from elsewhere, or takes text for HTML")
	}
	for path, status := range map[string]int{"/__admin": 404, "/__admin/": 404, "/__admin/x": 404, "/__administer": 404, service + "Users": 401} {
		b.do(status, call("GET", path, ""))
	}
	b.do(405, call("POST", "/", ""))
	if got := b.get("violations"); len(got) != 2 { // of the service: no such path, no Authorization
		t.Errorf("%v", got)
	}
}
