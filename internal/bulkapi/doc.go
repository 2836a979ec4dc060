// Package bulkapi carries out one request of the Bulk API: it encodes
// operations, posts them, and reads the answer into an item for each operation.
//
//	answer := bulkapi.Send(ctx, ctx, c, ops, 0) // c is a *transport.Client
//	switch answer.Kind {
//	case transport.Answered: // answer.Items has the result of each operation
//	case transport.NotSent, transport.Waiting: // nothing was done: send again
//	case transport.NoResponse: // look up what the operations create
//	}
//
// The engine decides about repetitions. Here nothing is repeated.
package bulkapi
