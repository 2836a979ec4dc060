// Package vectors holds the message vectors: a Bulk request, an answer to it,
// and how a client must read that answer, as JSON files that any language can
// read. README.md describes the files.
//
//	all, err := vectors.All()
//	...
//	for _, v := range all {
//		fmt.Println(v.Number, v.Title, v.Expect.Outcome)
//	}
package vectors

import (
	"bytes"
	"cmp"
	"embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"sync"
)

//go:embed manifest.json [0-9]*.json
var files embed.FS

// The kinds of vectors.
const (
	// Conforms: request and answer keep the contract.
	Conforms = "conforms"
	// Tolerate: the answer breaks the contract, or RFC 7644, and a client must
	// bear it all the same.
	Tolerate = "tolerate"
)

// Entry is what the manifest says of a vector.
type Entry struct {
	Number int    `json:"number"`
	File   string `json:"file"`
	Kind   string `json:"kind"`
}

// Vector is one exchange, and what it means.
type Vector struct {
	Number   int      `json:"number"`
	Kind     string   `json:"kind"`
	Title    string   `json:"title"`
	Request  Request  `json:"request"`
	Response Response `json:"response"`
	Expect   Expect   `json:"expect"`
}

// Request is the request as a client sends it.
type Request struct {
	Method  string            `json:"method"`
	Path    string            `json:"path"`
	Headers map[string]string `json:"headers"`
	Body    json.RawMessage   `json:"body"`
}

// Response is the answer. At most one of Body, Text and Base64 is there.
type Response struct {
	Status  int               `json:"status,omitempty"` // 0 where there is no answer
	Headers map[string]string `json:"headers,omitempty"`
	Body    json.RawMessage   `json:"body,omitempty"`   // JSON, in any serialization
	Text    string            `json:"text,omitempty"`   // exactly these bytes, as UTF-8
	Base64  string            `json:"base64,omitempty"` // exactly these bytes
	Cut     string            `json:"cut,omitempty"`    // CutAnswer, CutBody, or "" for a connection that is not cut
}

// Where the connection ends too early.
const (
	CutAnswer = "answer" // before the first byte of the answer
	CutBody   = "body"   // in the body, which is shorter than its Content-Length
)

// Content returns the bytes of the answer's body.
func (r Response) Content() ([]byte, error) {
	if r.Base64 != "" {
		return base64.StdEncoding.DecodeString(r.Base64)
	}
	if r.Body != nil {
		var out bytes.Buffer
		err := json.Compact(&out, r.Body)
		return out.Bytes(), err
	}
	return []byte(r.Text), nil
}

// Expect is how the answer must be read.
type Expect struct {
	// Outcome is that of the request: answered, deferred, rejected, denied or
	// unknown.
	Outcome string `json:"outcome"`
	Error
	// RetryAfter is how long the service asks to wait; nil where it says nothing
	// that can be understood.
	RetryAfter *Wait `json:"retryAfter,omitempty"`
	// Limits are those that a 413 names.
	Limits *Limits `json:"limits,omitempty"`
	// Operations has one entry for each operation of the request, in their order.
	Operations []Operation `json:"operations"`
}

// Wait is a time in seconds, at least Min and at most Max.
type Wait struct {
	Min float64 `json:"min"`
	Max float64 `json:"max"`
}

// Limits are what a request may have at most; 0 where that is not told.
type Limits struct {
	Operations int `json:"operations,omitempty"`
	Bytes      int `json:"bytes,omitempty"`
}

// Operation is what the answer says of one operation.
type Operation struct {
	BulkID string `json:"bulkId"`
	// Outcome is succeeded, failed, notDone or unknown.
	Outcome string `json:"outcome"`
	Error
	ID      string `json:"id,omitempty"`
	Version string `json:"version,omitempty"`
}

// Error has the status, and what an error says; members that it does not have
// are zero.
type Error struct {
	Status     int      `json:"status,omitempty"`
	ErrorCode  string   `json:"errorCode,omitempty"`
	ScimType   string   `json:"scimType,omitempty"`
	TrackingID string   `json:"trackingId,omitempty"`
	Details    []string `json:"details,omitempty"`
}

// Manifest returns the entries of manifest.json.
func Manifest() ([]Entry, error) {
	var entries []Entry
	return entries, read("manifest.json", &entries)
}

// All returns the vectors in the order of the manifest. The error is of a file
// that is not as README.md says.
func All() ([]Vector, error) { return all() }

var all = sync.OnceValues(func() ([]Vector, error) {
	entries, err := Manifest()
	if err != nil {
		return nil, err
	}
	list := make([]Vector, len(entries))
	for i, e := range entries {
		if err := read(e.File, &list[i]); err != nil {
			return nil, err
		}
	}
	return list, nil
})

// Numbered returns the vector of a number, or an error if there is none.
func Numbered(number int) (Vector, error) {
	list, err := All()
	if err != nil || number < 1 || number > len(list) {
		return Vector{}, cmp.Or(err, fmt.Errorf("vectors: number %d, expected 1 to %d", number, len(list)))
	}
	return list[number-1], nil // TestManifest: they count from 1
}

// read decodes a file, in which no unknown member may stand.
func read(name string, to any) error {
	text, err := files.ReadFile(name)
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(to); err != nil {
		return fmt.Errorf("vectors: %s: %w", name, err)
	}
	return nil
}
