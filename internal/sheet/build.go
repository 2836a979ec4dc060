package sheet

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/textfile"
)

// change is one cell that is to be written.
type change struct {
	column *column
	target target // the column's, with the type of the address
	value  any
	remove bool // remove value
	clear  bool // remove all values
	steps  []step
}

// builder makes the operations of one row, and collects its mistakes.
type builder struct {
	*Sheet
	record  record
	name    string // the cell of the column identity
	verb    operation
	named   []step // the members that a group is to have
	faults  []*textfile.Error
	lookups []Lookup
}

// build makes the operations that a row asks for: one, or more for a group of
// many members.
func (s *Sheet) build(rec record) (made batch, faults []*textfile.Error) {
	defer func() { faults = unbroken(faults, rec.faults) }()
	b := builder{Sheet: s, record: rec, name: s.cell(rec, s.identity)}
	op, ok := s.parseOperation(s.cell(rec, s.operations))
	if !ok {
		b.fault(s.operations, s.cell(rec, s.operations), "unknown operation", s.operationForms())
		return made, b.faults
	}
	b.verb = op
	b.unrepeated()
	row := Row{Line: rec.line, Name: cmp.Or(s.cell(rec, s.present), b.name, s.cell(rec, s.id)), Version: s.cell(rec, s.versions), Expected: b.expected()}
	switch op {
	case create:
		row.Operation = b.create()
	case remove:
		row.Operation = client.Operation{Method: client.MethodDelete, Path: b.path()}
	default:
		row.Operation, made.steps = b.update()
	}
	row.Lookups = b.lookups
	made.records, made.rows = []record{rec}, []Row{row}
	made.group = strings.ToLower(b.name) + "\x00" + s.cell(rec, s.id)
	if len(b.named) > maxMembers && len(b.faults) == 0 {
		more := row
		more.Lookups = nil
		more.Operation = client.Operation{Method: client.MethodPatch, Path: row.Operation.Path}
		if op == create {
			more.Operation.Path += "/" + client.Ref(row.Operation.BulkID)
		}
		made.rest = b.named[maxMembers:]
		made.rows = append(made.rows, stepRows(more, made.rest)...)
	}
	return made, b.faults
}

// expected returns the attributes that the resource must have.
func (b *builder) expected() []byte {
	text := b.cell(b.record, b.Sheet.expected)
	if text == "" {
		return nil
	}
	if json.Unmarshal([]byte(text), &map[string]json.RawMessage{}) != nil {
		b.fault(b.Sheet.expected, text, "no JSON object", "the cell as sync wrote it")
	}
	return []byte(text)
}

// operationForms lists the words of the column operation, for errors.
func (s *Sheet) operationForms() string {
	if s.groups {
		return "create, update, delete, add or remove (of members), or nothing for create"
	}
	return "create, update or delete, or nothing for create"
}

// unbroken leaves out further errors about cells whose text is invalid already.
func unbroken(faults, texts []*textfile.Error) []*textfile.Error {
	if len(texts) == 0 {
		return faults
	}
	told := slices.DeleteFunc(faults, func(f *textfile.Error) bool {
		return f.Column == "" || slices.ContainsFunc(texts, func(t *textfile.Error) bool { return t.Column == f.Column })
	})
	return append(slices.Clone(texts), told...)
}

// fault adds a mistake in the cell of c, which may be nil.
func (b *builder) fault(c *column, value, problem, expected string) {
	e := &textfile.Error{File: b.file.Name, Line: b.record.line, Value: value, Problem: problem, Expected: expected}
	if c != nil {
		e.Column = c.header
		if c.secret {
			e.Value = ""
		}
	}
	b.faults = append(b.faults, e)
}

// unrepeated refuses a second row about the same user or group, and a second
// resource with the same externalId: the client has to keep externalIds unique
// (RFC 7643 section 3.1).
func (b *builder) unrepeated() {
	if b.isMemberRow(b.record) {
		return
	}
	if e, ok := b.index.rows[digestKey(b.name)]; ok && b.name != "" {
		b.onlyIn(e.line, b.identity, b.name)
	}
	id := b.cell(b.record, b.id)
	if line, ok := b.index.byID[digestKey(id)]; ok && id != "" {
		b.onlyIn(line, b.id, id)
	}
	external := b.cell(b.record, b.externalID)
	if line, ok := b.index.byExternalID[digestKey(exactly(external))]; ok && external != "" && b.verb != remove {
		b.onlyIn(line, b.externalID, external)
	}
}

