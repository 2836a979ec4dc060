package engine

import (
	"time"

	"github.com/webexscim/bulk/internal/plan"
)

// Method is the method of an operation.
type Method uint8

// The methods of Webex Bulk requests.
const (
	Post Method = iota
	Patch
	Delete
)

// String returns the method as it is sent.
func (m Method) String() string { return [...]string{"POST", "PATCH", "DELETE"}[m] }

// Key is a hash of the meaning of an operation, a name or a resource. The zero
// Key is none.
type Key [16]byte

// Operation is an operation as the engine knows it: facts about it, without
// its data.
type Operation struct {
	// Index is the operation's place in the input, from 0 and without gaps.
	Index int
	// Method is the operation's method.
	Method Method
	// Guarded reports that a repetition does no harm: userNames are unique, and
	// repeating a PATCH or DELETE has the same effect. A create of a group is
	// not guarded, nor is a PATCH that may add a value twice.
	Guarded bool
	// BulkID is the bulkId of a create, for references to its resource; "" for
	// none.
	BulkID string
	// Resource identifies the resource of a PATCH or DELETE; "" for a create.
	Resource string
	// ResourceID is the id of that resource, "" if the path has a reference.
	ResourceID string
	// Target is the bulkId of the create whose resource a PATCH or DELETE
	// changes, where its path refers to it; it is one of Refs.
	Target string
	// Refs are the references, in an order that depends on the meaning of the
	// operation and not on the form of its JSON.
	Refs []plan.Ref
	// Size is the operation's size in a request, in bytes.
	Size int
	// Name is the key of the natural name of a create's resource: its type with
	// userName, or with displayName and externalId. Zero: it has none.
	Name Key
	// SearchName is the key of the name without the externalId, by which
	// lookups search. Zero: the create cannot be looked up.
	SearchName Key
	// Content is the key of method, path and data, with placeholders for
	// references.
	Content Key
	// Invalid is why the operation must not be sent; nil if it may be.
	Invalid error
}

// moment is the time of an attempt, by several clocks. Clocks may have been set
// since an earlier run: of its attempts it is certain only that they left
// before this run began, so elapsed and passed are 0.
type moment struct {
	elapsed time.Duration // see Time
	passed  time.Duration // see Engine.passed
	date    time.Time     // the latest time of the service that was known before; zero: none was
	earlier bool          // the attempt was in an earlier run
	wall    time.Time     // of an earlier run, by the wall clock; zero: it is not known
}

// phase tells what an operation waits for.
type phase uint8

const (
	unkeyed     phase = iota // for the source: its key covers operations that have not been read
	asking                   // for the answer of the journal about earlier runs
	rivaling                 // for the end of the input: another operation may claim its rivals
	unlooked                 // for its first lookup, which it shares with other creates
	afterCreate              // for the end of the create that it refers to
	comparing                // the same, to compare an adopted create with its resource
	planned                  // for the planner
	flying                   // for the response to its request
	sought                   // for a lookup
	delayed                  // for the time at which it is sent again
	over                     // for nothing: it has its outcome
)

// op is an operation on its way to an outcome. The engine has no op of an
// operation that rests (rest.go).
type op struct {
	*Operation
	knowledge Knowledge
	phase     phase
	dropped   *plan.Drop // why the planner does not send it again; nil if it may
	gaveUp    error      // why the engine does not send it, or not again; nil if it may

	journalState
	attemptState
	work
	lookupState
	existingState
}

// journalState holds the key of an operation, and its records in the journal.
type journalState struct {
	key       Key             // until it is known, the key of the operation before it on its resource
	follows   bool            // the key of the operation before it is not known
	ticket    uint64          // the journal's
	recorded  bool            // it is on record as sent
	asked     bool            // the journal was asked for its rivals under both Names of its resource
	rivals    map[uint64]bool // tickets of operations on record with its name, or on its resource, not claimed so far
	rivalSent bool            // one of the rivals has no result on record
	replaces  []uint64        // tickets of rivals whose place the create takes
}

// attemptState holds the results of the attempts of an operation.
type attemptState struct {
	first     moment        // the first attempt that may have been carried out
	attempts  int           // requests that carried it
	tries     int           // attempts without a result
	said      said          // the last result
	refusal   error         // why its whole request was refused, which stopped the job
	reserves  []*reserve    // shares of the error budget that its lost attempts hold, and last its uncounted refusal
	uncounted bool          // its refusal counts only if lookups do not make the create a success
	lag       time.Duration // between its attempts while a reference may not be known everywhere
}

// work tells which attempts of an operation may still be at work at the
// service, even if the operation is over.
type work struct {
	replayed bool          // an earlier run has done it
	lost     bool          // an attempt without an answer may still be at work
	lostAt   time.Duration // when the last such attempt was given up; 0 in an earlier run
}

// lookupState holds the results of the lookups of an operation.
type lookupState struct {
	since     time.Duration // when they began
	due       time.Duration // time of the next lookup; other timers no longer count
	interval  time.Duration // between them
	resolved  int           // references whose ids the last one knew
	missedAt  time.Duration // time of the first of the lookups in a row that failed; 0: the last one did not fail
	recovered bool          // a lookup, or the result of another operation, has decided the outcome
	doubtful  bool          // the operation counts in Engine.doubts
	doubt     error         // why its outcome is unknown
}

// existingState describes the existing resource that has the name of a create.
type existingState struct {
	existing  string // its id
	existence existence
	place     string // its location, if it is adopted
	serves    string // the bulkId of the create that became an update
	read      int    // how many of its references were found to be over, once it is adopted
}

// existence tells whether the resource of a create exists before that is sent.
type existence uint8

const (
	notAsked  existence = iota
	isMissing           // a lookup shows no resource of its name
	isAdopted           // an existing resource takes the place of the one to create
	isLeft              // the same, and it stays unchanged
)

func (o *op) adopted() bool { return o.existence >= isAdopted }

// said is the last result of the service for an operation.
type said struct {
	status                int
	id, location, version string
	err                   error
}

// lookable reports whether a lookup can tell something about the operation.
func (o *Operation) lookable() bool { return o.Method != Post || o.SearchName != (Key{}) }

// isPlainConflict reports whether the service has refused a create as a
// duplicate, and no attempt can have been done: the resource of its name is not
// its own.
func (o *op) isPlainConflict() bool {
	return o.knowledge == Refused && o.Method == Post && o.said.status == 409 && o.lookable()
}

// lacksID reports whether a create is done, and a lookup has to find the id of
// its resource.
func (o *op) lacksID() bool {
	return o.knowledge == Done && o.Method == Post && o.said.id == "" && o.lookable()
}
