// Package contract checks requests against the contract of the service, without
// the stored resources.
//
//	at := contract.Route(r.URL.Path)
//	violations := at.Violations(r)                          // except in the body
//	request, refused := contract.ParseRequest(body, &rules) // of a Bulk request
//	violations = append(violations, request.Violations...)
//
// Most violations are refused. Some are accepted, as the service may do. Rules
// decide if its behavior is unknown.
package contract
