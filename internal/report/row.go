package report

import (
	"cmp"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/apiid"
	"github.com/webexscim/bulk/internal/plain"
	"github.com/webexscim/bulk/internal/terminal"
)

// Row is one operation that did not succeed, as a Page lists it. BulkID, Name,
// Path and Reason can name people.
type Row struct {
	Line, Index  int // as in Line
	Method, Path string
	BulkID       string
	Name         string // the name of the resource, for people
	Outcome      string
	Status       int
	Reason       string
	TrackingID   string

	kind string // the Text of its Reason in a Summary
}

func newRow(res client.Result, line int, name string) Row {
	if name == "" {
		name = NameIn(res.Operation.Data)
	}
	return Row{
		Line: line, Index: res.Index,
		Method: res.Operation.Method, Path: res.Operation.Path, BulkID: res.Operation.BulkID,
		Name:    terminal.Clip(name, maxShown),
		Outcome: res.Outcome.String(), Status: res.Status,
		Reason: terminal.Clip(plain.RawOfCodes(res.Err), maxRead), TrackingID: trackingID(res.Err), kind: reason(res, false),
	}
}

// NameIn returns the userName or displayName in the data of an operation, "" if
// there is none.
func NameIn(data any) string {
	var raw []byte
	switch data := data.(type) { // as client reads it
	case json.RawMessage:
		raw = data
	case []byte:
		raw = data
	default:
		raw, _ = json.Marshal(data)
	}
	var named struct{ UserName, DisplayName string }
	_ = json.Unmarshal(raw, &named) // other values have no name
	return cmp.Or(named.UserName, named.DisplayName)
}

// discreet returns the row without bulkId and names, which can be found by its
// line.
func (r Row) discreet() Row {
	r.Reason = discreet(r.Reason, r.BulkID)
	r.Method, r.Path = discreetMethod(r.Method), discreetPath(r.Path)
	r.BulkID, r.Name = "", ""
	return r
}

// whole returns the whole row, with the tracking id in its own field only.
func (r Row) whole() Row {
	if r.TrackingID != "" {
		r.Reason = strings.ReplaceAll(r.Reason, " (tracking id "+r.TrackingID+")", "")
	}
	r.Reason = terminal.Clip(terminal.Escape(r.Reason), maxShown)
	return r
}

// discreetPath keeps the type of a resource, and its id if it is a UUID: other
// ids can be bulkIds, or made of names.
func discreetPath(path string) string {
	kind, id, deep := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	if kind != "Users" && kind != "Groups" {
		return hidden
	}
	if !deep {
		return "/" + kind
	}
	if !apiid.IsUUID(id) {
		id = hidden
	}
	return "/" + kind + "/" + id
}

// discreetMethod keeps a method that Webex or RFC 7644 knows.
func discreetMethod(method string) string {
	switch method {
	case client.MethodPost, client.MethodPatch, client.MethodDelete, http.MethodPut:
		return method
	}
	return hidden
}
