package client

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/webexscim/bulk/internal/bulkapi"
	"github.com/webexscim/bulk/internal/bulkref"
	"github.com/webexscim/bulk/internal/engine"
	"github.com/webexscim/bulk/internal/fold"
	"github.com/webexscim/bulk/internal/plan"
)

// envelope is what a request has around its operations, in bytes.
const envelope = bulkapi.Envelope

// pending is an operation that has no outcome yet: its data, and the facts that
// the engine knows of it.
type pending struct {
	index int
	op    Operation
	data  json.RawMessage
	refs  []bulkref.Reference // in data
	route string              // the path as it travels: a reference is spelled in one way
	path  []bulkref.Reference // in route
	facts engine.Operation

	sent   bool
	stored map[string]json.RawMessage // by id: what is there already, until it is compared
	update *bulkapi.Operation         // of what is there, instead of the create
}

// newPending takes an operation in. keyed asks for what a journal recognizes it
// by.
func newPending(m *marshaler, index int, op Operation, keyed bool) *pending {
	p := &pending{index: index, op: op}
	p.facts = engine.Operation{Index: index, Method: methodOf(op.Method)}
	if op.Method == MethodPost {
		p.facts.BulkID = op.BulkID // what refers to it is to hear of it, even if it is invalid
	}
	c, err := op.read(m)
	if err != nil {
		p.facts.Invalid = err
		if op.checkTarget() == nil {
			p.addResource() // the next operation on it is to hear of it
		}
		return p
	}
	p.data, p.refs = c.data, c.refs
	switch op.Data.(type) { // the source's buffer is not kept beside its copy
	case json.RawMessage:
		p.op.Data = p.data
	case []byte:
		p.op.Data = []byte(p.data)
	}
	p.addResource()
	p.addReferences()
	p.facts.Size = p.size()
	p.addName(c)
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

// spell returns the path with its references as Users.Patch writes them, since a
// service may compare a reference that it is left with as text.
func spell(path string) (string, []bulkref.Reference) {
	refs := bulkref.ScanPath(path)
	if len(refs) == 0 {
		return path, nil
	}
	last := refs[len(refs)-1] // there is one: see checkPath
	path = path[:last.Start] + segment(Ref(last.Name)) + path[last.End:]
	return path, bulkref.ScanPath(path)
}

// addResource tells what a PATCH or DELETE changes.
func (p *pending) addResource() {
	p.route, p.path = spell(p.op.Path)
	if p.op.Method == MethodPost {
		return
	}
	for _, r := range p.path { // bulkIds are compared with regard to case, resource ids are not
		p.facts.Resource, p.facts.Target = bulkref.Text(r.Name), r.Name
		return
	}
	p.facts.Resource = strings.ToLower(p.op.Path)
	if plain, err := url.PathUnescape(p.facts.Resource); err == nil {
		p.facts.Resource = plain
	}
	p.facts.ResourceID = lastSegment(p.op.Path)
}

func lastSegment(path string) string {
	path = path[strings.LastIndexByte(path, '/')+1:]
	if plain, err := url.PathUnescape(path); err == nil {
		return plain
	}
	return path
}

func (p *pending) addReferences() {
	seen := map[string]int{}
	add := func(r bulkref.Reference, width int) {
		i, ok := seen[r.Name]
		if !ok {
			i = len(p.facts.Refs)
			seen[r.Name] = i
			p.facts.Refs = append(p.facts.Refs, plan.Ref{Name: r.Name})
		}
		ref := &p.facts.Refs[i]
		ref.Count++
		ref.Width += width
		ref.Required = ref.Required || r.Required
	}
	for _, r := range p.path {
		add(r, r.End-r.Start)
	}
	for _, r := range p.refs {
		add(r, r.End-r.Start-len(`""`))
	}
}

// spare allows for the end that makes a bulkId unique in its request.
const spare = 8

func (p *pending) size() int {
	op := bulkapi.Operation{Method: p.op.Method, Path: p.route, BulkID: p.op.BulkID, Data: p.data}
	size := bulkapi.Size(op)
	if p.facts.BulkID == "" { // it may get another one
		op.BulkID = assigned(p.index)
		size = max(size, bulkapi.Size(op))
	}
	return size + spare
}

// assigned is the bulkId of an operation that has none of its own.
func assigned(index int) string { return "op-" + strconv.Itoa(index) }

// The resource types that can be looked up.
const (
	users  = "Users"
	groups = "Groups"
)

// addName adds what a create can be looked up by.
func (p *pending) addName(c content) {
	if p.op.Method != MethodPost || c.name == "" {
		return
	}
	kind := resourceType(p.op.Path)
	text := append(append(append(make([]byte, 0, 128), kind...), 0), fold.Fold(c.name)...)
	p.facts.SearchName = keyOf(text)
	p.facts.Name = p.facts.SearchName
	if kind == groups && c.externalID != "" {
		p.facts.Name = keyOf(append(append(text, 0), c.externalID...))
	}
}

// natural reads what a create can be looked up by: the type of what it makes, its
// name and its externalId. The name is "" where there is none.
func (p *pending) natural() (kind, name, externalID string) {
	c, _ := p.op.readData(p.data) // it was checked
	return resourceType(p.op.Path), c.name, c.externalID
}

// isGuarded reports whether the service keeps a repetition from doing harm.
func (p *pending) isGuarded() bool {
	switch p.op.Method {
	case MethodPost:
		return strings.EqualFold(p.op.Path, "/"+users)
	case MethodPatch:
		return !mayAddTwice(p.data)
	}
	return true
}

// encode writes the operations of a request with ids in the place of references,
// and with bulkIds that nothing in the request has or refers to by chance.
func (r *run) encode(req engine.Request) []bulkapi.Operation {
	var used map[string]bool
	ops := make([]bulkapi.Operation, len(req.Items))
	for i, s := range req.Items {
		p := r.ops.must(s.Index)
		p.sent = true
		id := p.facts.BulkID
		if id == "" {
			if used == nil {
				used = r.usedNames(req)
			}
			id = p.freeName(used)
			used[id] = true
		}
		ops[i] = p.encode(s.Known, id)
	}
	return ops
}

// usedNames are the bulkIds of the creates of a request, and those that its
// operations refer to.
func (r *run) usedNames(req engine.Request) map[string]bool {
	used := map[string]bool{}
	for _, s := range req.Items {
		p := r.ops.must(s.Index)
		used[p.facts.BulkID] = true
		for _, ref := range p.facts.Refs {
			used[ref.Name] = true
		}
	}
	return used
}

// freeName is a bulkId for an operation to which nothing refers.
func (p *pending) freeName(used map[string]bool) string {
	id := p.op.BulkID
	for n := 0; id == "" || used[id]; n++ {
		if id = assigned(p.index); n > 0 {
			id = fmt.Sprintf("%s-%d", id, n)
		}
	}
	return id
}

// encode is the operation as it travels: known references replaced.
func (p *pending) encode(known []plan.Known, bulkID string) bulkapi.Operation {
	if p.update != nil {
		out := *p.update
		out.BulkID = bulkID
		return out
	}
	out := bulkapi.Operation{Method: p.op.Method, Path: p.route, BulkID: bulkID, Data: p.data}
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
	out.Path = bulkref.ReplacePath(p.route, p.path, id)
	if p.data != nil {
		out.Data = bulkref.Replace(nil, p.data, p.refs, id)
	}
	return out
}
