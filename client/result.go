package client

// Outcome is the fate of an operation. The zero value is no outcome.
type Outcome int

// The four fates that an operation can have.
const (
	// Succeeded: the service said 2xx for it, or a lookup showed its effect.
	Succeeded Outcome = iota + 1
	// Failed: refused by the service, or by a check before sending.
	Failed
	// Skipped: not sent, because the job stopped or because the operation
	// refers to one that did not succeed; or refused with its whole request,
	// for which the job stopped.
	Skipped
	// Unknown: sent, and neither an answer nor a lookup can tell what became
	// of it.
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

// Result is what became of one operation.
type Result struct {
	// Index is the operation's place in the input, from 0.
	Index int
	// Operation is the operation as it was given.
	Operation Operation
	// Outcome is the operation's fate.
	Outcome Outcome
	// Status is the HTTP status that the service gave this operation; 0 when
	// it gave none.
	Status int
	// Location is where the resource lives; zero when the service named none.
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
	// Err is nil exactly when Outcome is Succeeded. A *ResponseError in it
	// carries what the service said, a *SkippedError names the cause.
	Err error
}
