package report

import (
	"bufio"
	"encoding/json"
	"io"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/plain"
	"github.com/webexscim/bulk/internal/rawjson"
)

// Line is one operation's result as it is written for machines.
type Line struct {
	Index     int        `json:"index"` // place in the input, from 0
	Line      int        `json:"line"`  // of the input, from 1; 0 when there are no lines
	Method    string     `json:"method"`
	Path      string     `json:"path"`
	BulkID    string     `json:"bulkId,omitempty"`
	Outcome   string     `json:"outcome"`
	Status    int        `json:"status,omitempty"` // HTTP status of the operation
	ID        string     `json:"id,omitempty"`
	Location  string     `json:"location,omitempty"`
	Version   string     `json:"version,omitempty"`
	Attempts  int        `json:"attempts"`
	Recovered bool       `json:"recovered"`
	Replayed  bool       `json:"replayed,omitempty"`
	Existing  bool       `json:"existing,omitempty"`  // the resource of a create was there already
	Unchanged bool       `json:"unchanged,omitempty"` // and was left as it is
	Error     *LineError `json:"error,omitempty"`
}

// LineError is the error of a Line, without the data of the operation and
// without the service's own words.
type LineError struct {
	Status     int    `json:"status,omitempty"`
	ErrorCode  string `json:"errorCode,omitempty"`
	ScimType   string `json:"scimType,omitempty"`
	TrackingID string `json:"trackingId,omitempty"`
	Message    string `json:"message"`
}

// NewLine turns a result into its Line; line is where the operation stands in
// the input.
func NewLine(res client.Result, line int) Line {
	l := Line{
		Index: res.Index, Line: line,
		Method: res.Operation.Method, Path: res.Operation.Path, BulkID: res.Operation.BulkID,
		Outcome: res.Outcome.String(), Status: res.Status,
		ID: res.Location.ID, Location: res.Location.URL, Version: res.Version,
		Attempts: res.Attempts, Recovered: res.Recovered, Replayed: res.Replayed,
		Existing: res.Existing, Unchanged: res.Unchanged,
	}
	if res.Err != nil {
		l.Error = newLineError(res.Err)
	}
	return l
}

func newLineError(err error) *LineError {
	f := &LineError{Message: plain.RawOfCodes(err)}
	if e := plain.Refusal(err); e != nil {
		f.Status, f.ErrorCode, f.ScimType, f.TrackingID = e.Status, e.ErrorCode, e.ScimType, e.TrackingID
	}
	return f
}

// Results writes Lines as NDJSON.
type Results struct {
	buf *bufio.Writer
	enc *json.Encoder
}

// NewResults returns a writer of Lines to w. Flush ends it.
func NewResults(w io.Writer) *Results {
	buf := bufio.NewWriter(w)
	return &Results{buf: buf, enc: rawjson.NewEncoder(buf)}
}

// Write adds a Line.
func (r *Results) Write(l Line) error { return r.enc.Encode(l) }

// Flush writes buffered Lines to the underlying writer.
func (r *Results) Flush() error { return r.buf.Flush() }
