package sheet

import (
	"bufio"
	"io"
	"slices"
	"strings"

	"github.com/webexscim/bulk/internal/table"
)

// reasonHeader is the header of the column in which Copy tells why a row is
// kept. What stands in it is not read.
const reasonHeader = "Reason (webex-bulk)"

// Copy writes the rows of which an operation is kept, ready to be corrected and
// read again: in the sheet's own encoding, with its header and all its columns.
// The index of an operation is its place among those that Rows yields, from 0,
// in a sheet in which nothing is wrong. Where reason is not nil, a last column
// says why. Of a group that was made and whose further members were not added,
// the row is written as one that adds these.
func (s *Sheet) Copy(w io.Writer, keep func(index int) bool, reason func(index int) string) error {
	if !s.checked {
		return errUnchecked
	}
	encoded, err := s.file.Encoding.Encode(w)
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(encoded, 1<<16)
	c := s.newCopier(out, reason != nil)
	index := 0
	for b, err := range s.batches(nil) {
		if err != nil {
			return err
		}
		kept := make([]bool, len(b.rows))
		why := ""
		for i := range b.rows {
			if kept[i] = keep(index + i); kept[i] && why == "" && reason != nil {
				why = reason(index + i)
			}
		}
		index += len(b.rows)
		if slices.Contains(kept, true) {
			if err := c.copy(b, kept, why); err != nil {
				return err
			}
		}
	}
	if err := c.out.Flush(); err != nil {
		return err
	}
	return out.Flush()
}

// copier writes rows with the columns that a sheet lacks.
type copier struct {
	*Sheet
	out        *table.Writer
	width      int
	operations int // the place of the column operation; -1 when there is none
	reasons    int // and that of reasons
	cells      []string
}

func (s *Sheet) newCopier(w io.Writer, reasons bool) *copier {
	c := &copier{Sheet: s, operations: -1, reasons: -1}
	header := slices.Clone(s.header)
	switch {
	case s.operations != nil:
		c.operations = s.operations.index
	case s.splits:
		c.operations, header = len(header), append(header, operationHeader)
	}
	if reasons {
		if c.reasons = slices.IndexFunc(header, isReason); c.reasons < 0 {
			c.reasons, header = len(header), append(header, reasonHeader)
		}
	}
	c.width = len(header)
	c.out = table.NewWriter(w, s.style, header)
	return c
}

const operationHeader = "operation"

func isReason(header string) bool { return fold(header) == fold(reasonHeader) }

// copy writes the rows of a batch of which some operations are kept.
func (c *copier) copy(b batch, kept []bool, why string) error {
	for _, rec := range b.records {
		c.cells = append(c.cells[:0], rec.fields[:min(len(rec.fields), len(c.header))]...)
		c.cells = append(c.cells, make([]string, c.width-len(c.cells))...)
		if c.reasons >= 0 {
			c.cells[c.reasons] = why
		}
		if len(kept) > 1 && !kept[0] && len(b.rest) > 0 && b.rows[0].Operation.BulkID != "" {
			c.addRest(b, kept)
		}
		if err := c.out.Write(c.cells); err != nil {
			return err
		}
	}
	return nil
}

// addRest makes the row one that adds the members of the operations that are
// kept, and nothing else.
func (c *copier) addRest(b batch, kept []bool) {
	for i := range c.columns {
		if col := &c.columns[i]; col.use == setsAttribute && col.kind != identity {
			c.cells[col.index] = ""
		}
	}
	var names []string
	i := 1
	for some := range slices.Chunk(b.rest, maxMembers) {
		if kept[i] {
			for _, s := range some {
				names = append(names, s.who)
			}
		}
		i++
	}
	c.cells[c.operations] = operationNames[addMembers]
	for i := range c.columns {
		if col := &c.columns[i]; col.kind == references {
			c.cells[col.index] = strings.Join(names, "; ")
		}
	}
}
