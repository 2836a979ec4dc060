package bulk_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"

	"github.com/webexscim/bulk/api"
)

// contract loads api/openapi.yaml.
func contract(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(api.OpenAPI)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// witness is a transport that checks every message against the contract.
type witness struct {
	next   http.RoundTripper
	router routers.Router
	// rude answers are not checked: a test asked for them.
	rude bool

	mu       sync.Mutex
	breaches []error
	requests int
	statuses map[int]int
}

func newWitness(t *testing.T, next http.RoundTripper) *witness {
	t.Helper()
	router, err := legacy.NewRouter(contract(t))
	if err != nil {
		t.Fatal(err)
	}
	w := &witness{next: next, router: router, statuses: map[int]int{}}
	t.Cleanup(func() {
		for _, err := range w.breaches {
			t.Errorf("breach of the contract: %v", err)
		}
	})
	return w
}

func (w *witness) RoundTrip(r *http.Request) (*http.Response, error) {
	var sent []byte
	if r.Body != nil {
		sent, _ = io.ReadAll(r.Body)
		r.Body.Close()
	}
	r = r.Clone(r.Context())
	r.Body = io.NopCloser(bytes.NewReader(sent))
	input, err := w.request(r, sent)
	if err != nil {
		w.note(0, err)
	}
	resp, err := w.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	got, broken := io.ReadAll(resp.Body)
	resp.Body.Close()
	resp.Body = io.NopCloser(io.MultiReader(bytes.NewReader(got), failing{broken}))
	if broken == nil && !w.rude && input != nil {
		err = w.answer(input, resp, got)
	}
	w.note(resp.StatusCode, err)
	return resp, nil
}

// failing ends a body as it ended at the service.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) {
	if f.err != nil {
		return 0, f.err
	}
	return 0, io.EOF
}

func (w *witness) request(r *http.Request, body []byte) (*openapi3filter.RequestValidationInput, error) {
	check := r.Clone(context.Background())
	check.Body = io.NopCloser(bytes.NewReader(body))
	route, params, err := w.router.FindRoute(check)
	if err != nil {
		return nil, err
	}
	input := &openapi3filter.RequestValidationInput{
		Request: check, PathParams: params, Route: route,
		Options: &openapi3filter.Options{MultiError: true, AuthenticationFunc: bearer},
	}
	return input, openapi3filter.ValidateRequest(context.Background(), input)
}

func bearer(_ context.Context, in *openapi3filter.AuthenticationInput) error {
	if in.RequestValidationInput.Request.Header.Get("Authorization") == "" {
		return errors.New("no Authorization header")
	}
	return nil
}

func (w *witness) answer(in *openapi3filter.RequestValidationInput, resp *http.Response, body []byte) error {
	return openapi3filter.ValidateResponse(context.Background(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: in, Status: resp.StatusCode, Header: resp.Header,
		Body:    io.NopCloser(bytes.NewReader(body)),
		Options: &openapi3filter.Options{MultiError: true, IncludeResponseStatus: true},
	})
}

func (w *witness) note(status int, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err != nil {
		w.breaches = append(w.breaches, err)
	}
	if status != 0 {
		w.requests++
		w.statuses[status]++
	}
}
