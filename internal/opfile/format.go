package opfile

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"strings"

	"github.com/webexscim/bulk/internal/table"
)

// Format is the format of a file. The zero value means that it is detected.
type Format string

// The formats.
const (
	NDJSON Format = "ndjson" // one operation a line
	JSON   Format = "json"   // an array of operations, or a whole BulkRequest
	CSV    Format = "csv"    // a sheet; its separator is found from its header
	TSV    Format = "tsv"    // a sheet likewise
)

// Formats lists them, as the choices of a flag.
var Formats = [...]Format{NDJSON, JSON, CSV, TSV}

// FormatOf returns the format of a file by its ending: .ndjson .jsonl .json
// .csv .tsv, in any case.
func FormatOf(name string) (Format, bool) {
	switch ext := strings.ToLower(filepath.Ext(name)); ext {
	case ".jsonl":
		return NDJSON, true
	case ".ndjson", ".json", ".csv", ".tsv":
		return Format(ext[1:]), true
	}
	return "", false
}

// sniff detects the format from the beginning of a text.
func sniff(head []byte) Format {
	head = bytes.TrimLeft(head, " \t\r\n")
	switch {
	case len(head) == 0 || head[0] == '{':
		return sniffObject(head)
	case head[0] == '[':
		return JSON
	}
	if table.StyleOf(head, false).Comma == '\t' {
		return TSV
	}
	return CSV
}

// sniffObject distinguishes a BulkRequest from an operation by its first
// member.
func sniffObject(head []byte) Format {
	dec := json.NewDecoder(bytes.NewReader(head))
	_, _ = dec.Token()
	switch name, _ := dec.Token(); name {
	case "schemas", "failOnErrors", "operations", "Operations":
		return JSON
	}
	return NDJSON
}
