package engine

import "time"

// Whether a create has made what a lookup found.

// ownership is what is known of who has made which resource.
type ownership struct {
	others idSet         // ids that a lost create cannot have made
	gone   idSet         // ids of what the job has deleted
	doubts map[Key]int   // creates of each name in doubt, also those that ended so
	makers recent[maker] // the create that makes what has a name, where the service guards none
}

// maker is a create that is to make, or has made, what has its name. Lookups
// may not show that yet.
type maker struct {
	index int    // of the create, or one of these:
	id    string // of what it has made
}

const (
	nobody = -1 // the create was not done
	isOver = -2 // it is, and may have been done
)

// judgment is what candidates tell about a create.
type judgment uint8

const (
	isAbsent  judgment = iota
	isForeign          // the name of a user belongs to another
	isOurs
	isUndecided // another create of that name is in flight
	isUnclaimed // the journal may tell of another create of that name
	isUnclear   // nobody can tell
)

// clearly is by how much two times of a service must differ to tell an order,
// since its parts have clocks of their own; clearlyByWall is the same where the
// wall clock was asked, which people set by an hour and batteries by years.
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
		case c.Created.IsZero() || !timesKnown:
			unclear = true
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
		// An equal one may be that of an equal create.
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

// before reports that something happened clearly before an attempt can have
// left, both by the service's clock: as its last answer before the attempt told
// it, or else as the lookup tells it, less the time that has passed since.
// Since an earlier run that is the wall clock's, which may have been set
// meanwhile.
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
