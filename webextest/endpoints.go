package webextest

import (
	"cmp"
	"net/http"
	"strings"

	"github.com/webexscim/bulk/webextest/internal/bulk"
	"github.com/webexscim/bulk/webextest/internal/contract"
	"github.com/webexscim/bulk/webextest/internal/read"
	"github.com/webexscim/bulk/webextest/internal/scim"
	"github.com/webexscim/bulk/webextest/internal/strictjson"
)

// answer returns the answer of the service to a request, without faults.
func (x *exchange) answer() *reply {
	if x.sim.grants(x.r) {
		return x.token()
	}
	at := x.at
	if at.Place == contract.Nowhere {
		return x.refuse(http.StatusNotFound, contract.NoPath)
	}
	if refused := x.sim.tokens.check(x.r, x.sim.cfg.Now()); refused != nil {
		rep := x.refusedReply(refused)
		rep.header.Set("WWW-Authenticate", `Bearer realm="webex"`)
		return rep
	}
	at.Org, at.ID = strings.ToLower(at.Org), strings.ToLower(at.ID)
	switch {
	case at.Place == contract.Owner:
	case !contract.IsUUID(at.Org):
		return x.refuse(http.StatusNotFound, contract.NoUUID)
	case at.Org != x.sim.cfg.OrgID && !x.sim.cfg.AnyOrg:
		return x.refuse(http.StatusForbidden, "the token is for another organization")
	}
	switch {
	case x.r.Method != at.Method():
		return x.wrongMethod(at.Method())
	case at.Place == contract.Bulk:
		return x.bulk(at.Org)
	}
	return x.get(at)
}

// grants reports whether a request is for an access token.
func (s *Simulator) grants(r *http.Request) bool {
	return r.URL.Path == "/v1/access_token" && s.cfg.OAuth.RefreshToken != ""
}

func (x *exchange) token() *reply {
	if x.r.Method != http.MethodPost {
		return x.wrongMethod(http.MethodPost)
	}
	answer, status := x.sim.tokens.grant(x.body)
	return jsonReply(status, strictjson.Append(nil, answer))
}

// wrongMethod refuses a request with another method than that of the endpoint.
func (x *exchange) wrongMethod(want string) *reply {
	rep := x.refuse(http.StatusMethodNotAllowed, contract.WrongMethod+want)
	rep.header.Set("Allow", want)
	return rep
}

// get answers a GET of one resource, of the members of a group, or a search.
func (x *exchange) get(at contract.Endpoint) *reply {
	x.sim.log.tally(func(s *Stats) { s.Searches++ })
	q := read.Query{
		Store: x.sim.store, Settings: x.sim.cfg.reading(), At: at, Params: x.r.URL.Query(),
		Base: x.sim.cfg.base(x.r), Now: x.sim.cfg.Now(),
	}
	body, refused := q.Answer()
	if refused != nil {
		return x.refusedReply(refused)
	}
	rep := jsonReply(http.StatusOK, strictjson.Append(nil, body))
	rep.header.Set("trackingId", trackingID(x.record.Number, -1))
	return rep
}

// bulk answers a Bulk request.
func (x *exchange) bulk(org string) *reply {
	switch {
	case !contract.IsJSON(x.r):
		return x.refuse(http.StatusUnsupportedMediaType, contract.NotJSON)
	case x.tooLong:
		return x.refusedReply(scim.Refuse(http.StatusRequestEntityTooLarge, "",
			"the size of the request exceeds the maxPayloadSize (%d)", x.sim.cfg.MaxPayload))
	case x.refused != nil:
		return x.refusedReply(x.refused)
	}
	x.record.Operations = len(x.req.Operations)
	x.worked = true
	x.touch()
	a := newAnswer(x.work(org), x.record.Number, x.sim.cfg.base(x.r), x.sim.random(x.record.Number))
	a.Header.Set("Content-Type", jsonType)
	a.Header.Set("trackingId", trackingID(x.record.Number, -1))
	for _, shape := range []Shape{x.sim.cfg.Shape, x.fault.Shape} {
		if shape != nil {
			shape(a)
		}
	}
	return &reply{status: a.Status, header: a.Header, body: a.encode()}
}

// work does the operations, and enters each in the ledger.
func (x *exchange) work(org string) []bulk.Outcome {
	s, number := x.sim, x.record.Number
	s.store.Lock()
	defer s.store.Unlock()
	now := s.cfg.Now()
	return bulk.Do(bulk.Work{
		Store: s.store, Org: org, Number: number, Request: x.req, Settings: s.cfg.working(), Now: now, Stamp: s.storeTime(),
		RefusedItems: x.statuses(x.fault.RefuseItem), LostItems: x.statuses(x.fault.LoseItem),
		Enter: func(i int, o bulk.Outcome) {
			if o.Refused != nil && o.Refused.Violates {
				s.log.violate(number, "operation %d: %s", i, o.Refused.Detail)
			}
			e := newEntry(o.Operation, number, i, now, s.cfg.KeepData)
			e.Effect, e.Status, e.ID = Effect(o.Effect), o.Status, o.ID
			e.Key = cmp.Or(e.Key, o.Name)
			s.log.enter(e)
		},
	})
}

// statuses returns the status that a Fault gives each operation; nil for none.
func (x *exchange) statuses(of func(Operation) int) []int {
	if of == nil {
		return nil
	}
	list := make([]int, len(x.req.Operations))
	for i, op := range x.req.Operations {
		list[i] = of(operationOf(op))
	}
	return list
}

// touch notes the resources that the request names by id.
func (x *exchange) touch() {
	for _, op := range x.req.Operations {
		if op.ID != "" {
			x.targets = append(x.targets, op.Target())
		}
	}
	x.sim.log.touch(x.record.Number, len(x.req.Operations), x.targets)
}
