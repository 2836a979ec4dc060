package opfile

import (
	"fmt"
	"strings"
	"testing"
)

// Each bulkId that stands there again is found, wherever, and of others hardly
// one in a thousand is looked at twice.
func TestRepeatedBulkIDsAreFound(t *testing.T) {
	const n = 20_000
	var b strings.Builder
	for i := range n {
		name := i
		if i%4_000 == 3_999 {
			name = i / 4_000 // of the first lines
		}
		fmt.Fprintf(&b, `{"method":"DELETE","path":"/Users/%d","bulkId":"u%d"}`+"\n", i, name)
	}
	_, wrong := readInvalid(t, "ops.ndjson", b.String())
	if wrong.Count != n/4_000 {
		t.Fatalf("%d are found", wrong.Count)
	}
	for i, e := range wrong.List {
		if e.Line != 4_000*(i+1) || e.Value != fmt.Sprintf("u%d", i) ||
			e.Problem != fmt.Sprintf("the same as in line %d", i+1) {
			t.Errorf("%v", e)
		}
	}
}
