// Package facts reads an operation: it checks the operation, finds its
// references, its names and its identity for the engine, and writes it as it is
// sent.
//
//	var r facts.Reader
//	in := facts.Given{Method: "POST", Path: "/Users", BulkID: "u1", Data: data}
//	o := r.Read(0, in)
//	if o.Invalid == nil {
//		e.Add(now, &o.Operation)
//	}
//	...
//	sent := o.Encode(known, "u1") // with ids in the place of known references
//
// It knows nothing of jobs, answers and lookups.
package facts

import (
	"cmp"
	"encoding/json"
	"net/url"
	"strconv"
	"strings"

	"github.com/webexscim/bulk/internal/bulkapi"
	"github.com/webexscim/bulk/internal/bulkref"
	"github.com/webexscim/bulk/internal/engine"
	"github.com/webexscim/bulk/internal/fold"
	"github.com/webexscim/bulk/internal/location"
	"github.com/webexscim/bulk/internal/plan"
	"github.com/webexscim/bulk/internal/rawjson"
	"github.com/webexscim/bulk/internal/scimdiff"
)

// Given is an operation as the caller gave it, its data as JSON.
type Given struct {
	Method, Path, BulkID string
	Data                 json.RawMessage // nil for none
	Refused              error           // why it must not be sent, whatever it says
}

// Facts are what is known of an operation. Those of an invalid one have only
// Index, Method and Invalid, the BulkID of a create, and the resource of a
// change with a valid path.
type Facts struct {
	engine.Operation
	// Data is the data as it is sent, with references as they were given.
	Data json.RawMessage
	// SentName is the userName or displayName of a create, and ExternalID its
	// externalId; "" for none.
	SentName, ExternalID string

	given string              // the path
	path  string              // as it is sent: a reference in it has one form
	refs  []bulkref.Reference // in Data
}

// Reader reads operations. Its buffers serve one operation after the other. The
// zero value is ready for use.
type Reader struct {
	// Keyed asks for the Content by which a journal recognizes an operation.
	Keyed bool

	canonical rawjson.Canonical
	text      []byte // buffer of identity
}

// Read reads the operation with an index. The error of an operation that must
// not be sent is in Invalid, and wraps ErrInvalid.
func (r *Reader) Read(index int, in Given) *Facts {
	f := &Facts{given: in.Path}
	f.Index, f.Method = index, methodOf(in.Method)
	if in.Method == post {
		f.BulkID = in.BulkID // operations that refer to it depend on it, even if it is invalid
	}
	target := checkTarget(in)
	if target == nil {
		f.addResource() // the next operation on it depends on it, even if it is invalid
	}
	if f.Invalid = cmp.Or(in.Refused, target); f.Invalid == nil {
		f.Invalid = f.readData(in)
	}
	if f.Invalid != nil {
		return f
	}
	f.addReferences()
	f.Size = f.SizeOf(f.Encode(nil, in.BulkID))
	f.addName()
	f.Guarded = f.isGuarded()
	if r.Keyed {
		f.Content = r.identity(f)
	}
	return f
}

// addResource adds the resource that a PATCH or DELETE changes. A reference in
// its path is written as Segment does, since a service that gets it may compare
// it as text. Names of creates are compared with regard to case, resource ids
// are not.
func (f *Facts) addResource() {
	f.path = f.given
	if f.Method == engine.Post {
		return
	}
	if refs := bulkref.ScanPath(f.path); len(refs) > 0 { // one at most: see hasPath
		f.Target = refs[0].Name
		f.Resource = bulkref.Text(f.Target)
		f.path = f.path[:refs[0].Start] + Segment(f.Resource)
		return
	}
	f.Resource = unescaped(strings.ToLower(f.path))
	f.ResourceID = unescaped(f.path[strings.LastIndexByte(f.path, '/')+1:])
}

// pathWith is the path as it is sent, with an id in the place of a reference.
func (f *Facts) pathWith(id string) string {
	if f.Target == "" {
		return f.path
	}
	return f.path[:strings.LastIndexByte(f.path, '/')+1] + url.PathEscape(id)
}

func unescaped(path string) string {
	if plain, err := url.PathUnescape(path); err == nil {
		return plain
	}
	return path
}

func (f *Facts) addReferences() {
	at := map[string]int{}
	add := func(name string, width int, required bool) {
		i, ok := at[name]
		if !ok {
			i = len(f.Refs)
			at[name] = i
			f.Refs = append(f.Refs, plan.Ref{Name: name})
		}
		ref := &f.Refs[i]
		ref.Count++
		ref.Width += width
		ref.Required = ref.Required || required
	}
	if f.Target != "" {
		add(f.Target, len(Segment(f.Resource)), true)
	}
	for _, r := range f.refs {
		add(r.Name, r.End-r.Start-len(`""`), r.Required)
	}
}

// The resource types that can be looked up.
const (
	Users  = "Users"
	Groups = "Groups"
)

// Type is the type of the resource that the operation makes or changes: Users,
// Groups, or another one as its path names it.
func (f *Facts) Type() string { return typeOf(f.given) }

func typeOf(path string) string {
	kind, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return location.TypeOf(kind)
}

// addName adds the names by which a create can be looked up.
func (f *Facts) addName() {
	if f.SentName == "" {
		return
	}
	kind := f.Type()
	text := append(append(append(make([]byte, 0, 128), kind...), 0), fold.Fold(f.SentName)...)
	f.SearchName = Key(text)
	f.Name = f.SearchName
	if kind == Groups && f.ExternalID != "" {
		f.Name = Key(append(append(text, 0), f.ExternalID...))
	}
}

// isGuarded reports whether a repetition does no harm.
func (f *Facts) isGuarded() bool {
	switch f.Method {
	case engine.Post:
		return strings.EqualFold(f.given, "/"+Users)
	case engine.Patch:
		return !scimdiff.MayAddTwice(f.Data)
	}
	return true
}

// spare is the size of the suffix that makes a bulkId unique in its request.
const spare = 8

// SizeOf is the size of an operation in a request, at the most: of this one, or
// of one that is sent instead. If nothing refers to it, it may get another
// bulkId.
func (f *Facts) SizeOf(op bulkapi.Operation) int {
	size := bulkapi.Size(op)
	if f.BulkID == "" {
		op.BulkID = BulkID(f.Index)
		size = max(size, bulkapi.Size(op))
	}
	return size + spare
}

// BulkID is the bulkId of an operation that has none of its own.
func BulkID(index int) string { return "op-" + strconv.Itoa(index) }

// Encode is the operation as it is sent, with ids in the place of known
// references.
func (f *Facts) Encode(known []plan.Known, bulkID string) bulkapi.Operation {
	out := bulkapi.Operation{Method: f.Method.String(), Path: f.path, BulkID: bulkID, Data: f.Data}
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
	if target, ok := ids[f.Target]; ok {
		out.Path = f.pathWith(target)
	}
	if f.Data != nil {
		out.Data = bulkref.Replace(nil, f.Data, f.refs, id)
	}
	return out
}

// Segment escapes an id so that it cannot change a path. Of a reference only
// the characters that would end a segment are escaped.
func Segment(id string) string {
	if name, ok := strings.CutPrefix(id, bulkref.Text("")); ok {
		return bulkref.Text(escapes.Replace(name))
	}
	return url.PathEscape(id)
}

var escapes = strings.NewReplacer("%", "%25", "/", "%2F", "?", "%3F", "#", "%23")
