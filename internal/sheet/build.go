package sheet

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/location"
	"github.com/webexscim/bulk/internal/textfile"
)

// change is the change that one cell asks for.
type change struct {
	column *column
	target target // of the column, completed with the type of the address
	value  value
	remove bool // remove value
	clear  bool // remove all values
	steps  []step
}

// builder makes the operations of a row, and collects its mistakes. It is used
// for one row after the other, and reuses its memory.
type builder struct {
	header   *header
	people   *people
	clears   bool // see Options
	whole    bool // see Options
	checking bool // this is the first reading: the index is not complete, and no data is needed

	record *record
	named  []step // the wanted members of a group
	faults []*textfile.Error

	objects objects
	written []change
	row     [1]Row
	cells   [1][]string
}

// batch is one row of a sheet, or several consecutive rows that change the
// members of one group, with their operations.
type batch struct {
	cells [][]string // of each row, as written
	rows  []Row      // the operations
	rest  []step     // the wanted members of a group that the operations after the first add
	steps []step     // the changes of members, if the rows change nothing else
	group string     // the group of steps, as the rows name it: its id may not be known yet
}

// build makes the operations of a row: one, or several for a group of many
// members. The batch is valid until the next row.
func (b *builder) build(rec *record) (made batch, faults []*textfile.Error) {
	if rec.fault != nil {
		return made, []*textfile.Error{rec.fault}
	}
	b.record, b.named, b.faults = rec, nil, nil
	b.objects.reuse()
	column, kind := b.header.single[operationColumn], b.header.resources
	if _, ok := kind.operation(b.text(column)); !ok {
		b.fault(column, b.text(column), "unknown operation", kind.operations)
	} else {
		made = b.assemble()
	}
	return made, withoutFollowing(b.faults, rec.faults)
}

// assemble makes the operations of a row whose operation is known.
func (b *builder) assemble() (made batch) {
	if b.checking {
		b.refuseRepeats()
	}
	row := Row{
		Line: b.record.line, Name: cmp.Or(b.textOf(presentNameColumn), b.record.name, b.textOf(idColumn)),
		Version: b.textOf(versionColumn), Expected: b.expected(),
	}
	switch b.record.operation {
	case create:
		row.Operation = b.create()
	case remove:
		row.Operation = client.Operation{Method: client.MethodDelete, Path: b.path()}
	default:
		row.Operation, made.steps = b.update()
	}
	b.row[0], b.cells[0] = row, b.record.cells
	made.rows, made.cells = b.row[:], b.cells[:]
	if len(made.steps) > 0 {
		made.group = strings.ToLower(b.record.name) + "\x00" + b.textOf(idColumn)
	}
	if len(b.named) > maxMembers && len(b.faults) == 0 {
		more := row
		more.Operation = client.Operation{Method: client.MethodPatch, Path: row.Operation.Path}
		if b.record.operation == create {
			more.Operation.Path += "/" + client.Ref(row.Operation.BulkID)
		}
		made.rest = b.named[maxMembers:]
		made.rows = append(made.rows[:1:1], stepRows(more, made.rest)...)
	}
	return made
}

// text returns the text of a cell of the row, or "" if there is no such column.
func (b *builder) text(c *column) string { return b.record.text(c) }

// textOf returns the text of the row in the column of a use, "" if there is no
// such column.
func (b *builder) textOf(u use) string { return b.text(b.header.single[u]) }

// expected returns the attributes that the resource must have.
func (b *builder) expected() []byte {
	text := b.textOf(expectedColumn)
	if text == "" {
		return nil
	}
	if json.Unmarshal([]byte(text), &map[string]json.RawMessage{}) != nil {
		b.fault(b.header.single[expectedColumn], text, "not a JSON object", "the cell as sync wrote it")
	}
	return []byte(text)
}

// withoutFollowing leaves out errors that only follow from texts, the errors
// about the texts of cells.
func withoutFollowing(faults, texts []*textfile.Error) []*textfile.Error {
	if len(texts) == 0 {
		return faults
	}
	told := slices.DeleteFunc(faults, func(f *textfile.Error) bool {
		return f.Column == "" || slices.ContainsFunc(texts, func(t *textfile.Error) bool { return t.Column == f.Column })
	})
	return append(slices.Clone(texts), told...)
}

