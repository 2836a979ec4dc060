package reconcile

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/bulkref"
	"github.com/webexscim/bulk/internal/fold"
	"github.com/webexscim/bulk/internal/scimdiff"
)

// Row is a wanted user or group, written as the operation that would create it.
// Rows refer to each other by bulkId, as in a job. A PATCH of
// /Groups/bulkId:NAME that adds members belongs to the row of that group.
type Row struct {
	// Line is the line of the row in its file, for messages; 0 if there is
	// none.
	Line int
	// Operation is a POST to /Users or /Groups.
	Operation client.Operation
}

// want is a row after it was read.
type want struct {
	line        int
	ops         []client.Operation // that would create the resource
	data        json.RawMessage    // of the first of ops, with references, without members
	refs        []string           // bulkIds in data and members
	name        string
	externalID  string
	members     []member
	exact       bool // members were given
	givesActive bool // the row says whether the user is active

	stored *resource // its resource; nil: it is to be created
	doubt  string    // why nothing is sent, and nobody is removed
	left   string    // why nothing is sent, though nothing is in doubt
	after  *want     // the row that frees the name
	stage  int
	action *Action
}

// member is a wanted member of a group.
type member struct {
	Value string `json:"value"`
	Type  string `json:"type,omitempty"`
}

// key returns the form of a name in which names are compared.
func key(name string) string { return fold.Fold(name) }

// readRows returns the wants, and those that create by their bulkId. Each
// invalid row is an error, and then nothing is compared.
func readRows(rows []Row, kind string) ([]*want, map[string]*want, error) {
	var wants []*want
	var errs []error
	byID, names, externals := map[string]*want{}, map[string]*want{}, map[string]*want{}
	wrong := func(line int, format string, args ...any) {
		at := "a row"
		if line > 0 {
			at = fmt.Sprintf("line %d", line)
		}
		errs = append(errs, fmt.Errorf(at+": "+format, args...))
	}
	for _, row := range rows {
		op := row.Operation
		group, isGroup := strings.CutPrefix(op.Path, "/Groups/"+client.Ref(""))
		if isGroup && op.Method == client.MethodPatch && kind == Groups {
			if w := byID[group]; w == nil || !w.addMembers(op) {
				wrong(row.Line, "a PATCH that does more than to add members to a group of the rows before it")
			}
			continue
		}
		if op.Method != client.MethodPost || op.Path != "/"+kind {
			wrong(row.Line, "%v: expected only what is to be there, POST /%s", op, kind)
			continue
		}
		w, err := newWant(row, kind)
		if err != nil {
			wrong(row.Line, "%w", err)
			continue
		}
		name := key(w.name)
		if kind == Groups && w.externalID != "" {
			name += "\x00" + w.externalID
		}
		for _, once := range []struct {
			of   map[string]*want
			key  string
			what string
		}{{byID, op.BulkID, "bulkId"}, {names, name, "name"}, {externals, w.externalID, "externalId"}} {
			if first := once.of[once.key]; first != nil && once.key != "" {
				wrong(row.Line, "the %s is that of line %d too", once.what, first.line)
			}
			once.of[once.key] = w
		}
		wants = append(wants, w)
	}
	return wants, byID, errors.Join(errs...)
}

func newWant(row Row, kind string) (*want, error) {
	if err := row.Operation.Validate(); err != nil {
		return nil, err
	}
	data, err := dataOf(row.Operation)
	if err != nil {
		return nil, err
	}
	var o map[string]json.RawMessage
	if err := json.Unmarshal(data, &o); err != nil {
		return nil, err
	}
	w := &want{line: row.Line, ops: []client.Operation{row.Operation}, data: data}
	for name, value := range o {
		switch strings.ToLower(name) {
		case "username":
			if kind == Users {
				w.name = text(value)
			}
		case "displayname":
			if kind == Groups {
				w.name = text(value)
			}
		case "active":
			w.givesActive = !scimdiff.IsNothing(value)
		case "externalid":
			if !scimdiff.IsNothing(value) {
				w.externalID = text(value)
			}
		case "members":
			if kind != Groups {
				break
			}
			if err := json.Unmarshal(value, &w.members); err != nil {
				return nil, errors.New("members are not a list of objects with value and type")
			}
			w.exact = true
			delete(o, name)
		}
	}
	if w.name == "" {
		return nil, errors.New("no name: expected a userName of a user, a displayName of a group")
	}
	if w.exact {
		if w.data, err = json.Marshal(o); err != nil {
			return nil, err
		}
	}
	refs, err := bulkref.Scan(nil, data)
	for _, r := range refs {
		w.refs = append(w.refs, r.Name)
	}
	return w, err
}

// dataOf returns the data of an operation as it is sent.
func dataOf(op client.Operation) (json.RawMessage, error) {
	if raw, ok := op.Data.([]byte); ok {
		return raw, nil
	}
	return json.Marshal(op.Data)
}

// addMembers returns the members that a PATCH adds to a group; ok is false if
// it does anything else.
func (w *want) addMembers(op client.Operation) (ok bool) {
	data, err := dataOf(op)
	var body struct {
		Operations []struct {
			Op, Path string
			Value    []member
		}
	}
	if err != nil || json.Unmarshal(data, &body) != nil {
		return false
	}
	for _, change := range body.Operations {
		if !strings.EqualFold(change.Op, "add") || change.Path != "members" {
			return false
		}
		w.members = append(w.members, change.Value...)
		for _, m := range change.Value {
			if name, isRef := strings.CutPrefix(m.Value, client.Ref("")); isRef {
				w.refs = append(w.refs, name)
			}
		}
	}
	w.ops, w.exact = append(w.ops, op), true
	return true
}

// resolve replaces references to rows whose resource exists by its id.
func resolve(data json.RawMessage, id func(string) (string, bool)) json.RawMessage {
	refs, err := bulkref.Scan(nil, data)
	if err != nil || len(refs) == 0 {
		return data
	}
	return bulkref.Replace(nil, data, refs, id)
}