// onlyIn refuses a value that another line has too.
func (b *builder) onlyIn(line uint32, c *column, text string) {
	if int(line) != b.record.line {
		b.fault(c, text, fmt.Sprintf("the same as in line %d", line), "each "+b.noun()+" in one row")
	}
}

func (b *builder) noun() string {
	if b.groups {
		return "group"
	}
	return "user"
}

// create makes a POST.
func (b *builder) create() client.Operation {
	op := client.Operation{Method: client.MethodPost}
	if id := b.cell(b.record, b.id); id != "" {
		b.fault(b.id, id, "the id of one who is to be created", "no id, or update or delete in a column operation")
	}
	if b.name == "" {
		b.fault(b.identity, "", "no "+b.identityName()+" for a new "+b.noun(), b.identityForm())
	}
	changes := b.wholeElements(b.changes(true))
	if len(b.faults) > 0 {
		return op
	}
	var resource map[string]any
	if b.groups {
		op.Path, op.BulkID, resource = "/Groups", bulkID(groupPrefix, b.name), newResource(client.SchemaGroup, changes)
	} else {
		op.Path, op.BulkID, resource = "/Users", bulkID(userPrefix, b.name), newResource(client.SchemaUser, changes)
		completeUser(resource, b.name)
	}
	op.Data = marshal(resource)
	return op
}

func (b *builder) identityName() string {
	if b.groups {
		return "displayName"
	}
	return "userName"
}

func (b *builder) identityForm() string {
	if b.groups {
		return "a name"
	}
	return "an email address"
}

// newResource makes the body of a POST.
func newResource(core string, changes []change) map[string]any {
	resource := make(map[string]any)
	schemas := []string{core}
	for _, c := range changes {
		if c.clear && c.column.kind == references {
			c.value = []member{}
		}
		c.target.put(resource, c.value)
		if urn := c.target.urn; urn != "" && !slices.Contains(schemas, urn) {
			schemas = append(schemas, urn)
		}
	}
	slices.Sort(schemas[1:])
	resource["schemas"] = schemas
	return resource
}

// completeUser adds the attributes that every user needs: a type, and the
// userName as the primary work email, as Webex requires.
func completeUser(user map[string]any, userName string) {
	if user["userType"] == nil {
		user["userType"] = "user"
	}
	work := target{name: "emails", filterKey: "type", filter: "work"}.member(user)
	if work["value"] == nil {
		work["value"] = userName
	}
	for _, e := range user["emails"].([]map[string]any) {
		if e["primary"] == true {
			return
		}
	}
	if value, _ := work["value"].(string); strings.EqualFold(value, userName) && work["primary"] == nil {
		work["primary"] = true
	}
}

// wholeElements refuses rows whose cells are valid one by one but not together:
// two primary elements (RFC 7643 section 2.4), or an element without a value.
// An element that has only "primary: false" is left out.
func (b *builder) wholeElements(changes []change) []change {
	primary, content := map[string]*column{}, map[string]bool{}
	for _, c := range changes {
		if c.target.filterKey != "" && (c.target.sub == "value" || c.target.name == "addresses" && c.target.sub != "primary") {
			content[c.target.element()] = true
		}
	}
	if !b.groups {
		content[`emails[type eq "work"]`] = true // the userName
	}
	creates := b.verb == create
	return slices.DeleteFunc(changes, func(c change) bool {
		if c.target.sub != "primary" && c.target.sub != "display" {
			return false
		}
		if c.value == true {
			if first := primary[c.target.name]; first != nil {
				b.fault(c.column, "true", "column "+textfile.Quote(first.header)+" says primary too", "at most one that is primary")
			}
			primary[c.target.name] = c.column
		}
		empty := creates && !content[c.target.element()]
		if empty && c.value != false {
			b.fault(c.column, b.cell(b.record, c.column), "about "+c.target.element()+" without a value", "a value beside it, or an empty cell")
		}
		return empty
	})
}

// patchChange is one operation of a PATCH.
type patchChange struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value,omitzero"`
}

