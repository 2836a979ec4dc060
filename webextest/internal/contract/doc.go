// Package contract holds requests against the contract of the service, by
// themselves: what depends on the store is not known here.
//
//	at := contract.Route(r.URL.Path)
//	violations := at.Violations(r)                       // of the request but for its body
//	request, refused := contract.ParseRequest(body, rules) // of a Bulk request
//	violations = append(violations, request.Violations...)
//
// A violation is what the contract does not allow. Most violations are refused,
// some are understood, as the service would; Rules decides where that is not known.
package contract
