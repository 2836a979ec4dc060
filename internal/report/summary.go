package report

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/webexscim/bulk/client"
)

// Summary is what became of a job as a whole. The zero value is ready.
type Summary struct {
	Operations int           `json:"operations"`
	Succeeded  int           `json:"succeeded"`
	Failed     int           `json:"failed"`
	Skipped    int           `json:"skipped"`
	Unknown    int           `json:"unknown"`
	Recovered  int           `json:"recovered"`
	Replayed   int           `json:"replayed"`
	Requests   int           `json:"requests"`
	Seconds    float64       `json:"seconds"`
	Stopped    string        `json:"stopped,omitempty"` // why the job ended before its time
	Reasons    []*Reason     `json:"reasons,omitempty"`
	Took       time.Duration `json:"-"`
}

// Reason is one kind of failure.
type Reason struct {
	Outcome  string    `json:"outcome"`
	Text     string    `json:"reason"`
	Count    int       `json:"count"`
	Examples []Example `json:"examples"`
}

// Example is one operation that did not succeed.
type Example struct {
	Line       int    `json:"line,omitempty"`
	Index      int    `json:"index"`
	BulkID     string `json:"bulkId,omitempty"`
	TrackingID string `json:"trackingId,omitempty"`
}

const maxExamples = 3

// Add counts a result.
func (s *Summary) Add(res client.Result, line int) {
	s.Operations++
	switch res.Outcome {
	case client.Succeeded:
		s.Succeeded++
	case client.Failed:
		s.Failed++
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
	if res.Err != nil {
		s.explain(res, line)
	}
}

func (s *Summary) explain(res client.Result, line int) {
	outcome, text := res.Outcome.String(), reason(res.Err)
	var r *Reason
	for _, known := range s.Reasons {
		if known.Outcome == outcome && known.Text == text {
			r = known
		}
	}
	if r == nil {
		r = &Reason{Outcome: outcome, Text: text}
		s.Reasons = append(s.Reasons, r)
	}
	if r.Count++; len(r.Examples) < maxExamples {
		e := Example{Line: line, Index: res.Index, BulkID: res.Operation.BulkID}
		if said, ok := errors.AsType[*client.ResponseError](res.Err); ok {
			e.TrackingID = said.TrackingID
		}
		r.Examples = append(r.Examples, e)
	}
}

// reason is what errors of one kind have in common: their text without the
// tracking id and without the names of other operations.
func reason(err error) string {
	if e, ok := errors.AsType[*client.SkippedError](err); ok && e.Index >= 0 {
		return "refers to an operation that did not succeed"
	}
	text := err.Error()
	if e, ok := errors.AsType[*client.ResponseError](err); ok && e.TrackingID != "" {
		text = strings.ReplaceAll(text, " (tracking id "+e.TrackingID+")", "")
	}
	for _, known := range []error{client.ErrReference, client.ErrCircle, client.ErrTooLarge, client.ErrForward} {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	return text
}

// WriteTable writes the summary for a person.
func (s *Summary) WriteTable(w io.Writer) error {
	slices.SortStableFunc(s.Reasons, func(a, b *Reason) int { return cmp.Compare(b.Count, a.Count) })
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "operations\t%d\t\n", s.Operations)
	for _, row := range []struct {
		name string
		n    int
		note string
	}{
		{"succeeded", s.Succeeded, s.succeededNote()}, {"failed", s.Failed, ""},
		{"skipped", s.Skipped, ""}, {"unknown", s.Unknown, ""},
	} {
		if row.n > 0 || row.name == "succeeded" {
			fmt.Fprintf(t, "  %s\t%d\t%s\n", row.name, row.n, row.note)
		}
	}
	fmt.Fprintf(t, "requests\t%d\t\n", s.Requests)
	fmt.Fprintf(t, "time\t%s\t%s\n", s.Took.Round(time.Millisecond), s.rate())
	if err := t.Flush(); err != nil {
		return err
	}
	for _, r := range s.Reasons {
		fmt.Fprintf(w, "\n%d %s: %s\n", r.Count, r.Outcome, r.Text)
		for _, e := range r.Examples {
			fmt.Fprintf(w, "  %s\n", e)
		}
		if more := r.Count - len(r.Examples); more > 0 {
			fmt.Fprintf(w, "  and %d more\n", more)
		}
	}
	return nil
}

func (s *Summary) succeededNote() string {
	var notes []string
	if s.Replayed > 0 {
		notes = append(notes, fmt.Sprintf("%d in an earlier run", s.Replayed))
	}
	if s.Recovered > 0 {
		notes = append(notes, fmt.Sprintf("%d shown by a look-up", s.Recovered))
	}
	return strings.Join(notes, ", ")
}

func (s *Summary) rate() string {
	if s.Took <= 0 || s.Operations-s.Replayed <= 0 {
		return ""
	}
	return fmt.Sprintf("%.0f operations a second", float64(s.Operations-s.Replayed)/s.Took.Seconds())
}

// String names the operation as a person finds it.
func (e Example) String() string {
	text := fmt.Sprintf("operation %d", e.Index)
	if e.Line > 0 {
		text = fmt.Sprintf("line %d", e.Line)
	}
	if e.BulkID != "" {
		text += fmt.Sprintf(", bulkId %q", e.BulkID)
	}
	if e.TrackingID != "" {
		text += ", tracking id " + e.TrackingID
	}
	return text
}
