// Package bulk is the root of a module for the Webex SCIM 2.0 Bulk API, with
// which an administrator creates, changes and deletes the users and groups
// of a Webex organization, up to 100 operations in one request.
//
// Try it first, with nothing but Go:
//
//	go run ./cmd/webex-bulk demo
//
// The module has a part for each reader:
//
//   - client is the library: any number of operations in, one result for
//     each out, with limits, references between operations, lost answers and
//     rate limits seen to.
//   - cmd/webex-bulk is the same at the command line, for files of operations.
//   - webextest is a strict simulator of the service, for tests.
//   - api holds the contract, api/openapi.yaml, from which any language can
//     generate a client of its own.
//   - gen is what Go generates from it: the types and one plain call for each
//     operation. wire reads what services send in several forms.
//
// This package itself is empty. It holds the command that writes gen and the
// derived forms of the contract anew,
//
//	go generate ./...
//
// with the generator that go.mod names.
package bulk

//go:generate go run ./internal/contractforms api
//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen -config gen/models.yaml api/openapi.yaml
//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen -config gen/client.yaml api/openapi.yaml
