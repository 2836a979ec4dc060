package models_test

import (
	"encoding/json"
	"fmt"

	"github.com/webexscim/bulk/gen"
	"github.com/webexscim/bulk/internal/models"
)

func ExampleSet() {
	set, err := models.Set(gen.User{Title: "Chair", Emails: []gen.Email{{Value: "ann@example.com"}}})
	text, _ := json.Marshal(set)
	fmt.Println(string(text), err)
	_, err = models.Set(gen.User{})
	fmt.Println(err)
	// Output:
	// {"emails":[{"value":"ann@example.com"}],"title":"Chair"} <nil>
	// nothing is set in a gen.User, expected an attribute to change (Remove removes one)
}
