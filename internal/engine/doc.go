// Package engine decides what a job does next: which operations to send, to
// look up, to record, and to report.
//
//	e := engine.New(cfg, now)
//	e.Add(now, engine.Operation{Index: 0, Method: engine.Post, Size: 200})
//	e.End(now)
//	for last := false; !last; {
//		last = e.Finished()
//		ready := e.Ready() // what to do next; do it, and report the results:
//		for _, r := range ready.Requests {
//			e.Response(now, r.Number, send(r))
//		}
//	}
//
// The engine is a state machine: it has no goroutines, does no input or output,
// and has no clock. Its driver, package client, gives it events and carries out
// its commands.
//
//	            events                              commands (Ready, Wake)
//	source  ──► Add, Take, End, Idle   ┌────────┐   Claims   ──► journal
//	journal ──► Claimed, Recorded      │        │   Records  ──► journal
//	service ──► Response               │ Engine │   Requests ──► service
//	service ──► Found                  │        │   Lookups  ──► service
//	clock   ──► Tick                   └────────┘   Results  ──► caller
//	caller  ──► Stop                                Wake     ──► clock
//
// Package plan decides which operations share a request; the engine asks it.
// The engine keeps almost nothing of an operation that only waits (rest.go).
//
// # Where each rule lives
//
// The names of the scripts in testdata begin with the number of a rule:
// 03-12-absent.txt tests the rule 03-12. README.txt there explains how to read
// them. On the right are the functions that implement the rule.
//
// Knowledge: what all evidence proves about an operation (knowledge.go).
//
//	03-01 an operation that leaves may have been done, and is on record first  Learn, recordSent, launch
//	03-02 not sent, refused whole, left out, put off: as before that attempt   Learn, observe, putOff, reject
//	03-03 first attempt 2xx: done                                              Learn, observe
//	03-04 first attempt with another 4xx: refused                              Learn, observe
//	03-05 refused while one on which it depends was not done: not done         excuse
//	03-06 no answer, 408, 500, 502, 504: maybe                                 Learn, observe
//	03-07 repetition 2xx: done                                                 Learn
//	03-08 repetition of a create 409: a lookup decides                         Learn, foundCandidates
//	03-09 repetition of a DELETE 404: done                                     Learn, observe
//	03-10 any other refusal of a repetition: still maybe                       Learn, pursueAfter
//	03-11 a lookup finds its effect or its resource: done                      Learn, foundCandidates, foundResource
//	03-12 absent, and no attempt can be at work: unsent                        Learn, foundNothing, proofIn
//	03-13 the same after a refused repetition: refused                         Learn, foundNothing, foundResource
//	03-14 the outcome follows from knowledge                                   Outcome, decide, result, explain
//	03-15 the journal stores sent and done, and forgets the rest               recordSent, tell
//	03-16 a change by reference was done: its create in the request as well    showCreates
//
// Dependencies (package plan, and here how long operations wait).
//
//	04-01 references                                                           plan.link, plan.take
//	04-02 cycles                                                               plan.unite
//	04-03 one operation on a resource at a time                                plan.link
//	04-04 an operation is skipped if one that it depends on was not done       plan.obstacle, takeDrops, memory.Name, memory.Resource
//	04-05 after an uncertain attempt, the next on the resource waits           finish, atWork, noteAtWork, quietIn, Carried
//	04-06 likewise after an operation that an earlier run has done             atWork, quietFor
//	04-07 a DELETE by reference waits for the create and references to it      awaitCreate, quietIn, plan.waitForUsers
//	04-08 ordered jobs                                                         plan.Config.Ordered, launch
//	04-09 references that are not left to the service                          plan.Config.Separate
//	04-10 only what depends on an operation in doubt waits; Status shows it    pursueAfter, Status
//
// Lost answers.
//
//	05-01 a user is sent again at once if it is not seen                       foundNothing, mayRepeat
//	05-02 a group waits until no attempt can be at work                        foundNothing, proofIn, shareAttempts
//	05-03 PATCH and DELETE are repeated                                        pursueAfter, backOff
//	05-04 a PATCH that may add a value twice is read first                     pursueAfter, foundResource
//	05-05 a new resource may not be known everywhere yet                       referenceLag, readItem, foundResource
//	05-06 answers of intermediaries do not show that the service works         noteLife, checkLife, holdsBack, isLongSilent, lookSoon
//	05-07 equal refusals of single operations stop the job                     reject, repeats
//	05-08 a lookup proves the state at the time when it was asked for          lookUp, foundResource
//	05-09 lookups that fail                                                    missLookup, mayRepeat
//	05-10 operations that cannot be looked up                                  lookable, pursueAfter
//
// Has a create made the resource that a lookup found? One function decides, by
// these questions in this order.
//
//	06-1  somebody else is known to have made the resource                     judge, Add, decide, noteForeign, idSet
//	06-2  it has the same externalId, or another one                           judge
//	06-3  it was created long before the attempt                               judge, before
//	06-4  it equals the create, once the ids of references are known           judge, knownRefs
//	06-5  it is the only candidate; with several it is unclear                 judge, sameName, isAllClaimed
//	06-6  a resource that is found twice counts once                           distinct
//
// Identity across runs.
//
//	07-01 an operation that is done is not sent again                          Claimed, learnKnown
//	07-02 references count by natural name, not by bulkId                      keyOf, defineName
//	07-03 equal operations are counted                                         the journal: claim, take
//	07-04 the key of a PATCH covers the operation before it                    keyOf, identify
//	07-05 a DELETE is recognized by itself                                     keyOf
//	07-06 a corrected create is refused                                        ask, learnEarlier, resolveRivals
//	07-07 an operation that an earlier run has sent is maybe                   learnKnown, countAsSent
//	07-08 the journal is asked once all references were read                   identify, ask, End
//	07-09 a journal that fails stops the job                                   failJournal, Recorded
//	07-10 attempts of an earlier run may be at work after this run began       learnKnown, moment, proofIn
//	07-11 the record of an attempt tells its time                              recordSent, launch
//	07-12 a corrected change waits for the one that an earlier run has sent    recordNames, noteMadeBefore, resolveRivals, quietFor
//	07-13 what is done counts until an operation before it is sent             replaceRivals, replaceDone, countAsSent, isUndone
//
// Resources that exist already (Config.Existing; existing.go).
//
//	08-01 a create is looked up before it is sent, with others                 looksFirst, startLookingFirst, foundFirst
//	08-02 an existing resource serves references at once                       adopt
//	08-03 an update changes what differs, and is sent if anything does         compare, change
//	08-04 a create that is refused as a duplicate is looked up too             foundConflict
//	08-05 that refusal does not count if the create succeeds after all         readItems, adopt, decide
//	08-06 which resource is meant, and whose it is                             Pick, foundFirst, noteForeign, isMade
//	08-07 an update is on record while it may be done or at work               change, forget, tell, mayUndo
//	08-08 a corrected create becomes an update                                 awaitRivals, foundFirst
//	08-09 lookups that fail                                                    missFirst
//	08-10 ordered jobs                                                         firstChange
//	08-11 changes and deletes by reference                                     awaitsCreate, awaitCreate
//
// Elsewhere:
//
//	the data by which an operation is recognized, and its natural name         facts: identity, addName
//	whether a resource equals a create                                         client: pending.candidate; package fold
//	which answers show that the service itself works                           transport: Response.Refused, meanings
//	the search for names; 414 and 431 halve a query                            lookup: Find, fit, isLong
//	one job at a time on a journal, and the lock on its file                   journal: Begin, acquireLock
//	the tables of a journal, which a person can read; other formats            journal: schema, recognize
//
// budget.go has the budget of errors. The functions stop, dispatch and sendAgain
// stop the job. The scripts 09 are failures of earlier versions.
package engine
