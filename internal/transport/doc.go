// Package transport carries one request to the service and tells what came of
// it.
//
//	c := transport.New(config)
//	send := func(ctx context.Context, api *gen.Client) (*http.Response, error) {
//		return api.GetUser(ctx, c.OrgID(), id)
//	}
//	r := c.Call(ctx, ctx, transport.Request{Send: send})
//	body, err := r.Body()
//	if r.Kind != transport.Answered || err != nil {
//		answer := r.Refused(err) // its Kind tells whether anything was done
//	}
//
// No error and no log record of this package holds the token, the query of a
// url, or the data that Request.Hidden names.
package transport
