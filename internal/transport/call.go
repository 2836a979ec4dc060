package transport

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"time"

	"github.com/webexscim/bulk/gen"
	"github.com/webexscim/bulk/internal/redact"
	"github.com/webexscim/bulk/internal/throttle"
)

// Sender makes one call of the generated client. It may be called more than
// once.
type Sender func(ctx context.Context, api *gen.Client) (*http.Response, error)

// Request is a request to the service.
type Request struct {
	Send Sender
	// Hidden has the data of the request, which no text may show. Its Token is
	// filled in.
	Hidden redact.Redactor
}

// Call waits at the throttle until ctx ends, takes a token and sends. It waits
// for the answer until flight ends, at most Config.Timeout: once ctx has ended
// the request no longer leaves, but one that has left may still be answered. A
// request that was refused for its token is sent once more if there is another:
// a 401 did nothing.
func (c *Client) Call(ctx, flight context.Context, req Request) *Response {
	refused := &Response{Redactor: &req.Hidden}
	last := "" // the token that was refused
	for {
		pass, err := c.cfg.Throttle.Enter(ctx)
		if err != nil {
			return (&Response{Redactor: refused.Redactor}).fail(NotSent, "not sent: ", err)
		}
		token, err := c.token(ctx, last)
		switch {
		case err != nil:
			pass.Unused()
			kind := Denied
			if ctx.Err() != nil {
				kind = NotSent
			}
			return refused.fail(kind, "token: ", err)
		case token == last:
			pass.Unused()
			return refused
		}
		r := c.sendOnce(ctx, flight, token, req)
		r.tellThrottle(ctx, flight, pass)
		if r.Status != http.StatusUnauthorized || last != "" {
			return r
		}
		refused, last = r, token
	}
}

// fail makes r a response without an answer, because of err in a step.
func (r *Response) fail(kind Kind, step string, err error) *Response {
	r.Kind, r.Err = kind, &failure{r.Redactor.Clean(step + err.Error()), err}
	return r
}

// tellThrottle tells the throttle how the request went.
func (r *Response) tellThrottle(ctx, flight context.Context, pass *throttle.Pass) {
	lost := is[*failure](cmp.Or(r.Err, r.broken))
	switch {
	case r.Status == http.StatusTooManyRequests:
		pass.Refused(r.header.Get("Retry-After"))
	case r.Kind == Waiting:
		pass.Unavailable(r.header.Get("Retry-After"))
	case lost && (ctx.Err() != nil || flight.Err() != nil):
		pass.Unused() // canceled: it says nothing about the service
	case lost:
		pass.Dropped()
	default:
		pass.Accepted()
	}
}

// token asks for a token and checks that a header can carry it, so that no
// error of net/http ever quotes it.
func (c *Client) token(ctx context.Context, refused string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	token, err := c.cfg.Token(ctx, refused)
	switch {
	case err != nil:
	case token == "":
		err = errors.New("it is empty")
	case strings.ContainsFunc(token, func(c rune) bool { return c <= ' ' || c > '~' }):
		err = errors.New("it holds a character that no header may carry")
	}
	return token, err
}

// sendOnce sends one request and reads its answer.
func (c *Client) sendOnce(ctx, flight context.Context, token string, req Request) *Response {
	red := req.Hidden
	red.Token = redact.NewToken(token)
	r := &Response{Redactor: &red, sentID: newTrackingID()}
	began := time.Now()
	defer func() { r.took = time.Since(began) }()
	if err := cmp.Or(ctx.Err(), flight.Err()); err != nil {
		return r.fail(NotSent, "", err)
	}
	limited, cancel := context.WithTimeout(flight, c.cfg.Timeout)
	defer cancel()
	lost := func(err error) *failure {
		if u, ok := errors.AsType[*url.Error](err); ok {
			err = u.Err
		}
		text := err.Error()
		if limited.Err() != nil && flight.Err() == nil {
			text = fmt.Sprintf("no answer within %s", c.cfg.Timeout)
		}
		return &failure{red.Clean(text), err}
	}
	var p progress
	resp, err := req.Send(httptrace.WithClientTrace(limited, p.trace()), c.withHeaders(token, r.sentID))
	if err != nil {
		r.Kind, r.Err = p.kind(err), lost(err)
		return r
	}
	defer resp.Body.Close()
	r.read(resp, c.maxAnswer)
	if r.broken != nil && !errors.Is(r.broken, ErrTooLong) && !errors.Is(r.broken, errEncoding) {
		r.broken = lost(r.broken)
	}
	return r
}

// read fills in what the answer says by itself.
func (r *Response) read(resp *http.Response, maxAnswer int64) {
	body, err := readBody(resp, maxAnswer)
	r.Status, r.header, r.body, r.broken = resp.StatusCode, resp.Header, trim(body), err
	r.Date, _ = http.ParseTime(r.header.Get("Date"))
	if id := r.header.Get("TrackingID"); codeForm.MatchString(id) && !r.Redactor.Token.In(id) {
		r.TrackingID = id
	}
	m := meaningOf(r.Status)
	if r.Kind = m.kind; m.page && bytes.HasPrefix(r.body, []byte("<")) {
		r.Kind = Waiting
	}
}

// withHeaders returns the generated client with the headers of a request. There
// is no Idempotency-Key: net/http would take it as leave to repeat a POST.
func (c *Client) withHeaders(token, trackingID string) *gen.Client {
	api := c.api
	api.RequestEditors = []gen.RequestEditorFn{func(_ context.Context, req *http.Request) error {
		req.Header.Set("Authorization", "Bearer "+token)
		req.Header.Set("Accept", "application/json, application/scim+json")
		req.Header.Set("TrackingID", trackingID)
		if c.cfg.UserAgent != "" {
			req.Header.Set("User-Agent", c.cfg.UserAgent)
		}
		return nil
	}}
	return &api
}

// newTrackingID names a request, in the form that Webex clients use: a word and
// a random UUID (RFC 9562 section 5.4).
func newTrackingID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("webexbulk_%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