// patch writes a change as an operation of RFC 7644 section 3.5.2. A replace
// fails with noTarget where no element matches the filter; an add sets the
// value of the matching element, or makes one, as a row with a new number
// intends.
func (c change) patch() patchChange {
	switch {
	case c.clear && c.target.sub == "value":
		return patchChange{Op: "remove", Path: c.target.element()}
	case c.clear:
		return patchChange{Op: "remove", Path: c.target.path()}
	case c.remove: // this value only: a number that has changed since stays
		path := strings.TrimSuffix(c.target.element(), "]") + " and value eq " + string(marshal(c.value)) + "]"
		return patchChange{Op: "remove", Path: path}
	case c.target.filterKey != "":
		return patchChange{Op: "add", Path: c.target.path(), Value: c.value}
	}
	return patchChange{Op: "replace", Path: c.target.path(), Value: c.value}
}

// patchBody is the body of a PATCH.
type patchBody struct {
	Schemas    []string      `json:"schemas"`
	Operations []patchChange `json:"Operations"`
}

func newPatch(changes []patchChange) patchBody {
	return patchBody{Schemas: []string{client.SchemaPatchOp}, Operations: changes}
}

// update makes a PATCH of the cells that are not empty. If they only add and
// remove members, it returns only these steps.
func (b *builder) update() (client.Operation, []step) {
	op := client.Operation{Method: client.MethodPatch, Path: b.path()}
	membersOnly := b.isMemberRow(b.record)
	var parts []patchChange
	var steps []step
	for _, c := range b.wholeElements(b.changes(b.cell(b.record, b.id) != "" && !membersOnly)) {
		switch {
		case c.steps != nil:
			steps = append(steps, c.steps...)
		case b.verb != update:
			b.fault(c.column, b.cell(b.record, c.column), "more than members to add or remove", "an empty cell, or update in the column operation")
		default:
			parts = append(parts, c.patch())
		}
	}
	if len(b.faults) == 0 && len(parts) == 0 && len(steps) == 0 {
		b.fault(nil, "", "an update that changes nothing", "a value in at least one more column")
	}
	if membersOnly {
		return op, steps
	}
	if len(steps) > maxMembers {
		b.fault(nil, "", fmt.Sprintf("%d members to add or remove beside other changes", len(steps)), "at most 500, or a row of their own")
	}
	op.Data = marshal(newPatch(append(parts, stepChanges(steps)...)))
	return op, nil
}

// path returns the path of the row's resource, with the id of the row or an id
// that was looked up.
func (b *builder) path() string {
	l := b.lookup(b.name)
	id := b.cell(b.record, b.id)
	switch {
	case id != "":
		if !isID(id) || strings.HasPrefix(id, "bulkId:") {
			b.fault(b.id, id, "not an id", "the id that the service gave, such as 7c5b1f0e-51a4-4c3b-8f0d-2b9f6a5de001")
		}
	case b.name == "":
		b.fault(b.identity, "", "neither an id nor a "+b.identityName(), "one of them: whom to change")
	case !b.isName(b.name):
		b.fault(b.identity, b.name, "not an email address", b.identityForm())
	default:
		if ref, ok := b.groupRef(b.name); ok && b.isMemberRow(b.record) {
			return "/" + l.Type + "/" + ref
		}
		id = b.find(b.identity, l, "no "+b.noun()+" of the organization has this "+b.identityName(), "one that exists, or an id")
	}
	return "/" + l.Type + "/" + id
}

// find returns the id that a Lookup found, or a placeholder before Resolve.
func (b *builder) find(c *column, l Lookup, problem, expected string) string {
	b.lookups = append(b.lookups, l)
	if b.resolve == nil {
		return l.Placeholder()
	}
	id, ok := b.resolve(l)
	if !ok || id == "" {
		b.fault(c, l.Name, problem, expected)
		b.faults[len(b.faults)-1].Cause = "lookup\x00" + l.Type + "\x00" + strings.ToLower(l.Name) // one who is named by many rows
	}
	return id
}

// marshal is json.Marshal of text, numbers, lists and objects, without its
// escapes for HTML.
func marshal(v any) json.RawMessage {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v) // can't fail for these
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n"))
}
