//go:build tools

// This file makes go.mod pin the version of the code generator that go generate runs.

package bulk

import _ "github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen"
