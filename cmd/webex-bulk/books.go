package main

import (
	"errors"
	mathbits "math/bits"
	"net/http"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/report"
)

// books are what is kept of a run.
type books struct {
	results   *resultsFile
	recorder  *report.Recorder // nil when there will be no page
	sum       report.Summary
	own       *report.Summary // for the terminal of whoever gave the command; nil where there is none
	succeeded bits
	unknown   bits
	created   *createdIDs         // nil when nobody asks
	names     bool                // the summary names people
	failed    bool                // there will be a file of the rows that did not succeed
	sheet     bool                // bulkIds are made up, and tell nobody anything
	line      func(index int) int // where an operation stands in the input
	name      string              // whom the result at hand is about
	held      []held
	taken     bits // rows that create a user who is there already
	needing   struct {
		taken, others int // how many needed such a row, or another that did not succeed
	}
	reasons reasons
}

// reasons are why operations did not succeed, each text kept once.
type reasons struct {
	texts []string
	place map[string]uint32 // of each text
	at    map[int]uint32    // the text of an operation
}

func (r *reasons) add(index int, text string) {
	if r.at == nil {
		r.place, r.at = map[string]uint32{}, map[int]uint32{}
	}
	place, ok := r.place[text]
	if !ok {
		place = uint32(len(r.texts))
		r.place[text], r.texts = place, append(r.texts, text)
	}
	r.at[index] = place
}

// of returns the reason of an operation, "" when none is known.
func (r *reasons) of(index int) string {
	if place, ok := r.at[index]; ok {
		return r.texts[place]
	}
	return ""
}

// add enters a result.
func (b *books) add(res client.Result, line int, name string) error {
	if res.Outcome == client.Succeeded {
		b.succeeded.add(res.Index)
		if name := res.Operation.BulkID; b.created != nil && name != "" && res.Operation.Method == client.MethodPost {
			if err := b.created.put(name, res.Location.ID); err != nil {
				return err
			}
		}
	}
	if res.Outcome == client.Unknown {
		b.unknown.add(res.Index)
	}
	err := b.results.write(report.NewLine(res, line))
	if !b.hold(res, line, name) {
		b.enter(res, line, name)
	}
	return err
}

// enter takes a result into what people will read.
func (b *books) enter(res client.Result, line int, name string) {
	if b.sheet {
		res.Operation.BulkID = ""
	}
	res.Err = b.byLine(res)
	if res.Outcome == client.Failed && res.Status == http.StatusConflict && res.Operation.Path == "/Users" {
		b.taken.add(res.Index)
	}
	if _, ok := errors.AsType[*report.NeededError](res.Err); ok {
		if cause, _ := report.CauseOf(res.Err); b.taken.has(cause) {
			b.needing.taken++
		} else {
			b.needing.others++
		}
	}
	if b.sheet && b.failed && res.Err != nil {
		b.reasons.add(res.Index, report.KeptReason(res))
	}
	b.sum.Add(res, line)
	if b.own != nil {
		shown := ""
		if b.names {
			shown = name
		}
		b.own.AddNamed(res, line, shown)
	}
	if b.recorder != nil {
		b.name = name
		b.recorder.Add(res, line)
	}
}

// bits is a set of indexes.
type bits []uint64

func (b *bits) add(i int) {
	for len(*b) <= i/64 {
		*b = append(*b, 0)
	}
	(*b)[i/64] |= 1 << (i % 64)
}

func (b bits) count() (n int) {
	for _, word := range b {
		n += mathbits.OnesCount64(word)
	}
	return n
}

func (b bits) has(i int) bool { return i/64 < len(b) && b[i/64]&(1<<(i%64)) != 0 }
