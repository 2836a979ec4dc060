package client

import "context"

// forgetful is the Journal of a job that has none.
type forgetful struct{}

func (forgetful) Begin(context.Context, Target) error        { return nil }
func (forgetful) Sent(context.Context, []Ticket) error       { return nil }
func (forgetful) Settle(context.Context, []Settlement) error { return nil }
func (forgetful) Claim(_ context.Context, e []Entry) ([]Record, error) {
	return make([]Record, len(e)), nil
}
func (forgetful) Created(context.Context, string) (s Settlement, ok bool, err error) {
	return s, false, nil
}
