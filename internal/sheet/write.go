package sheet

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/apiid"
	"github.com/webexscim/bulk/internal/cell"
	"github.com/webexscim/bulk/internal/table"
	"github.com/webexscim/bulk/internal/textfile"
)

// Columns returns the default headers of a Writer for users or groups. They are
// Control Hub's where it has a name for an attribute.
func Columns(kind string) []string {
	if kind == Templates[1] {
		return []string{"displayName", "externalId", "members"}
	}
	return []string{
		"First Name", "Last Name", "Display Name", "User ID/Email (Required)", "Title", "Department", "Manager", "Phone Number",
		"Extension", "Mobile Number", "Preferred Language", "Time zone", "Address type", "Address street", "Address locality",
		"Address region", "Address postal code", "Address country", "externalId", "active", "nickName", "name.middleName",
		"employeeNumber", "costCenter", "organization", "division", `emails[type eq "work"].value`,
	}
}

// Writer writes users or groups as a sheet that Open reads. Reading a row gives
// the attributes of the resource that have a column. A value that would be read
// as another value, or that a spreadsheet would take for a formula, is left out
// and counted.
type Writer struct {
	sheet  *Sheet // the columns
	chosen bool   // the caller chose the columns
	out    *table.Writer
	name   func(id string) (string, bool)

	cells     []string
	external  map[[8]byte]bool // externalIds of rows before
	names     map[[8]byte]bool // identities likewise
	uncovered map[string]int   // values without a cell, by path
	odd       map[string]int   // values that no cell can hold, by path
	rows      map[string]int   // resources that are no rows, by the reason
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
	s := &Sheet{file: &textfile.File{Name: "columns"}, style: table.Style{Comma: ','}, header: headers, groups: kind == Templates[1]}
	unused, err := s.understandAs(nil)
	if err != nil {
		return nil, err
	}
	for _, c := range unused {
		return nil, fmt.Errorf("column %q: no attribute of %s that a sheet can set", c.header, kind)
	}
	if s.identity == nil {
		return nil, fmt.Errorf("columns without %s: whom a row is about", s.resources().identity)
	}
	for _, c := range s.columns {
		if c.secret || c.use != setsAttribute && c.use != saysAddressType {
			return nil, fmt.Errorf("column %q: nothing that can be read of a %s", c.header, strings.TrimSuffix(kind, "s"))
		}
	}
	return &Writer{
		sheet: s, chosen: chosen, out: table.NewWriter(w, s.style, headers), name: name, cells: make([]string, len(headers)),
		external: map[[8]byte]bool{}, names: map[[8]byte]bool{}, uncovered: map[string]int{}, odd: map[string]int{}, rows: map[string]int{},
	}, nil
}

// Needs reports whether there are columns of managers or of members, for which
// the Writer calls name.
func (w *Writer) Needs() (managers, members bool) {
	for _, c := range w.sheet.columns {
		managers = managers || c.kind == reference
		members = members || c.kind == references
	}
	return managers, members
}

// Write writes the row of a resource; members are those of a group. A resource
// that cannot be a row is counted.
func (w *Writer) Write(resource client.Resource, members []client.Member) error {
	var attributes map[string]any
	if err := json.Unmarshal(resource.Data, &attributes); err != nil {
		return fmt.Errorf("%v: the resource cannot be read", resource)
	}
	f := factsOf(attributes)
	if kind, _ := f.first("usertype").(string); !w.sheet.groups && kind != "" && !strings.EqualFold(kind, "user") {
		w.rows["accounts that are not people (userType "+textfile.Visible(kind)+")"]++
		return nil
	}
	clear(w.cells)
	address := f.addressType()
	for i := range w.sheet.columns {
		c := &w.sheet.columns[i]
		switch {
		case c.use == saysAddressType:
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
	name := w.cells[w.sheet.identity.index]
	key := digest(name)
	switch {
	case name == "":
		w.rows[w.sheet.resources().plural+" whose name no sheet can hold"]++
		return false
	case w.names[key]:
		w.rows[w.sheet.resources().plural+" with the name of another one"]++
		return false
	}
	w.names[key] = true
	if c := w.sheet.externalID; c != nil && w.cells[c.index] != "" {
		key := exactDigest(w.cells[c.index])
		if w.external[key] {
			w.cells[c.index] = ""
			w.odd["externalId (another one has the same)"]++
		}
		w.external[key] = true
	}
	return true
}

// take makes the cell of the first value at a path.
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
	text, ok := w.cell(c, values[0])
	if !ok {
		w.odd[c.header]++
	}
	return text
}

// cell writes a value so that reading gives the same value; ok is false if that
// is impossible.
func (w *Writer) cell(c *column, value any) (text string, ok bool) {
	switch v := value.(type) {
	case bool:
		if c.kind == boolean {
			return strings.ToUpper(fmt.Sprint(v)), true
		}
		return "", false
	case string:
		text = v
	default:
		return "", false
	}
	if c.kind == reference {
		if name, ok := w.name(text); ok {
			text = name
		}
		if apiid.IsUUID(text) && !apiid.Is(text) {
			return text, true
		}
		return text, isEmail(text) && !isRisky(text)
	}
	as := norm.NFC.String(strings.TrimSpace(text))
	text, fault := cell.Clean(text)
	if fault != nil || text != as || isRisky(text) {
		return "", false
	}
	if text == "" {
		return "", true
	}
	read, problem, _ := w.sheet.value(c, text)
	if problem != "" || !read.says(text) {
		return "", false
	}
	return text, true
}

// isRisky reports whether a spreadsheet could take a text for a formula and
// carry it out.
func isRisky(text string) bool {
	if text == "" {
		return false
	}
	switch text[0] {
	case '=', '@', '\t', '\r', '\n':
		return true
	case '+', '-':
		return isOddNumber(text)
	}
	return false
}

// members writes the addresses of the members that are users.
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
	text := strings.Join(names, "; ")
	if _, fault := cell.Clean(text); fault != nil { // as long as a cell that was cut off
		text += ";"
	}
	return text
}

