// Package bulk is the root of a module for the Webex SCIM 2.0 Bulk API. The API
// creates, changes and deletes users and groups of a Webex organization, with
// up to 100 operations in one request.
//
// To try the module, only Go is needed:
//
//	go run ./cmd/webex-bulk demo
//
// The module has these parts:
//
//   - client is the library. It takes any number of operations and returns one
//     result for each. It handles request limits, references between
//     operations, lost answers, and rate limits. journal and reconcile extend
//     it.
//   - cmd/webex-bulk is the command line, for sheets and files of operations.
//   - webextest is a strict simulator of the service, for tests.
//   - api has the contract, api/openapi.yaml, from which clients in other
//     languages can be generated.
//   - gen is generated from the contract: types, and a plain client without the
//     features of package client. wire has types for JSON values that services
//     send in several forms.
//
// This package has no code. Its go:generate directives write gen and the
// derived forms of the contract:
//
//	go generate ./...
//
// The version of the generator is in go.mod.
package bulk

//go:generate go run ./internal/contractforms api
//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen -config gen/models.yaml api/openapi.yaml
//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen -config gen/client.yaml api/openapi.yaml
