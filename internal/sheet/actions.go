package sheet

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/cell"
	"github.com/webexscim/bulk/internal/scimdiff"
	"github.com/webexscim/bulk/internal/table"
	"github.com/webexscim/bulk/internal/textfile"
)

// The headers of columns that only WriteActions writes. Open refuses a sheet
// that has lost one of them: without a condition, a row would overwrite what
// was changed since.
const (
	// versionHeader: what the resource was when its row was written, see
	// VersionOf.
	versionHeader = "Version (webex-bulk)"
	// expectedHeader: attributes that the resource must still have, see Holds.
	expectedHeader = "Expected (webex-bulk)"
	// presentNameHeader: the userName or displayName when the row was written.
	// It is for people to read.
	presentNameHeader = "Present name (webex-bulk)"
)

// VersionOf tells states of a resource apart: the version that the service
// gives it, or else when it was changed last.
func VersionOf(r client.Resource) string {
	if r.Version != "" || r.Modified.IsZero() {
		return r.Version
	}
	return r.Modified.UTC().Format(time.RFC3339Nano)
}

// Action is a row that WriteActions writes.
type Action struct {
	// Operation is create, update or delete.
	Operation string
	// ID is that of the resource; "" in a create, and where Name tells whom an
	// update means.
	ID string
	// Name is the userName or displayName that the resource gets, or by which
	// it is known.
	Name string
	// Present is the userName or displayName that the resource has now.
	Present string
	// Version is what VersionOf says; "" if it does not matter.
	Version string
	// Expected are attributes without which the row is refused.
	Expected []Value
	// About tells a reader why the row is there. It is not read.
	About string
	// Values are the attributes that the row writes.
	Values []Value
	// Added and Removed are the ids of members.
	Added, Removed []string
}

// Value is one attribute of an Action.
type Value struct {
	// Path is that of a PATCH.
	Path string
	// Value is JSON; nil clears the attribute, or expects that there is none.
	Value json.RawMessage
}

