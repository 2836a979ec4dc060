package reconcile

import (
	"context"
	"crypto/rand"
	"sync"

	"github.com/webexscim/bulk/client"
)

// createsOnly is a journal that recognizes the creates of earlier runs and
// nothing else. A create may not show yet where the organization is read, and
// must not be sent twice. A change is computed from what was read: if it is
// wanted once more, somebody has undone it, and it is sent once more. What an
// older attempt at a change does late, the next comparison finds.
type createsOnly struct {
	client.Journal
	salt client.Key

	mu      sync.Mutex
	changes map[client.Key]bool // keys of what is no create
}

func newCreatesOnly(j client.Journal) *createsOnly {
	c := &createsOnly{Journal: j, changes: make(map[client.Key]bool)}
	rand.Read(c.salt[:]) // never fails
	return c
}

// Claim makes the entry of what is no create one of this run alone.
func (c *createsOnly) Claim(ctx context.Context, entries []client.Entry) ([]client.Record, error) {
	salted := make([]client.Entry, len(entries))
	c.mu.Lock()
	for i, e := range entries {
		if salted[i] = e; !e.Create {
			c.changes[e.Key] = true
			salted[i] = c.own(e)
		}
	}
	c.mu.Unlock()
	return c.Journal.Claim(ctx, salted)
}

// Write writes these entries as they were claimed.
func (c *createsOnly) Write(ctx context.Context, updates []client.Update) error {
	salted := make([]client.Update, len(updates))
	c.mu.Lock()
	for i, u := range updates {
		if salted[i] = u; c.changes[u.Entry.Key] {
			salted[i].Entry = c.own(u.Entry)
		}
	}
	c.mu.Unlock()
	return c.Journal.Write(ctx, salted)
}

func (c *createsOnly) own(e client.Entry) client.Entry {
	for k := range c.salt {
		e.Key[k] ^= c.salt[k]
		e.Name[k] ^= c.salt[k]
	}
	return e
}
