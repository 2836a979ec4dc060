package bulkref_test

import (
	"fmt"

	"github.com/webexscim/bulk/internal/bulkref"
)

func Example() {
	data := []byte(`{"displayName": "bulkId:hello", "members": [{"value": "bulkId:u1"}, {"value": "bulkId:u10"}]}`)
	ids := map[string]string{"u1": "2819c223"}
	known := func(name string) (string, bool) { id, ok := ids[name]; return id, ok }

	refs, err := bulkref.Scan(nil, data)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, r := range refs {
		fmt.Println(r.Name, r.Required)
	}
	fmt.Printf("%s\n", bulkref.Replace(nil, data, refs, known))
	// Output:
	// hello false
	// u1 true
	// u10 true
	// {"displayName": "bulkId:hello", "members": [{"value": "2819c223"}, {"value": "bulkId:u10"}]}
}

func ExampleScanPath() {
	path := "/Groups/bulkId:R%26D/members"
	refs := bulkref.ScanPath(path)
	fmt.Println(refs[0].Name)
	fmt.Println(bulkref.ReplacePath(path, refs, func(string) (string, bool) { return "e9e30dba", true }))
	// Output:
	// R&D
	// /Groups/e9e30dba/members
}