// Flush ends the sheet, and returns the first error of all writing.
func (w *Writer) Flush() error { return w.out.Flush() }

// Notes lists the data that the sheet does not contain, one line each.
// Attributes without a column are listed only for the default columns.
func (w *Writer) Notes() (notes []string) {
	for _, reason := range slices.Sorted(maps.Keys(w.rows)) {
		notes = append(notes, fmt.Sprintf("left out: %s: %d", reason, w.rows[reason]))
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

// shortPath is a path without the URN of an extension, as a header may have it.
func shortPath(path string) string {
	for _, urn := range schemas {
		if rest, ok := textfile.CutFold(path, urn+":"); ok {
			return rest
		}
	}
	return path
}

// CanName reports whether a row of a sheet of users or groups (a kind of
// Templates) can name one of this userName or displayName. A Writer leaves out
// the others.
func CanName(kind, name string) bool {
	w := Writer{sheet: &Sheet{groups: kind == Templates[1]}}
	text, ok := w.cell(&column{attribute: attribute{kind: identity}}, name)
	return ok && text != ""
}

// columnFor returns the header of a column for the attribute at a path.
func (w *Writer) columnFor(path string) (header string, ok bool) {
	t, ok := parseTarget(path)
	a, t, found := w.sheet.resources().vocabulary.find(t)
	return t.path(), ok && found && a.kind != readOnly && a.kind != structured
}

// facts are the values of a resource by their lower-case path, as target.path
// writes it.
type facts map[string][]any

func factsOf(attributes map[string]any) facts {
	f := facts{}
	for name, value := range attributes {
		extension, isObject := value.(map[string]any)
		if !isObject || !strings.HasPrefix(strings.ToLower(name), "urn:") {
			f.attribute(target{name: name}, value)
			continue
		}
		for inner, value := range extension {
			f.attribute(target{urn: name, name: inner}, value)
		}
	}
	return f
}

func (f facts) attribute(t target, value any) {
	switch v := value.(type) {
	case nil:
	case []any:
		for _, e := range v {
			f.element(t, e)
		}
	case map[string]any:
		for sub, value := range v {
			if t.sub = sub; strings.EqualFold(sub, "value") { // manager.value is what the whole is
				t.sub = ""
			}
			f.add(t, value)
		}
	default:
		f.add(t, value)
	}
}

func (f facts) element(t target, value any) {
	object, ok := value.(map[string]any)
	if !ok {
		f.add(t, value)
		return
	}
	t.filterKey = filterKeyOf(t)
	for sub, value := range object {
		if strings.EqualFold(sub, t.filterKey) {
			text, _ := value.(string)
			t.filter = strings.ToLower(text)
		}
	}
	for t.sub, value = range object {
		if !strings.EqualFold(t.sub, t.filterKey) {
			f.add(t, value)
		}
	}
}

func (f facts) add(t target, value any) {
	if value == nil || value == "" {
		return
	}
	path := strings.ToLower(t.path())
	f[path] = append(f[path], value)
}

func (f facts) first(path string) any {
	if len(f[path]) == 0 {
		return nil
	}
	return f[path][0]
}

// addressNames are the types of addresses, as Control Hub calls them.
var addressNames = map[string]string{"work": "Office", "home": "Home", "other": "Other"}

// addressType is the type of the address that the columns without a type are
// about: that of work, if there is one.
func (f facts) addressType() string {
	for _, kind := range []string{"work", "home", "other"} {
		for path := range f {
			if strings.HasPrefix(path, `addresses[type eq "`+kind+`"].`) && !isImplied(path, nil, "") {
				return kind
			}
		}
	}
	return ""
}

// isImplied reports whether a value is the service's, or follows from another
// one.
func isImplied(path string, value any, name string) bool {
	switch path {
	case "id", "schemas", "usertype", "name.formatted":
		return true
	case `emails[type eq "work"].value`:
		text, _ := value.(string)
		return strings.EqualFold(text, name)
	}
	path = strings.TrimPrefix(path, strings.ToLower(webexUserURN)+":")
	path = strings.TrimPrefix(path, strings.ToLower(webexGroupURN)+":")
	for _, prefix := range []string{"meta", "groups", "provisionsource", "accountstatus", "usernametype", "sipaddresses", "members", "photos"} {
		if strings.HasPrefix(path, prefix) {
			return true
		}
	}
	for _, suffix := range []string{".display", ".$ref", ".primary", ".formatted", "manager.displayname"} {
		if strings.HasSuffix(path, suffix) {
			return true
		}
	}
	return false
}
