package client

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/webexscim/bulk/internal/bulkapi"
	"github.com/webexscim/bulk/internal/bulkref"
	"github.com/webexscim/bulk/internal/plan"
)

// pending is an operation that has no fate yet. It belongs to the run, and
// while it travels to the worker that has it.
type pending struct {
	index int
	op    Operation
	data  json.RawMessage
	refs  []bulkref.Reference // in data
	route string              // the path as it travels: a reference is spelled in one way
	path  []bulkref.Reference // in route
	item  plan.Item
	err   error // why it cannot be sent
	fated bool  // it has its fate, though not yet on record

	key      Key // where there is a journal
	ticket   Ticket
	claimed  bool      // ticket is the journal's
	attempts int       // requests that carried it
	tries    int       // those of them that count against MaxAttempts
	first    time.Time // when it first left, at the earliest; zero: not yet, or not known
	maybe    bool      // an earlier request may have done it
	probe    bool      // look before sending
	buried   bool      // one behind it may have deleted its resource
	refused  error     // why its request was, and with it the job
	failed   *Result   // its refusal, where it is repeated for the sake of another
	done     *Result   // its success, where it is repeated for the sake of order
	stands   bool      // none before it can have been done since
}

func newPending(index int, op Operation) *pending {
	p := &pending{index: index, op: op}
	p.item.Index = index
	if p.data, p.refs, p.err = op.check(); p.err != nil {
		if op.Method == MethodPost {
			p.item.Name = op.BulkID // what refers to it is to hear of it
		}
		return p
	}
	p.route, p.path = spell(op.Path)
	p.item = p.planItem()
	return p
}

// spell returns the path with its references as Users.Patch writes them, since a
// service may compare a reference that it is left with as text.
func spell(path string) (string, []bulkref.Reference) {
	refs := bulkref.ScanPath(path)
	if len(refs) == 0 {
		return path, nil
	}
	last := refs[len(refs)-1] // there is one: see checkPath
	path = path[:last.Start] + segment(Ref(last.Name)) + path[last.End:]
	return path, bulkref.ScanPath(path)
}

// spare allows for the end that makes a bulkId unique in its request.
const spare = 8

func (p *pending) planItem() plan.Item {
	size := func(bulkID string) int {
		return bulkapi.Size(bulkapi.Operation{Method: p.op.Method, Path: p.route, BulkID: bulkID, Data: p.data})
	}
	it := plan.Item{Index: p.index, Size: max(size(p.op.BulkID), size(assigned(p.index))) + spare}
	if p.op.Method == MethodPost {
		it.Name = p.op.BulkID
	} else {
		it.Resource = strings.ToLower(p.op.Path)
		if plain, err := url.PathUnescape(it.Resource); err == nil {
			it.Resource = plain
		}
	}
	for _, r := range p.path {
		// Bulk ids are compared with regard to case, resource ids are not.
		it.Resource = bulkref.Text(r.Name)
		if p.op.Method == MethodDelete {
			it.Ends = r.Name
		}
	}
	seen := map[string]int{}
	add := func(r bulkref.Reference, width int) {
		i, ok := seen[r.Name]
		if !ok {
			i = len(it.Refs)
			seen[r.Name] = i
			it.Refs = append(it.Refs, plan.Ref{Name: r.Name})
		}
		it.Refs[i].Count++
		it.Refs[i].Width += width
		it.Refs[i].Required = it.Refs[i].Required || r.Required
	}
	for _, r := range p.path {
		add(r, r.End-r.Start)
	}
	for _, r := range p.refs {
		add(r, r.End-r.Start-len(`""`))
	}
	return it
}

// assigned is the bulkId of an operation that has none of its own.
func assigned(index int) string { return "op-" + strconv.Itoa(index) }

// hash recognizes an operation by what it says.
func (p *pending) hash() (k Key) {
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
func (p *pending) encode(known []plan.Known, bulkID string) bulkapi.Operation {
	out := bulkapi.Operation{Method: p.op.Method, Path: p.route, BulkID: bulkID, Data: p.data}
	if len(known) == 0 {
		return out
	}
	ids := make(map[string]string, len(known))
	for _, k := range known {
		ids[k.Name] = k.ID
	}
	id := func(name string) (string, bool) {
		v, ok := ids[name]
		return v, ok
	}
	out.Path = bulkref.ReplacePath(p.route, p.path, id)
	if p.data != nil {
		out.Data = bulkref.Replace(nil, p.data, p.refs, id)
	}
	return out
}

// resource recognizes what the operation changes, if its changes have an order.
func (p *pending) resource() (k Key) {
	if p.item.Resource != "" {
		sum := sha256.Sum256([]byte(p.item.Resource))
		copy(k[:], sum[:])
	}
	return k
}

// replayed is the success that an earlier run has settled.
func (p *pending) replayed(s Settlement) Result {
	res := p.result(Succeeded, nil)
	res.Status, res.Version, res.Recovered = s.Status, s.Version, s.Recovered
	res.Location, _ = ParseLocation(s.Location)
	return res
}

// result is the fate of the operation. What was done once stays done, though its
// repetition was refused, unless another may have had the last word since.
func (p *pending) result(o Outcome, err error) Result {
	if p.done != nil && o == Failed {
		if p.stands || isGone(err) {
			res := *p.done
			res.Attempts = p.attempts
			return res
		}
		err = fmt.Errorf("%w: %w", errOvertaken, err)
	}
	return Result{Index: p.index, Operation: p.op, Outcome: o, Attempts: p.attempts, Err: err}
}

var errOvertaken = errors.New("done before an operation that precedes it, and refused when it was repeated")

// isGone tells that the resource is, so that nobody has the last word on it.
func isGone(err error) bool {
	e, ok := errors.AsType[*ResponseError](err)
	return ok && e.Status == http.StatusNotFound
}

// The resource types that can be looked up.
const (
	users  = "Users"
	groups = "Groups"
)

// naturalKey is what a lost create is looked up by: its type, its name, and
// the externalId it must then have, if it has one. The name is "" where there
// is nothing to look it up by.
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
