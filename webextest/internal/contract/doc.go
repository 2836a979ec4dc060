// Package contract checks requests against the contract of the service. It does
// not know the store.
//
//	at := contract.Route(r.URL.Path)
//	violations := at.Violations(r)                       // of the request but for its body
//	request, refused := contract.ParseRequest(body, rules) // of a Bulk request
//	violations = append(violations, request.Violations...)
//
// Most violations are refused. Some are accepted, as the service may do; Rules
// decide where its behavior is unknown.
package contract
