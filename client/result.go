package client

import (
	"errors"
	"fmt"
	"log/slog"
)

// Outcome tells whether an operation was done. The zero value is no outcome.
type Outcome int

// The four outcomes.
const (
	// Succeeded: the service answered 2xx for it, or a lookup showed its effect.
	Succeeded Outcome = iota + 1
	// Failed: refused by the service, or by a check before sending. It was never
	// done.
	Failed
	// Skipped: never done, because the job stopped or because an operation that
	// it depends on did not succeed. It was not sent, or only in requests that
	// the service refused whole or left it out of.
	Skipped
	// Unknown: it was sent and may have been done; neither an answer nor a lookup
	// can tell.
	Unknown
)

// String returns the outcome in lower case, as in the NDJSON of results.
func (o Outcome) String() string {
	switch o {
	case Succeeded:
		return "succeeded"
	case Failed:
		return "failed"
	case Skipped:
		return "skipped"
	case Unknown:
		return "unknown"
	}
	return "none"
}

// Result is the result of one operation. Like an Operation, it prints and
// logs without the operation's data.
type Result struct {
	// Index is the operation's place in the input, from 0.
	Index int
	// Operation is the operation as it was given.
	Operation Operation
	// Outcome tells whether the operation was done.
	Outcome Outcome
	// Status is the HTTP status that the service gave this operation; 0 when
	// it gave none.
	Status int
	// Location is the location of the resource; zero when the service gave none.
	Location Location
	// Version is the resource's version as the service wrote it, W/"…".
	Version string
	// Attempts is how many requests carried the operation in this run.
	Attempts int
	// Recovered tells that a lookup, not an answer, showed the success.
	Recovered bool
	// Replayed tells that the Journal knew the success from an earlier run, so
	// that nothing was sent in this one.
	Replayed bool
	// Existing tells that the resource of a create existed before, see
	// Job.Existing. A create that succeeded has then changed it, or, if Unchanged
	// is set too, left it as it was.
	Existing, Unchanged bool
	// Err is nil exactly when Outcome is Succeeded. A *ResponseError in it
	// holds the answer of the service, a *SkippedError names the cause.
	Err error
}

// JoinErrors returns the errors of results as one, nil when all succeeded:
//
//	results, err := c.Do(ctx, ops...)
//	if err := errors.Join(err, client.JoinErrors(results)); err != nil {
//		return err // not all was done
//	}
//
// Its text has a line for each operation that did not succeed, with index,
// method, path, bulkId and outcome, and holds no data. Each of the errors can
// be found with errors.Is and errors.As.
func JoinErrors(results []Result) error {
	var errs []error
	for _, r := range results {
		if r.Err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", r.heading(), r.Err))
		}
	}
	return errors.Join(errs...)
}

// String returns index, method, path, bulkId, outcome, status, the id of the
// resource, and the error.
func (r Result) String() string {
	text := r.heading()
	if r.Status != 0 {
		text += fmt.Sprintf(" (%d)", r.Status)
	}
	if r.Location.ID != "" {
		text += ", id " + printable(r.Location.ID)
	}
	if r.Err != nil {
		text += ": " + r.Err.Error()
	}
	return text
}

// heading is index, operation and outcome, unless the error begins with that.
func (r Result) heading() string {
	text := fmt.Sprintf("operation %d: %v", r.Index, r.Operation)
	if _, skipped := r.Err.(*SkippedError); !skipped && (r.Outcome != Unknown || !errors.Is(r.Err, ErrUnknown)) {
		text += ": " + r.Outcome.String()
	}
	return text
}

// Format implements fmt.Formatter: every verb prints String.
func (r Result) Format(s fmt.State, verb rune) { printString(s, verb, r.String()) }

// LogValue implements slog.LogValuer with the fields that String prints.
func (r Result) LogValue() slog.Value {
	attrs := append([]slog.Attr{slog.Int("index", r.Index)}, r.Operation.logAttrs()...)
	attrs = append(attrs, slog.String("outcome", r.Outcome.String()))
	if r.Status != 0 {
		attrs = append(attrs, slog.Int("status", r.Status))
	}
	if r.Location.ID != "" {
		attrs = append(attrs, slog.String("id", r.Location.ID))
	}
	if r.Err != nil {
		attrs = append(attrs, slog.String("error", r.Err.Error()))
	}
	return slog.GroupValue(attrs...)
}
