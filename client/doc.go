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
//	return errors.Join(err, client.JoinErrors(results)) // err is nil even if operations failed
//
// Do is for operations in memory; Run takes a Job, whose source can be a feed
// of millions, and yields the results as they arrive.
//
// # Requests
//
// Requests are filled to the service's limits. An operation may refer to the
// resource that another one creates (Ref), before or after it: both are sent in
// one request, or the reference waits for the real id. Operations on one
// resource keep their order. An operation that depends on one that failed is
// not sent.
//
// When the service asks to wait, all requests wait. A request that was refused
// for its content is halved until the operation at fault is alone. An operation
// whose answer was lost is looked up before it is repeated, so that nothing is
// done twice. With a Journal this holds across runs of the program as well.
//
// A job of any size takes little memory. Once some thousands of operations wait
// for others, they are moved to a temporary file that only the user can read
// (in os.TempDir; it has no name where the system allows that). Data of another
// type than json.RawMessage and []byte also stays in memory, for the Result.
//
// # Outcomes
//
// Each operation has one Result with one of four outcomes: Succeeded, Failed,
// Skipped, Unknown. Failed and Skipped mean that it was never done. The error
// of a Result can be inspected: a *ResponseError has the service's refusal, a
// *SkippedError names the operation that this one depends on, and the Err
// variables name the other reasons. Errors and logs hold neither tokens nor
// data.
package client
