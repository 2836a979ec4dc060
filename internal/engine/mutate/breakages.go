package main

// breakages are the rules of the engine, each broken.
var breakages = []breakage{
	// The table of knowledge.
	{"a refused repetition forgets the lost attempt",
		"case Conflict, Refusal:\n\t\t\treturn Disputed", "case Conflict, Refusal:\n\t\t\treturn Refused"},
	{"a repetition that did nothing forgets the lost attempt",
		"case NotDone, NoAnswer:\n\t\t\treturn Lost", "case NotDone:\n\t\t\treturn Unsent\n\t\tcase NoAnswer:\n\t\t\treturn Lost"},
	{"an attempt that did nothing counts as lost",
		"case NotDone:\n\t\t\treturn Unsent", "case NotDone:\n\t\t\treturn Lost"},
	{"a lost answer counts as not done",
		"case NoAnswer:\n\t\t\treturn Lost", "case NoAnswer:\n\t\t\treturn Unsent"},
	{"404 for a repeated DELETE is a dispute",
		"case Success, Missing:\n\t\t\treturn Done", "case Success:\n\t\t\treturn Done\n\t\tcase Missing:\n\t\t\treturn Disputed"},
	{"a disputed create whose name is another's is unsent",
		"case Foreign, Absent, Untouched:\n\t\t\treturn Refused", "case Foreign, Absent, Untouched:\n\t\t\treturn Unsent"},
	{"an absent effect counts as a refusal",
		"case Absent, Untouched:\n\t\t\treturn Unsent", "case Absent, Untouched:\n\t\t\treturn Refused"},

	// What answers are evidence of.
	{"500 and 504 for an item count as refusals", "it.Status >= 500:", "it.Status >= 600:"},
	{"408 for an item counts as a refusal", "it.Status == 408 || ", ""},
	{"423 and 425 for an item count as refusals", " || it.Status == 423 || it.Status == 425", ""},
	{"a refusal stands although what it depends on failed", "if (excused[i] ||", "if false && (excused[i] ||"},
	{"no answer counts as not done", "e.learn(o, NoAnswer)", "e.learn(o, NotDone)"},
	{"404 for what was created just now is final", "isNotFound(it) && o.young > e.now.Elapsed", "isNotFound(it) && false"},
	{"what is there behind a plain conflict is not looked up", "o.said.status == 409 && o.lookable()", "false"},

	// Sending.
	{"a request does not wait for the disk", "\t\tr.onDisk = false\n", ""},
	{"more requests than allowed are in flight", "len(e.sent) >= e.cfg.Concurrency || ", ""},
	{"being asked to wait counts as an attempt", "if !in.Alive {\n\t\tr.tries++", "{\n\t\tr.tries++"},
	{"two timeouts are a dead service", "deadAttempts = 3", "deadAttempts = 2"},
	{"lookups take their time while the service is silent", "\t\te.lookSoon()\n", ""},
	{"a spent budget holds nothing back", "!e.budget.open() || ", ""},
	{"a share of the budget is not held", "b.held += share", ""},
	{"refusals do not spend the budget", "b.spent += refused", ""},
	{"doubt does not hold the budget", "b.held += keep", "keep = 0"},

	{"a repetition frees what the lost attempt holds", "\tdelete(e.sought, o)\n\tif o.held", "\tdelete(e.sought, o)\n\te.freeReserves(o)\n\tif o.held"},
	{"what is done holds the budget", "o.knowledge == Done {\n\t\te.freeReserves(o)", "false {\n\t\te.freeReserves(o)"},

	// Lookups.
	{"the proof of absence does not allow for lag", "e.cfg.MaxServiceTime + e.cfg.LookupPatience - (at", "e.cfg.MaxServiceTime - (at"},
	{"the proof of absence does not allow for work", "e.cfg.MaxServiceTime + e.cfg.LookupPatience - (at", "e.cfg.LookupPatience - (at"},
	{"an unguarded create is sent again at once", "o.knowledge == Lost && o.Guarded &&", "o.knowledge == Lost &&"},
	{"an attempt of an earlier run is old", "\t\to.lost = true\n", "\t\to.lost, o.lostAt = true, -time.Hour\n"},
	{"one second is a clear difference of two clocks", "clearly       = 10 * time.Minute", "clearly       = time.Second"},
	{"the wall clock is trusted like the service's", "clearlyByWall = 7 * 24 * time.Hour", "clearlyByWall = clearly"},
	{"the age of what is there does not matter", "case e.before(c.Created, o.first, date):", "case false:"},
	{"what another operation has made may be ours", "case c.Owned, e.others.has(c.ID),", "case c.Owned,"},
	{"a different externalId may be ours", ", c.ExternalID == Different:", ":"},
	{"another create of the name in flight does not matter", "len(sure)+len(likely) > 0 && inFlight", "inFlight && false"},
	{"another create of the name in doubt does not matter", "!unclear && !inDoubt", "!unclear && (true || inDoubt)"},
	{"a reading counts from when it was told", "e.weighReading(o, f, l.at, date)", "e.weighReading(o, f, e.now.Elapsed, date)"},
	{"a search counts from when it was told", "e.weighCandidates(o, e.distinct(f.Candidates), l.at, date)", "e.weighCandidates(o, e.distinct(f.Candidates), e.now.Elapsed, date)"},
	{"an equal candidate is ours although it may be an equal create's", "!(inDoubt && (unclear || len(likely) > 0)", "!(false && (unclear || len(likely) > 0)"},
	{"a plain conflict may be with a create in doubt", "!inFlight && !inDoubt {", "!inFlight && !inDoubt || true {"},
	{"a lagging read proves a DELETE", "case !f.Exists && at < e.youngUntil(o):", "case false:"},
	{"a lagging read shows a PATCH", "f.Seen && at-o.first.elapsed >= e.cfg.LookupPatience", "f.Seen"},
	{"a change that is not seen was not made", " && !e.before(f.Modified, o.first, date)", " && false"},
	{"what is there is taken for ours", "case foreign && o.Guarded:\n\t\treturn Candidate{}, isForeign", "case foreign && o.Guarded:\n\t\treturn candidates[0], isOurs"},

	// Outcomes.
	{"the next change does not wait for lost attempts", "e.finishAfter(o.work, o.Index, finished)", "e.finishAfter(work{}, o.Index, finished)"},
	{"the age of a lost attempt counts from the job's begin", "o.lost, o.lostAt = true, e.now.Elapsed", "o.lost, o.lostAt = true, 0"},
	{"what is in doubt is forgotten", "case o.recorded && !o.knowledge.Maybe():", "case o.recorded:"},
	{"results are told before they are on disk", "e.record(changes, nil, results)", "e.record(changes, nil, nil)\n\te.hand(results)"},
	{"a failed change is not remembered", "if o.knowledge != Done && c.failed == 0 {", "if false {"},

	// Earlier runs.
	{"a PATCH is recognized without the one before it", "h.Write(o.key[:])", ""},
	{"references are recognized by bulkId", "h.Write(n.identity[:])", "h.Write([]byte(r.Name + n.id))"},
	{"what an earlier run has sent counts as unsent", "o.knowledge = o.knowledge.Learn(Attempted).Learn(NoAnswer)", ""},
	{"what an earlier run has done is sent again", "case KnownDone:\n", "case KnownDone + 1:\n"},
	{"a corrected create is sent", "case len(o.rivals) > 0:", "case false:"},
	{"a corrected create is made anew without the changes that are done", "if e.cfg.Existing == FailExisting || known == KnownSent && o.Method == Patch", "if true"},
	{"a corrected change does not wait", "e.sendLater(o, e.cfg.MaxServiceTime-e.now.Elapsed)", "e.sendLater(o, 0)"},
	{"corrected operations do not wait for the end of the input", "e.ended && e.asked+len(e.unasked) == 0\n}", "e.asked+len(e.unasked) == 0\n}"},
	{"a change replaces nothing in the journal", "slices.Sorted(maps.Keys(o.rivals)) {\n\t\tchanges = append(changes, Change{Kind: ReplacedChange", "slices.Sorted(maps.Keys(o.rivals)) {\n\t\tchanges = append(changes, Change{Kind: ForeignChange"},
	{"a change in doubt is sent when its create is over", "if o.phase == parked {\n\t\t\te.pursue(o)", "if o.phase == parked {\n\t\t\te.release(o)"},
	{"what is decided is recorded after what it frees", "\t\te.tell() // before dispatch", "\t\t// before dispatch"},
	{"an operation that rests loses its ticket", "uint64(ticket), int(read)", "uint64(0*ticket), int(read)"},
	{"an operation that rests loses its key", "m.put(restKey(o.Index), o.key,", "m.put(restKey(o.Index), Key{},"},
	{"an operation that rests is looked up again and again", "follows == 1, looked == 1", "follows == 1, false"},
	{"what rests is forgotten when the job stops", "e.resting = append(e.resting, index)", ""},
	{"a DELETE by reference does not wait for its create", "o.held && e.awaitsCreate(o.Operation) && e.awaitCreate(o)", "false"},

	// What another operation may have done.
	{"whose a resource is does not wait for what is not claimed", "case len(likely) > 0 && (o.first.earlier || !o.Guarded) && !e.isAllClaimed():", "case false:"},
	{"whose a new user is is not told before all is claimed", "(o.first.earlier || !o.Guarded) && !e.isAllClaimed()", "!e.isAllClaimed()"},
	{"what waits for the whole input does not have it read", "len(e.unclaimed) > 0 || e.cfg.Ordered", "e.cfg.Ordered"},
	{"a lost group does not count as referring to what is gone", "known == KnownSent && o.Method == Patch", "known == KnownSent"},
	{"what was there before is young", "at := -e.cfg.LookupPatience", "at := time.Millisecond"},
	{"a later stage does not wait for late work", "o.held && wait > 0", "o.held && wait < 0"},
	{"an adopted create that rests forgets what is there", "o.adoptAs(Candidate{ID: id,", "o.adoptAs(Candidate{ID: id[:0],"},
}
