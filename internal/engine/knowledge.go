package engine

// Knowledge is what all evidence so far proves about one operation.
type Knowledge uint8

// The four kinds of knowledge. What "may have been done" is told apart by what
// lies behind: the service judges a repetition differently from a first
// attempt.
const (
	// Unsent: nothing of the operation can have been done.
	Unsent Knowledge = iota
	// Sent: the first attempt is in flight. It may have been done.
	Sent
	// Lost: an attempt without an answer lies behind, and none is in flight. It
	// may have been done.
	Lost
	// Repeated: an attempt without an answer lies behind, and a repetition is
	// in flight. It may have been done.
	Repeated
	// Disputed: the repetition of a lost attempt was refused. The attempt may
	// have been done.
	Disputed
	// Done: the service has carried out the operation.
	Done
	// Refused: the service has refused the operation and has not done it.
	Refused
)

// String returns the name in lower case.
func (k Knowledge) String() string {
	return [...]string{"unsent", "sent", "lost", "repeated", "disputed", "done", "refused"}[k]
}

// Maybe reports whether an attempt may have been carried out.
func (k Knowledge) Maybe() bool { return k >= Sent && k <= Disputed }

// Evidence is one observation about an operation.
type Evidence uint8

// What can be observed.
const (
	// Attempted: the operation leaves in a request.
	Attempted Evidence = iota
	// NotDone: this attempt did nothing. It was not sent, refused with its
	// whole request, left out by failOnErrors, put off (429, 503, 423, 425), or
	// refused while something that it depends on in its request did not
	// succeed.
	NotDone
	// Success: a result with a 2xx status.
	Success
	// Conflict: a result with status 409 for a POST.
	Conflict
	// Missing: a result with status 404 for a DELETE.
	Missing
	// Refusal: a result with any other status that says "not done".
	Refusal
	// NoAnswer: no result, or one that does not say whether the operation was
	// done (408 and 5xx but 503).
	NoAnswer
	// Ours: a lookup found what this operation has made.
	Ours
	// Foreign: a lookup found that the name belongs to another resource.
	Foreign
	// Absent: a lookup found nothing, and no attempt can still be at work.
	Absent
	// Untouched: the resource shows that the change was not made, and no
	// attempt can still be at work.
	Untouched

	evidenceKinds int = iota
)

// String returns the name in lower case.
func (e Evidence) String() string {
	return [...]string{"attempted", "not done", "success", "conflict", "missing", "refusal", "no answer",
		"ours", "foreign", "absent", "untouched"}[e]
}

// Learn returns the knowledge after one more observation. This table is the
// only place where knowledge changes. A lost attempt is forgotten only for
// evidence about that attempt, never because a later one was refused. What
// cannot be observed in a state leaves it as it is.
func (k Knowledge) Learn(e Evidence) Knowledge {
	switch k {
	case Unsent:
		if e == Attempted {
			return Sent
		}
	case Sent:
		switch e {
		case NotDone:
			return Unsent
		case Success:
			return Done
		case Conflict, Missing, Refusal:
			return Refused
		case NoAnswer:
			return Lost
		}
	case Lost:
		switch e {
		case Attempted:
			return Repeated
		case Ours:
			return Done
		case Absent, Untouched:
			return Unsent
		}
	case Repeated:
		switch e {
		case NotDone, NoAnswer:
			return Lost
		case Success, Missing:
			return Done
		case Conflict, Refusal:
			return Disputed
		}
	case Disputed:
		switch e {
		case Attempted:
			return Repeated
		case Ours:
			return Done
		case Foreign, Absent, Untouched:
			return Refused
		}
	}
	return k
}

// Outcome is how an operation ended, for the caller.
type Outcome uint8

// The four outcomes. The zero value is none.
const (
	Succeeded Outcome = iota + 1
	Failed
	Skipped
	Unknown
)

// String returns the name in lower case.
func (o Outcome) String() string {
	return [...]string{"none", "succeeded", "failed", "skipped", "unknown"}[o]
}

// Outcome is the outcome that follows when nothing more will be learned.
func (k Knowledge) Outcome() Outcome {
	switch k {
	case Done:
		return Succeeded
	case Refused:
		return Failed
	case Unsent:
		return Skipped
	}
	return Unknown
}
