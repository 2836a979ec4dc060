// Package client carries out any number of operations on the users and groups
// of a Webex organization through the SCIM 2.0 Bulk API, safely.
//
//	c, err := client.New(client.Config{
//		OrgID: os.Getenv("WEBEX_ORG_ID"),
//		Token: client.StaticToken(os.Getenv("WEBEX_ACCESS_TOKEN")),
//	})
//	if err != nil {
//		return err
//	}
//	results, err := c.Do(ctx,
//		client.Users.Create(gen.User{UserName: "ann@example.com"}).Named("ann"),
//		client.Groups.Create(gen.Group{DisplayName: "Board", Members: []gen.GroupMember{{Value: client.Ref("ann")}}}),
//	)
//
// Do is for operations at hand; Run takes a Job, whose source can be a feed of
// millions, and gives the results as they come.
//
// # What it sees to
//
// Requests are filled to the service's limits. An operation may refer to what
// another one creates (Ref), before or after it: they travel together, or the
// reference waits for the real id. Operations on one resource keep their order.
// What refers to an operation that failed is not sent.
//
// When the service asks for patience, all requests wait. A request that was
// refused for what it holds is divided until the culprit stands alone. What is
// lost with a connection is looked up before it is repeated, so that nothing is
// done twice. With a Journal that holds across runs of the program as well.
//
// # What becomes of an operation
//
// Each has one Result with one of four outcomes: Succeeded, Failed, Skipped,
// Unknown. Its error can be inspected: a *ResponseError is what the service
// said, a *SkippedError names the operation that was needed, and the Err
// variables name the rest. Errors and logs hold neither tokens nor data.
package client
