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

// answer is the service without any fault.
func (x *exchange) answer() *reply {
	if x.r.URL.Path == "/v1/access_token" && x.sim.cfg.OAuth.RefreshToken != "" {
		return x.token()
	}
	at := route(x.r.URL.Path)
	if at.what == nowhere {
		return x.refuseViolation(refuse(http.StatusNotFound, "", "there is nothing at this path"))
	}
	if x.r.Header.Get("Authorization") == "" {
		x.sim.log.violate(x.file.Number, "the request has no Authorization")
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
		return x.refuseViolation(refuse(http.StatusNotFound, "", "the organization is not a UUID"))
	case at.org != x.sim.cfg.OrgID && !x.sim.cfg.AnyOrg:
		return x.refusedReply(refuse(http.StatusForbidden, "", "the token is for another organization"))
	}
	if at.what == bulkEndpoint {
		return x.bulk(at.org)
	}
	return x.get(at)
}

// method refuses other methods than the one that an endpoint has.
func (x *exchange) method(want string) *reply {
	if x.r.Method == want {
		return nil
	}
	rep := x.refuseViolation(refuse(http.StatusMethodNotAllowed, "", "the method must be %s", want))
	rep.header.Set("Allow", want)
	return rep
}
