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
	"github.com/webexscim/bulk/internal/table"
	"github.com/webexscim/bulk/internal/textfile"
)

// VersionHeader is the header of the column that says what a resource was when
// its row was written: see VersionOf.
const VersionHeader = "Version (webex-bulk)"

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
	// Name is the userName or displayName that the resource gets, or by which it is known.
	Name string
	// Version is what VersionOf says; "" if it does not matter.
	Version string
	// About tells a reader whom the row is about, and why. It is not read.
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
	// Value is JSON; nil clears the attribute.
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
	header := append([]string{operationHeader, "id", identity}, t.headers(paths)...)
	out := table.NewWriter(w, t.sheet.style, append(header, VersionHeader, ReasonHeader))
	for i, a := range actions {
		row := []string{a.Operation, a.ID, a.Name}
		for _, path := range paths {
			row = append(row, rows[i][path])
		}
		_ = out.Write(append(row, a.Version, harmless(a.About))) // Flush tells
	}
	return out.Flush()
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
			if to.filterKey != "" || to.sub != "" {
				f.add(to, value)
			} else {
				f.attribute(to, value)
			}
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

// put makes one cell. What follows from the userName, and is read so, needs none.
func (t *actionTable) put(cells map[string]string, path string, values []any, a Action) error {
	words := userVocabulary
	if t.sheet.groups {
		words = groupVocabulary
	}
	if a.Operation == operationNames[create] && (isImplied(path, values[0], a.Name) || path == "usertype") {
		return nil
	}
	to, isPath := parseTarget(path)
	attribute, to, found := words.find(to)
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
			Value    any
		}
	}
	var attributes map[string]any
	if !ok || op.Method != client.MethodPatch || json.Unmarshal(raw, &body) != nil || json.Unmarshal(stored, &attributes) != nil {
		return false
	}
	have, shown := factsOf(attributes), false
	for _, change := range body.Operations {
		if change.Op == "remove" {
			if strings.HasPrefix(change.Path, "members[") || len(have[strings.ToLower(change.Path)])+len(have[strings.ToLower(change.Path)+".value"]) > 0 {
				return false
			}
			shown = true
			continue
		}
		to, ok := parseTarget(change.Path)
		if !ok {
			return false
		}
		want := facts{}
		if to.filterKey != "" || to.sub != "" {
			want.add(to, change.Value)
		} else {
			want.attribute(to, change.Value)
		}
		for path, values := range want {
			for _, v := range values {
				if text, _ := v.(string); strings.HasPrefix(text, client.Ref("")) && len(have[path]) > 0 {
					continue
				}
				shown = true
				if !slices.ContainsFunc(have[path], func(w any) bool { return fmt.Sprint(w) == fmt.Sprint(v) }) {
					return false
				}
			}
		}
	}
	return shown
}

// PathsOf returns the paths of the single values that a value at a path
// consists of, in order.
func PathsOf(path string, value json.RawMessage) []string {
	to, ok := parseTarget(path)
	var decoded any
	if !ok || json.Unmarshal(value, &decoded) != nil {
		return []string{path}
	}
	f := facts{}
	if to.filterKey != "" || to.sub != "" {
		f.add(to, decoded)
	} else {
		f.attribute(to, decoded)
	}
	return slices.DeleteFunc(slices.Sorted(maps.Keys(f)), func(path string) bool {
		return strings.HasSuffix(path, ".primary") || strings.HasSuffix(path, ".display")
	})
}
