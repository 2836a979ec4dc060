package strictjson_test

import (
	"fmt"

	"github.com/webexscim/bulk/webextest/internal/strictjson"
)

func Example() {
	value, err := strictjson.Decode([]byte(`{"n":1.50,"a":["x",null]}`))
	fmt.Printf("%s %v\n", strictjson.Append(nil, value), err)

	_, err = strictjson.Decode([]byte(`{"n":1} {}`))
	fmt.Println(err)
	// Output:
	// {"a":["x",null],"n":1.50} <nil>
	// the body is not valid JSON
}
