package client

import (
	"encoding/json"
	"net/url"
	"strconv"
	"strings"

	"github.com/webexscim/bulk/internal/bulkapi"
	"github.com/webexscim/bulk/internal/bulkref"
	"github.com/webexscim/bulk/internal/engine"
	"github.com/webexscim/bulk/internal/fold"
	"github.com/webexscim/bulk/internal/plan"
	"github.com/webexscim/bulk/internal/scimdiff"
)

// envelope is the size of a request without its operations, in bytes.
const envelope = bulkapi.Envelope

// pending is an operation that has no outcome yet: as it was given, the content
// of its data, and the facts that the engine knows of it.
type pending struct {
	index int
	op    Operation
	content
	path  string // as it is sent: a reference in it has one form
	facts engine.Operation

	sent   bool
	stored map[string]json.RawMessage // by id, existing resources that the create may stand for
	update *bulkapi.Operation         // sent instead of the create, to change the existing resource
}

// newPending reads an operation. keyed asks for the key by which a journal
// recognizes it.
func newPending(m *marshaler, index int, op Operation, keyed bool) *pending {
	p := &pending{index: index, op: op}
	p.facts = engine.Operation{Index: index, Method: methodOf(op.Method)}
	if op.Method == MethodPost {
		p.facts.BulkID = op.BulkID // operations that refer to it depend on it, even if it is invalid
	}
	if p.content, p.facts.Invalid = op.read(m); p.facts.Invalid != nil {
		if op.checkTarget() == nil {
			p.addResource() // the next operation on it depends on it
		}
		return p
	}
	switch op.Data.(type) { // the source's buffer is not kept beside its copy
	case json.RawMessage:
		p.op.Data = p.data
	case []byte:
		p.op.Data = []byte(p.data)
	}
	p.addResource()
	p.addReferences()
	p.facts.Size = p.size()
	p.addName()
	p.facts.Guarded = p.isGuarded()
	if keyed {
		p.facts.Content = p.identity(m)
	}
	return p
}

func methodOf(text string) engine.Method {
	switch text {
	case MethodPatch:
		return engine.Patch
	case MethodDelete:
		return engine.Delete
	}
	return engine.Post
}

// addResource adds the resource that a PATCH or DELETE changes. A reference in
// its path is written as Users.Patch does, since a service that gets it may
// compare it as text. Names of creates are compared with regard to case,
// resource ids are not.
func (p *pending) addResource() {
	p.path = p.op.Path
	if p.op.Method == MethodPost {
		return
	}
	if refs := bulkref.ScanPath(p.path); len(refs) > 0 { // one at most: see hasPath
		p.facts.Target = refs[0].Name
		p.facts.Resource = bulkref.Text(p.facts.Target)
		p.path = p.path[:refs[0].Start] + segment(Ref(p.facts.Target))
		return
	}
	p.facts.Resource = unescapedPath(strings.ToLower(p.path))
	p.facts.ResourceID = unescapedPath(p.path[strings.LastIndexByte(p.path, '/')+1:])
}

// pathWith is the path as it is sent, with an id in the place of a reference.
func (p *pending) pathWith(id string) string {
	if p.facts.Target == "" {
		return p.path
	}
	return p.path[:strings.LastIndexByte(p.path, '/')+1] + url.PathEscape(id)
}

func unescapedPath(path string) string {
	if plain, err := url.PathUnescape(path); err == nil {
		return plain
	}
	return path
}

func (p *pending) addReferences() {
	at := map[string]int{}
	add := func(name string, width int, required bool) {
		i, ok := at[name]
		if !ok {
			i = len(p.facts.Refs)
			at[name] = i
			p.facts.Refs = append(p.facts.Refs, plan.Ref{Name: name})
		}
		ref := &p.facts.Refs[i]
		ref.Count++
		ref.Width += width
		ref.Required = ref.Required || required
	}
	if p.facts.Target != "" {
		add(p.facts.Target, len(segment(Ref(p.facts.Target))), true)
	}
	for _, r := range p.refs {
		add(r.Name, r.End-r.Start-len(`""`), r.Required)
	}
}

// spare is the size of the suffix that makes a bulkId unique in its request.
const spare = 8

func (p *pending) size() int {
	op := p.encode(nil, p.op.BulkID)
	size := bulkapi.Size(op)
	if p.facts.BulkID == "" { // it may get another one
		op.BulkID = assignedBulkID(p.index)
		size = max(size, bulkapi.Size(op))
	}
	return size + spare
}

// assignedBulkID is the bulkId of an operation that has none of its own.
func assignedBulkID(index int) string { return "op-" + strconv.Itoa(index) }

// The resource types that can be looked up.
const (
	users  = "Users"
	groups = "Groups"
)

// resourceType is the type of the resource that an operation makes or changes.
func (p *pending) resourceType() string { return resourceType(p.op.Path) }

// addName adds the names by which a create can be looked up.
func (p *pending) addName() {
	if p.op.Method != MethodPost || p.name == "" {
		return
	}
	kind := p.resourceType()
	text := append(append(append(make([]byte, 0, 128), kind...), 0), fold.Fold(p.name)...)
	p.facts.SearchName = keyOf(text)
	p.facts.Name = p.facts.SearchName
	if kind == groups && p.externalID != "" {
		p.facts.Name = keyOf(append(append(text, 0), p.externalID...))
	}
}

// isGuarded reports whether the service keeps a repetition from doing harm.
func (p *pending) isGuarded() bool {
	switch p.op.Method {
	case MethodPost:
		return strings.EqualFold(p.op.Path, "/"+users)
	case MethodPatch:
		return !scimdiff.MayAddTwice(p.data)
	}
	return true
}

// encode is the operation as it is sent, with ids in the place of known
// references.
func (p *pending) encode(known []plan.Known, bulkID string) bulkapi.Operation {
	if p.update != nil {
		out := *p.update
		out.BulkID = bulkID
		return out
	}
	out := bulkapi.Operation{Method: p.op.Method, Path: p.path, BulkID: bulkID, Data: p.data}
	if len(known) == 0 {
		return out
	}
	ids := make(map[string]string, len(known))
	for _, k := range known {
		ids[k.Name] = k.ID
	}
	id := func(name string) (string, bool) {
		v, ok := ids[name]
		return v, ok
	}
	if target, ok := ids[p.facts.Target]; ok {
		out.Path = p.pathWith(target)
	}
	if p.data != nil {
		out.Data = bulkref.Replace(nil, p.data, p.refs, id)
	}
	return out
}
