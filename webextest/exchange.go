package webextest

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/webexscim/bulk/webextest/internal/contract"
	"github.com/webexscim/bulk/webextest/internal/scim"
)

// exchange is a request that is being answered.
type exchange struct {
	sim     *Simulator
	r       *http.Request
	record  Exchange
	fault   *Fault
	limited bool          // by Config.Rate
	left    time.Duration // of the window, if limited
	body    []byte
	err     error // of reading the body
	tooLong bool  // the body
	at      contract.Endpoint
	req     *contract.Request // the parsed body of a Bulk request; nil if it is not JSON
	refused *scim.Error       // why the Bulk request is refused as a whole
	targets []string          // resources that the request changes by id
	worked  bool              // the operations are in the ledger, with their own effects
	late    bool              // the operations enter the ledger later
}

// serve answers one request, with all waits and faults.
func (s *Simulator) serve(r *http.Request) *reply {
	x := s.arrive(r)
	rep := x.run()
	x.leave(rep)
	return rep
}

// arrive reads a request and chooses its fault.
func (s *Simulator) arrive(r *http.Request) *exchange {
	x := &exchange{sim: s, r: r, at: contract.Route(r.URL.Path), fault: &Fault{}}
	now := s.cfg.Now()
	x.record = Exchange{Number: s.log.arrive(now), Method: r.Method, Start: now}
	x.record.Target = x.withoutToken(r.URL.RequestURI())
	if isBulk(r) {
		s.log.countInFlight(1)
	}
	scripted := true
	if front := s.intercept(r); front != nil {
		x.fault = front
	} else if left, ok := s.limiter.allow(now); ok {
		x.fault, scripted = s.nextFault(x.record.Number, r)
	} else {
		x.left, x.limited = left, true
		s.log.tally(func(st *Stats) { st.Limited++ })
	}
	if x.fault.Cut == OnDial || x.fault.Cut == BeforeBody {
		return x
	}
	if x.err = x.read(); x.err != nil {
		return x
	}
	x.inspect()
	if x.holds(s.cfg.Firewall) {
		x.fault, x.limited = Intercept(http.StatusForbidden), false
		return x
	}
	if !scripted && s.cfg.Faults != nil && isBulk(r) {
		x.askFaults()
	}
	return x
}

// run does the work of a request and returns the answer, with the waits and cuts
// of its fault.
func (x *exchange) run() *reply {
	if x.fault.Cut == OnDial || x.fault.Cut == BeforeBody {
		return &reply{cut: x.fault.Cut}
	}
	if x.err != nil {
		return &reply{cut: BeforeWork, err: x.err}
	}
	if x.limited {
		return x.limitedReply()
	}
	if err := pause(x.r.Context(), x.fault.Hold); err != nil {
		return &reply{cut: BeforeWork, err: err}
	}
	if x.fault.Cut == BeforeWork {
		return &reply{cut: BeforeWork}
	}
	var rep *reply
	switch {
	case x.fault.refuses():
		rep = &reply{status: cmp.Or(x.fault.Status, http.StatusOK), header: http.Header{}}
	case x.fault.WorkAfter > 0 && isBulk(x.r):
		if rep = x.answerLater(); rep.cut != NoCut {
			return rep
		}
	default:
		rep = x.answer()
	}
	if err := pause(x.r.Context(), x.sim.cfg.Latency+x.fault.Delay); err != nil {
		return &reply{cut: AfterWork, err: err}
	}
	x.applyFault(rep)
	return rep
}

// answerLater does the request after Fault.WorkAfter, even if the client has
// disconnected.
func (x *exchange) answerLater() *reply {
	x.late = true
	later := *x // x can be recorded before the work is done
	later.r = x.r.Clone(context.WithoutCancel(x.r.Context()))
	if x.req != nil && x.refused == nil {
		later.touch()
	}
	x.record.Operations = len(x.operations())
	done := make(chan *reply, 1)
	time.AfterFunc(x.fault.WorkAfter, func() {
		rep := later.answer()
		if !later.worked {
			later.recordRefused()
		}
		later.sim.log.release(later.record.Number, later.targets)
		done <- rep
	})
	if x.fault.Cut == AfterWork {
		return &reply{cut: AfterWork}
	}
	select {
	case rep := <-done:
		return rep
	case <-x.r.Context().Done():
		return &reply{cut: AfterWork, err: context.Cause(x.r.Context())}
	}
}

