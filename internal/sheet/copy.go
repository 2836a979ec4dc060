package sheet

import (
	"bufio"
	"io"
	"slices"
	"strings"

	"github.com/webexscim/bulk/internal/table"
)

// reasonHeader is the header of the column in which Copy writes why a row is
// kept. The column is ignored when the sheet is read.
const reasonHeader = "Reason (webex-bulk)"

// Copy writes the rows that have an operation for which keep is true, to be
// corrected and read again: in the encoding of the sheet, with its header and
// all its columns. The index of an operation is its place among those that Rows
// yields, from 0, in a sheet without mistakes. If reason is not nil, a last
// column has the reasons. A row whose group was created, but did not get all of
// its members, becomes a row that adds the others.
func (s *Sheet) Copy(w io.Writer, keep func(index int) bool, reason func(index int) string) error {
	encoded, err := s.file.Encoding.Encode(w)
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(encoded, 1<<16)
	c := newCopier(out, s.header, s.found.splits, reason != nil)
	index := 0
	for b, err := range s.batches() {
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

// copier writes rows, with the columns that Copy adds.
type copier struct {
	header     *header
	out        *table.Writer
	width      int
	operations int // index of the column operation; -1 if there is none
	reasons    int // index of the column of reasons; -1 if there is none
	cells      []string
}

// newCopier writes the header. It adds a column operation if groups are split,
// and a column of reasons if they are wanted.
func newCopier(w io.Writer, h *header, splits, reasons bool) *copier {
	c := &copier{header: h, operations: -1, reasons: -1}
	cells := slices.Clone(h.cells)
	switch column := h.single[operationColumn]; {
	case column != nil:
		c.operations = column.index
	case splits:
		c.operations, cells = len(cells), append(cells, operationHeader)
	}
	if reasons {
		if c.reasons = slices.IndexFunc(cells, isReason); c.reasons < 0 {
			c.reasons, cells = len(cells), append(cells, reasonHeader)
		}
	}
	c.width = len(cells)
	c.out = table.NewWriter(w, h.style, cells)
	return c
}

const operationHeader = "operation"

func isReason(header string) bool { return fold(header) == fold(reasonHeader) }

// copy writes the rows of a batch of which some operations are kept.
func (c *copier) copy(b batch, kept []bool, why string) error {
	for _, cells := range b.cells {
		c.cells = append(c.cells[:0], cells[:min(len(cells), len(c.header.cells))]...)
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

// addRest turns the row into one that only adds the members of the kept
// operations.
func (c *copier) addRest(b batch, kept []bool) {
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
	for _, col := range c.header.columns {
		switch {
		case col.kind == references:
			c.cells[col.index] = strings.Join(names, "; ")
		case col.use == attributeColumn && col.kind != identity:
			c.cells[col.index] = ""
		}
	}
	c.cells[c.operations] = operationNames[addMembers]
}
