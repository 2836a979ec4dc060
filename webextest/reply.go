package webextest

import (
	"bytes"
	"compress/gzip"
	"net/http"
)

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

// applyFault does to an answer what the fault asks for.
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
		rep.sent = part(len(rep.body), orElse(f.Truncate, truncateHalf))
	} else if f.Truncate != 0 {
		rep.body = rep.body[:part(len(rep.body), f.Truncate)]
	}
	if f.Cut == AfterWork || f.Cut == InAnswer {
		rep.cut = f.Cut
	}
}

// fallback is what the service says with a status that a fault gives it.
func (x *exchange) fallback(status int) *reply {
	if status < 400 {
		return &reply{status: status, header: http.Header{"Trackingid": {trackingID(x.file.Number, -1)}}}
	}
	return x.refusedReply(refuse(status, "", "%s", http.StatusText(status)))
}

// part is n bytes of all, or half of them.
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