// WriteActions writes a sheet of operations on users or groups (a kind of
// Templates), which Open reads. name tells the userName of a user by the id, or
// by the reference to a row that creates the user. What no cell can hold is an
// error, and nothing is written.
func WriteActions(w io.Writer, kind string, actions []Action, name func(id string) (string, bool)) error {
	t := &actionTable{Writer: Writer{sheet: &Sheet{file: &textfile.File{Name: "actions"}, style: table.Style{Comma: ','}, groups: kind == Templates[1]}, name: name}}
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
	if t.sheet.groups {
		identity = "displayName"
	}
	paths := slices.Sorted(maps.Keys(columns))
	header := append([]string{operationHeader, "id", presentNameHeader, identity}, t.headers(paths)...)
	out := table.NewWriter(w, t.sheet.style, append(header, versionHeader, expectedHeader, reasonHeader))
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

// harmless is a text that no spreadsheet carries out.
func harmless(text string) string {
	if isRisky(text) {
		return " " + text
	}
	return text
}

// actionTable makes the cells of actions.
type actionTable struct{ Writer }

// headers are those of the columns of these paths: as in Control Hub where it
// has a name.
func (t *actionTable) headers(paths []string) (headers []string) {
	names := map[string]string{}
	s := &Sheet{file: t.sheet.file, groups: t.sheet.groups, header: Columns(Templates[0])}
	if !s.groups {
		_, _ = s.understandAs(nil) // the columns are known
	}
	for _, c := range s.columns {
		if c.use == setsAttribute && c.target.name != "addresses" {
			names[c.target.path()] = c.header
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

// put makes one cell. What follows from the userName, and is read so, needs
// none.
func (t *actionTable) put(cells map[string]string, path string, values []any, a Action) error {
	if a.Operation == operationNames[create] && (isImplied(path, values[0], a.Name) || path == "usertype") {
		return nil
	}
	to, isPath := parseTarget(path)
	attribute, to, found := t.sheet.resources().vocabulary.find(to)
	unheld := fmt.Errorf("no sheet can hold %s", shortPath(path))
	switch {
	case !isPath || !found || attribute.kind == structured || len(values) != 1:
		return unheld
	case attribute.kind == readOnly:
		return nil
	case attribute.kind == identity:
		return nil // it has a column of its own
	}
	c := &column{attribute: attribute, target: to, header: to.path(), use: setsAttribute}
	switch {
	case values[0] != nil:
		text, ok := t.cell(c, values[0])
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

// putMembers makes the cell of members: all of a new group, else steps.
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
	text := strings.Join(entries, "; ")
	if _, fault := cell.Clean(text); fault != nil {
		text += ";"
	}
	cells["members"] = text
}

// InEffect reports whether a resource already has what an operation of a sheet
// writes. A reference to another row cannot be compared: it counts where the
// resource refers to somebody, and something else shows the effect.
func InEffect(op client.Operation, stored []byte) bool {
	raw, ok := op.Data.(json.RawMessage)
	var body struct {
		Operations []struct {
			Op, Path string
			Value    json.RawMessage
		}
	}
	if !ok || op.Method != client.MethodPatch || json.Unmarshal(raw, &body) != nil {
		return false
	}
	shown := false
	for _, change := range body.Operations {
		refers := strings.Contains(string(change.Value), `"`+client.Ref(""))
		switch {
		case strings.HasPrefix(change.Path, "members"):
			return false // the resource as it was read need not have them
		case refers && holds(change.Path, nil, stored), !refers && !holds(change.Path, change.Value, stored):
			return false
		}
		shown = shown || !refers
	}
	return shown
}

// Holds reports whether a resource has the expected attributes: an object of
// values by their path in a PATCH, null where there must be none. Values are
// compared by meaning, as scimdiff does.
func Holds(expected, stored []byte) bool {
	var all map[string]json.RawMessage
	if json.Unmarshal(expected, &all) != nil {
		return false
	}
	for path, value := range all {
		if !holds(path, value, stored) {
			return false
		}
	}
	return true
}

// holds reports whether a resource has a value; nil or null: that it has none
// at the path. What it cannot compare it denies.
func holds(path string, raw json.RawMessage, stored []byte) bool {
	to, ok := parseTarget(path)
	if !ok {
		return false
	}
	var wanted any
	if len(raw) > 0 && json.Unmarshal(raw, &wanted) != nil {
		return false
	}
	given := new(objects).object()
	parts, isObject := wanted.(map[string]any)
	switch {
	case to.filterKey != "" && to.sub == "" && isObject:
		for to.sub, wanted = range parts {
			to.put(given, decodedValue(wanted))
		}
	case to.filterKey != "" && to.sub == "":
		to.sub = "value"
		to.put(given, decodedValue(wanted))
	case to.filterKey == "" && strings.EqualFold(to.sub, "value"): // manager.value is what the whole is
		to.sub = ""
		to.put(given, decodedValue(wanted))
	default:
		to.put(given, decodedValue(wanted))
	}
	differences, err := scimdiff.Compare(given.append(nil), stored, scimdiff.Options{Clear: true})
	return err == nil && len(differences) == 0
}

// factsAt are the single values that a value at a place consists of.
func factsAt(to target, value any) facts {
	f := facts{}
	parts, isObject := value.(map[string]any)
	switch {
	case to.filterKey != "" && to.sub == "" && isObject:
		for to.sub, value = range parts {
			if !strings.EqualFold(to.sub, to.filterKey) {
				f.add(to, value)
			}
		}
	case to.filterKey != "" || to.sub != "":
		f.add(to, value)
	default:
		f.attribute(to, value)
	}
	return f
}

// PathsOf returns the paths of the single values that a value at a path
// consists of, in order.
func PathsOf(path string, value json.RawMessage) []string {
	to, ok := parseTarget(path)
	var decoded any
	if !ok || json.Unmarshal(value, &decoded) != nil {
		return []string{path}
	}
	return slices.DeleteFunc(slices.Sorted(maps.Keys(factsAt(to, decoded))), func(path string) bool {
		return strings.HasSuffix(path, ".primary") || strings.HasSuffix(path, ".display")
	})
}
