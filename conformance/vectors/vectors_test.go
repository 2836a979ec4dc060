package vectors_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers/legacy"

	"github.com/webexscim/bulk/api"
	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/conformance/vectors"
	"github.com/webexscim/bulk/internal/bulkapi"
	"github.com/webexscim/bulk/internal/throttle"
	"github.com/webexscim/bulk/internal/transport"
)

const (
	orgID = "3f1d2c8a-6f0e-4a57-9a52-9d7a0b6a1c01"
	token = "simulated-access-token"
)

func all(t *testing.T) []vectors.Vector {
	t.Helper()
	list, err := vectors.All()
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// each runs a subtest for each vector.
func each(t *testing.T, run func(t *testing.T, v vectors.Vector)) {
	for _, v := range all(t) {
		t.Run(fmt.Sprintf("%03d", v.Number), func(t *testing.T) {
			defer func() {
				if t.Failed() {
					t.Logf("vector %d: %s", v.Number, v.Title)
				}
			}()
			run(t, v)
		})
	}
}

func TestManifestListsEveryVector(t *testing.T) {
	entries, err := vectors.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	var present, listed []string
	for _, f := range files {
		if strings.HasSuffix(f.Name(), ".json") && f.Name() != "manifest.json" {
			present = append(present, f.Name())
		}
	}
	kinds := map[string]int{}
	for i, v := range all(t) {
		e := entries[i]
		listed = append(listed, e.File)
		kinds[e.Kind]++
		if e.Number != i+1 || v.Number != e.Number || v.Kind != e.Kind || !strings.HasPrefix(e.File, fmt.Sprintf("%03d-", e.Number)) {
			t.Errorf("entry %d is %+v, its file has number %d and kind %q", i, e, v.Number, v.Kind)
		}
	}
	if !slices.Equal(present, listed) {
		t.Errorf("listed are %q\nthere are %q", listed, present)
	}
	if len(kinds) != 2 || kinds[vectors.Conforms] < 20 || kinds[vectors.Tolerate] < 20 || len(entries) < 80 {
		t.Errorf("there are %v", kinds)
	}
}

func TestVectorsDifferInMoreThanNames(t *testing.T) {
	names := regexp.MustCompile(`ROUTER_[0-9A-F-]+|(7c5b1f0e|0b9e7a44)[0-9a-f-]{28}|W/\\"\d+\\"`)
	met := map[string]int{}
	for _, v := range all(t) {
		text, err := json.Marshal([]any{v.Request.Body, v.Response})
		if err != nil {
			t.Fatal(err)
		}
		plain := names.ReplaceAllString(string(text), "")
		if before, twice := met[plain]; twice {
			t.Errorf("vectors %d and %d are alike", before, v.Number)
		}
		met[plain] = v.Number
	}
}

// So does the request of every other vector.
func TestVectorsThatConformFollowTheContract(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromData(api.OpenAPI)
	if err != nil {
		t.Fatal(err)
	}
	router, err := legacy.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	each(t, func(t *testing.T, v vectors.Vector) {
		req, err := http.NewRequest(v.Request.Method, "https://webexapis.com"+v.Request.Path, bytes.NewReader(v.Request.Body))
		if err != nil {
			t.Fatal(err)
		}
		setHeaders(req.Header, v.Request.Headers)
		route, params, err := router.FindRoute(req)
		if err != nil {
			t.Fatal(err)
		}
		in := &openapi3filter.RequestValidationInput{
			Request: req, PathParams: params, Route: route,
			Options: &openapi3filter.Options{MultiError: true, AuthenticationFunc: openapi3filter.NoopAuthenticationFunc},
		}
		if err := openapi3filter.ValidateRequest(t.Context(), in); err != nil {
			t.Errorf("the request: %v", err)
		}
		if v.Kind != vectors.Conforms {
			return
		}
		res := respond(t, v, req)
		err = openapi3filter.ValidateResponse(t.Context(), &openapi3filter.ResponseValidationInput{
			RequestValidationInput: in, Status: res.StatusCode, Header: res.Header, Body: res.Body,
			Options: &openapi3filter.Options{MultiError: true, IncludeResponseStatus: true},
		})
		if err != nil {
			t.Errorf("the answer: %v", err)
		}
	})
}

func setHeaders(to http.Header, headers map[string]string) {
	for name, value := range headers {
		to.Set(name, value)
	}
}

// respond is the answer of a vector.
func respond(t *testing.T, v vectors.Vector, r *http.Request) *http.Response {
	content, err := v.Response.Content()
	if err != nil {
		t.Fatal(err)
	}
	res := &http.Response{
		StatusCode: v.Response.Status, Header: http.Header{}, Request: r, Body: io.NopCloser(bytes.NewReader(content)),
		ProtoMajor: 1, ProtoMinor: 1, ContentLength: int64(len(content)),
	}
	setHeaders(res.Header, v.Response.Headers)
	if v.Response.Cut == vectors.CutBody {
		res.Body = io.NopCloser(io.MultiReader(bytes.NewReader(content[:len(content)/2]), failing{}))
	}
	return res
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// exchange compares the first Bulk request with that of a vector, and answers
// with its answer. Later requests are refused, and searches find nobody.
type exchange struct {
	t       *testing.T
	v       vectors.Vector
	planned bool // the library composes the first request
	sent    atomic.Int32
}

func (x *exchange) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodGet {
		return x.plain(r, http.StatusOK, `{"totalResults":0}`), nil
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	if x.sent.Add(1) > 1 {
		return x.plain(r, http.StatusUnauthorized, `{"message":"The vector is over."}`), nil
	}
	if got, want := normal(x.t, body), normal(x.t, x.v.Request.Body); !x.planned && got != want {
		x.t.Errorf("sent\n%s\nwant\n%s", got, want)
	}
	if r.Method != x.v.Request.Method || r.URL.Path != x.v.Request.Path {
		x.t.Errorf("sent %s %s", r.Method, r.URL.Path)
	}
	for name, want := range x.v.Request.Headers {
		if got := r.Header.Get(name); got != want && !strings.HasPrefix(got, want+", ") {
			x.t.Errorf("sent %s: %s, want %s", name, got, want)
		}
	}
	if x.v.Response.Cut == vectors.CutAnswer {
		return nil, io.ErrUnexpectedEOF
	}
	return respond(x.t, x.v, r), nil
}

func (x *exchange) plain(r *http.Request, status int, body string) *http.Response {
	return &http.Response{StatusCode: status, Header: http.Header{}, Request: r, Body: io.NopCloser(strings.NewReader(body))}
}

// normal is JSON in one form, with numbers as they were.
func normal(t *testing.T, text []byte) string {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var value any
	if err := d.Decode(&value); err != nil {
		t.Fatal(err)
	}
	out, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// bulk is the body of a request.
type bulk struct {
	FailOnErrors int
	Operations   []bulkapi.Operation
}

func parse(t *testing.T, v vectors.Vector) bulk {
	var b bulk
	if err := json.Unmarshal(v.Request.Body, &b); err != nil {
		t.Fatal(err)
	}
	return b
}

func TestGoClientReadsEachVectorAsExpected(t *testing.T) {
	each(t, func(t *testing.T, v vectors.Vector) {
		x := &exchange{t: t, v: v}
		c := transport.New(transport.Config{
			Server: "https://webexapis.com", OrgID: orgID, HTTP: &http.Client{Transport: x},
			Token:    func(context.Context, string) (string, error) { return token, nil },
			Throttle: throttle.New(throttle.Config{Concurrency: 1, MaxWait: time.Minute, MaxTotal: time.Hour}),
		})
		b := parse(t, v)
		got := read(t, b, bulkapi.Send(t.Context(), t.Context(), c, b.Operations, b.FailOnErrors))
		got.RetryAfter = wait(t, v)
		if !reflect.DeepEqual(got, v.Expect) {
			t.Errorf("got  %s\nwant %s", text(t, got), text(t, v.Expect))
		}
	})
}

func text(t *testing.T, e vectors.Expect) string {
	out, err := json.MarshalIndent(e, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// read converts an answer to the form of the vectors.
func read(t *testing.T, b bulk, a bulkapi.Answer) vectors.Expect {
	e := vectors.Expect{Outcome: a.Kind.String(), Error: failure(a.Err)}
	switch a.Kind {
	case transport.Waiting:
		e.Outcome = "deferred"
	case transport.NoResponse:
		e.Outcome = "unknown"
	}
	e.Status, e.TrackingID = a.Status, a.TrackingID
	if bytes, operations := a.Limits(); bytes+operations > 0 {
		e.Limits = &vectors.Limits{Operations: operations, Bytes: bytes}
	}
	for i, op := range b.Operations {
		of := vectors.Operation{BulkID: op.BulkID, Outcome: "notDone"}
		switch a.Kind {
		case transport.Answered:
			of = readItem(op, a.Items[i])
		case transport.NoResponse:
			of.Outcome = "unknown"
		}
		e.Operations = append(e.Operations, of)
	}
	return e
}

func readItem(op bulkapi.Operation, it bulkapi.Item) vectors.Operation {
	of := vectors.Operation{BulkID: op.BulkID, ID: it.ID, Version: it.Version}
	if it.Err != nil {
		of.Error = failure(it.Err)
	}
	of.Status = it.Status
	switch status := it.Status; {
	case it.LeftOut, status == 429, status == 503, status == 423, status == 425:
		of.Outcome = "notDone"
	case !it.Found, status == 408, status >= 500:
		of.Outcome = "unknown"
	case it.Err == nil:
		of.Outcome = "succeeded"
	default:
		of.Outcome = "failed"
	}
	return of
}

func failure(err error) vectors.Error {
	e, ok := errors.AsType[*transport.Error](err)
	if !ok {
		return vectors.Error{}
	}
	return vectors.Error{Status: e.Status, ErrorCode: e.ErrorCode, ScimType: e.ScimType, TrackingID: e.TrackingID, Details: e.Details}
}

// wait returns the wait that the throttle reads in the Retry-After of a vector.
func wait(t *testing.T, v vectors.Vector) *vectors.Wait {
	header := http.Header{}
	setHeaders(header, v.Response.Headers)
	now, _ := http.ParseTime(header.Get("Date"))
	least, ok := throttle.ParseRetryAfter(header.Get("Retry-After"), now, func() float64 { return 0 })
	most, _ := throttle.ParseRetryAfter(header.Get("Retry-After"), now, func() float64 { return 1 })
	if !ok {
		return nil
	}
	return &vectors.Wait{Min: least.Seconds(), Max: most.Seconds()}
}

// A result that is unknown in a vector is neither succeeded nor failed in the
// library.
func TestLibraryReadsEachVectorAsExpected(t *testing.T) {
	each(t, func(t *testing.T, v vectors.Vector) {
		results := do(t, v)
		for i, want := range v.Expect.Operations {
			got := results[i]
			switch {
			case want.Outcome == "succeeded" && (got.Outcome != client.Succeeded || got.Status != want.Status || got.Location.ID != want.ID),
				want.Outcome == "failed" && got.Outcome != client.Failed && got.Outcome != client.Skipped,
				want.Outcome == "unknown" && got.Outcome == client.Succeeded:
				t.Errorf("%v, want %+v", got, want)
			}
			if e, ok := errors.AsType[*client.ResponseError](got.Err); ok && want.Outcome == "failed" && got.Outcome == client.Failed {
				if e.ErrorCode != want.ErrorCode || e.TrackingID != want.TrackingID || e.ScimType != want.ScimType || !slices.Equal(e.Details, want.Details) {
					t.Errorf("%+v, want %+v", e, want)
				}
			}
		}
	})
}

// do runs the operations of a vector through the library, in a bubble of time:
// waits cost nothing.
func do(t *testing.T, v vectors.Vector) (results []client.Result) {
	synctest.Test(t, func(t *testing.T) {
		c, err := client.New(client.Config{
			OrgID: orgID, Token: client.StaticToken(token), MaxAttempts: 1,
			HTTPClient: &http.Client{Transport: &exchange{t: t, v: v, planned: true}},
		})
		if err != nil {
			t.Fatal(err)
		}
		var ops []client.Operation
		b := parse(t, v)
		for _, op := range b.Operations {
			ops = append(ops, client.Operation{Method: op.Method, Path: op.Path, BulkID: op.BulkID, Data: op.Data})
		}
		for r, err := range c.Run(t.Context(), &client.Job{Source: client.Operations(ops...), FailOnErrors: b.FailOnErrors}) {
			if err == nil {
				results = append(results, r)
			}
		}
	})
	slices.SortFunc(results, func(a, b client.Result) int { return a.Index - b.Index })
	if len(results) != len(v.Expect.Operations) {
		t.Fatalf("%d results of %d operations", len(results), len(v.Expect.Operations))
	}
	return results
}
