package rawjson

import (
	"bytes"
	"encoding/json"
	"io"
)

// NewEncoder is json.NewEncoder without the escapes for HTML, so that text
// stays as it was written.
func NewEncoder(w io.Writer) *json.Encoder {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc
}

// Marshal is json.Marshal without the escapes for HTML.
func Marshal(v any) (json.RawMessage, error) {
	var buf bytes.Buffer
	err := NewEncoder(&buf).Encode(v)
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), err
}
