// Package exchange carries out one request: it encodes operations, waits at the gate, posts, and reads the answer, with a
// bound, into what is known about each operation.
//
//	x, err := exchange.New(exchange.Config{Server: "https://webexapis.com", OrgID: org, Token: token, Gate: g})
//	...
//	answer := x.Send(ctx, ops, 0)
//	switch answer.Fate {
//	case exchange.Answered: // answer.Items says what became of each operation
//	case exchange.NotSent, exchange.Waiting: // nothing was done: send again
//	case exchange.Unknown: // look for what the operations would have created
//	}
//
// What to do about an answer, over several requests, is decided above: here nothing is repeated, except that a request
// refused for its token (401) is sent once more with a fresh one, and look-ups, which change nothing, are tried again.
//
// No error and no log record of this package holds the token, the query of a url, or what operations say about people.
package exchange