// leave records the exchange.
func (x *exchange) leave(rep *reply) {
	now := x.sim.cfg.Now()
	x.record.End = now
	x.record.Bytes = len(x.body)
	if rep.cut == NoCut {
		x.record.Status = rep.status
		x.record.TrackingID = rep.header.Get("trackingId")
	}
	x.record.Fault = x.fault.String()
	var closed time.Time
	switch rep.status {
	case http.StatusTooManyRequests, http.StatusLocked, http.StatusServiceUnavailable, http.StatusTooEarly:
		if wait, err := time.ParseDuration(rep.header.Get("Retry-After") + "s"); err == nil {
			closed = now.Add(wait)
		}
	}
	if isBulk(x.r) {
		x.sim.log.countInFlight(-1)
		if !x.worked && !x.late {
			x.recordRefused()
		}
	}
	x.sim.log.leave(x.record, closed, x.targets)
}

// read reads the body, up to the maximum size.
func (x *exchange) read() error {
	if x.r.Body == nil {
		return nil
	}
	limit := int64(x.sim.cfg.MaxPayload)
	var text bytes.Buffer
	text.Grow(int(min(max(x.r.ContentLength, 0), limit)) + bytes.MinRead)
	if _, err := text.ReadFrom(io.LimitReader(x.r.Body, limit+1)); err != nil {
		return err
	}
	x.body = text.Bytes()
	if x.tooLong = int64(len(x.body)) > limit; !x.tooLong {
		return nil
	}
	_, err := io.Copy(io.Discard, x.r.Body) // a client reads the answer after it has written
	return err
}

// inspect records the violations of a request, before its answer is known.
func (x *exchange) inspect() {
	if !x.sim.grants(x.r) {
		x.note(x.at.Violations(x.r)...)
	}
	if x.tooLong || !isBulk(x.r) {
		return
	}
	rules := x.sim.cfg.rules()
	x.req, x.refused = contract.ParseRequest(x.body, &rules)
	if x.req == nil {
		x.note(x.refused.Detail)
		return
	}
	x.note(x.req.Violations...)
}

// note records violations of the contract.
func (x *exchange) note(violations ...string) {
	for _, violation := range violations {
		x.sim.log.violate(x.record.Number, "%s", x.withoutToken(violation))
	}
}

// withoutToken returns a text of the record without the token of the request,
// which a client may also have sent in a wrong place. A token of few characters
// is one for a test, and may be in every text.
func (x *exchange) withoutToken(text string) string {
	token := contract.BearerToken(x.r)
	if len(token) < 8 {
		return text
	}
	return strings.NewReplacer(token, "***", url.QueryEscape(token), "***").Replace(text)
}

// holds reports whether the body or query contains a text.
func (x *exchange) holds(text string) bool {
	if text == "" {
		return false
	}
	query, err := url.QueryUnescape(x.r.URL.RawQuery)
	return bytes.Contains(x.body, []byte(text)) || err == nil && strings.Contains(query, text)
}

// askFaults takes the fault of a Bulk request from Config.Faults.
func (x *exchange) askFaults() {
	req := &Request{Number: x.record.Number, HTTP: x.r, Body: x.body}
	for _, op := range x.operations() {
		req.Operations = append(req.Operations, operationOf(op))
	}
	if f := x.sim.cfg.Faults(req); f != nil {
		x.fault = f
	}
}

// operations returns the operations of a Bulk request that could be read, none
// if it has too many.
func (x *exchange) operations() []*contract.Operation {
	if x.req == nil || x.refused != nil && x.refused.Status == http.StatusRequestEntityTooLarge {
		return nil
	}
	return x.req.Operations
}

// recordRefused enters the operations of a request that was refused as a whole
// in the ledger.
func (x *exchange) recordRefused() {
	now := x.sim.cfg.Now()
	for i, op := range x.operations() {
		e := newEntry(op, x.record.Number, i, now, x.sim.cfg.KeepData)
		e.Effect = Refused
		x.sim.log.enter(e)
		x.record.Operations++
	}
}

func (x *exchange) limitedReply() *reply {
	rep := x.refuse(http.StatusTooManyRequests, "too many requests")
	if after := x.sim.limiter.retryAfter(x.left); after != "" {
		rep.header.Set("Retry-After", after)
	}
	return rep
}

// pause waits, or returns the reason why the client has disconnected.
func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
