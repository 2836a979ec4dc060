package wire_test

import (
	"encoding/json"
	"fmt"

	"github.com/webexscim/bulk/wire"
)

// One answer with every form of a status, and one item that has none.
func Example() {
	answer := []byte(`[{"status":"201"},{"status":204},{"status":{"code":409}},{"status":"soon"}]`)
	var items []struct{ Status wire.Status }
	if err := json.Unmarshal(answer, &items); err != nil {
		fmt.Println(err)
		return
	}
	for _, item := range items {
		fmt.Println(int(item.Status), item.Status.OK())
	}
	// Output:
	// 201 true
	// 204 true
	// 409 false
	// 0 false
}
