package store

import (
	"strconv"
	"strings"
	"time"

	"github.com/webexscim/bulk/webextest/internal/scim"
	"github.com/webexscim/bulk/webextest/internal/strictjson"
)

// Resource is one state of a user or group. It is immutable: a change creates a
// new one. So readers need no lock once they hold it, and can see an old state
// while reads lag. The document is kept as text, because a million maps would
// keep the garbage collector busy.
type Resource struct {
	Org, ID  string
	Kind     scim.Kind
	Name     string   // userName or displayName
	Doc      []byte   // without id and meta
	Links    []string // ids of members, or of the manager
	Revision int
	Created  time.Time // by the clock of the store, like Modified
	Modified time.Time
	Born     time.Time // by the clock of the test; zero if the test added it
	Request  int       // number of the request that created it
}

// Location returns the url of the resource without scheme and host.
func (r *Resource) Location() string {
	return "/identity/scim/" + r.Org + "/v2/" + r.Kind.String() + "/" + r.ID
}

// Show returns the whole resource, with id and meta. base is the start of the
// location.
func (r *Resource) Show(base string) map[string]any {
	doc := strictjson.DecodeTrusted(r.Doc)
	doc["id"] = r.ID
	doc["meta"] = map[string]any{
		"resourceType": strings.TrimSuffix(r.Kind.String(), "s"),
		"location":     base + r.Location(),
		"version":      Version(r.Revision),
		"created":      r.Created.UTC().Format(time.RFC3339Nano),
		"lastModified": r.Modified.UTC().Format(time.RFC3339Nano),
	}
	return doc
}

// Version returns a revision as a weak ETag (RFC 7644, section 3.14).
func Version(revision int) string { return `W/"` + strconv.Itoa(revision) + `"` }

// Display returns the displayName, or the userName of a user without one.
func (r *Resource) Display() string {
	if name, _ := strictjson.DecodeTrusted(r.Doc)["displayName"].(string); name != "" {
		return name
	}
	return r.Name
}

// Usage returns the usage of a group, "" if it has none.
func (r *Resource) Usage() string {
	text, _ := scim.Member(strictjson.DecodeTrusted(r.Doc)[scim.WebexGroup], "usage").(string)
	return text
}
