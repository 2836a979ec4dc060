package webextest

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Fault is what goes wrong with one request. Its fields compose; the zero
// value does no harm. A Fault is not changed once it is given away, so one may
// serve many requests.
type Fault struct {
	// Status answers the request with this status instead of doing it; with
	// Work, after doing it. 0 keeps the status that the service has to give.
	Status int
	// Header is added to the answer, replacing members of equal name.
	Header http.Header
	// Body is sent instead of the answer's own; nil keeps that. Without Work
	// and Status, a request with a Body is not done either.
	Body *string
	// ErrorForm writes the error of a Status in this form; AllForms is that of
	// Config.ErrorForm.
	ErrorForm ErrorForm
	// Work does the request although Status or Body hide it.
	Work bool

	// Cut ends the connection at a stage of the exchange.
	Cut Stage
	// Hold passes after the request is read and before anything is done; when
	// the client leaves meanwhile, nothing is done.
	Hold time.Duration
	// WorkAfter is how long after its arrival the request is done, even when
	// the client has left meanwhile. A Cut at AfterWork then cuts at once,
	// before the work. The Ledger has the operations from the time of the work
	// on. Bulk requests only.
	WorkAfter time.Duration
	// Delay passes after the work and before the answer; a client that leaves
	// meanwhile does not learn what was done.
	Delay time.Duration
	// Truncate sends only so many bytes of the answer's body, as a complete
	// HTTP message; with Cut at InAnswer, as one that breaks off. 0 sends all,
	// or half where the connection is cut.
	Truncate int
	// Gzip compresses the answer's body, asked or not.
	Gzip bool

	// Shape alters the answer to a Bulk request; nil leaves it alone.
	Shape Shape
	// Item answers single operations by themselves: a status other than 0 is
	// the operation's result, and nothing is done for it. It is called from any
	// goroutine.
	Item func(Operation) int
	// LostItem is Item with the work done: an operation that succeeds has the
	// status as its result all the same, and no id that others of the request
	// could refer to. The Ledger tells what was done. It is called from any
	// goroutine.
	LostItem func(Operation) int
}

// Request is a Bulk request that has arrived, for Config.Faults to judge.
type Request struct {
	// Number counts requests of any kind, from 1.
	Number int
	// HTTP is the request; its body is read already.
	HTTP *http.Request
	// Body is the body, and belongs to the service.
	Body []byte
	// Operations are those of the body, as far as it can be understood.
	Operations []Operation
}

// Stage is where in an exchange the connection is cut.
type Stage int

// The stages, in order. The zero value cuts nowhere.
const (
	NoCut      Stage = iota
	OnDial           // no connection comes about (a server cuts as BeforeBody)
	BeforeBody       // when the head of the request has arrived
	BeforeWork       // when the whole request has arrived; nothing is done
	AfterWork        // when all is done, before the first byte of the answer
	InAnswer         // in the body of the answer
)

var stageNames = [...]string{"", "on dial", "before the body", "before the work", "after the work", "in the answer"}

// String names the stage.
func (s Stage) String() string {
	if s < 0 || int(s) >= len(stageNames) {
		return "unknown"
	}
	return stageNames[s]
}

// refuses reports that the fault answers instead of the service.
func (f *Fault) refuses() bool { return (f.Status != 0 || f.Body != nil) && !f.Work }

// String says in a few words what the fault does; "" for one that does nothing.
func (f *Fault) String() string {
	var parts []string
	for _, part := range []struct {
		holds bool
		name  string
	}{
		{f.Cut != NoCut, "cut " + f.Cut.String()},
		{f.Status != 0 && !f.Work, "refused with " + strconv.Itoa(f.Status)},
		{f.Status != 0 && f.Work && f.Body == nil, "lost with " + strconv.Itoa(f.Status)},
		{f.Body != nil, "says something else"},
		{f.Truncate != 0 && f.Cut == NoCut, "truncated"},
		{f.Gzip, "compressed"},
		{f.Item != nil, "busy"},
		{f.LostItem != nil, "items lost"},
		{f.WorkAfter != 0, "work after " + f.WorkAfter.String()},
		{f.Shape != nil, "shaped"},
		{f.Header != nil && f.Status == 0, "with headers"},
		{f.Hold != 0 || f.Delay != 0, "late"},
	} {
		if part.holds {
			parts = append(parts, part.name)
		}
	}
	return strings.Join(parts, ", ")
}

