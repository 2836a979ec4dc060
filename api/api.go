// Package api contains the contract, the OpenAPI 3.0.3 description of the Webex
// SCIM 2.0 Bulk API, and its derived forms, as bytes.
//
//	os.Stdout.Write(api.OpenAPI)
package api

import _ "embed"

// OpenAPI is the contract as YAML, openapi.yaml. The bytes must not be changed,
// nor those of its derived forms.
//
//go:embed openapi.yaml
var OpenAPI []byte

// JSON is the contract as JSON, openapi.json.
//
//go:embed openapi.json
var JSON []byte

// Compat is the contract for generators that cannot read oneOf, not or a default
// response, openapi.compat.yaml. It allows more than the contract does.
//
//go:embed openapi.compat.yaml
var Compat []byte

// JSONSchema is a JSON Schema 2020-12 document, schemas.json, with the schema of
// each message under its name in $defs.
//
//go:embed schemas.json
var JSONSchema []byte
