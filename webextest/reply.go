package webextest

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"net/http"

	"github.com/webexscim/bulk/webextest/internal/scim"
)

// reply is an answer, or the stage at which the connection is cut.
type reply struct {
	status int
	header http.Header
	body   []byte
	cut    Stage
	sent   int   // bytes of the body before the cut
	err    error // why the client disconnected, if it did
}

// refusedReply returns the answer to a request that is refused as a whole.
func (x *exchange) refusedReply(r *scim.Error) *reply {
	number := trackingID(x.record.Number, -1)
	rep := &reply{status: r.Status, header: http.Header{"Trackingid": {number}}}
	var contentType string
	contentType, rep.body = cmp.Or(x.fault.ErrorForm, x.sim.cfg.ErrorForm).write(r, number)
	if contentType != "" {
		rep.header.Set("Content-Type", contentType)
	}
	return rep
}

// refuse is refusedReply with a status and a reason.
func (x *exchange) refuse(status int, reason string) *reply {
	return x.refusedReply(scim.Refuse(status, "", "%s", reason))
}

func jsonReply(status int, body []byte) *reply {
	return &reply{status: status, body: body, header: http.Header{"Content-Type": {jsonType}}}
}

// applyFault applies the fault to an answer.
func (x *exchange) applyFault(rep *reply) {
	f := x.fault
	if f.Status != 0 {
		rep.status = f.Status
		if f.Body == nil {
			*rep = *x.fallback(f.Status)
		}
	}
	if f.Body != nil {
		rep.body = []byte(*f.Body)
	}
	if f.Gzip {
		rep.body = compress(rep.body)
		rep.header.Set("Content-Encoding", "gzip")
	}
	for name, values := range f.Header {
		rep.header[http.CanonicalHeaderKey(name)] = values
	}
	if f.Cut == InAnswer {
		rep.sent = part(len(rep.body), cmp.Or(f.Truncate, truncateHalf))
	} else if f.Truncate != 0 {
		rep.body = rep.body[:part(len(rep.body), f.Truncate)]
	}
	if f.Cut == AfterWork || f.Cut == InAnswer {
		rep.cut = f.Cut
	}
}

// fallback returns the answer with the status of a fault.
func (x *exchange) fallback(status int) *reply {
	if status < 400 {
		return &reply{status: status, header: http.Header{"Trackingid": {trackingID(x.record.Number, -1)}}}
	}
	return x.refuse(status, http.StatusText(status))
}

// part returns n, at most all, or half of all if n is truncateHalf.
func part(all, n int) int {
	if n < 0 {
		return all / 2
	}
	return min(n, all)
}

func compress(body []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	// Writing to memory does not fail.
	_, _ = w.Write(body)
	_ = w.Close()
	return out.Bytes()
}
