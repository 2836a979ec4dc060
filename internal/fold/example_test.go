package fold_test

import (
	"fmt"

	"github.com/webexscim/bulk/internal/fold"
)

func Example() {
	fmt.Println(fold.Fold(" Ada  LOVELACE ") == fold.Fold("ada lovelace"))
	fmt.Println(fold.Compose("e\u0301") == "\u00e9")

	sent := []byte(`{"userName":"Ada@Example.com","emails":[{"value":"ada@example.com"}]}`)
	found := []byte(`{"id":"1","userName":"ada@example.com","emails":[{"type":"work","value":"ada@example.com"}]}`)
	fmt.Println(fold.SameJSON(sent, found))
	// Output:
	// true
	// true
	// true
}