// fault adds an error about the cell of c, or about the row if c is nil.
func (b *builder) fault(c *column, value, problem, expected string) {
	b.faults = append(b.faults, b.header.fault(b.record.line, c, value, problem, expected))
}

// refuseRepeats adds errors for a second row of the same user or group, and for
// a second resource with the same externalId: a client must keep externalIds
// unique (RFC 7643 section 3.1).
func (b *builder) refuseRepeats() {
	if b.record.membersOnly {
		return
	}
	if name := b.record.name; name != "" {
		b.refuseRepeat(&b.people.rows, b.record.nameDigest, b.header.identity, name)
	}
	if id := b.textOf(idColumn); id != "" {
		b.refuseRepeat(&b.people.byID, digest(id), b.header.single[idColumn], id)
	}
	if external := b.text(b.header.externalID); external != "" && b.record.operation != remove {
		b.refuseRepeat(&b.people.byExternalID, exactDigest(external), b.header.externalID, external)
	}
}

// refuseRepeat adds an error for a value that an earlier line has.
func (b *builder) refuseRepeat(first *digests, key [8]byte, c *column, text string) {
	if row, ok := first.get(key); ok && row.line() != b.record.line {
		b.fault(c, text, fmt.Sprintf("the same as in line %d", row.line()), "each "+b.header.resources.noun+" in one row")
	}
}

// create makes a POST.
func (b *builder) create() client.Operation {
	kind := b.header.resources
	op := client.Operation{Method: client.MethodPost, Path: kind.collection}
	if id := b.textOf(idColumn); id != "" {
		b.fault(b.header.single[idColumn], id, "an id in a row that creates a "+kind.noun,
			"no id, or update or delete in the column operation")
	}
	if b.record.name == "" {
		b.fault(b.header.identity, "", "no "+kind.identity+" for a new "+kind.noun, kind.identityForm)
	}
	changes := b.wholeElements(b.changes(true))
	if b.checking || len(b.faults) > 0 {
		return op
	}
	resource := b.newResource(kind.schema, changes)
	if kind == users {
		completeUser(resource, b.record.name)
	}
	op.BulkID = bulkID(kind.prefix, b.record.nameDigest)
	op.Data = json.RawMessage(resource.append(make([]byte, 0, 512)))
	return op
}

// newResource makes the body of a POST.
func (b *builder) newResource(core string, changes []change) *object {
	resource := b.objects.object()
	schemas := append(make([]string, 0, 3), core)
	for _, c := range changes {
		if c.clear && c.column.kind == references {
			c.value = otherValue([]member{})
		}
		c.target.put(resource, c.value)
		if urn := c.target.urn; urn != "" && !slices.Contains(schemas, urn) {
			schemas = append(schemas, urn)
		}
	}
	slices.Sort(schemas[1:])
	resource.set("schemas", otherValue(schemas))
	return resource
}

// completeUser adds the attributes that every user needs: a type, and the
// userName as the primary work email, as Webex requires.
func completeUser(user *object, userName string) {
	if !user.has("userType") {
		user.set("userType", textValue("user"))
	}
	work := target{name: "emails", filterKey: "type", filter: "work"}.elementIn(user)
	if !work.has("value") {
		work.set("value", textValue(userName))
	}
	for _, e := range user.get("emails").other.([]*object) {
		if e.get("primary").is(true) {
			return
		}
	}
	if strings.EqualFold(work.get("value").text, userName) && !work.has("primary") {
		work.set("primary", otherValue(true))
	}
}

