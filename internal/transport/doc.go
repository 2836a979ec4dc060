// Package transport carries one request to the service and tells what came of
// it.
//
//	c, err := transport.New(transport.Config{Server: "https://webexapis.com", OrgID: org, Token: token, Throttle: t})
//	...
//	r := c.Call(ctx, ctx, transport.Request{Send: func(ctx context.Context, api *gen.Client) (*http.Response, error) {
//		return api.GetUser(ctx, c.OrgID(), id)
//	}})
//	answer := r.Accepted()
//	body, err := r.Body()
//	if r.Kind != transport.Answered || err != nil {
//		answer = r.Refused(err) // answer.Kind tells whether anything can have been done
//	}
//
// A request waits for the throttle and for a token. Nothing is repeated, except
// that a request refused for its token (401) is sent once more with a fresh
// one. The answer is read with a bound.
//
// No error and no log record of this package holds the token, the query of a
// url, or the data that Request.Hidden names.
package transport