// Refuse answers a request with status and does nothing. A retryAfter other
// than "" is sent as Retry-After, whatever its form.
func Refuse(status int, retryAfter string) *Fault {
	f := &Fault{Status: status}
	if retryAfter != "" {
		f.Header = http.Header{"Retry-After": {retryAfter}}
	}
	return f
}

// RefuseAs is Refuse with the error in a form.
func RefuseAs(status int, retryAfter string, form ErrorForm) *Fault {
	f := Refuse(status, retryAfter)
	f.ErrorForm = form
	return f
}

// Lose does the request and answers status all the same, as a gateway does
// that lost patience.
func Lose(status int) *Fault { return &Fault{Status: status, Work: true} }

// CutAt cuts the connection at stage.
func CutAt(stage Stage) *Fault { return &Fault{Cut: stage} }

// LateWork cuts the connection as soon as the request has arrived, and does the
// request delay later: work that the client cannot see in its first lookups.
func LateWork(delay time.Duration) *Fault { return &Fault{WorkAfter: delay, Cut: AfterWork} }

// SlowWork does the request and answers after delay. Unlike with Late, nothing
// is done before; unlike with Fault.Hold, all is done even when the client has
// given up meanwhile.
func SlowWork(delay time.Duration) *Fault { return &Fault{WorkAfter: delay} }

// Late does the request and answers after delay.
func Late(delay time.Duration) *Fault { return &Fault{Delay: delay} }

// Truncated does the request and sends the first n bytes of the answer, as if
// they were all; 0 is half of them.
func Truncated(n int) *Fault {
	if n == 0 {
		n = truncateHalf
	}
	return &Fault{Truncate: n}
}

// truncateHalf stands for half of an answer whose length is not known yet.
const truncateHalf = -1

// Says does the request and answers body with status 200 instead of what is
// true: "" , "{}", "null", a page of a proxy.
func Says(contentType, body string) *Fault {
	return &Fault{
		Status: http.StatusOK, Body: &body, Work: true,
		Header: http.Header{"Content-Type": {contentType}},
	}
}

// Page does the request and answers a proxy's HTML with status 200.
func Page() *Fault {
	return Says("text/html; charset=utf-8", "<!DOCTYPE html><title>Sign in</title><p>Please sign in to the network.</p>")
}

// Redirect sends the client to another url and does nothing.
func Redirect(url string) *Fault {
	return &Fault{Status: http.StatusTemporaryRedirect, Header: http.Header{"Location": {url}}}
}

// Gzipped does the request and compresses the answer.
func Gzipped() *Fault { return &Fault{Gzip: true} }

// XGzipped does the request and compresses the answer under the old name of the
// coding (RFC 9110, section 8.4.1.3), which net/http does not undo.
func XGzipped() *Fault {
	return &Fault{Gzip: true, Header: http.Header{"Content-Encoding": {"x-gzip"}}}
}

// Gateway answers status with a page of HTML, as a gateway does that has no
// service behind it or does not want the request: 502, 511, 403, 200. Nothing is
// done. See Simulator.SetGateway.
func Gateway(status int) *Fault {
	page := gatewayPage(status)
	return &Fault{Status: status, Body: &page, Header: http.Header{"Content-Type": {"text/html; charset=utf-8"}}}
}

// Busy answers status (429, 503, 504) for the operations with these bulkIds, or
// for all without any, inside an answer that is otherwise as it should be, and
// does nothing for them.
func Busy(status int, bulkIDs ...string) *Fault {
	return &Fault{Item: statusOf(status, bulkIDs)}
}

// LoseItems does the request and answers status (504, 500, 502, 408) for the
// operations with these bulkIds, or for all without any, inside an answer that
// is otherwise as it should be.
func LoseItems(status int, bulkIDs ...string) *Fault {
	return &Fault{LostItem: statusOf(status, bulkIDs)}
}

func statusOf(status int, bulkIDs []string) func(Operation) int {
	return func(op Operation) int {
		if len(bulkIDs) == 0 || slices.Contains(bulkIDs, op.BulkID) {
			return status
		}
		return 0
	}
}

// Shaped does the request and alters the answer by shapes, in order.
func Shaped(shapes ...Shape) *Fault {
	return &Fault{Shape: Shapes(shapes...)}
}

// Poison refuses every request that holds an operation which bad reports, as a
// service does that cannot digest it. It is meant for Config.Faults.
func Poison(status int, bad func(Operation) bool) func(*Request) *Fault {
	return func(r *Request) *Fault {
		if slices.ContainsFunc(r.Operations, bad) {
			return Refuse(status, "")
		}
		return nil
	}
}
