package admin

import (
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"

	"github.com/webexscim/bulk/webextest"
)

func (s *server) health(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, struct {
		Status        string   `json:"status"`
		Organizations []string `json:"organizations"`
	}{"ok", s.sim.Organizations()})
}

func (s *server) reset(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sim.Reset()
	s.resets++
	clear(s.posted)
	w.WriteHeader(http.StatusNoContent)
}

// stats are counts. A client polls them for new entries.
type stats struct {
	Requests   int `json:"requests"`
	Operations int `json:"operations"`
	Done       int `json:"done"`
	Violations int `json:"violations"`
	Faults     int `json:"faults"`
	Resets     int `json:"resets"`
}

func (s *server) stats(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.sim.Stats()
	answer(w, http.StatusOK, stats{
		Requests: n.Exchanges, Operations: n.Entries, Done: n.Created + n.Patched + n.Deleted,
		Violations: n.Violations, Faults: len(s.sim.Scripted()), Resets: s.resets,
	})
}

// list serves a list as the member name of an object. The parameter after=N
// skips its first N entries.
func list[T any](name string, after func(n int) []T) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		n := 0
		if query := r.URL.Query(); query.Has("after") {
			var err error
			if n, err = strconv.Atoi(query.Get("after")); err != nil || n < 0 {
				refuse(w, http.StatusBadRequest, "after must be a number of at least 0")
				return
			}
		}
		answer(w, http.StatusOK, map[string][]T{name: after(n)})
	}
}

// operation is one entry of the ledger.
type operation struct {
	Method  string `json:"method"`
	Path    string `json:"path"`
	BulkID  string `json:"bulkId"`
	Status  int    `json:"status"`
	Outcome string `json:"outcome"`
	Name    string `json:"name"`
	ID      string `json:"id"`
	Request int    `json:"request"`
}

func (s *server) ledger(after int) []operation {
	list := []operation{}
	for _, e := range s.sim.LedgerAfter(after) {
		list = append(list, operation{e.Method, e.Path, e.BulkID, e.Status, outcome(e.Effect), e.Key, e.ID, e.Request})
	}
	return list
}

// outcome returns the outcome of an effect.
func outcome(e webextest.Effect) string {
	switch e {
	case webextest.Created, webextest.Patched, webextest.Deleted:
		return "done"
	case webextest.Unattempted:
		return "leftOut"
	}
	return "refused"
}

// request is a finished request, without headers and unknown parameters, which
// could contain a token.
type request struct {
	Number     int    `json:"number"`
	Method     string `json:"method"`
	Path       string `json:"path"`
	Query      string `json:"query"`
	Status     int    `json:"status"`
	TrackingID string `json:"trackingId"`
	Operations int    `json:"operations"`
	Bytes      int    `json:"bytes"`
	Fault      string `json:"fault"`
}

// parameters are the parameters in request.Query.
var parameters = []string{
	"filter", "attributes", "excludedAttributes", "sortBy", "sortOrder", "startIndex", "count",
	"returnGroups", "includeGroupDetails", "groupUsageTypes", "memberType", "includeMembers",
}

func (s *server) requests(after int) []request {
	list := []request{}
	for _, e := range s.sim.ExchangesAfter(after) {
		path, query := target(e)
		list = append(list, request{e.Number, e.Method, path, query, e.Status, e.TrackingID, e.Operations, e.Bytes, e.Fault})
	}
	return list
}

// target returns the path and the known parameters of a request.
func target(e webextest.Exchange) (path, query string) {
	u, err := url.ParseRequestURI(e.Target)
	if err != nil {
		return "", ""
	}
	values := u.Query()
	maps.DeleteFunc(values, func(name string, _ []string) bool { return !slices.Contains(parameters, name) })
	return u.Path, values.Encode()
}

// violation is one violation of the contract. Where is the operation, or the
// request.
type violation struct {
	What    string `json:"what"`
	Where   string `json:"where"`
	Request int    `json:"request"`
}

// ofOperation matches the text of a violation in one operation.
var ofOperation = regexp.MustCompile(`(?s)^operation (\d+): (.*)$`)

func (s *server) violations(after int) []violation {
	list := []violation{}
	for _, v := range s.sim.ViolationsAfter(after) {
		told := violation{What: v.Text, Where: "request", Request: v.Request}
		if m := ofOperation.FindStringSubmatch(v.Text); m != nil {
			told.Where, told.What = "operations["+m[1]+"]", m[2]
		}
		list = append(list, told)
	}
	return list
}
