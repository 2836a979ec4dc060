package sheet

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"

	"github.com/webexscim/bulk/internal/apiid"
	"github.com/webexscim/bulk/internal/cell"
	"github.com/webexscim/bulk/internal/table"
	"github.com/webexscim/bulk/internal/terminal"
	"github.com/webexscim/bulk/internal/textfile"
)

// record is one row of the sheet, before it is turned into operations.
type record struct {
	line   int
	cells  []string          // as written
	texts  []string          // the cells after cleaning; empty in ignored columns
	faults []*textfile.Error // mistakes in cells
	fault  *textfile.Error   // a mistake in the whole row, which then has no cells

	operation   operation // create where the cell says something unknown
	name        string    // the identity
	nameDigest  [8]byte
	membersOnly bool // it only adds members to a group and removes members
}

// text returns the text of a cell, or "" if there is no such column.
func (r *record) text(c *column) string {
	if c == nil {
		return ""
	}
	return r.texts[c.index]
}

// reader reads the rows of a sheet, several times.
type reader struct {
	file    *textfile.File
	header  *header
	repeats textfile.Places // rows of the last reading that repeat the header
}

// openTable begins to read the table of a file.
func openTable(file *textfile.File, style table.Style) (*table.Reader, error) {
	text, err := file.Open()
	if err != nil {
		return nil, err
	}
	t, err := table.NewReader(text, style, file.MaxRecord())
	if err != nil {
		return nil, file.Broken(err)
	}
	return t, nil
}

// records yields the rows below the header that are not blank; an error, of
// reading, is the last. A record is valid until the next one.
func (r *reader) records() iter.Seq2[*record, error] {
	return func(yield func(*record, error) bool) {
		t, err := openTable(r.file, r.header.style)
		if err != nil {
			yield(nil, err)
			return
		}
		r.repeats = textfile.Places{}
		rec := &record{texts: make([]string, len(r.header.cells))}
		for _, _, err = t.Header(); err == nil; {
			cells, line, failed := t.Next()
			*rec = record{line: line, cells: cells, texts: rec.texts, fault: r.header.unreadable(line, failed)}
			switch {
			case rec.fault != nil:
			case failed != nil:
				err = failed
				continue
			case table.IsEmpty(cells):
				continue
			case r.header.isRepeated(cells):
				r.repeats.Add(line)
				continue
			default:
				r.header.clean(rec)
			}
			if !yield(rec, nil) || errors.Is(failed, textfile.ErrTooLarge) { // reading cannot go on after it
				return
			}
		}
		if err != io.EOF {
			yield(nil, r.file.Broken(err))
		}
	}
}

// unreadable turns an error about the content of the sheet into the error of a
// row. For other errors, and for nil, it returns nil.
func (h *header) unreadable(line int, err error) *textfile.Error {
	if errors.Is(err, textfile.ErrTooLarge) {
		return h.fault(line, nil, "", "a row larger than 64 MiB", "every quote that is opened to be closed")
	}
	quotes, ok := errors.AsType[*table.QuoteError](err)
	if !ok {
		return nil
	}
	fault := h.fault(line, nil, quotes.Text, quotes.Problem, quotes.Expected)
	if quotes.Cell < len(h.cells) {
		fault.Column = h.cells[quotes.Cell]
	}
	if h.secret { // with misplaced quotes, a password can be in any cell
		fault.Value, fault.Expected = "", strings.Split(quotes.Expected, ":")[0]
	}
	return fault
}

// miscounted returns an error for a row that has more or fewer cells than the
// header. Additional empty cells at its end are allowed.
func (h *header) miscounted(cells []string, line int) *textfile.Error {
	n, want := len(cells), len(h.cells)
	for n > want && strings.TrimFunc(cells[n-1], cell.IsBlank) == "" {
		n--
	}
	if n == want {
		return nil
	}
	e := h.fault(line, nil, "", terminal.Plural(n, "cell"), fmt.Sprintf("%d, as many as the header has", want))
	if n > want {
		e.Problem += " with this one"
		e.Expected += "; a " + h.style.Name() + " inside a cell needs quotes around the cell"
		if !h.secret {
			e.Value = cells[want]
		}
	}
	return e
}

// clean reads the cells of the columns that are in use.
func (h *header) clean(rec *record) {
	if rec.fault = h.miscounted(rec.cells, rec.line); rec.fault != nil {
		return
	}
	for _, c := range h.columns {
		text, fault := h.read(c, rec.cells[c.index])
		rec.texts[c.index] = text
		if fault != nil {
			e := h.fault(rec.line, c, text, fault.Problem, fault.Expected)
			e.Cause = fault.Cause
			rec.faults = append(rec.faults, e)
		}
	}
	rec.operation, _ = h.resources.operation(rec.text(h.single[operationColumn]))
	rec.name = rec.text(h.identity)
	rec.nameDigest = digest(rec.name)
	rec.membersOnly = h.changesMembersOnly(rec)
}

// read cleans the text of a cell.
func (h *header) read(c *column, raw string) (text string, fault *cell.Fault) {
	if c.secret {
		return cell.Exact(raw)
	}
	text, fault = cell.Clean(raw)
	if c.use == idColumn && fault == nil {
		return idOf(text, h.resources.webex)
	}
	return text, fault
}

// idOf turns an id of another Webex API, of the wanted kind, into the SCIM id.
// Other texts stay as they are.
func idOf(text, want string) (string, *cell.Fault) {
	kind, id, ok := apiid.Parse(text)
	switch {
	case !apiid.Is(text), ok && kind == want && apiid.IsUUID(id):
		return cmp.Or(id, text), nil
	case ok && kind != want:
		return text, &cell.Fault{Problem: "the id of another kind of resource (" + kind + ")", Expected: "one of " + want}
	}
	return text, &cell.Fault{Problem: "an incomplete id", Expected: "the whole id"}
}

// isRepeated reports whether a row repeats the header, as in concatenated
// files.
func (h *header) isRepeated(cells []string) bool {
	return slices.EqualFunc(cells, h.cells, func(a, b string) bool {
		return a == b || mayFold(a, b) && fold(a) == fold(b)
	})
}

// mayFold reports whether two texts could be equal when folded. It is false for
// most rows, so that these need not be folded.
func mayFold(a, b string) bool {
	return a == "" || b == "" || !isLetter(a[0]) || !isLetter(b[0]) || a[0]|' ' == b[0]|' '
}

// isLetter reports whether c is an ASCII letter.
func isLetter(c byte) bool { return 'a' <= c|' ' && c|' ' <= 'z' }
