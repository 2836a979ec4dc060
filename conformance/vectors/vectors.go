// Package vectors contains the message vectors. Each is a JSON file with a Bulk
// request, an answer, and the correct interpretation of the answer, for clients
// in any language. README.md describes the files.
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
	Conforms = "conforms" // request and answer follow the contract
	Tolerate = "tolerate" // the answer violates the contract or RFC 7644, and a client must handle it
)

// Entry is the entry of a vector in the manifest.
type Entry struct {
	Number int    `json:"number"`
	File   string `json:"file"`
	Kind   string `json:"kind"`
}

// Vector is one exchange and its interpretation.
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

// Response is the answer. It has at most one of Body, Text and Base64.
type Response struct {
	Status  int               `json:"status,omitempty"` // 0 if there is no answer
	Headers map[string]string `json:"headers,omitempty"`
	Body    json.RawMessage   `json:"body,omitempty"`   // JSON, in any serialization
	Text    string            `json:"text,omitempty"`   // exactly these bytes, as UTF-8
	Base64  string            `json:"base64,omitempty"` // exactly these bytes
	Cut     string            `json:"cut,omitempty"`    // CutAnswer, CutBody, or "" if the connection is not cut
}

// Values of Response.Cut.
const (
	CutAnswer = "answer" // before the first byte of the answer
	CutBody   = "body"   // in the body, which is shorter than its Content-Length
)

// Content returns the body of the answer.
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

// Expect is the correct interpretation of an answer.
type Expect struct {
	// Outcome is the outcome of the request: answered, deferred, rejected, denied
	// or unknown.
	Outcome string `json:"outcome"`
	Error
	// RetryAfter is the wait that the service requests; nil if Retry-After is
	// absent or invalid.
	RetryAfter *Wait `json:"retryAfter,omitempty"`
	// Limits are the limits in the text of a 413.
	Limits *Limits `json:"limits,omitempty"`
	// Operations has one entry for each operation of the request, in order.
	Operations []Operation `json:"operations"`
}

// Wait is a time in seconds, at least Min and at most Max.
type Wait struct {
	Min float64 `json:"min"`
	Max float64 `json:"max"`
}

// Limits are the maximum numbers of operations and bytes in a request; 0 is
// unknown.
type Limits struct {
	Operations int `json:"operations,omitempty"`
	Bytes      int `json:"bytes,omitempty"`
}

// Operation is the interpretation of the result of one operation.
type Operation struct {
	BulkID string `json:"bulkId"`
	// Outcome is succeeded, failed, notDone or unknown.
	Outcome string `json:"outcome"`
	Error
	ID      string `json:"id,omitempty"`
	Version string `json:"version,omitempty"`
}

// Error has the status and the members of an error. Absent members are zero.
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

// All returns the vectors in the order of the manifest. It returns an error if
// a file does not have the form that README.md describes.
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

// Numbered returns the vector with a number, or an error if there is none.
func Numbered(number int) (Vector, error) {
	list, err := All()
	if err != nil || number < 1 || number > len(list) {
		return Vector{}, cmp.Or(err, fmt.Errorf("vectors: number %d, expected 1 to %d", number, len(list)))
	}
	return list[number-1], nil // TestManifestListsEveryVector: the numbers count from 1
}

// read decodes a file. Unknown members are an error.
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
