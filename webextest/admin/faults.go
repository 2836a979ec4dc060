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
	maxTimes   = 1000   // of one fault
	maxQueue   = 10_000 // faults
	maxLatency = 10 * time.Minute
)

// fault is a failure of the next Times Bulk requests. Latency can be combined
// with another failure.
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

// member is a member of a fault.
type member struct {
	name    string
	failure bool // a failure by itself, of which a fault has at most one
	field   func(*fault) any
	valid   func(*fault) bool
	values  string // description of the valid values
}

// faultMembers are the members of a fault, in the order for messages.
var faultMembers = []member{
	{
		"status", true, func(f *fault) any { return &f.Status },
		func(f *fault) bool { return f.Status >= 200 && f.Status <= 599 }, "a number from 200 to 599",
	},
	{
		"retryAfter", false, func(f *fault) any { return &f.RetryAfter },
		func(f *fault) bool { return f.RetryAfter != "" && strings.IndexFunc(f.RetryAfter, notInHeader) < 0 },
		"a text, as it is sent in the header",
	},
	{
		"errorForm", false, func(f *fault) any { return &f.ErrorForm },
		func(f *fault) bool { return slices.Contains(webextest.ErrorForms(), webextest.ErrorForm(f.ErrorForm)) },
		fmt.Sprintf("one of %s", webextest.ErrorForms()),
	},
	{
		"cut", true, func(f *fault) any { return &f.Cut },
		func(f *fault) bool { return f.Cut == "before" || f.Cut == "after" }, `"before" or "after" (the work)`,
	},
	{"truncate", true, func(f *fault) any { return &f.Truncate }, func(f *fault) bool { return f.Truncate }, "true"},
	{"html", true, func(f *fault) any { return &f.HTML }, func(f *fault) bool { return f.HTML }, "true"},
	{
		"shape", true, func(f *fault) any { return &f.Shape },
		func(f *fault) bool { return webextest.ShapeNamed(f.Shape) != nil },
		"one of " + strings.Join(webextest.ShapeNames(), ", "),
	},
	{
		"vector", true, func(f *fault) any { return &f.Vector },
		func(f *fault) bool { _, err := vectors.Numbered(f.Vector); return err == nil },
		"the number of a vector (conformance/vectors/manifest.json)",
	},
	{
		"latency", false, func(f *fault) any { return &f.Latency },
		func(f *fault) bool {
			d, err := time.ParseDuration(f.Latency)
			return err == nil && d > 0 && d <= maxLatency
		},
		`a time such as "300ms" or "2s", 10m at most`,
	},
	{
		"times", false, func(f *fault) any { return &f.Times },
		func(f *fault) bool { return f.Times >= 1 && f.Times <= maxTimes }, fmt.Sprintf("a number from 1 to %d", maxTimes),
	},
}

func notInHeader(r rune) bool { return r < ' ' || r > '~' }

// parseFault decodes and checks a fault.
func parseFault(raw json.RawMessage) (fault, error) {
	var f fault
	given, err := members(raw)
	if err != nil {
		return f, err
	}
	failures := 0
	for _, name := range slices.Sorted(maps.Keys(given)) {
		at := slices.IndexFunc(faultMembers, func(m member) bool { return m.name == name })
		if at < 0 {
			return f, fmt.Errorf("%q is unknown; known are %s", name, strings.Join(memberNames(), ", "))
		}
		m := faultMembers[at]
		if json.Unmarshal(given[name], m.field(&f)) != nil || !m.valid(&f) {
			return f, fmt.Errorf("%s must be %s", name, m.values)
		}
		if m.failure {
			failures++
		}
	}
	switch {
	case f.RetryAfter != "" && f.Status == 0:
		return f, errors.New("retryAfter goes with a status")
	case f.ErrorForm != "" && f.Status < 400:
		return f, errors.New("errorForm goes with a status of 400 or more")
	case failures > 1:
		return f, errors.New("a fault is one of status, cut, truncate, html, shape and vector, with or without latency")
	case failures == 0 && f.Latency == "":
		return f, errors.New("a fault is one of status, cut, truncate, html, shape, vector and latency")
	}
	return f, nil
}

func memberNames() (names []string) {
	for _, m := range faultMembers {
		names = append(names, m.name)
	}
	return names
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
		made.Hold = latency // there is no answer to delay
	} else {
		made.Delay = latency
	}
	return made
}

// replay returns a fault with the answer of a vector. Nothing is done.
func replay(number int) *webextest.Fault {
	v, err := vectors.Numbered(number)
	content, decodeErr := v.Response.Content()
	if err != nil || decodeErr != nil {
		return &webextest.Fault{} // unreachable: parseFault has found the vector, and its tests decode all
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

// addFaults queues faults: all, or none if one is invalid.
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

// queue returns the queued faults as they were posted, with the remaining Times.
// It forgets faults that are no longer queued. The lock is held.
func (s *server) queue() map[string][]fault {
	list, left := []fault{}, make(map[*webextest.Fault]fault)
	var before *webextest.Fault
	for _, made := range s.sim.Scripted() {
		f, ours := s.posted[made]
		switch {
		case !ours: // scripted in Go
		case made == before:
			last := &list[len(list)-1]
			last.Times = max(last.Times, 1) + 1
		default:
			left[made] = f
			f.Times = 0 // once
			list = append(list, f)
		}
		before = made
	}
	s.posted = left
	return map[string][]fault{"faults": list}
}
