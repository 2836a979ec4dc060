package sheet

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/webexscim/bulk/internal/table"
)

// The headers of columns that only WriteActions writes. Open refuses a sheet
// that has lost one of them: without a condition, a row would overwrite later
// changes.
const (
	// versionHeader: the version of the resource when its row was written, see
	// VersionOf.
	versionHeader = "Version (webex-bulk)"
	// expectedHeader: attributes that the resource must still have, see Holds.
	expectedHeader = "Expected (webex-bulk)"
	// presentNameHeader: the userName or displayName when the row was written.
	// It is for people to read.
	presentNameHeader = "Present name (webex-bulk)"
)

// Action is a row that WriteActions writes.
type Action struct {
	// Operation is create, update or delete.
	Operation string
	// ID is the id of the resource; "" in a create, and in an update that
	// identifies the resource by Name.
	ID string
	// Name is the userName or displayName that the resource gets, or by which
	// it is known.
	Name string
	// Present is the userName or displayName that the resource has now.
	Present string
	// Version is the VersionOf the resource; "" if it does not matter.
	Version string
	// Expected are attributes without which the row is refused.
	Expected []Value
	// About tells people why the row is there. It is ignored when the sheet is
	// read.
	About string
	// Values are the attributes that the row writes.
	Values []Value
	// Added and Removed are the ids of members.
	Added, Removed []string
}

// Value is one attribute of an Action.
type Value struct {
	// Path is the path of a PATCH.
	Path string
	// Value is JSON; nil clears the attribute, or expects that there is none.
	Value json.RawMessage
}

// WriteActions writes a sheet of operations on users or groups (a kind of
// Templates), which Open reads. name returns the userName of a user by the id,
// or by the reference to a row that creates the user. If a value fits into no
// cell, that is an error, and nothing is written.
func WriteActions(w io.Writer, kind string, actions []Action, name func(id string) (string, bool)) error {
	t := &actionTable{resources: resourcesNamed(kind), name: name}
	var errs []error
	columns := map[string]bool{}
	rows := make([]map[string]string, len(actions))
	for i, a := range actions {
		cells, err := t.cellsOf(a)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", cmp.Or(a.Name, a.About), err))
		}
		rows[i] = cells
		for path := range cells {
			columns[path] = true
		}
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	identity := "User ID/Email (Required)"
	if t.resources == groups {
		identity = groups.identity
	}
	paths := slices.Sorted(maps.Keys(columns))
	header := append([]string{operationHeader, "id", presentNameHeader, identity}, t.headers(paths)...)
	out := table.NewWriter(w, table.Style{Comma: ','}, append(header, versionHeader, expectedHeader, reasonHeader))
	for i, a := range actions {
		row := []string{a.Operation, a.ID, harmless(a.Present), a.Name}
		for _, path := range paths {
			row = append(row, rows[i][path])
		}
		_ = out.Write(append(row, a.Version, expectedText(a.Expected), harmless(a.About))) // Flush tells
	}
	return out.Flush()
}

// expectedText writes attributes as Holds reads them, by path.
func expectedText(values []Value) string {
	if len(values) == 0 {
		return ""
	}
	all := make(map[string]json.RawMessage, len(values))
	for _, v := range values {
		all[v.Path] = v.Value
	}
	return string(marshal(all))
}

// harmless returns a text that no spreadsheet takes for a formula.
func harmless(text string) string {
	if isRisky(text) {
		return " " + text
	}
	return text
}

// actionTable makes the cells of actions.
type actionTable struct {
	resources *resources
	name      nameOf
}

// headers returns the headers of the columns of paths: those of Control Hub, if
// it has one.
func (t *actionTable) headers(paths []string) (headers []string) {
	names := map[string]string{}
	if t.resources == users {
		h := &header{cells: Columns(users.plural), resources: users}
		_ = h.understand(nil) // the columns are known
		for _, c := range h.columns {
			if c.use == attributeColumn && c.target.name != "addresses" {
				names[c.target.path()] = c.header
			}
		}
	}
	for _, path := range paths {
		headers = append(headers, cmp.Or(names[path], path))
	}
	return headers
}

// cellsOf returns the cells of an action by the path of their column.
func (t *actionTable) cellsOf(a Action) (map[string]string, error) {
	cells := map[string]string{}
	var errs []error
	for _, v := range a.Values {
		to, ok := parseTarget(v.Path)
		if !ok {
			errs = append(errs, fmt.Errorf("no sheet can hold %s", v.Path))
			continue
		}
		f := facts{}
		switch {
		case v.Value == nil && to.filterKey != "" && to.sub == "":
			to.sub = "value"
			fallthrough
		case v.Value == nil:
			f[to.path()] = []any{nil}
		default:
			var value any
			if err := json.Unmarshal(v.Value, &value); err != nil {
				return nil, err
			}
			f = factsAt(to, value)
		}
		for path, values := range f {
			if err := t.put(cells, path, values, a); err != nil {
				errs = append(errs, err)
			}
		}
	}
	t.putMembers(cells, a)
	return cells, errors.Join(errs...)
}

// put makes the cell of a value. A create needs no cells for values that follow
// from the userName when it is read.
func (t *actionTable) put(cells map[string]string, path string, values []any, a Action) error {
	if a.Operation == operationNames[create] && (isImplied(path, values[0], a.Name) || path == "usertype") {
		return nil
	}
	to, isPath := parseTarget(path)
	attribute, to, found := t.resources.vocabulary.find(to)
	unheld := fmt.Errorf("no sheet can hold %s", shortPath(path))
	switch {
	case !isPath || !found || attribute.kind == structured || len(values) != 1:
		return unheld
	case attribute.kind == readOnly, attribute.kind == identity: // which has a column of its own
		return nil
	}
	c := &column{attribute: attribute, target: to, header: to.path(), use: attributeColumn}
	switch {
	case values[0] != nil:
		text, ok := t.name.cell(c, values[0])
		if !ok {
			return unheld
		}
		cells[to.path()] = text
	case to.name == "active":
		cells[to.path()] = "TRUE"
	case c.clearable():
		cells[to.path()] = removalMark + "*"
	default:
		return unheld
	}
	return nil
}

// putMembers makes the cell of members: all members of a new group, or else
// steps.
func (t *actionTable) putMembers(cells map[string]string, a Action) {
	var entries []string
	add := func(mark string, ids []string) {
		for _, id := range ids {
			if name, ok := t.name(id); ok && isEmail(name) {
				id = name
			}
			entries = append(entries, mark+id)
		}
	}
	if a.Operation == operationNames[create] {
		add("", a.Added)
	} else {
		add(additionMark, a.Added)
		add(removalMark, a.Removed)
	}
	if len(entries) == 0 {
		return
	}
	cells["members"] = memberCell(entries)
}
