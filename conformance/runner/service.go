package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/webexscim/bulk/conformance/vectors"
	"github.com/webexscim/bulk/webextest"
	"github.com/webexscim/bulk/webextest/admin"
)

// service is the simulator for a client, with a record of the requests.
type service struct {
	sim    *webextest.Simulator
	server *httptest.Server

	mu     sync.Mutex
	vector int            // queued for the next request
	sent   map[int][]byte // bodies of the requests, by vector
}

func newService() *service {
	s := &service{sim: webextest.New(webextest.Config{}), sent: map[int][]byte{}}
	next := admin.New(s.sim, admin.Config{})
	s.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		s.note(r, body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		next.ServeHTTP(w, r)
	}))
	return s
}

func (s *service) close() { s.server.Close() }

// environment returns the environment of a client.
func (s *service) environment() []string {
	dir, _ := filepath.Abs("conformance/vectors") // fails only without a working directory
	cfg := s.sim.Config()
	return []string{
		"WEBEX_BASE_URL=" + s.server.URL, "WEBEX_ORG_ID=" + cfg.OrgID, "WEBEX_ACCESS_TOKEN=" + cfg.Token,
		"WEBEX_ADMIN_URL=" + s.server.URL + admin.Prefix, "KIT_VECTORS=" + dir,
	}
}

// note keeps the bodies of the requests for vectors.
func (s *service) note(r *http.Request, body []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.Method != http.MethodPost {
		return
	}
	if r.URL.Path == admin.Prefix+"/faults" {
		var posted struct{ Faults []struct{ Vector int } }
		if json.Unmarshal(body, &posted) == nil && len(posted.Faults) == 1 {
			s.vector = posted.Faults[0].Vector
		}
	} else if strings.HasSuffix(r.URL.Path, "/Bulk") && s.vector != 0 {
		s.sent[s.vector], s.vector = body, 0
	}
}

// checkRequest compares the request that was sent with that of a vector.
func (s *service) checkRequest(v vectors.Vector) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	got, err := decode(s.sent[v.Number])
	if err != nil {
		return errors.New("no request was sent")
	}
	want, err := decode(v.Request.Body)
	if err != nil {
		return err
	}
	if !reflect.DeepEqual(got, want) {
		return fmt.Errorf("another request was sent: %.1500s", s.sent[v.Number])
	}
	return nil
}

func decode(text []byte) (value any, err error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	return value, d.Decode(&value)
}

// scenario is the report on the small job of README.md.
type scenario struct {
	Created  []string  `json:"created"`  // ids of created resources
	Taken    operation `json:"taken"`    // the operation that was refused
	Waited   bool      `json:"waited"`   // for the Retry-After of the 429
	LookedUp bool      `json:"lookedUp"` // after the cut
}

// checkScenario compares the report on the small job with the ledger.
func (l *language) checkScenario(s *service, reports []report) error {
	i := slices.IndexFunc(reports, func(r report) bool { return r.Scenario != nil })
	if i < 0 {
		return errors.New("the client does not report the scenario")
	}
	got := reports[i].Scenario
	l.ran++
	var created []string
	var taken *webextest.Entry
	for _, e := range s.sim.Ledger() {
		switch {
		case e.Effect == webextest.Created:
			created = append(created, e.ID)
		case e.Effect == webextest.Failed && e.Status == http.StatusConflict:
			taken = &e
		}
	}
	slices.Sort(created)
	slices.Sort(got.Created)
	var errs []error
	if len(created) != 5 || !slices.Equal(created, got.Created) {
		errs = append(errs, fmt.Errorf("scenario: created were %v, the client reports %v", created, got.Created))
	}
	if taken == nil || got.Taken.Status != http.StatusConflict ||
		got.Taken.ErrorCode == "" || len(got.Taken.Details) == 0 || got.Taken.TrackingID == "" {
		errs = append(errs, fmt.Errorf("scenario: the client reports %+v about the refused operation", got.Taken))
	}
	if !got.Waited || !got.LookedUp {
		errs = append(errs, fmt.Errorf("scenario: waited %v, looked up %v", got.Waited, got.LookedUp))
	}
	for _, v := range s.sim.Violations() {
		if !strings.Contains(v.Text, "bulkId:nobody") { // the request of vector 17
			errs = append(errs, fmt.Errorf("violation: %s", v.Text))
		}
	}
	if errs == nil {
		l.passed++
	}
	return errors.Join(errs...)
}
