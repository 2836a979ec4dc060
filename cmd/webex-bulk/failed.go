package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/bulkref"
	"github.com/webexscim/bulk/internal/opfile"
	"github.com/webexscim/bulk/internal/spill"
)

// writeFailed writes the rows that did not succeed, in the format they came in.
// Those of which nobody knows are not among them: a file of its own has a journal
// of its own, which would not know of them either, and create them twice.
func (a *application) writeFailed(in *input, b *books) error {
	if a.failed == "" {
		return nil
	}
	if b.sum.Succeeded == in.rows {
		return a.noneFailed()
	}
	rows := 0
	keep := func(index int) bool {
		if b.succeeded.has(index) || b.unknown.has(index) {
			return false
		}
		rows++
		return true
	}
	ids, err := a.idsFor(in, b)
	if err == nil {
		err = a.replaceFailed(func(w *bufio.Writer) error {
			if len(ids) == 0 {
				return in.Copy(w, keep, b.reasons.of)
			}
			return copyWithIDs(w, in, keep, ids)
		})
	}
	if err != nil {
		return fmt.Errorf("--failed: %w", err)
	}
	if rows == 1 {
		a.say("\nthe row that did not succeed is in %s", a.failed)
	} else {
		a.say("\n%d rows that did not succeed are in %s", rows, a.failed)
	}
	if b.sum.Unknown > 0 {
		a.say("the %d of unknown outcome are not in it: %s", b.sum.Unknown, "the same command as before looks them up")
	}
	return nil
}

// noneFailed leaves no file that tells of failures.
func (a *application) noneFailed() error {
	kept, err := setAside(a.failed)
	switch {
	case err != nil:
		return fmt.Errorf("--failed: %w", err)
	case kept == "":
		a.say("\nevery row succeeded: %s was not written", a.failed)
	default:
		a.say("\nevery row succeeded: the older %s is kept as %s", a.failed, kept)
	}
	return nil
}

// replaceFailed writes the file anew. What stood there may have been corrected
// by hand: it is kept, unless it is what would be written.
func (a *application) replaceFailed(write func(*bufio.Writer) error) error {
	kept := ""
	err := replaceFileAfter(a.failed, write, func(fresh string) (err error) {
		if !sameContent(fresh, a.failed) {
			kept, err = setAside(a.failed)
		}
		return err
	})
	if kept != "" {
		a.say("\nthe older %s is kept as %s", a.failed, kept)
	}
	return err
}

// idsFor finds what the rows that did not succeed refer to and that was created
// by others, which will not be in the file with them.
func (a *application) idsFor(in *input, b *books) (map[string]string, error) {
	if in.IsSheet() {
		return nil, nil // a sheet names people, who will be looked up
	}
	wanted, index := map[string]bool{}, 0
	for row, err := range in.Rows() {
		if err != nil {
			return nil, err
		}
		if !b.succeeded.has(index) {
			for _, r := range references(row.Operation) {
				wanted[r] = true
			}
		}
		index++
	}
	ids := map[string]string{}
	for name := range wanted {
		id, err := b.created.get(name)
		if err != nil {
			return nil, err
		}
		if id != "" {
			ids[name] = id
		}
	}
	return ids, nil
}

// references are the bulkIds that an operation names.
func references(op client.Operation) (names []string) {
	data, _ := op.Data.(json.RawMessage)
	refs, _ := bulkref.Scan(nil, data) // data was checked
	for _, r := range append(refs, bulkref.ScanPath(op.Path)...) {
		names = append(names, r.Name)
	}
	return names
}

// createdIDs are the ids of what was created under bulkIds. What outgrows memory
// is in a temporary file.
type createdIDs struct{ ids spill.Map }

func (c *createdIDs) put(bulkID, id string) error { return c.ids.Put(keyOf(bulkID), []byte(id)) }

// get returns "" for what was not created.
func (c *createdIDs) get(bulkID string) (string, error) {
	id, _, err := c.ids.Get(keyOf(bulkID))
	return string(id), err
}

func (c *createdIDs) close() error { return c.ids.Close() }

func keyOf(bulkID string) (key [16]byte) {
	sum := sha256.Sum256([]byte(bulkID))
	copy(key[:], sum[:])
	return key
}

// copyWithIDs writes operations with ids in the place of references.
func copyWithIDs(w *bufio.Writer, in *input, keep func(int) bool, ids map[string]string) error {
	id := func(name string) (string, bool) { text, ok := ids[name]; return text, ok }
	begin, between, end := "", "\n", "\n"
	if in.Format() == opfile.JSON {
		begin, between, end = "[\n", ",\n", "\n]\n"
	}
	_, _ = w.WriteString(begin) // the error of a bufio.Writer stays
	index, written := 0, 0
	for row, err := range in.Rows() {
		if err != nil {
			return err
		}
		if keep(index) {
			if written++; written > 1 {
				_, _ = w.WriteString(between)
			}
			if err := writeOperation(w, row.Operation, id); err != nil {
				return err
			}
		}
		index++
	}
	_, err := w.WriteString(end)
	return err
}

func writeOperation(w *bufio.Writer, op client.Operation, id func(string) (string, bool)) error {
	data, _ := op.Data.(json.RawMessage)
	refs, err := bulkref.Scan(nil, data)
	if len(data) > 0 && err != nil {
		return errors.New("data is not JSON")
	}
	if len(refs) > 0 {
		data = bulkref.Replace(nil, data, refs, id)
	}
	var text strings.Builder
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	err = enc.Encode(struct {
		Method string          `json:"method"`
		Path   string          `json:"path"`
		BulkID string          `json:"bulkId,omitempty"`
		Data   json.RawMessage `json:"data,omitempty"`
	}{op.Method, bulkref.ReplacePath(op.Path, bulkref.ScanPath(op.Path), id), op.BulkID, data})
	if err != nil {
		return err
	}
	_, err = w.WriteString(strings.TrimSuffix(text.String(), "\n"))
	return err
}