// wholeElements adds errors for cells that are valid alone but not together:
// two primary elements (RFC 7643 section 2.4), or an element without a value.
// It leaves out elements that have only "primary: false".
func (b *builder) wholeElements(changes []change) []change {
	if !slices.ContainsFunc(changes, change.isAbout) {
		return changes
	}
	primary, content := map[string]*column{}, map[string]bool{}
	for _, c := range changes {
		t := c.target
		if t.filterKey != "" && (t.sub == "value" || t.name == "addresses" && t.sub != "primary") {
			content[t.element()] = true
		}
	}
	if b.header.resources == users {
		content[`emails[type eq "work"]`] = true // the userName
	}
	creates := b.record.operation == create
	return slices.DeleteFunc(changes, func(c change) bool {
		if !c.isAbout() {
			return false
		}
		if c.value.is(true) {
			if first := primary[c.target.name]; first != nil {
				b.fault(c.column, "true", "a second primary value beside column "+textfile.Quote(first.header),
					"at most one that is primary")
			}
			primary[c.target.name] = c.column
		}
		empty := creates && !content[c.target.element()]
		if empty && !c.value.is(false) {
			b.fault(c.column, b.text(c.column), "an element "+c.target.element()+" without a value",
				"a value in the row, or an empty cell")
		}
		return empty
	})
}

// isAbout reports whether a change describes an element, but does not make one
// by itself.
func (c change) isAbout() bool { return c.target.sub == "primary" || c.target.sub == "display" }

// patchChange is one operation of a PATCH.
type patchChange struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value value  `json:"value,omitzero"`
}

// patch writes a change as an operation of RFC 7644 section 3.5.2. For elements
// it is an add, which sets the value of the matching element or makes one: a
// replace fails with noTarget if no element matches the filter.
func (c change) patch() patchChange {
	switch {
	case c.clear && c.target.sub == "value":
		return patchChange{Op: "remove", Path: c.target.element()}
	case c.clear:
		return patchChange{Op: "remove", Path: c.target.path()}
	case c.remove: // only this value: a number that was changed since stays
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
	membersOnly := b.record.membersOnly
	var parts []patchChange
	var steps []step
	changes := b.wholeElements(b.changes(b.textOf(idColumn) != "" && !membersOnly))
	slices.SortFunc(changes, func(x, y change) int { return cmp.Compare(x.column.rank, y.column.rank) })
	for _, c := range changes {
		switch {
		case c.steps != nil:
			steps = append(steps, c.steps...)
		case b.record.operation != update:
			b.fault(c.column, b.text(c.column), "another attribute in a row that adds or removes members",
				"an empty cell, or update in the column operation")
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
		b.fault(nil, "", fmt.Sprintf("%d members to add or remove beside other changes", len(steps)),
			"at most 500, or a separate row for them")
	}
	if !b.checking {
		op.Data = marshal(newPatch(append(parts, stepChanges(steps)...)))
	}
	return op, nil
}

// path returns the path of the row's resource, with the id of the row or an id
// that was looked up.
func (b *builder) path() string {
	kind := b.header.resources
	id := b.textOf(idColumn)
	switch {
	case id != "":
		if !location.IsSegment(id) {
			b.fault(b.header.single[idColumn], id, "not an id",
				"the id that the service gave, such as 7c5b1f0e-51a4-4c3b-8f0d-2b9f6a5de001")
		}
	case b.record.name == "":
		b.fault(b.header.identity, "", "neither an id nor a "+kind.identity, "one of them")
	case !kind.isName(b.record.name):
		b.fault(b.header.identity, b.record.name, "not an email address", kind.identityForm)
	default:
		id = b.find(b.header.identity, kind.lookup(b.record.name),
			"no "+kind.noun+" of the organization has this "+kind.identity, "one that exists, or an id")
	}
	return "/" + kind.path + "/" + id
}

// find returns the id of a user or group, or the reference to the row that
// creates it. If there is neither, it adds an error.
func (b *builder) find(c *column, l Lookup, problem, expected string) string {
	id, ok := b.people.id(l)
	if !ok {
		b.fault(c, l.Name, problem, expected)
		// Errors of one Cause are listed once, however many rows give the name.
		b.faults[len(b.faults)-1].Cause = "lookup\x00" + l.Type + "\x00" + strings.ToLower(l.Name)
	}
	return id
}
