package redact_test

import (
	"fmt"

	"github.com/webexscim/bulk/internal/redact"
)

func Example() {
	r := redact.Redactor{Token: redact.NewToken("s3cr3t-t0ken"), Texts: []string{"ann@example.com"}}
	fmt.Println(r.Clean("no such user: ANN%40example.com, asked with Bearer s3cr3t-t0ken"))
	// Output: no such user: …, asked with Bearer …
}
