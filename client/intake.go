package client

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"iter"
	"strconv"
	"strings"

	"github.com/webexscim/bulk/internal/exchange"
	"github.com/webexscim/bulk/internal/plan"
	"github.com/webexscim/bulk/internal/reference"
)

// pending is an operation that has no fate yet.
type pending struct {
	index int
	op    Operation
	data  json.RawMessage
	refs  []reference.Reference // in data
	path  []reference.Reference // in the path
	item  plan.Item
	err   error // why it cannot be sent

	ticket   Ticket
	attempts int  // requests that carried it
	tries    int  // those of them that count against MaxAttempts
	maybe    bool // an earlier request may have done it
	probe    bool // look before sending
	earlier  bool // maybe from an earlier run: when it was sent is not known
}

// fed is what the source gave: an operation, or the error that ends it.
type fed struct {
	p   *pending
	err error
}

// feed reads the source until it ends or ctx does.
func feed(ctx context.Context, source iter.Seq2[Operation, error], out chan<- fed) {
	defer close(out)
	if source == nil {
		return
	}
	index := 0
	for op, err := range source {
		var f fed
		if err != nil {
			f.err = err
		} else {
			f.p = newPending(index, op)
			index++
		}
		select {
		case out <- f:
		case <-ctx.Done():
			// What was read has a fate too: whoever reads out drains it.
			out <- f
			return
		}
		if err != nil || ctx.Err() != nil {
			return
		}
	}
}

func newPending(index int, op Operation) *pending {
	p := &pending{index: index, op: op}
	p.item.Index = index
	data, err := op.marshalled()
	if err != nil {
		p.err = fmt.Errorf("%w: data cannot be written as JSON", ErrInvalid)
		return p
	}
	if p.err = op.validate(data); p.err != nil {
		return p
	}
	if data != nil {
		if p.refs, err = reference.Scan(nil, data); err != nil {
			p.err = fmt.Errorf("%w: data: %w", ErrInvalid, err)
			return p
		}
	}
	p.data = data
	p.path = reference.ScanPath(op.Path)
	p.item = p.planItem()
	return p
}

// spare allows for an assigned bulkId that has to be made longer.
const spare = 4

func (p *pending) planItem() plan.Item {
	bulkID := p.op.BulkID
	if bulkID == "" {
		bulkID = assigned(p.index)
	}
	it := plan.Item{
		Index: p.index,
		Size:  exchange.Size(exchange.Operation{Method: p.op.Method, Path: p.op.Path, BulkID: bulkID, Data: p.data}) + spare,
	}
	if p.op.Method == MethodPost {
		it.Name = p.op.BulkID
	} else {
		it.Resource = strings.ToLower(strings.TrimSuffix(p.op.Path, "/"))
	}
	for _, r := range p.path {
		// Bulk ids are compared with regard to case, resource ids are not.
		it.Resource = reference.Text(r.Name)
		if p.op.Method == MethodDelete {
			it.Ends = r.Name
		}
	}
	seen := map[string]int{}
	add := func(r reference.Reference) {
		i, ok := seen[r.Name]
		if !ok {
			i = len(it.Refs)
			seen[r.Name] = i
			it.Refs = append(it.Refs, plan.Ref{Name: r.Name})
		}
		it.Refs[i].Count++
		it.Refs[i].Width += r.End - r.Start
		it.Refs[i].Required = it.Refs[i].Required || r.Required
	}
	for _, r := range p.path {
		add(r)
	}
	for _, r := range p.refs {
		add(r)
		it.Refs[seen[r.Name]].Width -= len(`""`)
	}
	return it
}

// assigned is the bulkId of an operation that has none.
func assigned(index int) string { return "op-" + strconv.Itoa(index) }

// key recognises an operation by what it says. It is not computed when nobody
// asks.
func (p *pending) key(wanted bool) (k Key) {
	if !wanted {
		return k
	}
	h := sha256.New()
	fmt.Fprintf(h, "%s\n%s\n", p.op.Method, p.op.Path)
	var buf bytes.Buffer
	if json.Compact(&buf, p.data) == nil {
		h.Write(buf.Bytes())
	}
	copy(k[:], h.Sum(nil))
	return k
}

// encode is the operation as it travels: known references replaced.
func (p *pending) encode(s plan.Sending, bulkID string) exchange.Operation {
	id := func(name string) (string, bool) {
		for _, k := range s.Known {
			if k.Name == name {
				return k.ID, true
			}
		}
		return "", false
	}
	if len(s.Known) > 8 {
		ids := make(map[string]string, len(s.Known))
		for _, k := range s.Known {
			ids[k.Name] = k.ID
		}
		id = func(name string) (string, bool) { v, ok := ids[name]; return v, ok }
	}
	out := exchange.Operation{Method: p.op.Method, Path: p.op.Path, BulkID: bulkID, Data: p.data}
	if len(s.Known) > 0 {
		out.Path = reference.ReplacePath(p.op.Path, p.path, id)
		if p.data != nil {
			out.Data = reference.Replace(nil, p.data, p.refs, id)
		}
	}
	return out
}

// The resource types that can be looked up.
const (
	users  = "Users"
	groups = "Groups"
)

// naturalKey is what a lost create is looked up by: its type, its name, and
// the externalId it must then have, if it has one.
func (p *pending) naturalKey() (kind, name, externalID string) {
	if p.op.Method != MethodPost {
		return "", "", ""
	}
	var body struct {
		UserName    string `json:"userName"`
		DisplayName string `json:"displayName"`
		ExternalID  string `json:"externalId"`
	}
	if json.Unmarshal(p.data, &body) != nil {
		return "", "", ""
	}
	switch {
	case strings.EqualFold(p.op.Path, "/"+users):
		return users, body.UserName, body.ExternalID
	case strings.EqualFold(p.op.Path, "/"+groups):
		return groups, body.DisplayName, body.ExternalID
	}
	return "", "", ""
}
