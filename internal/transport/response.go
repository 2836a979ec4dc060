package transport

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/webexscim/bulk/internal/redact"
)

// Answer is the answer to a request as a whole, or the reason why there is
// none.
type Answer struct {
	// Kind says what the answer means for the request.
	Kind Kind
	// Alive tells that the service itself gave the answer: what was asked for, an
	// error in a form of SCIM or Webex, or a request for patience (429, 423, 425,
	// 503; with a page of HTML only if it has a Retry-After). Proxies, gateways
	// (502, 504, 511) and login pages are no sign of life, and an empty answer is
	// none.
	Alive bool
	// Status is the HTTP status, 0 when there was none.
	Status int
	// Date is when the answer was made by the service's clock, cut to seconds; the
	// zero time if it does not say.
	Date time.Time
	// TrackingID is the service's name for the request, or "".
	TrackingID string
	// Err is nil exactly when Answered: an *Error if the service said anything,
	// else why there is no answer. It can be printed: neither token nor data is in
	// its text.
	Err error
}

// Response is the result of one request before its body is interpreted. The
// Answer in it knows only the status and the headers, or why there are none.
type Response struct {
	Answer
	// Redactor hides the data of the request, and its token.
	Redactor *redact.Redactor

	header http.Header
	body   []byte
	broken error // why body is not the whole answer: a *failure, or why it was not read to its end
	sentID string
	took   time.Duration
}

// Why a body is of no use.
var (
	// ErrTooLong says that the answer exceeds one of the bounds.
	ErrTooLong = errors.New("the answer is too long")
	// ErrBreaksOff says that the body is not a whole JSON value.
	ErrBreaksOff = errors.New("the answer breaks off")

	errEncoding = errors.New("the answer has an encoding that was not asked for")
	errEmpty    = errors.New("the answer is empty")
	errNoJSON   = errors.New("the answer is not JSON")
)

// Body returns the body if it begins as a JSON object and was read to its end,
// or an error that says why it is of no use.
func (r *Response) Body() ([]byte, error) {
	switch {
	case r.Err != nil:
		return nil, r.Err
	case len(r.body) > 0 && r.body[0] != '{':
		return nil, errNoJSON
	case is[*failure](r.broken):
		return nil, ErrBreaksOff
	case r.broken != nil:
		return nil, r.broken
	case len(r.body) == 0:
		return nil, errEmpty
	}
	return r.body, nil
}

// Accepted is the answer if the body tells what was asked for.
func (r *Response) Accepted() Answer {
	a := r.Answer
	a.Kind, a.Alive = Answered, true
	return a
}

// Refused is the answer if the body does not tell what was asked for. It reads
// the error in the body. why says why the body is of no use; it may be nil if
// the response is not Answered.
func (r *Response) Refused(why error) Answer {
	a := r.Answer
	if a.Err != nil {
		return a
	}
	if r.broken != nil {
		_, why = r.Body()
	}
	e, m := ReadError(r.body), meaningOf(r.Status)
	unread := r.broken != nil || errors.Is(why, ErrBreaksOff)
	switch {
	case a.Kind == Answered, a.Kind == Rejected && a.Status != http.StatusRequestEntityTooLarge && unread:
		a.Kind, e.note = NoResponse, why.Error() // it may have told what was done
	case m.note != "":
		e.note = m.note
	case !e.spoke && len(r.body) > 0:
		e.note = foreignAnswer
		if m.firewall && !unread {
			a.Kind = Rejected
		}
	}
	// A page in place of the service does not ask for patience.
	patience := r.Kind == Waiting && (len(r.body) == 0 || r.header.Get("Retry-After") != "")
	a.Alive = !m.gateway && (e.spoke || patience)
	e.Status, e.TrackingID, e.cause = a.Status, cmp.Or(a.TrackingID, e.TrackingID), r.broken
	e.Clean(r.Redactor)
	a.Err, a.TrackingID = e, e.TrackingID
	return a
}

// Log writes one record for a response and the Answer that was read from it.
func (c *Client) Log(ctx context.Context, what string, r *Response, a Answer, more ...slog.Attr) {
	level := slog.LevelInfo
	if a.Kind == Answered {
		level = slog.LevelDebug
	}
	attrs := append(more, slog.String("kind", a.Kind.String()), slog.Int("status", a.Status),
		slog.Duration("duration", r.took), slog.String("trackingId", cmp.Or(a.TrackingID, r.sentID)))
	if a.Err != nil {
		attrs = append(attrs, slog.String("error", a.Err.Error()))
	}
	c.cfg.Logger.LogAttrs(ctx, level, what, attrs...)
}

// trim cuts off white space and a byte order mark.
func trim(body []byte) []byte {
	return bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\ufeff")))
}
