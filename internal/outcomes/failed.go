package outcomes

import (
	"bufio"
	"crypto/sha256"
	"encoding/json"
	"errors"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/bulkref"
	"github.com/webexscim/bulk/internal/input"
	"github.com/webexscim/bulk/internal/opfile"
	"github.com/webexscim/bulk/internal/rawjson"
	"github.com/webexscim/bulk/internal/spill"
)

// CopyFailed writes the rows that did not succeed, in the format of the input,
// and returns their number. Rows of unknown outcome are left out: the new file
// has another journal, which would not know of them, and would create them
// twice.
func (c *Collector) CopyFailed(w *bufio.Writer) (rows int, err error) {
	keep := func(index int) bool {
		if c.succeeded.has(index) || c.unknown.has(index) {
			return false
		}
		rows++
		return true
	}
	ids, err := c.idsNeeded()
	switch {
	case err != nil:
	case len(ids) == 0:
		err = c.o.Input.Copy(w, keep, c.reasons.of)
	default:
		err = copyWithIDs(w, c.o.Input, keep, ids)
	}
	return rows, err
}

// idsNeeded returns the ids to which rows that did not succeed refer, by
// bulkId, if the rows that created them succeeded and will not be copied.
func (c *Collector) idsNeeded() (map[string]string, error) {
	if c.isSheet() {
		return nil, nil // a sheet refers to users by their addresses, which are looked up
	}
	wanted, index := map[string]bool{}, 0
	for row, err := range c.o.Input.Rows() {
		if err != nil {
			return nil, err
		}
		if !c.succeeded.has(index) {
			for _, r := range references(row.Operation) {
				wanted[r] = true
			}
		}
		index++
	}
	ids := map[string]string{}
	for name := range wanted {
		id, err := c.created.get(name)
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

// createdIDs are the ids of created resources, by bulkId. Ids that do not fit
// into memory are in a temporary file.
type createdIDs struct{ ids spill.Map }

func (c *createdIDs) put(bulkID, id string) error { return c.ids.Put(keyOf(bulkID), []byte(id)) }

// get returns the id, "" if nothing was created under the bulkId.
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
func copyWithIDs(w *bufio.Writer, in *input.File, keep func(int) bool, ids map[string]string) error {
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
	text, err := rawjson.Marshal(struct {
		Method string          `json:"method"`
		Path   string          `json:"path"`
		BulkID string          `json:"bulkId,omitempty"`
		Data   json.RawMessage `json:"data,omitempty"`
	}{op.Method, bulkref.ReplacePath(op.Path, bulkref.ScanPath(op.Path), id), op.BulkID, data})
	if err != nil {
		return err
	}
	_, err = w.Write(text)
	return err
}
