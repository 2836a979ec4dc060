package webextest

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Fault describes a failure of one request. Its fields can be combined; the
// zero value is no failure. The Simulator does not change a Fault, so one may
// serve many requests.
type Fault struct {
	// Status is the status of the answer. Without Work the request is not done. 0
	// keeps the status of the service.
	Status int
	// Header is added to the answer and replaces headers of the same name.
	Header http.Header
	// Body replaces the body of the answer; nil keeps it. Without Work the request
	// is not done.
	Body *string
	// ErrorForm is the form of the error of a Status; AllForms is
	// Config.ErrorForm.
	ErrorForm ErrorForm
	// Work does the request in spite of Status or Body.
	Work bool

	// Cut closes the connection at a stage of the exchange.
	Cut Stage
	// Hold is the time between the request and the work. If the client disconnects
	// in this time, nothing is done.
	Hold time.Duration
	// WorkAfter is the time between the request and the work, which is done even
	// if the client disconnects. A Cut at AfterWork then cuts at once, before the
	// work. The operations enter the Ledger when they are done. Bulk requests
	// only.
	WorkAfter time.Duration
	// Delay is the time between the work and the answer.
	Delay time.Duration
	// Truncate sends only this many bytes of the body, as a complete HTTP message,
	// or, with Cut at InAnswer, as an incomplete one. 0 sends all, or half with a
	// Cut.
	Truncate int
	// Gzip compresses the body, whether or not the client accepts it.
	Gzip bool

	// Shape changes the answer to a Bulk request; nil does not.
	Shape Shape
	// RefuseItem returns the status of an operation that is not done, or 0 for one
	// that is done as usual. A status such as 200 only claims success. It is
	// called from any goroutine.
	RefuseItem func(Operation) int
	// LoseItem returns a status that replaces the result of an operation that was
	// done, or 0. Other operations of the request cannot refer to its resource.
	// The Ledger has the real result. It is called from any goroutine.
	LoseItem func(Operation) int
}

// Request is a Bulk request as Config.Faults sees it.
type Request struct {
	// Number counts requests of any kind, from 1.
	Number int
	// HTTP is the request. Its body has been read.
	HTTP *http.Request
	// Body is the body. It must not be changed.
	Body []byte
	// Operations are the operations in the body that could be read.
	Operations []Operation
}

// Stage is a stage of an exchange at which the connection can be cut.
type Stage int

