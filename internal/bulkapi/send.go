package bulkapi

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptrace"
	"time"

	"github.com/webexscim/bulk/gen"
	"github.com/webexscim/bulk/internal/redact"
	"github.com/webexscim/bulk/internal/throttle"
)

// Send carries out one request. failOnErrors, 1 to 100, makes the service stop
// after so many failures; 0 leaves it out. Send waits at the throttle until ctx
// ends, and for the answer until flight ends, at most Config.Timeout: once ctx
// has ended the request no longer leaves, but one that has left may still be
// answered. The kind of one that has left and is not answered is NoResponse.
func (x *Client) Send(ctx, flight context.Context, ops []Operation, failOnErrors int) Answer {
	if len(ops) == 0 {
		return Answer{}
	}
	body := encode(ops, failOnErrors)
	r := x.call(ctx, flight, func(ctx context.Context, edit gen.RequestEditorFn) (*http.Response, error) {
		return x.gen.ExecuteBulkWithBody(ctx, x.cfg.OrgID, "application/json", bytes.NewReader(body), edit)
	})
	a := x.readAnswer(r, ops, failOnErrors)
	x.log(ctx, "bulk request", r, a.Kind, a.TrackingID, a.Err,
		slog.Int("operations", len(ops)), slog.Int("bytes", len(body)))
	x.logOperations(ctx, ops, a.Items)
	return a
}

// sender makes one call of the generated client. It may be called more than
// once.
type sender func(ctx context.Context, edit gen.RequestEditorFn) (*http.Response, error)

// call waits at the throttle, takes a token and sends. A request that was
// refused for its token is sent once more if there is another: a 401 did
// nothing. Waiting, for the throttle and for a token, ends with ctx; a request
// in flight ends with flight.
func (x *Client) call(ctx, flight context.Context, send sender) response {
	var refused response
	var last string // the token that was refused
	for {
		pass, err := x.cfg.Throttle.Enter(ctx)
		if err != nil {
			return response{kind: NotSent, err: &transportError{text: "not sent: " + err.Error(), cause: err}}
		}
		token, err := x.token(ctx, last)
		switch {
		case err != nil:
			pass.Unused()
			kind := Denied
			if ctx.Err() != nil {
				kind = NotSent
			}
			return response{kind: kind, err: err, status: refused.status, token: refused.token}
		case token == last:
			pass.Unused()
			return refused
		}
		r := x.sendOnce(ctx, flight, token, send)
		tellThrottle(ctx, flight, pass, r)
		if r.status != http.StatusUnauthorized || last != "" {
			return r
		}
		refused, last = r, token
	}
}

// tellThrottle tells the throttle how it went.
func tellThrottle(ctx, flight context.Context, pass *throttle.Pass, r response) {
	lost := r.err != nil || r.broken != nil && !errors.Is(r.broken, errTooLong) && !errors.Is(r.broken, errEncoding)
	switch {
	case r.status == http.StatusTooManyRequests:
		pass.Refused(r.header.Get("Retry-After"))
	case r.kind == Waiting:
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
func (x *Client) token(ctx context.Context, refused string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, x.cfg.Timeout)
	defer cancel()
	token, err := x.cfg.Token(ctx, refused)
	if err != nil {
		return "", &transportError{text: "token: " + err.Error(), cause: err}
	}
	if token == "" {
		return "", errors.New("token: it is empty")
	}
	for i := range len(token) {
		if c := token[i]; c <= ' ' || c > '~' {
			return "", errors.New("token: it holds a character that no header may carry")
		}
	}
	return token, nil
}

// sendOnce sends one request and reads its answer.
func (x *Client) sendOnce(ctx, flight context.Context, token string, send sender) (r response) {
	r.token, r.trackingID = redact.NewToken(token), newTrackingID()
	began := time.Now()
	defer func() { r.took = time.Since(began) }()
	limited, cancel := context.WithTimeout(flight, x.cfg.Timeout)
	defer cancel()
	for _, c := range []context.Context{ctx, flight} {
		if err := c.Err(); err != nil {
			r.kind, r.err = NotSent, x.withoutURL(c, limited, err)
			return r
		}
	}
	var p progress
	resp, err := send(httptrace.WithClientTrace(limited, p.trace()), x.setHeaders(token, r.trackingID))
	if err != nil {
		r.kind, r.err = p.kind(err), x.withoutURL(flight, limited, err)
		return r
	}
	defer resp.Body.Close()
	r.status, r.header, r.kind = resp.StatusCode, resp.Header, kindOf(resp.StatusCode)
	r.body, err = readBody(resp, x.maxAnswer)
	if err != nil {
		r.broken = x.withoutURL(flight, limited, err)
	}
	if r.status == http.StatusNotFound && bytes.HasPrefix(trim(r.body), []byte("<")) {
		r.kind = Waiting // a page of something in between, which may find the service later
	}
	return r
}

// setHeaders adds the headers of a request. There is no Idempotency-Key:
// net/http would take it as leave to repeat a POST.
func (x *Client) setHeaders(token, trackingID string) gen.RequestEditorFn {
	return func(_ context.Context, req *http.Request) error {
		req.Header.Set("Authorization", "Bearer "+token)
		req.Header.Set("Accept", "application/json, application/scim+json")
		req.Header.Set("TrackingID", trackingID)
		if x.cfg.UserAgent != "" {
			req.Header.Set("User-Agent", x.cfg.UserAgent)
		}
		return nil
	}
}

// newTrackingID names a request, in the form that Webex clients use: a word and
// a random UUID (RFC 9562 section 5.4).
func newTrackingID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("webexbulk_%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// log writes one record for a request that came to kind.
func (x *Client) log(
	ctx context.Context, what string, r response, kind Kind, trackingID string, err error, more ...slog.Attr,
) {
	level := slog.LevelInfo
	if kind == Answered {
		level = slog.LevelDebug
	}
	attrs := append(more, slog.String("kind", kind.String()), slog.Int("status", r.status),
		slog.Duration("duration", r.took), slog.String("trackingId", cmp.Or(trackingID, r.trackingID)))
	if err != nil {
		attrs = append(attrs, slog.String("error", err.Error()))
	}
	x.cfg.Logger.LogAttrs(ctx, level, what, attrs...)
}

// logOperations writes one record for each operation, at the level Debug.
func (x *Client) logOperations(ctx context.Context, ops []Operation, items []Item) {
	for i, op := range ops {
		attrs := append(make([]slog.Attr, 0, 4), slog.String("method", op.Method), slog.String("path", op.Path),
			slog.String("bulkId", op.BulkID))
		if i < len(items) {
			attrs = append(attrs, slog.Int("status", items[i].Status))
		}
		x.cfg.Logger.LogAttrs(ctx, slog.LevelDebug, "operation", attrs...)
	}
}
