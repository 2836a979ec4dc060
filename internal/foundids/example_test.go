package foundids_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/gen"
	"github.com/webexscim/bulk/internal/foundids"
	"github.com/webexscim/bulk/internal/sheet"
	"github.com/webexscim/bulk/webextest"
)

// The id of a user is looked up once. It is known in the next run, although the
// user has been renamed since.
func Example() {
	dir, _ := os.MkdirTemp("", "")
	defer os.RemoveAll(dir)
	path := foundids.PathOf(filepath.Join(dir, "users.csv.journal"))

	service := webextest.New(webextest.Config{})
	_, err := service.Add("/Users", gen.User{Schemas: []string{client.SchemaUser}, UserName: "boss@example.com"})
	if err != nil {
		fmt.Println(err)
		return
	}
	c, err := client.New(client.Config{
		OrgID: webextest.DefaultOrgID, Token: client.StaticToken(webextest.DefaultToken), HTTPClient: service.Client(),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	boss := sheet.Lookup{Type: "Users", Name: "Boss@example.com"}
	ids := foundids.New(webextest.DefaultOrgID)
	err = ids.LookUp(context.Background(), c, []sheet.Lookup{boss})
	fmt.Println(ids.ID(boss) != "", err, ids.Save(path))

	again, err := foundids.Load(path, webextest.DefaultOrgID)
	fmt.Println(again.ID(boss) == ids.ID(boss), err)
	// Output:
	// true <nil> <nil>
	// true <nil>
}
