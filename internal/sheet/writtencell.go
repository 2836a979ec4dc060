package sheet

import (
	"fmt"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/webexscim/bulk/internal/apiid"
	"github.com/webexscim/bulk/internal/cell"
)

// nameOf returns the userName of a user by id.
type nameOf func(id string) (name string, ok bool)

// cell returns the cell for a value. ok is false if no cell is read as this
// value.
func (name nameOf) cell(c *column, value any) (text string, ok bool) {
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
		if name, ok := name(text); ok {
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
	read, problem, _ := c.value(text)
	if problem != "" || !read.says(text) {
		return "", false
	}
	return text, true
}

// memberCell returns the cell of members.
func memberCell(names []string) string {
	text := strings.Join(names, "; ")
	if _, fault := cell.Clean(text); fault != nil { // its length is that of a cell which a spreadsheet has cut off
		text += ";"
	}
	return text
}

// CanName reports whether a row of a sheet of users or groups (a kind of
// Templates) can name one of this userName or displayName. A Writer leaves out
// the others.
func CanName(kind, name string) bool {
	r := resourcesNamed(kind)
	text, ok := nameOf(nil).cell(&column{attribute: r.vocabulary[strings.ToLower(r.identity)]}, name)
	return ok && text != ""
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
