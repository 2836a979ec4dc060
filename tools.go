//go:build tools

// This file makes go.mod pin the version of the code generator that go generate
// runs. The tools are not in a module of their own, because it would not help
// programs that import client: their go.sum has the same 54 lines without them.

package bulk

import _ "github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen"
