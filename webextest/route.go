package webextest

import (
	"net/http"
	"strings"
)

// endpoint is what a path leads to.
type endpoint struct {
	what endpointKind
	org  string // as it is written; "" for the owner of the token
	kind kind   // of a collection, one resource, or members
	id   string // of one resource, or of the group whose members are asked for
}

type endpointKind int

const (
	nowhere endpointKind = iota
	bulkEndpoint
	collectionEndpoint
	resourceEndpoint
	membersEndpoint
	ownerEndpoint
)

// route takes a path apart: /identity/scim/{org}/v2/{collection}[/{id}[/Members]]
// and /identity/scim/v2/Users/me.
func route(path string) endpoint {
	rest, ok := strings.CutPrefix(path, "/identity/scim/")
	if !ok {
		return endpoint{}
	}
	if rest == "v2/Users/me" {
		return endpoint{what: ownerEndpoint, kind: users}
	}
	parts := strings.Split(rest, "/")
	if len(parts) < 3 || len(parts) > 5 || parts[1] != "v2" {
		return endpoint{}
	}
	at := endpoint{org: parts[0]}
	var listed bool
	at.kind, listed = kindOf(parts[2])
	if len(parts) > 3 {
		at.id = parts[3]
	}
	switch {
	case len(parts) == 3 && parts[2] == "Bulk":
		at.what = bulkEndpoint
	case len(parts) == 3 && listed:
		at.what = collectionEndpoint
	case len(parts) == 4 && listed && at.id != "":
		at.what = resourceEndpoint
	case len(parts) == 5 && listed && at.kind == groups && at.id != "" && parts[4] == "Members":
		at.what = membersEndpoint
	}
	return at
}

// method is the one that an endpoint takes.
func (at endpoint) method() string {
	if at.what == bulkEndpoint {
		return http.MethodPost
	}
	return http.MethodGet
}

// grants reports whether the request is for a token.
func (s *Simulator) grants(r *http.Request) bool {
	return r.URL.Path == "/v1/access_token" && s.cfg.OAuth.RefreshToken != ""
}

// answer is the service without any fault. What violates the contract was noted
// on arrival.
func (x *exchange) answer() *reply {
	if x.sim.grants(x.r) {
		return x.token()
	}
	at := route(x.r.URL.Path)
	if at.what == nowhere {
		return x.refusedReply(refuse(http.StatusNotFound, "", noPath))
	}
	if refused := x.sim.tokens.check(x.r, x.sim.cfg.Now()); refused != nil {
		rep := x.refusedReply(refused)
		rep.header.Set("WWW-Authenticate", `Bearer realm="webex"`)
		return rep
	}
	at.org, at.id = strings.ToLower(at.org), strings.ToLower(at.id)
	switch {
	case at.what == ownerEndpoint:
	case !isUUID(at.org):
		return x.refusedReply(refuse(http.StatusNotFound, "", noUUID))
	case at.org != x.sim.cfg.OrgID && !x.sim.cfg.AnyOrg:
		return x.refusedReply(refuse(http.StatusForbidden, "", "the token is for another organization"))
	}
	switch {
	case x.r.Method != at.method():
		return x.wrongMethod(at.method())
	case at.what == bulkEndpoint:
		return x.bulk(at.org)
	}
	return x.get(at)
}

// wrongMethod refuses other methods than the one that an endpoint has.
func (x *exchange) wrongMethod(want string) *reply {
	rep := x.refusedReply(refuse(http.StatusMethodNotAllowed, "", "%s%s", wrongMethod, want))
	rep.header.Set("Allow", want)
	return rep
}
