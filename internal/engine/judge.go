package engine

import "time"

// This file decides whether a create has made a resource that a lookup found.

// ownership tells which resources were made by whom.
type ownership struct {
	others idSet         // ids that a lost create cannot have made
	gone   idSet         // ids of resources that the job has deleted
	doubts map[Key]int   // by name, the number of creates in doubt, open or over; see countDoubt
	makers recent[maker] // by name, the create that makes the resource, if the service does not guard it

	madeBefore recent[Key] // by id, the identity of the create; see noteMadeBefore
}

// maker is a create that makes the resource of its name, or has made it.
// Lookups may not show that resource yet.
type maker struct {
	index int    // of the create, or nobody, or isOver
	id    string // of the resource, once it is made
}

const (
	nobody = -1 // the create is over and was not done
	isOver = -2 // the create is over, and was or may have been done
)

// judgment is the conclusion from the candidates for a create.
type judgment uint8

const (
	isAbsent  judgment = iota
	isForeign          // another has made the user of that name
	isOurs
	isUndecided // another create of that name is in flight
	isUnclaimed // the journal may have a record of another create of that name
	isUnclear   // a candidate could be ours, and nothing will show whether it is
)

// Two times that differ by less than clearly have no certain order, since the
// parts of a service have clocks of their own. clearlyByWall is the limit if
// one of the times is by the wall clock, which people may set.
const (
	clearly       = 10 * time.Minute
	clearlyByWall = 7 * 24 * time.Hour
)

// judge asks of each candidate whether the create has made it. The first clear
// answer counts.
func (e *Engine) judge(o *op, candidates []Candidate, date time.Time) (ours Candidate, what judgment) {
	var sure, likely []Candidate
	unclear, foreign := false, false
	timesKnown := !o.first.date.IsZero() || !date.IsZero() && !o.first.earlier
	for _, c := range candidates {
		switch {
		case c.Owned, e.others.has(c.ID), c.ExternalID == Different:
			foreign = true
		case c.ExternalID == Same:
			sure = append(sure, c)
		case e.before(c.Created, o.first, date):
			foreign = true
		case c.Equal:
			sure = append(sure, c)
		case c.Created.IsZero() || !timesKnown || c.ExternalID == OneMissing && !o.Guarded && !e.cfg.LastWritten.IsZero():
			unclear = true // perhaps a later stage has sent another create of that name in an earlier run
		default:
			likely = append(likely, c)
		}
	}
	inFlight, inDoubt := e.sameName(o)
	switch {
	case len(sure)+len(likely) > 0 && inFlight:
		return Candidate{}, isUndecided
	case len(likely) > 0 && (o.first.earlier || !o.Guarded) && !e.isAllClaimed(): // of a new user the journal has told
		return Candidate{}, isUnclaimed
	case len(sure) == 1 && !(inDoubt && (unclear || len(likely) > 0) && sure[0].ExternalID != Same):
		// Else an equal create may have made the equal resource.
		return sure[0], isOurs
	case len(sure) == 0 && len(likely) == 1 && !unclear && !inDoubt:
		return likely[0], isOurs
	case unclear || len(sure)+len(likely) > 0:
		return Candidate{}, isUnclear
	case foreign && o.Guarded:
		return Candidate{}, isForeign
	}
	return Candidate{}, isAbsent // groups may share a name
}

// before reports whether t is clearly before an attempt left, both by the clock
// of the service. The time of the attempt is the Date of the last answer before
// it, or else date, the time of the lookup, less the time since the attempt. If
// the attempt was in an earlier run, only the wall clock tells how long that
// is.
func (e *Engine) before(t time.Time, m moment, date time.Time) bool {
	left, margin := m.date, clearly
	switch {
	case t.IsZero():
		return false
	case !left.IsZero():
	case date.IsZero():
		return false
	case !m.earlier:
		left = date.Add(m.passed - e.passed)
	case m.wall.IsZero(), e.now.Wall.Before(m.wall):
		return false
	default:
		left, margin = date.Add(m.wall.Sub(e.now.Wall)), clearlyByWall
	}
	return t.Before(left.Add(-margin))
}

// sameName reports whether another create of the same natural name is in
// flight, or may have been done.
func (e *Engine) sameName(o *op) (inFlight, inDoubt bool) {
	for _, r := range e.sent {
		for _, other := range r.ops {
			if other != o && other.SearchName == o.SearchName && other.Method == Post {
				inFlight = true
			}
		}
	}
	others := e.doubts[o.SearchName]
	if o.doubtful {
		others--
	}
	return inFlight, others > 0
}
