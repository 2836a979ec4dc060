package client

import "iter"

// Job is a run of any number of operations. A Job runs once, or in stages, see
// Next.
type Job struct {
	// Source gives the operations; it is read as they are needed. An error that
	// it yields stops the job: nothing more is sent.
	//
	// It runs in another goroutine than the loop over the results, ahead of it and
	// at the same time: state that both use, such as a map or a transaction of a
	// database, needs a lock. Source may wait for the result of an operation only
	// where that depends on nothing that is still to come. Each operation is
	// marshaled before its yield returns, so Source may use its buffers again.
	Source iter.Seq2[Operation, error]
	// FailOnErrors stops the job once the service has refused this many
	// operations, over all requests and exactly: each refusal counts, also of an
	// operation that is sent again and succeeds, and so does an operation that may
	// have been refused in an answer that was lost for good. An operation that is
	// put off (429, 423, 425, 503, and 404 or 400 while the resource it refers to
	// may not be known everywhere) counts once it is given up. The 409 of a create
	// does not count if Existing makes it a success or an update. 0: no limit.
	FailOnErrors int
	// Ordered keeps the order of the whole input, one request at a time. It is
	// slower, and needed when, for example, a DELETE and a POST have the same
	// userName.
	Ordered bool
	// Journal records the operations that were done, so that the same job can be
	// run again; nil: nothing is recorded. A create or change that takes the place
	// of one on record (a corrected row) waits for the end of Source, since the
	// old one may follow. So may a create without an answer if a resource of its
	// name is there that differs from it: another row may have created that.
	Journal Journal
	// Existing is the way to treat a create whose resource exists already; the
	// zero value: it fails. An operation that a Journal knows to be done is not
	// looked up again.
	Existing Existing
	// ReadOn has Source read to its end even if the job stops before, so that each
	// operation has its result: one that a Journal knows to be done is then
	// Replayed, not Skipped. When the loop over the results is left, reading ends.
	ReadOn bool

	state   jobState
	claimed claims // of all stages so far
}

// Next gives a job whose run has ended another Source, for its next stage: the
// job can run again. By then all operations of the stages before have their
// results. Result.Index, FailOnErrors and Progress continue. A bulkId is known
// in its own stage only. For a Journal, all stages are one input, and what one
// has created or deleted is not taken by another for its own, even while
// lookups do not show that yet. Once a stage has stopped before its end, the
// operations of later stages are skipped. On a job that has not run, or that
// runs, Next only sets Source.
//
// An attempt without an answer may be carried out late. A later change of the
// same resource waits until that is no longer possible, in the next stages too.
func (j *Job) Next(source iter.Seq2[Operation, error]) {
	j.state.setReady(over)
	j.Source = source
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
