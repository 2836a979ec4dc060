package terminal_test

import (
	"errors"
	"os"

	"github.com/webexscim/bulk/internal/terminal"
)

func Example() {
	out := terminal.NewWriter(os.Stdout)
	_ = out.Printf("line %d: %s\n", 2, "Ada\x1b[2J\nline 3: forged")
	_ = out.Printf("%s\n", terminal.Errorf("%w\nsee %s", errors.New("first\nsecond"), "ada.csv"))
	// Output:
	// line 2: Ada\u001b[2J\nline 3: forged
	// first\nsecond
	// see ada.csv
}
