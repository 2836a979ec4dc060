package main

// breakages are the rules of the engine, each broken.
var breakages = []breakage{
	// The table of knowledge.
	{"a refused repetition forgets the lost attempt", "knowledge.go",
		"case Conflict, Refusal:\n\t\t\treturn Disputed", "case Conflict, Refusal:\n\t\t\treturn Refused"},
	{"a repetition that did nothing forgets the lost attempt", "knowledge.go",
		"case NotDone, NoAnswer:\n\t\t\treturn Lost", "case NotDone:\n\t\t\treturn Unsent\n\t\tcase NoAnswer:\n\t\t\treturn Lost"},
	{"an attempt that did nothing counts as lost", "knowledge.go",
		"case NotDone:\n\t\t\treturn Unsent", "case NotDone:\n\t\t\treturn Lost"},
	{"a lost answer counts as not done", "knowledge.go",
		"case NoAnswer:\n\t\t\treturn Lost", "case NoAnswer:\n\t\t\treturn Unsent"},
	{"404 for a repeated DELETE is a dispute", "knowledge.go",
		"case Success, Missing:\n\t\t\treturn Done", "case Success:\n\t\t\treturn Done\n\t\tcase Missing:\n\t\t\treturn Disputed"},
	{"a disputed create whose name is another's is unsent", "knowledge.go",
		"case Foreign, Absent, Untouched:\n\t\t\treturn Refused", "case Foreign, Absent, Untouched:\n\t\t\treturn Unsent"},
	{"an absent effect counts as a refusal", "knowledge.go",
		"case Absent, Untouched:\n\t\t\treturn Unsent", "case Absent, Untouched:\n\t\t\treturn Refused"},

	// What answers are evidence of.
	{"500 and 504 for an item count as refusals", "request.go", "it.Status >= 500:", "it.Status >= 600:"},
	{"408 for an item counts as a refusal", "request.go", "it.Status == 408 || ", ""},
	{"423 and 425 for an item count as refusals", "request.go", " || it.Status == 423 || it.Status == 425", ""},
	{"a refusal stands although what it depends on failed", "request.go", "if (excused[i] ||", "if false && (excused[i] ||"},
	{"no answer counts as not done", "request.go", "e.learn(o, NoAnswer)", "e.learn(o, NotDone)"},
	{"404 for what was created just now is final", "request.go", "isNotFound(it) && o.young > e.now.Elapsed", "isNotFound(it) && false"},
	{"what is there behind a plain conflict is not looked up", "operation.go", "o.said.status == 409 && o.lookable()", "false"},

	// Sending.
	{"a request does not wait for the disk", "request.go", "\t\tr.onDisk = false\n", ""},
	{"more requests than allowed are in flight", "request.go", "len(e.sent) >= e.cfg.Concurrency || ", ""},
	{"being asked to wait counts as an attempt", "request.go", "if !in.Alive {\n\t\tr.tries++", "{\n\t\tr.tries++"},
	{"two timeouts are a dead service", "request.go", "deadAttempts = 3", "deadAttempts = 2"},
	{"lookups take their time while the service is silent", "request.go", "\t\te.lookSoon()\n", ""},
	{"a spent budget holds nothing back", "request.go", "!e.budget.open() || ", ""},
	{"a share of the budget is not held", "budget.go", "b.held += share", ""},
	{"refusals do not spend the budget", "budget.go", "b.spent += refused", ""},
	{"doubt does not hold the budget", "budget.go", "b.held += keep", "keep = 0"},

	{"a repetition frees what the lost attempt holds", "claim.go", "\tdelete(e.sought, o)\n\tif o.held", "\tdelete(e.sought, o)\n\te.freeReserves(o)\n\tif o.held"},
	{"what is done holds the budget", "outcome.go", "o.knowledge == Done {\n\t\te.freeReserves(o)", "false {\n\t\te.freeReserves(o)"},

	// Lookups.
	{"the proof of absence does not allow for lag", "lookup.go", "e.cfg.MaxServiceTime + e.cfg.LookupPatience - (at", "e.cfg.MaxServiceTime - (at"},
	{"the proof of absence does not allow for work", "lookup.go", "e.cfg.MaxServiceTime + e.cfg.LookupPatience - (at", "e.cfg.LookupPatience - (at"},
	{"an unguarded create is sent again at once", "lookup.go", "o.knowledge == Lost && o.Guarded &&", "o.knowledge == Lost &&"},
	{"an attempt of an earlier run is old", "claim.go", "\t\to.lost = true\n", "\t\to.lost, o.lostAt = true, -time.Hour\n"},
	{"one second is a clear difference of two clocks", "lookup.go", "clearly       = 10 * time.Minute", "clearly       = time.Second"},
	{"the wall clock is trusted like the service's", "lookup.go", "clearlyByWall = 7 * 24 * time.Hour", "clearlyByWall = clearly"},
	{"the age of what is there does not matter", "lookup.go", "case e.before(c.Created, o.first, date):", "case false:"},
	{"what another operation has made may be ours", "lookup.go", "case c.Owned, e.others.has(c.ID),", "case c.Owned,"},
	{"a different externalId may be ours", "lookup.go", ", c.ExternalID == Different:", ":"},
	{"another create of the name in flight does not matter", "lookup.go", "len(sure)+len(likely) > 0 && inFlight", "inFlight && false"},
	{"another create of the name in doubt does not matter", "lookup.go", "!unclear && !inDoubt", "!unclear && (true || inDoubt)"},
	{"a reading counts from when it was told", "lookup.go", "e.weighReading(o, f, l.at, date)", "e.weighReading(o, f, e.now.Elapsed, date)"},
	{"a search counts from when it was told", "lookup.go", "e.weighCandidates(o, f.Candidates, l.at, date)", "e.weighCandidates(o, f.Candidates, e.now.Elapsed, date)"},
	{"an equal candidate is ours although it may be an equal create's", "lookup.go", "!(inDoubt && (unclear || len(likely) > 0)", "!(false && (unclear || len(likely) > 0)"},
	{"a plain conflict may be with a create in doubt", "lookup.go", "inFlight || inDoubt {", "inFlight && inDoubt && false {"},
	{"a lagging read proves a DELETE", "lookup.go", "case !f.Exists && at < e.youngUntil(o):", "case false:"},
	{"a lagging read shows a PATCH", "lookup.go", "f.Seen && at-o.first.elapsed >= e.cfg.LookupPatience", "f.Seen"},
	{"a change that is not seen was not made", "lookup.go", " && !e.before(f.Modified, o.first, date)", " && false"},
	{"what is there is taken for ours", "lookup.go", "case foreign && o.Guarded:\n\t\treturn Candidate{}, isForeign", "case foreign && o.Guarded:\n\t\treturn candidates[0], isOurs"},

	// Outcomes.
	{"the next change does not wait for lost attempts", "outcome.go", "wait > 0 && o.Resource != \"\" && finished.Done", "false"},
	{"the age of a lost attempt counts from the job's begin", "outcome.go", "true, e.now.Elapsed", "true, 0"},
	{"what is in doubt is forgotten", "outcome.go", "case o.recorded && !o.knowledge.Maybe():", "case o.recorded:"},
	{"results are told before they are on disk", "outcome.go", "e.record(changes, nil, results)", "e.record(changes, nil, nil)\n\te.hand(results)"},
	{"a failed change is not remembered", "outcome.go", "if o.knowledge != Done && c.failed == 0 {", "if false {"},

	// Earlier runs.
	{"a PATCH is recognized without the one before it", "claim.go", "h.Write(o.key[:])", ""},
	{"references are recognized by bulkId", "claim.go", "h.Write(n.identity[:])", "h.Write([]byte(r.Name + n.id))"},
	{"what an earlier run has sent counts as unsent", "claim.go", "o.knowledge = o.knowledge.Learn(Attempted).Learn(NoAnswer)", ""},
	{"what an earlier run has done is sent again", "claim.go", "case KnownDone:\n", "case KnownDone + 1:\n"},
	{"a corrected create is sent", "claim.go", "case len(o.rivals) > 0:", "case false:"},
	{"a corrected create is made anew without the changes that are done", "claim.go", "k.Known == KnownDone && e.cfg.Existing != FailExisting", "false"},
	{"a corrected change does not wait", "claim.go", "e.sendLater(o, e.cfg.MaxServiceTime-e.now.Elapsed)", "e.sendLater(o, 0)"},
	{"corrected operations do not wait for the end of the input", "claim.go", "if len(e.rivals) == 0 || !e.ended ||", "if len(e.rivals) == 0 ||"},
	{"a change replaces nothing in the journal", "request.go", "slices.Sorted(maps.Keys(o.rivals)) {\n\t\tchanges = append(changes, Change{Kind: ReplacedChange", "slices.Sorted(maps.Keys(o.rivals)) {\n\t\tchanges = append(changes, Change{Kind: ForeignChange"},
	{"a change in doubt is sent when its create is over", "claim.go", "if o.phase == parked {\n\t\t\te.pursue(o)", "if o.phase == parked {\n\t\t\te.release(o)"},
	{"what is decided is recorded after what it frees", "engine.go", "\t\te.tell() // before dispatch", "\t\t// before dispatch"},
	{"an operation that rests loses its ticket", "rest.go", "o.ticket, o.read = ticket, int(read)", "o.ticket, o.read = 0*ticket, int(read)"},
	{"an operation that rests loses its key", "rest.go", "copy(o.key[:], b[1:])", "len(o.key)"},
	{"an operation that rests is looked up again and again", "rest.go", "o.looked, o.follows = flags&restLooked != 0,", "o.looked, o.follows = false,"},
	{"what rests is forgotten when the job stops", "outcome.go", "e.resting = append(e.resting, index)", ""},
	{"a DELETE by reference does not wait for its create", "claim.go", "o.held && e.awaitsCreate(o.Operation) && e.awaitCreate(o)", "false"},
}
