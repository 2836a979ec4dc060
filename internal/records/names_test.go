package records

import (
	"fmt"
	"strings"
	"testing"

	"github.com/webexscim/bulk/internal/textfile"
)

// Of a file with 20,000 bulkIds that differ, hardly one in a thousand is looked
// at twice.
func TestNamesThatDifferAreRarelySuspected(t *testing.T) {
	const n = 20_000
	file := &textfile.File{In: strings.NewReader(strings.Repeat(`{"method":"DELETE","path":"/Users/1","bulkId":"u"}`+"\n", n))}
	names, err := New(file, Lines).newNames()
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		names.add(fmt.Sprint("v", i))
	}
	if len(names.suspects) > n/1000 {
		t.Errorf("%d of %d are suspected", len(names.suspects), n)
	}
}
