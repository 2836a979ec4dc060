package sheet

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/apiid"
	"github.com/webexscim/bulk/internal/table"
	"github.com/webexscim/bulk/internal/textfile"
)

// Writer writes users or groups as a sheet that Open reads. Reading a row gives
// the attributes of the resource that have a column. A value that would be read
// as another value, or that a spreadsheet would take for a formula, is left out
// and counted.
type Writer struct {
	header *header
	chosen bool // the caller chose the columns
	out    *table.Writer
	name   nameOf

	cells     []string
	external  map[[8]byte]bool // externalIds of earlier rows
	names     map[[8]byte]bool // identities of earlier rows
	uncovered map[string]int   // by path, the number of values without a column
	odd       map[string]int   // by path, the number of values that no cell can hold
	left      map[string]int   // by reason, the number of resources without a row
	written   int              // rows
}

// NewWriter begins a sheet of users or groups (a kind of Templates) with these
// headers, or with Columns if there are none. name returns the userName of a
// user by id, for managers and members.
func NewWriter(w io.Writer, kind string, headers []string, name func(id string) (string, bool)) (*Writer, error) {
	chosen := len(headers) > 0
	if !chosen {
		headers = Columns(kind)
	}
	h := &header{file: "columns", style: table.Style{Comma: ','}, cells: headers, resources: resourcesNamed(kind)}
	if err := h.understand(nil); err != nil {
		return nil, err
	}
	for _, c := range h.ignored {
		return nil, fmt.Errorf("column %q: no attribute of %s that a sheet can set", c.header, kind)
	}
	if h.identity == nil {
		return nil, fmt.Errorf("columns without %s: whom a row is about", h.resources.identity)
	}
	for _, c := range h.columns {
		if c.secret || c.use != attributeColumn && c.use != addressTypeColumn {
			return nil, fmt.Errorf("column %q: nothing that can be read of a %s", c.header, h.resources.noun)
		}
	}
	return &Writer{
		header: h, chosen: chosen, out: table.NewWriter(w, h.style, headers), name: name, cells: make([]string, len(headers)),
		external: map[[8]byte]bool{}, names: map[[8]byte]bool{},
		uncovered: map[string]int{}, odd: map[string]int{}, left: map[string]int{},
	}, nil
}

// Needs reports whether there are columns of managers or of members, for which
// the Writer calls name.
func (w *Writer) Needs() (managers, members bool) {
	for _, c := range w.header.columns {
		managers = managers || c.kind == reference
		members = members || c.kind == references
	}
	return managers, members
}

// Write writes the row of a resource, with the members if it is a group. It
// counts resources that cannot be a row.
func (w *Writer) Write(resource client.Resource, members []client.Member) error {
	var attributes map[string]any
	if err := json.Unmarshal(resource.Data, &attributes); err != nil {
		return fmt.Errorf("%v: the resource cannot be read", resource)
	}
	f := factsOf(attributes)
	kind, _ := f.first("usertype").(string)
	if w.header.resources == users && kind != "" && !strings.EqualFold(kind, "user") {
		w.left["accounts that are not people (userType "+textfile.Visible(kind)+")"]++
		return nil
	}
	clear(w.cells)
	address := f.addressType()
	for _, c := range w.header.columns {
		switch {
		case c.use == addressTypeColumn:
			w.cells[c.index] = addressNames[address]
		case c.kind == references:
			w.cells[c.index] = w.members(c, members)
		default:
			t := c.target
			if t.name == "addresses" && t.filter == "" {
				t.filter = address
			}
			w.cells[c.index] = w.take(c, f, t.path(), resource.Name)
		}
	}
	if !w.unique() {
		return nil
	}
	for path := range f {
		if n := len(f[path]); n > 0 && !isImplied(path, f[path][0], resource.Name) {
			w.uncovered[path] += n
		}
	}
	w.written++
	return w.out.Write(w.cells)
}

// Rows counts the rows so far.
func (w *Writer) Rows() int { return w.written }

// unique reports whether no earlier row has the row's name, as a sheet
// requires. A repeated externalId is left out.
func (w *Writer) unique() bool {
	name := w.cells[w.header.identity.index]
	key := digest(name)
	switch {
	case name == "":
		w.left[w.header.resources.plural+" whose name no sheet can hold"]++
		return false
	case w.names[key]:
		w.left[w.header.resources.plural+" with the name of another one"]++
		return false
	}
	w.names[key] = true
	if c := w.header.externalID; c != nil && w.cells[c.index] != "" {
		key := exactDigest(w.cells[c.index])
		if w.external[key] {
			w.cells[c.index] = ""
			w.odd["externalId (another one has the same)"]++
		}
		w.external[key] = true
	}
	return true
}

// take returns the cell of the first value at a path, and removes the value
// from f.
func (w *Writer) take(c *column, f facts, path, name string) string {
	path = strings.ToLower(path)
	values := f[path]
	if len(values) == 0 {
		return ""
	}
	f[path] = values[1:]
	if len(values) == 1 && c.kind != identity && isImplied(path, values[0], name) && c.target.name == "emails" {
		return ""
	}
	text, ok := w.name.cell(c, values[0])
	if !ok {
		w.odd[c.header]++
	}
	return text
}

// members returns the cell of members: the addresses of those who are users.
func (w *Writer) members(c *column, members []client.Member) string {
	var names []string
	for _, m := range members {
		name, ok := w.name(m.ID)
		switch {
		case m.Type != "" && !strings.EqualFold(m.Type, "user"):
			w.odd[c.header+" that are a "+textfile.Visible(strings.ToLower(m.Type))]++
		case ok && isEmail(name) && !isRisky(name):
			names = append(names, name)
		case apiid.IsUUID(m.ID):
			names = append(names, m.ID)
		default:
			w.odd[c.header]++
		}
	}
	slices.Sort(names)
	return memberCell(names)
}

// Flush ends the sheet, and returns the first error of all writing.
func (w *Writer) Flush() error { return w.out.Flush() }

// Notes lists the data that the sheet does not contain, one line each.
// Attributes without a column are listed only for the default columns.
func (w *Writer) Notes() (notes []string) {
	for _, reason := range slices.Sorted(maps.Keys(w.left)) {
		notes = append(notes, fmt.Sprintf("left out: %s: %d", reason, w.left[reason]))
	}
	list := func(counts map[string]int, format string) {
		if len(counts) == 0 {
			return
		}
		var parts []string
		for _, path := range slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
			return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
		}) {
			parts = append(parts, fmt.Sprintf("%s (%d)", path, counts[path]))
		}
		notes = append(notes, fmt.Sprintf(format, someOf(parts)))
	}
	list(w.odd, "left out: values that no cell can hold safely: %s")
	if w.chosen {
		return notes
	}
	with, without := map[string]int{}, map[string]int{}
	for path, n := range w.uncovered {
		if header, ok := w.columnFor(path); ok {
			with[shortPath(header)] += n
		} else {
			without[strings.ReplaceAll(shortPath(path), `[type eq ""]`, "")] += n
		}
	}
	list(with, "without a column here: %s")
	list(without, "no sheet can hold: %s")
	return notes
}

// columnFor returns the header of a column for the attribute at a path.
func (w *Writer) columnFor(path string) (header string, ok bool) {
	t, ok := parseTarget(path)
	a, t, found := w.header.resources.vocabulary.find(t)
	return t.path(), ok && found && a.kind != readOnly && a.kind != structured
}
