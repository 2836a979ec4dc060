package report

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/webexscim/bulk/internal/terminal"
)

// WriteTable writes the summary for a person. It does not say why a job stopped
// early: the caller prints that error where it prints errors.
func (s *Summary) WriteTable(w io.Writer) error {
	var b bytes.Buffer
	for _, row := range s.rows() {
		line := fmt.Sprintf("%-12s%8s", row.name, row.value)
		if row.note != "" {
			line += "  " + row.note
		}
		fmt.Fprintln(&b, line)
	}
	for _, r := range s.Reasons {
		s.writeReason(&b, r)
	}
	if s.Others > 0 {
		fmt.Fprintf(&b, "\n%d for other reasons\n", s.Others)
	}
	_, err := w.Write(b.Bytes())
	return err
}

// writeReason lists operations of a reason, and the operations that did not
// succeed because of them. An operation listed under its cause is not repeated.
func (s *Summary) writeReason(b *bytes.Buffer, r *Reason) {
	count := r.Count - s.shown[r]
	if count == 0 {
		return
	}
	fmt.Fprintf(b, "\n%d %s: %s\n", count, r.Outcome, r.Text)
	examples := slices.DeleteFunc(slices.Clone(r.Examples), func(e Example) bool {
		return e.cause >= 0 && s.reasonOf(e.cause) != nil
	})
	writeExamples(b, "  ", examples, count)
	if r.Dependents > 0 {
		what := "it"
		if count > 1 {
			what = "these"
		}
		fmt.Fprintf(b, "  %s on %s did not succeed either:\n", depending(r.Dependents), what)
		writeExamples(b, "    ", r.dependents, r.Dependents)
	}
}

func depending(n int) string {
	if n == 1 {
		return "1 that depends"
	}
	return fmt.Sprintf("%d that depend", n)
}

func writeExamples(b *bytes.Buffer, indent string, examples []Example, count int) {
	for _, e := range examples {
		fmt.Fprintf(b, "%s%s\n", indent, e.named())
	}
	if more := count - len(examples); more > 0 && len(examples) > 0 {
		fmt.Fprintf(b, "%sand %d more\n", indent, more)
	}
}

type tableRow struct{ name, value, note string }

// rows are the lines with numbers. An outcome that nothing had is left out.
func (s *Summary) rows() []tableRow {
	rows := []tableRow{
		{"operations", strconv.Itoa(s.Operations), ""},
		{"  succeeded", strconv.Itoa(s.Succeeded), s.successNote(strconv.Itoa)},
	}
	for _, o := range []struct {
		name string
		n    int
	}{{"  failed", s.Failed}, {"  skipped", s.Skipped}, {"  unknown", s.Unknown}} {
		if o.n > 0 {
			rows = append(rows, tableRow{o.name, strconv.Itoa(o.n), ""})
		}
	}
	return append(rows,
		tableRow{"requests", strconv.Itoa(s.Requests), s.patienceNote()},
		tableRow{"time", took(s.Took), s.rate()})
}

// successNote counts the successes of earlier runs and those found by a lookup,
// with numbers as write formats them.
func (s *Summary) successNote(write func(int) string) string {
	var notes []string
	if n := s.Existing - s.Unchanged; n > 0 {
		notes = append(notes, write(n)+" there already and updated")
	}
	if s.Unchanged > 0 {
		notes = append(notes, write(s.Unchanged)+" unchanged")
	}
	if s.Replayed > 0 {
		notes = append(notes, write(s.Replayed)+" in an earlier run")
	}
	if s.Recovered > 0 {
		notes = append(notes, write(s.Recovered)+" shown by a lookup, not by an answer")
	}
	return strings.Join(notes, ", ")
}

func (s *Summary) patienceNote() string {
	switch s.Refused {
	case 0:
		return ""
	case 1:
		return "the service asked to wait once"
	}
	return fmt.Sprintf("the service asked to wait %d times", s.Refused)
}

// rate is the speed of this run. Operations that were not sent do not count;
// with too few operations or too little time there is no rate.
func (s *Summary) rate() string {
	n := s.Operations - s.Replayed - s.Skipped
	if n < 2 || s.Took < time.Millisecond {
		return ""
	}
	return pace(float64(n)/s.Took.Seconds()) + " operations a " + paceUnit(float64(n)/s.Took.Seconds())
}

// pace is a number of operations in the time that paceUnit names: a second, or
// a minute where a second has less than one.
func pace(perSecond float64) string {
	if perSecond < 1 {
		return strconv.FormatFloat(perSecond*60, 'f', 1, 64)
	}
	if perSecond < 10 {
		return strconv.FormatFloat(perSecond, 'f', 1, 64)
	}
	return strconv.FormatFloat(perSecond, 'f', 0, 64)
}

func paceUnit(perSecond float64) string {
	if perSecond < 1 {
		return "minute"
	}
	return "second"
}

// took returns a duration with few digits.
func took(d time.Duration) string {
	switch {
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < time.Minute:
		return d.Round(100 * time.Millisecond).String()
	}
	return brief(d)
}

// brief is a duration in its two largest units: 42s, 3m 10s, 2h 05m, 3d 04h.
func brief(d time.Duration) string {
	s := int64(d.Round(time.Second) / time.Second)
	switch {
	case s < 60:
		return fmt.Sprintf("%ds", s)
	case s < 3600:
		return fmt.Sprintf("%dm %02ds", s/60, s%60)
	case s < 24*3600:
		return fmt.Sprintf("%dh %02dm", s/3600, s/60%60)
	}
	return fmt.Sprintf("%dd %02dh", s/(24*3600), s/3600%24)
}

// String returns the line or index of the operation, its bulkId, and the line
// that it depends on or its tracking id.
func (e Example) String() string {
	e.Name = ""
	return e.named()
}

// named is String with the name of the resource after the line.
func (e Example) named() string {
	text := place(e.Line, e.Index)
	if e.Name != "" {
		text += " " + terminal.Escape(terminal.Clip(e.Name, maxShown))
	}
	if e.BulkID != "" {
		text += fmt.Sprintf(", bulkId %q", e.BulkID)
	}
	switch {
	case e.Needs > 0: // the tracking id of that line is the useful one
		text += fmt.Sprintf(", depends on line %d", e.Needs)
	case e.TrackingID != "":
		text += ", tracking id " + terminal.Escape(e.TrackingID)
	}
	return text
}

// place is the line of an operation, or its index where there are no lines.
func place(line, index int) string {
	if line > 0 {
		return fmt.Sprintf("line %d", line)
	}
	return fmt.Sprintf("operation %d", index)
}
