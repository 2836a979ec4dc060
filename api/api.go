// Package api holds the contract: the OpenAPI 3.0.3 description of the Webex
// SCIM 2.0 Bulk API, the same bytes for every consumer. It imports nothing.
//
//	os.Stdout.Write(api.OpenAPI)
package api

import _ "embed"

// OpenAPI is the contract, openapi.yaml, as YAML. It is for reading: do not
// change the bytes. The same holds for its derived forms below.
//
//go:embed openapi.yaml
var OpenAPI []byte

// JSON is the contract, openapi.json, as JSON.
//
//go:embed openapi.json
var JSON []byte

// Compat is the contract for generators that cannot read oneOf, not or a default
// response, openapi.compat.yaml. It allows more than the contract does.
//
//go:embed openapi.compat.yaml
var Compat []byte

// JSONSchema holds the schemas of the messages as one document of JSON Schema
// 2020-12, schemas.json, each under its name in $defs.
//
//go:embed schemas.json
var JSONSchema []byte
