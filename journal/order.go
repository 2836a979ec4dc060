package journal

import (
	"encoding/binary"

	"github.com/webexscim/bulk/client"
)

// overtaken notes a claim, as long as rows of earlier runs are left, and tells
// whether it is of a done operation that one before it on the same resource has
// overtaken: it was sent in a later run, or is to be sent in this one.
func (s *store) overtaken(resource client.Key, c *claim) (bool, error) {
	if resource == (client.Key{}) {
		return false, nil
	}
	latest := 1 // nothing was sent before the first run
	for value, err := range s.latest.all(resource) {
		if err != nil {
			return false, err
		}
		run, _ := binary.Uvarint(value)
		latest = max(latest, int(run))
	}
	done := c.earlier == client.KnownDone
	over := done && c.row.run < latest
	run := s.header.runs
	if done && !over {
		run = c.row.run
	}
	if run <= latest {
		return over, nil
	}
	return over, s.latest.put(resource, binary.AppendUvarint(nil, uint64(run)))
}
