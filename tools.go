//go:build tools

// This file pins the code generator that `go generate` runs, so that every
// checkout generates with the version that go.mod names.

package bulk

import _ "github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen"
