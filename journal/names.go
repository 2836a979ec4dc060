package journal

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"os"
	"sync"

	"github.com/webexscim/bulk/client"
)

// nameHash stands for a bulkId, which is not to be on disk: 128 bits of its
// SHA-256.
type nameHash [16]byte

func hashName(name string) nameHash {
	sum := sha256.Sum256([]byte(name))
	return nameHash(sum[:])
}

// names are the named operations that were settled in this run. They are not in
// the journal's file, so that a lookup never waits for a commit.
type names struct {
	mu    sync.Mutex
	index index
}

// created is a settled operation and the name it goes by.
type created struct {
	name       nameHash
	settlement client.Settlement
}

func (n *names) put(all []created) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, c := range all {
		// A second operation of a name, which is a mistake in the input, does not
		// hide a success. Those that are no longer in memory, get sees to.
		if old, ok := n.index.young[c.name]; ok {
			if s, err := readCreated(old); err != nil || s.Outcome == client.Succeeded {
				continue
			}
		}
		r := settled(client.Key{}, c.settlement, 0)
		value := make([]byte, 8, 48+len(r.location)+len(r.version))
		binary.LittleEndian.PutUint64(value, uint64(r.id))
		if err := n.index.put(c.name, r.append(value)); err != nil {
			return err
		}
	}
	return nil
}

func readCreated(value []byte) (client.Settlement, error) {
	if len(value) < 8 {
		return client.Settlement{}, errIndex
	}
	r, err := parseRow(int64(binary.LittleEndian.Uint64(value)), value[8:])
	return r.settlement(), err
}

// get returns the first success of that name, or else the last settlement.
func (n *names) get(name nameHash) (s client.Settlement, ok bool, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for value, err := range n.index.all(name) {
		if err == nil {
			s, err = readCreated(value)
		}
		if err != nil {
			return client.Settlement{}, false, err
		}
		if ok = true; s.Outcome == client.Succeeded {
			break
		}
	}
	return s, ok, nil
}

func (n *names) forget() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.index.reset()
}

// create makes sure of a temporary file, for what may outgrow memory.
func (n *names) create() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := n.index.create(); err != nil {
		return fmt.Errorf("%w: temporary files must be possible in %s: %w", ErrWrite, os.TempDir(), err)
	}
	return nil
}

func (n *names) close() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.index.close()
}

// Created returns the settlement of the operation that was claimed under the
// bulkId name and settled in this run. It does not wait for the disk.
func (j *Journal) Created(ctx context.Context, name string) (s client.Settlement, ok bool, err error) {
	if err := ctx.Err(); err != nil {
		return s, false, err
	}
	if err := j.failure(); err != nil {
		return s, false, err
	}
	s, ok, err = j.names.get(hashName(name))
	if err != nil {
		err = j.fail(fmt.Errorf("%w: %w", ErrWrite, err))
	}
	return s, ok, err
}
