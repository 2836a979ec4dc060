package lookup

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"strconv"
	"strings"

	"github.com/webexscim/bulk/gen"
	"github.com/webexscim/bulk/internal/location"
	"github.com/webexscim/bulk/internal/transport"
	"github.com/webexscim/bulk/wire"
)

const (
	maxMemberPage = 500 // members that Webex gives at once
	listReads     = 6   // how often a list that changes may be read
)

// Why a list could not be read as a whole.
var (
	errIncomplete = errors.New("the list is incomplete: the service counts more entries than it gives")
	errChanging   = errors.New("the list changes faster than it can be read")
	errUncounted  = errors.New("the service does not say how many entries the list has")
)

// Query says which resources List reads. The zero value selects all resources
// with all attributes.
type Query struct {
	// Filter is a SCIM filter; all resources when "".
	Filter string
	// Attributes names the attributes to read, separated by commas; all when
	// "".
	Attributes string
}

// List reads all users or groups (kind is Users or Groups) that fit a query, in
// the order of their ids, each once, a page at a time. A resource that exists
// all the time is never left out, although others are created and deleted
// meanwhile: each page begins with a resource of the page before; if it does
// not, the list is read again from an earlier index. An error is yielded last,
// an *Error, if a page cannot be read or the list has fewer resources than
// the service counts.
func List(ctx context.Context, c *transport.Client, kind string, q Query) iter.Seq2[Resource, error] {
	l := &lookup{c: c, kind: kind}
	byID, ascending, count := "id", "ascending", pageSize
	search := gen.SearchUsersParams{SortBy: &byID, SortOrder: &ascending, Count: &count}
	if q.Filter != "" {
		search.Filter = &q.Filter
	}
	if q.Attributes != "" {
		search.Attributes = &q.Attributes
	}
	return walk(func(start int) (page[Resource], error) {
		search.StartIndex = &start
		return l.search(ctx, search, true) // else the list would be shorter than the organization
	}, func(r Resource) string { return r.ID })
}

// Member is an element of a group's members.
type Member struct {
	ID   string
	Type string // user, group or machine; "" if the service does not say
	Name string // as the service displays it
}

// Members reads all members of the group with this id, as List does. If there
// is no such group, the error is an *Error with Status 404.
func Members(ctx context.Context, c *transport.Client, group string) iter.Seq2[Member, error] {
	l := &lookup{c: c, kind: "Groups"}
	query := gen.GetGroupMembersParams{Count: new(maxMemberPage)}
	return walk(func(start int) (page[Member], error) {
		if !location.IsID(group) {
			return page[Member]{}, &Error{transport.Answer{Kind: transport.Rejected, Err: errors.New("invalid resource ID")}}
		}
		query.StartIndex = &start
		return readPage(ctx, l, func(ctx context.Context, api *gen.Client) (*http.Response, error) {
			return api.GetGroupMembers(ctx, c.OrgID(), group, &query)
		}, readMember)
	}, func(m Member) string { return m.ID })
}

func readMember(raw json.RawMessage, r *transport.Response) (Member, bool) {
	var m struct{ Value, Type, Display wire.Text }
	_ = json.Unmarshal(raw, &m) // a member of another type costs only itself
	id := r.Redactor.Token.Without(string(m.Value))
	return Member{ID: id, Type: string(m.Type), Name: r.Redactor.Token.Without(string(m.Display))}, location.IsID(id)
}

// page is one page of a list.
type page[T any] struct {
	items []T
	total int // of all pages, negative if the service does not say
}

// readPage reads one page, RFC 7644 section 3.4.2, leniently. item reads an
// entry, and reports whether the page is of use with it. An answer that names
// neither a total nor entries is no page: an empty page would say that nothing
// exists. Webex documents two attributes that count the entries.
func readPage[T any](
	ctx context.Context, l *lookup, send transport.Sender, item func(json.RawMessage, *transport.Response) (T, bool),
) (p page[T], err error) {
	err = l.read(ctx, send, func(r *transport.Response) bool {
		var list struct {
			MemberSize, TotalResults wire.Text
			Members, Resources       []json.RawMessage
		}
		if body, ok := readable(r); !ok || json.Unmarshal(body, &list) != nil {
			return false
		}
		total, err := strconv.Atoi(string(cmp.Or(list.MemberSize, list.TotalResults)))
		if err != nil {
			total = -1
		}
		p = page[T]{total: total}
		for _, raw := range append(list.Members, list.Resources...) {
			entry, ok := item(raw, r)
			if !ok || len(p.items) == transport.MaxEntries {
				return false
			}
			p.items = append(p.items, entry)
		}
		return p.total >= 0 || list.Resources != nil
	})
	return p, err
}

// search reads a page of users or groups. The parameters of the two searches
// have the same names. If the page has to be complete, it is of no use with a
// resource that cannot be read.
func (l *lookup) search(ctx context.Context, q gen.SearchUsersParams, complete bool) (page[Resource], error) {
	return readPage(ctx, l, func(ctx context.Context, api *gen.Client) (*http.Response, error) {
		if l.isGroups() {
			return api.SearchGroups(ctx, l.c.OrgID(), &gen.SearchGroupsParams{
				Filter: q.Filter, Attributes: q.Attributes, SortBy: q.SortBy, SortOrder: q.SortOrder,
				StartIndex: q.StartIndex, Count: q.Count,
			})
		}
		return api.SearchUsers(ctx, l.c.OrgID(), &q)
	}, func(raw json.RawMessage, r *transport.Response) (Resource, bool) {
		res := l.resource(raw, r)
		return res, !complete || res.ID != "" && res.Raw != nil
	})
}

// walk reads a list. fetch returns the page that begins at an index, from 1.
func walk[T any](fetch func(start int) (page[T], error), key func(T) string) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		if err := each(fetch, key, func(item T) bool { return yield(item, nil) }); err != nil {
			yield(*new(T), err)
		}
	}
}

// each uses each item of a list, until use returns false. The list keeps its
// order, but entries that are created and deleted meanwhile shift it. All items
// before the last one that was read are known, so nothing is left out before a
// page that begins with a known item. If a page begins with another item, the
// list is read again from an earlier index.
func each[T any](fetch func(start int) (page[T], error), key func(T) string, use func(T) bool) error {
	seen := make(map[digest]bool)
	start, read, known := 1, 0, 0 // known: how many were seen when the end was reached before
	for {
		p, err := fetch(start)
		read += max(len(p.items), 10)
		last := start + len(p.items) - 1
		switch {
		case err != nil:
			return err
		case p.total < 0:
			return contradiction(errUncounted)
		case read > listReads*(p.total+pageSize):
			return contradiction(errChanging)
		case start > 1 && (len(p.items) == 0 || !seen[digestOf(key(p.items[0]))]):
			start = max(1, start-pageSize)
			continue
		}
		for _, item := range p.items {
			id := digestOf(key(item))
			if !seen[id] && !use(item) {
				return nil
			}
			seen[id] = true
		}
		switch {
		case last < p.total && len(p.items) > 1:
			start = last
		case len(seen) >= p.total:
			return nil
		case len(seen) == known:
			return contradiction(fmt.Errorf("%w (%d of %d)", errIncomplete, len(seen), p.total))
		default:
			start, known = 1, len(seen)
		}
	}
}

// digest stands for an id, in few bytes.
type digest [16]byte

func digestOf(id string) digest {
	sum := sha256.Sum256([]byte(strings.ToLower(id)))
	return digest(sum[:])
}
