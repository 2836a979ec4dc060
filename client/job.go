package client

import "iter"

// Job is a run of operations of any number. A Job is used once.
type Job struct {
	// Source gives the operations; it is read as they are needed. An error that
	// it yields stops the job: nothing more is sent.
	Source iter.Seq2[Operation, error]
	// FailOnErrors stops the job once the service has refused operations this
	// many times, exactly, over all requests: each time counts, also where one is
	// sent again and succeeds, and so does what may have been refused in an answer
	// that is lost for good. What is put off (429, 503, 423) counts once it is
	// given up. 0: no such limit.
	FailOnErrors int
	// Ordered keeps the order of the whole input, one request at a time. It is
	// slower, and needed when, say, a DELETE and a POST name the same userName.
	Ordered bool
	// Journal remembers what was done; nil: nothing does.
	Journal Journal
	// ReadOn has Source read to its end even if the job stops before, so that
	// each operation has its result: what a Journal knows to be done is Replayed
	// then, and not Skipped. When the loop over the results is left, reading ends.
	ReadOn bool

	tally tally
}

// Operations is a source of the given operations.
func Operations(ops ...Operation) iter.Seq2[Operation, error] {
	return func(yield func(Operation, error) bool) {
		for _, op := range ops {
			if !yield(op, nil) {
				return
			}
		}
	}
}
