package webextest

import (
	"net/http"
)

// bulk answers a Bulk request.
func (x *exchange) bulk(org string) *reply {
	switch {
	case !isJSON(x.r):
		return x.refusedReply(refuse(http.StatusUnsupportedMediaType, "", notJSON))
	case x.tooLong:
		return x.refusedReply(refuse(http.StatusRequestEntityTooLarge, "",
			"the size of the request exceeds the maxPayloadSize (%d)", x.sim.cfg.MaxPayload))
	}
	req := x.req
	if x.refused != nil {
		return x.refusedReply(x.refused) // noted on arrival
	}
	x.file.Operations = len(req.ops)
	x.worked = true
	x.touch(req)
	outcomes := x.sim.do(x, org, req)
	a := newAnswer(outcomes, x.sim.cfg.base(x.r), x.sim.random(x.file.Number))
	a.Header.Set("Content-Type", jsonType)
	a.Header.Set("trackingId", trackingID(x.file.Number, -1))
	for _, shape := range []Shape{x.sim.cfg.Shape, x.fault.Shape} {
		if shape != nil {
			shape(a)
		}
	}
	return &reply{status: a.Status, header: a.Header, body: a.encode()}
}

// do carries out a request under the lock.
func (s *Simulator) do(x *exchange, org string, req *bulkRequest) []outcome {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := &batch{
		putOffs: req.statuses(x.fault.Item), lost: req.statuses(x.fault.LostItem),
		sim: s, dir: s.directory(org), org: org, number: x.file.Number, req: req,
		now: s.cfg.Now(), stamp: s.storeTime(), created: make(map[string]string, len(req.posts)),
	}
	return b.run()
}

// statuses asks a Fault about each operation; nil where it says nothing.
func (r *bulkRequest) statuses(of func(Operation) int) []int {
	if of == nil {
		return nil
	}
	list := make([]int, len(r.ops))
	for i, op := range r.ops {
		list[i] = of(op.Operation)
	}
	return list
}

// touch notes the resources that the request names by id.
func (x *exchange) touch(req *bulkRequest) {
	for _, op := range req.ops {
		if op.id != "" {
			x.targets = append(x.targets, op.target())
		}
	}
	x.sim.log.touch(x.file.Number, len(req.ops), x.targets)
}

func (x *exchange) token() *reply {
	if x.r.Method != http.MethodPost {
		return x.wrongMethod(http.MethodPost)
	}
	answer, status := x.sim.tokens.grant(x.body)
	return jsonReply(status, encode(nil, answer))
}
