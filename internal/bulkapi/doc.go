// Package bulkapi carries out one request: it encodes operations, waits at the
// throttle, posts, and reads the answer, with a bound, into an item for each
// operation.
//
//	x, err := bulkapi.New(bulkapi.Config{Server: "https://webexapis.com", OrgID: org, Token: token, Throttle: g})
//	...
//	answer := x.Send(ctx, ctx, ops, 0)
//	switch answer.Kind {
//	case bulkapi.Answered: // answer.Items has the result of each operation
//	case bulkapi.NotSent, bulkapi.Waiting: // nothing was done: send again
//	case bulkapi.NoResponse: // look up the resources that the operations create
//	}
//
// The engine decides about repetitions. Here nothing is repeated, except that a
// request refused for its token (401) is sent once more with a fresh one, and
// lookups, which change nothing, are tried again.
//
// No error and no log record of this package holds the token, the query of a
// url, or the data of operations.
package bulkapi
