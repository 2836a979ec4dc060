package bulkapi

import (
	"encoding/json"
	"strconv"

	"github.com/webexscim/bulk/internal/rawjson"
)

// Operation is an operation of a request. Its references are resolved already,
// or refer to operations of the same request.
type Operation struct {
	Method string // POST, PATCH or DELETE
	Path   string // relative to the SCIM root
	BulkID string // unique in the request, never empty: the answer is matched by it
	Data   json.RawMessage
}

const (
	bodyHead   = `{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],`
	bodyErrors = `"failOnErrors":`
	bodyList   = `"operations":[`
	bodyTail   = `]}`
)

// Envelope is the number of bytes of a body around its operations, in its
// largest form: a body of operations is Envelope and the sum of their Sizes, or
// less.
const Envelope = len(bodyHead) + len(bodyErrors) + len(`100,`) + len(bodyList) + len(bodyTail) - 1

// Size returns the number of bytes of op in a body, with a comma.
func Size(op Operation) int {
	n := len(`{"method":,"path":,"bulkId":},`) + stringSize(op.Method) + stringSize(op.Path) + stringSize(op.BulkID)
	if op.Data != nil {
		n += len(`,"data":`) + len(op.Data)
	}
	return n
}

// encode writes the body without encoding/json, which would compact and escape
// data.
func encode(ops []Operation, failOnErrors int) []byte {
	size := Envelope
	for _, op := range ops {
		size += Size(op)
	}
	dst := append(make([]byte, 0, size), bodyHead...)
	if failOnErrors > 0 {
		dst = append(strconv.AppendInt(append(dst, bodyErrors...), int64(failOnErrors), 10), ',')
	}
	dst = append(dst, bodyList...)
	for i, op := range ops {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = rawjson.AppendText(append(dst, `{"method":`...), op.Method)
		dst = rawjson.AppendText(append(dst, `,"path":`...), op.Path)
		dst = rawjson.AppendText(append(dst, `,"bulkId":`...), op.BulkID)
		if op.Data != nil {
			dst = append(append(dst, `,"data":`...), op.Data...)
		}
		dst = append(dst, '}')
	}
	return append(dst, bodyTail...)
}

// stringSize returns the number of bytes that rawjson.AppendText writes.
func stringSize(s string) int {
	var buf [256]byte // without an allocation for most
	return len(rawjson.AppendText(buf[:0], s))
}
