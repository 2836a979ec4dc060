package engine

import (
	"time"

	"github.com/webexscim/bulk/internal/plan"
)

// Method is what an operation does to its resource.
type Method uint8

// The methods of Webex Bulk requests.
const (
	Post Method = iota
	Patch
	Delete
)

// String returns the method as it is sent.
func (m Method) String() string { return [...]string{"POST", "PATCH", "DELETE"}[m] }

// Key recognizes something by a hash of what it means. The zero Key is none.
type Key [16]byte

// Operation is an operation as the engine knows it: facts about it, without
// its data.
type Operation struct {
	// Index is the operation's place in the input, from 0 and without gaps.
	Index int
	// Method is what the operation does.
	Method Method
	// Guarded reports that the service itself keeps a repetition from doing
	// harm: userNames are unique, repeating a PATCH or DELETE has the same
	// effect. A create of a group is not guarded, nor is a PATCH that may add a
	// value twice.
	Guarded bool
	// BulkID is what references call the resource that a create makes; "" for
	// none.
	BulkID string
	// Resource recognizes what a PATCH or DELETE changes; "" for a create.
	Resource string
	// ResourceID is the id of that resource, "" where it is given by reference.
	ResourceID string
	// Target is the bulkId of the create whose resource a PATCH or DELETE changes,
	// where its path refers to it; it is one of Refs.
	Target string
	// Refs are the references, in an order that depends on what the operation
	// means and not on how it is written.
	Refs []plan.Ref
	// Size is the operation's size in a request, in bytes.
	Size int
	// Name recognizes the natural name of what a create makes: its type with
	// userName, or with displayName and externalId. Zero: it has none.
	Name Key
	// SearchName is Name without the externalId: what a lookup searches for.
	// Zero: the create cannot be looked up.
	SearchName Key
	// Content recognizes method, path and data, with one placeholder for every
	// reference.
	Content Key
	// Invalid is why the operation must not be sent; nil if it may be.
	Invalid error
}

// moment is when an attempt left: by the time of the job, by the time that has
// passed in truth, and by the service's clock as its last answer before showed
// it (zero if there was none). Of one in an earlier run it is only known that
// it left before this run began, when elapsed and passed are 0: clocks may have
// been set since. wall is its time by the wall clock (zero if that is not
// known).
type moment struct {
	elapsed time.Duration
	passed  time.Duration
	date    time.Time
	earlier bool
	wall    time.Time
}

// phase is who has to do something next about an operation.
type phase uint8

const (
	unkeyed   phase = iota // the source: what its key covers has not been read
	asking                 // the journal: what do earlier runs know of it
	rivaling               // the end of the input: is another operation of its name on record
	unlooked               // the input: it is looked up before it is sent, together with others
	parked                 // a create: it has to be over first
	comparing              // a create that the adopted one refers to: it has to be over first
	planned                // the planner
	flying                 // the service: it is in a request
	sought                 // a lookup
	delayed                // the clock: it is sent again later
	over                   // nobody
)

// op is an operation on its way to an outcome: it is being sent, or something
// has to be found out about it. Of one that waits see rest.
type op struct {
	*Operation
	knowledge Knowledge
	phase     phase
	dropped   *plan.Drop // it will not be sent again
	gaveUp    error      // why it will not be sent, or not again

	journalState
	attemptState
	work
	lookupState
	existingState
}

// journalState is what the journal knows of an operation.
type journalState struct {
	key       Key             // that of the operation before it on its resource, until its own is known
	follows   bool            // the key of the operation before it is not known
	ticket    uint64          // the journal's
	recorded  bool            // it is on record as sent
	rivals    map[uint64]bool // operations on record of its name, or on its resource, that nobody has claimed
	rivalSent bool            // one of them has no result on record
	replaces  []uint64        // operations on record that were rivals of the create
}

// attemptState is what came of the attempts of an operation.
type attemptState struct {
	first     moment        // the first attempt that may have been carried out
	attempts  int           // requests that carried it
	tries     int           // attempts that told nothing
	said      said          // the last result that told something
	refusal   error         // why its whole request was refused, and with it the job
	reserves  []*reserve    // what its lost attempts hold of the error budget, and last its uncounted refusal
	uncounted bool          // its refusal does not count before a lookup has shown what exists
	young     time.Duration // until then, a refusal may mean that a reference is not known everywhere yet
	lag       time.Duration // between its attempts while a reference is young
}

// work is what may still be at work of an operation, also when that is over.
type work struct {
	replayed bool          // an earlier run has done it
	lost     bool          // an attempt without an answer may still be at work
	lostAt   time.Duration // when the last such attempt was given up; 0 in an earlier run
}

// lookupState is what came of the lookups of an operation.
type lookupState struct {
	since     time.Duration // when they began
	due       time.Duration // of the timer that counts for it
	interval  time.Duration // between them
	resolved  int           // references whose ids the last one knew
	missedAt  time.Duration // the first that told nothing since one that did; 0: the last did
	recovered bool          // one has decided
	doubtful  bool          // the operation is one of Engine.doubts
	doubt     error         // why nobody can tell what became of it
}

// existingState is what is known of an existing resource that has the name of a
// create.
type existingState struct {
	existing  string // its id
	existence existence
	place     string        // its location, if it is adopted
	serves    string        // the bulkId of the create that became an update
	read      int           // how many references of the create are known, or, once it is adopted, to be over
	youngRefs time.Duration // until then, what the create refers to may not be known everywhere yet
}

// existence is what is known of the resource of a create before that is sent.
type existence uint8

const (
	notAsked  existence = iota
	isMissing           // a lookup shows nothing of its name
	isAdopted           // a resource that exists is taken for the one that the create was to make
	isLeft              // the same, and it is left unchanged
)

func (o *op) adopted() bool { return o.existence >= isAdopted }

// said is what the service said about an operation.
type said struct {
	status                int
	id, location, version string
	err                   error
}

// lookable reports whether a lookup can tell something about the operation.
func (o *Operation) lookable() bool { return o.Method != Post || o.SearchName != (Key{}) }

// isPlainConflict reports whether the service has refused a create as a
// duplicate, and nothing of it can have been done: the resource of its name is
// another's.
func (o *op) isPlainConflict() bool {
	return o.knowledge == Refused && o.Method == Post && o.said.status == 409 && o.lookable()
}

// lacksID reports whether a lookup can find the id of what the operation has
// made.
func (o *op) lacksID() bool {
	return o.knowledge == Done && o.Method == Post && o.said.id == "" && o.lookable()
}
