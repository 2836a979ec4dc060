package admin

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/webexscim/bulk/conformance/vectors"
	"github.com/webexscim/bulk/webextest"
)

const (
	maxTimes   = 1000   // that one fault may be asked for
	maxQueue   = 10_000 // faults that are queued at once
	maxLatency = 10 * time.Minute
)

// fault is one thing that goes wrong with Times Bulk requests to come. Latency
// may stand beside it or alone.
type fault struct {
	Status     int    `json:"status,omitempty"`
	RetryAfter string `json:"retryAfter,omitempty"`
	ErrorForm  string `json:"errorForm,omitempty"`
	Cut        string `json:"cut,omitempty"`
	Truncate   bool   `json:"truncate,omitempty"`
	HTML       bool   `json:"html,omitempty"`
	Shape      string `json:"shape,omitempty"`
	Vector     int    `json:"vector,omitempty"`
	Latency    string `json:"latency,omitempty"`
	Times      int    `json:"times,omitempty"`
}

// faultMembers are the members of a fault, in the order of the messages.
var faultMembers = []string{"status", "retryAfter", "errorForm", "cut", "truncate", "html", "shape", "vector", "latency", "times"}

// field returns the field of a member, and a description of its valid values.
func (f *fault) field(name string) (to any, must string) {
	switch name {
	case "status":
		return &f.Status, "a number from 200 to 599"
	case "retryAfter":
		return &f.RetryAfter, "a text, as it is sent in the header"
	case "errorForm":
		return &f.ErrorForm, fmt.Sprintf("one of %s", webextest.ErrorForms())
	case "cut":
		return &f.Cut, `"before" or "after" (the work)`
	case "truncate":
		return &f.Truncate, "true"
	case "html":
		return &f.HTML, "true"
	case "shape":
		return &f.Shape, "one of " + strings.Join(webextest.ShapeNames(), ", ")
	case "vector":
		return &f.Vector, "the number of a vector (conformance/vectors/manifest.json)"
	case "latency":
		return &f.Latency, `a time such as "300ms" or "2s", 10m at most`
	case "times":
		return &f.Times, fmt.Sprintf("a number from 1 to %d", maxTimes)
	}
	return nil, ""
}

// valid reports whether a member that is there has a value that it may have.
func (f *fault) valid(name string) bool {
	switch name {
	case "status":
		return f.Status >= 200 && f.Status <= 599
	case "retryAfter":
		return f.RetryAfter != "" && !strings.ContainsFunc(f.RetryAfter, func(r rune) bool { return r < ' ' || r > '~' })
	case "errorForm":
		return slices.Contains(webextest.ErrorForms(), webextest.ErrorForm(f.ErrorForm))
	case "cut":
		return f.Cut == "before" || f.Cut == "after"
	case "truncate":
		return f.Truncate
	case "html":
		return f.HTML
	case "shape":
		return webextest.ShapeNamed(f.Shape) != nil
	case "vector":
		_, err := vectors.Numbered(f.Vector)
		return err == nil
	case "latency":
		d, err := time.ParseDuration(f.Latency)
		return err == nil && d > 0 && d <= maxLatency
	}
	return f.Times >= 1 && f.Times <= maxTimes
}

// parseFault reads a fault.
func parseFault(raw json.RawMessage) (fault, error) {
	var f fault
	members, err := members(raw)
	if err != nil {
		return f, err
	}
	kinds := 0
	for _, name := range slices.Sorted(maps.Keys(members)) {
		to, must := f.field(name)
		if to == nil {
			return f, fmt.Errorf("%q is unknown; known are %s", name, strings.Join(faultMembers, ", "))
		}
		if json.Unmarshal(members[name], to) != nil || !f.valid(name) {
			return f, fmt.Errorf("%s must be %s", name, must)
		}
		if !slices.Contains([]string{"retryAfter", "errorForm", "latency", "times"}, name) {
			kinds++
		}
	}
	switch {
	case f.RetryAfter != "" && f.Status == 0:
		return f, errors.New("retryAfter goes with a status")
	case f.ErrorForm != "" && f.Status < 400:
		return f, errors.New("errorForm goes with a status of 400 or more")
	case kinds > 1:
		return f, errors.New("a fault is one of status, cut, truncate, html, shape and vector; latency may stand beside it")
	case kinds == 0 && f.Latency == "":
		return f, errors.New("a fault is one of status, cut, truncate, html, shape, vector and latency")
	}
	return f, nil
}