// The stages, in order. The zero value does not cut.
const (
	NoCut      Stage = iota
	OnDial           // the connection fails (a server does BeforeBody instead)
	BeforeBody       // after the headers of the request
	BeforeWork       // after the whole request; nothing is done
	AfterWork        // after the work, before the answer
	InAnswer         // within the body of the answer
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

// String describes the fault in a few words; "" if there is no failure.
func (f *Fault) String() string {
	var parts []string
	for _, part := range []struct {
		holds bool
		name  string
	}{
		{f.Cut != NoCut, "cut " + f.Cut.String()},
		{f.Status != 0 && !f.Work, "refused with " + strconv.Itoa(f.Status)},
		{f.Status != 0 && f.Work && f.Body == nil, "lost with " + strconv.Itoa(f.Status)},
		{f.Body != nil, "answered with another body"},
		{f.Truncate != 0 && f.Cut == NoCut, "truncated"},
		{f.Gzip, "compressed"},
		{f.RefuseItem != nil, "busy"},
		{f.LoseItem != nil, "items lost"},
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

// Refuse answers with status and does nothing. retryAfter is the Retry-After
// header, in any form; "" omits it.
func Refuse(status int, retryAfter string) *Fault {
	f := &Fault{Status: status}
	if retryAfter != "" {
		f.Header = http.Header{"Retry-After": {retryAfter}}
	}
	return f
}

// RefuseAs is Refuse with a form of the error.
func RefuseAs(status int, retryAfter string, form ErrorForm) *Fault {
	f := Refuse(status, retryAfter)
	f.ErrorForm = form
	return f
}

// RefuseIf refuses every request with an operation for which bad returns true.
// It is a value for Config.Faults.
func RefuseIf(status int, bad func(Operation) bool) func(*Request) *Fault {
	return func(r *Request) *Fault {
		if slices.ContainsFunc(r.Operations, bad) {
			return Refuse(status, "")
		}
		return nil
	}
}

// RefuseItems gives the operations with these bulkIds the status (429, 503,
// 504) in an otherwise regular answer, and does not do them. Without bulkIds it
// is for all.
func RefuseItems(status int, bulkIDs ...string) *Fault {
	return &Fault{RefuseItem: statusOf(status, bulkIDs)}
}

// Redirect redirects the client to another url and does nothing.
func Redirect(url string) *Fault {
	return &Fault{Status: http.StatusTemporaryRedirect, Header: http.Header{"Location": {url}}}
}

// Intercept answers with status (502, 511, 403, 200) and an HTML page, as a
// gateway does that does not reach the service. Nothing is done. See
// Simulator.SetGateway.
func Intercept(status int) *Fault {
	page := gatewayPage(status)
	return &Fault{Status: status, Body: &page, Header: http.Header{"Content-Type": {htmlType}}}
}

// CutAt cuts the connection at stage.
func CutAt(stage Stage) *Fault { return &Fault{Cut: stage} }

// CutThenWork cuts the connection when the request has arrived, and does the
// request after delay, so that the first lookups of the client do not see it.
func CutThenWork(delay time.Duration) *Fault { return &Fault{WorkAfter: delay, Cut: AfterWork} }

// DelayWork does the request after delay, and answers. Unlike with Fault.Hold,
// the request is done even if the client has disconnected.
func DelayWork(delay time.Duration) *Fault { return &Fault{WorkAfter: delay} }

// Delay does the request at once and answers after delay.
func Delay(delay time.Duration) *Fault { return &Fault{Delay: delay} }

// Lose does the request and answers with status, like a gateway that timed out.
func Lose(status int) *Fault { return &Fault{Status: status, Work: true} }

// LoseItems does the request and gives the operations with these bulkIds the
// status (504, 500, 502, 408) in an otherwise regular answer. Without bulkIds
// it is for all.
func LoseItems(status int, bulkIDs ...string) *Fault {
	return &Fault{LoseItem: statusOf(status, bulkIDs)}
}

func statusOf(status int, bulkIDs []string) func(Operation) int {
	return func(op Operation) int {
		if len(bulkIDs) == 0 || slices.Contains(bulkIDs, op.BulkID) {
			return status
		}
		return 0
	}
}

// Truncate does the request and sends the first n bytes of the answer as a
// complete message; 0 is half of the answer.
func Truncate(n int) *Fault { return &Fault{Truncate: cmp.Or(n, truncateHalf)} }

// truncateHalf is half of an answer of yet unknown length.
const truncateHalf = -1

// AnswerWith does the request and answers with status 200 and another body,
// such as "", "{}" or "null".
func AnswerWith(contentType, body string) *Fault {
	return &Fault{
		Status: http.StatusOK, Body: &body, Work: true,
		Header: http.Header{"Content-Type": {contentType}},
	}
}

// AnswerPage does the request and answers with status 200 and the HTML page of
// a proxy.
func AnswerPage() *Fault {
	return AnswerWith(htmlType, "<!DOCTYPE html><title>Sign in</title><p>Please sign in to the network.</p>")
}

// ShapeAnswer does the request and applies shapes to the answer, in order.
func ShapeAnswer(shapes ...Shape) *Fault { return &Fault{Shape: Shapes(shapes...)} }

// Gzip does the request and compresses the answer.
func Gzip() *Fault { return &Fault{Gzip: true} }

// XGzip does the request and compresses the answer with the Content-Encoding
// x-gzip (RFC 9110, section 8.4.1.3), which net/http does not decompress.
func XGzip() *Fault {
	return &Fault{Gzip: true, Header: http.Header{"Content-Encoding": {"x-gzip"}}}
}
