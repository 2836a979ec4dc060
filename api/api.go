// Package api holds the contract: the OpenAPI 3.0.3 description of the Webex
// SCIM 2.0 Bulk API, the same bytes for every consumer. It imports nothing.
//
//	os.Stdout.Write(api.OpenAPI)
package api

import _ "embed"

// OpenAPI is the contract, openapi.yaml, as YAML. It is for reading: do not
// change the bytes.
//
//go:embed openapi.yaml
var OpenAPI []byte