// build returns the fault for the simulator.
func (f *fault) build() *webextest.Fault {
	made := &webextest.Fault{}
	switch {
	case f.Status != 0:
		made = webextest.RefuseAs(f.Status, f.RetryAfter, webextest.ErrorForm(f.ErrorForm))
	case f.Cut == "before":
		made = webextest.CutAt(webextest.BeforeWork)
	case f.Cut == "after":
		made = webextest.CutAt(webextest.AfterWork)
	case f.Truncate:
		made = webextest.Truncate(0)
	case f.HTML:
		made = webextest.AnswerPage()
	case f.Shape != "":
		made = webextest.ShapeAnswer(webextest.ShapeNamed(f.Shape))
	case f.Vector != 0:
		made = replay(f.Vector)
	}
	latency, _ := time.ParseDuration(f.Latency) // which is valid, or "" and 0
	if made.Cut == webextest.BeforeWork {
		made.Hold = latency // nothing comes after that cut
	} else {
		made.Delay = latency
	}
	return made
}

// replay answers as a vector does, and does nothing.
func replay(number int) *webextest.Fault {
	v, err := vectors.Numbered(number)
	content, decodeErr := v.Response.Content()
	if err != nil || decodeErr != nil {
		return &webextest.Fault{} // neither happens to a vector that was found: its tests decode all
	}
	text := string(content)
	made := &webextest.Fault{Status: v.Response.Status, Body: &text, Header: http.Header{}}
	for name, value := range v.Response.Headers {
		made.Header.Set(name, value)
	}
	switch v.Response.Cut {
	case vectors.CutAnswer:
		made = webextest.CutAt(webextest.BeforeWork)
	case vectors.CutBody:
		made.Cut = webextest.InAnswer
	}
	return made
}

// addFaults queues faults: all, or none if one is malformed.
func (s *server) addFaults(w http.ResponseWriter, r *http.Request) {
	lists, ok := body(w, r, "faults")
	if !ok {
		return
	}
	posted := make(map[*webextest.Fault]fault)
	var script []*webextest.Fault
	for i, raw := range lists["faults"] {
		f, err := parseFault(raw)
		if err != nil {
			refuse(w, http.StatusBadRequest, fmt.Sprintf("faults[%d]: %v", i, err))
			return
		}
		made := f.build()
		posted[made] = f
		script = append(script, slices.Repeat([]*webextest.Fault{made}, max(f.Times, 1))...)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.sim.Scripted())+len(script) > maxQueue {
		refuse(w, http.StatusBadRequest, fmt.Sprintf("more than %d faults are queued", maxQueue))
		return
	}
	for made, f := range posted {
		s.posted[made] = f
	}
	s.sim.Script(script...)
	answer(w, http.StatusCreated, s.queue())
}

func (s *server) faults(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	answer(w, http.StatusOK, s.queue())
}

func (s *server) dropFaults(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sim.DropScript()
	clear(s.posted)
	w.WriteHeader(http.StatusNoContent)
}

// queue returns the queued faults as they were posted; Times is the number of
// requests that are left. It forgets the other faults. The lock is held.
func (s *server) queue() map[string][]fault {
	list, left := []fault{}, make(map[*webextest.Fault]fault)
	var before *webextest.Fault
	for _, made := range s.sim.Scripted() {
		f, ours := s.posted[made]
		switch {
		case !ours: // what a Go test scripted beside
		case made == before:
			last := &list[len(list)-1]
			last.Times = max(last.Times, 1) + 1
		default:
			left[made] = f
			f.Times = 0 // which is once
			list = append(list, f)
		}
		before = made
	}
	s.posted = left
	return map[string][]fault{"faults": list}
}
