// Package gen is the Go form of the contract, generated from
// api/openapi.yaml: its schemas as types, and a client with one plain call
// for each operation.
//
//	c, err := gen.NewClient("https://webexapis.com", gen.WithRequestEditorFn(authorize))
//	...
//	answer, err := c.ExecuteBulk(ctx, orgID, gen.BulkRequest{
//		Schemas:    []string{"urn:ietf:params:scim:api:messages:2.0:BulkRequest"},
//		Operations: []gen.BulkOperation{{Method: gen.BulkMethodDELETE, Path: "/Users/" + id}},
//	})
//
// The client sends each call once: it checks no limit, repeats nothing, and
// follows redirects as its http.Client does. Package client of this module
// does the rest that a job needs.
//
// Prefer the calls that return an *http.Response and decode the body into the
// models yourself, with a bound. Those named ...WithResponse read without
// limit, and lose status and headers if the body is declared as JSON and is
// not valid.
//
// A member that is absent has its zero value, and a zero value is left out
// when written, unless the contract requires the member. Booleans are
// pointers, because false is not absent. data and response stay as they came
// (json.RawMessage), a status is a [wire.Status] and a Webex error code a
// [wire.Text]. api/go.overlay.yaml lists the other differences from the
// contract, mostly names.
package gen

import "github.com/webexscim/bulk/wire"

// The aliases in the models must stay these types: others decode by them.
var (
	_ wire.Status = BulkStatus(0)
	_ wire.Text   = WebexErrorCode("")
)
