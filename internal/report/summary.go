package report

import (
	"errors"
	"net/http"
	"time"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/plain"
	"github.com/webexscim/bulk/internal/terminal"
)

// Summary counts the outcomes of a job, for people (WriteTable) and, as JSON,
// for programs. The zero value is ready for use.
type Summary struct {
	Operations int     `json:"operations"`
	Succeeded  int     `json:"succeeded"`
	Failed     int     `json:"failed"`
	Skipped    int     `json:"skipped"`
	Unknown    int     `json:"unknown"`
	Recovered  int     `json:"recovered"`           // of Succeeded, those that a lookup showed
	Replayed   int     `json:"replayed"`            // of Succeeded, those of an earlier run
	Existing   int     `json:"existing,omitempty"`  // of Succeeded, creates whose resource was there already
	Unchanged  int     `json:"unchanged,omitempty"` // of Existing, those that were left as they are
	Requests   int     `json:"requests"`
	Refused    int     `json:"refused,omitempty"` // how often the service asked to wait
	Seconds    float64 `json:"seconds"`
	Stopped    string  `json:"stopped,omitempty"` // why the job stopped early
	// Reasons are the kinds of failure, the most frequent first. Operations
	// that failed because of another one come last.
	Reasons []*Reason `json:"reasons,omitempty"`
	// Others counts the operations whose reason is not in Reasons.
	Others int           `json:"otherReasons,omitempty"`
	Took   time.Duration `json:"-"`
	// Mistakes counts the failed operations that fail again unless the input
	// changes: a check or the service refused them, and the service was not out
	// of order.
	Mistakes int `json:"-"`
	// Words lets the reasons quote the service, without the names in the input.
	// It is only for the terminal of the person who wrote the input. It is set
	// before the first Add.
	Words bool `json:"-"`

	known map[kind]*Reason
	dependencies
}

// Reason is one kind of failure.
type Reason struct {
	Outcome string `json:"outcome"`
	// Text is the common part of the errors, with … in place of names, ids and
	// addresses.
	Text     string    `json:"reason"`
	Count    int       `json:"count"`
	Examples []Example `json:"examples"`
	// Dependents counts the operations that did not succeed because of these,
	// as far as their cause is known. They have a reason of their own as well.
	Dependents int `json:"dependents,omitempty"`

	place int  // in Summary.Reasons
	root  bool // not caused by another operation's failure or by the end of the job

	dependents []Example // the first of them
}

// kind identifies a reason.
type kind struct{ outcome, text string }

// Example is one operation that did not succeed.
type Example struct {
	Line       int    `json:"line,omitempty"`
	Index      int    `json:"index"`
	BulkID     string `json:"bulkId,omitempty"`
	TrackingID string `json:"trackingId,omitempty"`
	Needs      int    `json:"needs,omitempty"` // the line that it depends on, of a NeededError
	// Name is the name given to AddNamed. Only WriteTable writes it.
	Name string `json:"-"`

	cause int // index of the operation that is the cause, -1 if there is none
}

// The bounds of a summary.
const (
	maxExamples = 3
	maxReasons  = 50
)

// Add counts a result; line is the line of the operation in the input.
func (s *Summary) Add(res client.Result, line int) { s.AddNamed(res, line, "") }

// AddNamed is Add with the name of a person or group, which WriteTable shows.
// It is only for the terminal of the person who wrote the input.
func (s *Summary) AddNamed(res client.Result, line int, name string) {
	s.Operations++
	switch res.Outcome {
	case client.Succeeded:
		s.Succeeded++
	case client.Failed:
		s.Failed++
		if isMistake(res) {
			s.Mistakes++
		}
	case client.Skipped:
		s.Skipped++
	case client.Unknown:
		s.Unknown++
	}
	if res.Recovered {
		s.Recovered++
	}
	if res.Replayed {
		s.Replayed++
	}
	if res.Existing && res.Outcome == client.Succeeded {
		s.Existing++
	}
	if res.Unchanged {
		s.Unchanged++
	}
	if res.Err != nil {
		s.explain(res, line, name)
	}
}

// isMistake reports whether a failure is a mistake in the input.
func isMistake(res client.Result) bool {
	e, answered := errors.AsType[*client.ResponseError](res.Err)
	if !answered {
		return true
	}
	switch e.Status {
	case http.StatusUnauthorized, http.StatusRequestTimeout, http.StatusLocked, http.StatusTooEarly,
		http.StatusTooManyRequests:
		return false
	}
	return e.Status < http.StatusInternalServerError
}

// Finish notes the last progress of the job, the time that it took, and the
// error that stopped it early, or nil.
func (s *Summary) Finish(p client.Progress, took time.Duration, stop error) {
	s.Requests, s.Refused = p.Requests, p.Refused
	s.Took, s.Seconds = took, took.Seconds()
	s.countUnderCauses()
	if stop != nil {
		s.Stopped = terminal.Escape(terminal.Clip(plain.RawOfCodes(stop), maxRead))
	}
}

// explain counts a failure under its reason.
func (s *Summary) explain(res client.Result, line int, name string) {
	k := kind{res.Outcome.String(), reason(res, s.Words)}
	r := s.known[k]
	if r == nil {
		if len(s.Reasons) == maxReasons {
			s.Others++
			return
		}
		if s.known == nil {
			s.known = map[kind]*Reason{}
		}
		r = &Reason{Outcome: k.outcome, Text: k.text, place: len(s.Reasons), root: !isConsequence(k.text)}
		s.known[k] = r
		s.Reasons = append(s.Reasons, r)
	}
	r.Count++
	s.raise(r)
	e := Example{
		Line: line, Index: res.Index, BulkID: res.Operation.BulkID, TrackingID: trackingID(res.Err), Name: name,
		cause: -1,
	}
	if needed, ok := errors.AsType[*NeededError](res.Err); ok {
		e.Needs = needed.Line
	}
	if index, ok := CauseOf(res.Err); ok && k.text == dependent {
		e.cause = index
	}
	if len(r.Examples) < maxExamples {
		r.Examples = append(r.Examples, e)
	}
	s.dependencies.add(r, e)
}

// before reports whether a reason stands before another.
func (r *Reason) before(other *Reason) bool {
	if r.root != other.root {
		return r.root
	}
	return r.Count > other.Count
}

// raise moves a reason up that has become more frequent.
func (s *Summary) raise(r *Reason) {
	for r.place > 0 && r.before(s.Reasons[r.place-1]) {
		above := s.Reasons[r.place-1]
		s.Reasons[r.place-1], s.Reasons[r.place] = r, above
		above.place, r.place = r.place, r.place-1
	}
}
