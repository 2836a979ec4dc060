package engine

import (
	"cmp"
	"crypto/sha256"
	"strings"
)

// This file finds the keys by which the journal recognizes operations.

// identities holds the operations whose keys wait for other operations.
type identities struct {
	unkeyed   map[string][]int // operations whose keys wait for a create to be read
	tails     map[string]tail  // by resource, its last operation, if that is open
	followers map[int]int      // by operation, the PATCH after it on its resource, whose key waits for its own
}

// defineName keeps the identity of a create for the keys of operations that
// refer to it.
func (e *Engine) defineName(o *op) {
	if o.BulkID == "" {
		return
	}
	if _, ok := e.memory.named(o.BulkID); ok {
		return // an earlier operation has the name
	}
	identity := o.Name
	if identity == (Key{}) {
		identity = o.Content
	}
	e.memory.setNamed(o.BulkID, named{identity: identity, index: o.Index})
	waiting := e.unkeyed[o.BulkID]
	delete(e.unkeyed, o.BulkID)
	for _, index := range waiting {
		e.identify(e.op(index))
	}
}

// tail is the last operation of a resource.
type tail struct {
	index int
	key   Key // the zero Key: it is not known yet
}

// follow notes the operation before this one on its resource.
func (e *Engine) follow(o *op) {
	if o.Resource == "" {
		return
	}
	before, ok := e.tails[o.Resource]
	switch {
	case !ok:
		o.key = e.memory.changed(o.Resource).key
	case before.key != Key{}:
		o.key = before.key
	case o.Method == Patch:
		e.followers[before.index] = o.Index
		o.follows = true
	}
	e.tails[o.Resource] = tail{index: o.Index}
}

// identify finds the key of an operation, once its references have been read
// and, for a PATCH, the key of the operation before it on its resource is
// known.
func (e *Engine) identify(o *op) {
	switch {
	case o.phase != unkeyed: // with the one before it
		return
	case o.gaveUp != nil: // it cannot be read
		e.decide(o)
		return
	}
	if name, ok := e.unreadRef(o); ok {
		e.unkeyed[name] = append(e.unkeyed[name], o.Index)
		e.rest(o)
		return
	}
	if o.follows {
		e.rest(o)
		return
	}
	o.key = e.keyOf(o)
	o.phase = asking
	name, _ := e.recordNames(o)
	e.unasked = append(e.unasked, Claim{Index: o.Index, Create: o.Method == Post, Key: o.key, Name: name})
	if last := e.tails[o.Resource]; last.index == o.Index && o.Resource != "" {
		e.tails[o.Resource] = tail{o.Index, o.key}
	}
	next, ok := e.followers[o.Index]
	if !ok {
		return
	}
	delete(e.followers, o.Index)
	n := e.op(next)
	n.key, n.follows = o.key, false
	e.identify(n)
}

// unreadRef returns a name that an operation refers to and that was not read.
// If there are several, it is one in the middle: in most orders of the input,
// half of them are read by then, so that an operation with many references is
// rarely looked at.
func (e *Engine) unreadRef(o *op) (name string, ok bool) {
	if e.ended {
		return "", false
	}
	var unread []string
	for _, r := range o.Refs {
		if _, known := e.memory.named(r.Name); !known {
			unread = append(unread, r.Name)
		}
	}
	if len(unread) == 0 {
		return "", false
	}
	return unread[len(unread)/2], true
}

// recordNames returns the Name under which the journal finds the rivals of an
// operation: creates of the same natural name, or changes of the same resource.
// A resource that is changed by reference and by id has another Name, which is
// zero as long as it is not known.
func (e *Engine) recordNames(o *op) (name, other Key) {
	if o.Method == Post {
		return o.Name, Key{}
	}
	var byID, byReference Key
	if id := e.idOf(o.Operation); id != "" {
		byID = hash("resource ", strings.ToLower(id))
	}
	identity, ok := e.madeBefore.get(hash("id ", o.ResourceID))
	if create := cmp.Or(o.Target, o.serves); create != "" {
		n, _ := e.memory.named(create)
		identity, ok = n.identity, true
	}
	if ok {
		byReference = hash("resource of ", string(identity[:]))
	}
	if o.Target != "" {
		return byReference, byID
	}
	return byID, byReference
}

// noteMadeBefore keeps the identity of a create for changes by id in later
// stages, if earlier runs may have changed its resource by reference.
func (e *Engine) noteMadeBefore(create string) {
	if create == "" || e.cfg.LastWritten.IsZero() {
		return
	}
	if n, _ := e.memory.named(create); n.id != "" {
		e.madeBefore.put(hash("id ", n.id), n.identity)
	}
}

// keyOf covers the meaning of an operation: its content, its references by the
// natural names of their resources, and for a PATCH the operation before it on
// the same resource, as a commit covers its parent. So a corrected earlier
// change makes the later ones new operations, and the last change is that of
// the input.
func (e *Engine) keyOf(o *op) Key {
	if len(o.Refs) == 0 && o.Method != Patch {
		return o.Content
	}
	h := sha256.New()
	h.Write(o.Content[:])
	for _, r := range o.Refs {
		n, ok := e.memory.named(r.Name)
		switch {
		case r.Name == o.BulkID:
			h.Write([]byte("itself"))
		case ok:
			h.Write(n.identity[:])
		default:
			h.Write([]byte(r.Name))
		}
		h.Write([]byte{0})
	}
	if o.Method == Patch && o.Resource != "" {
		h.Write(o.key[:])
		h.Write(make([]byte, e.cfg.Before.stages)) // it follows them
	}
	return Key(h.Sum(nil)[:len(Key{})])
}
