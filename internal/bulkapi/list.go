package bulkapi

import (
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
	"github.com/webexscim/bulk/wire"
)

// maxMemberPage is how many members Webex gives at once.
const maxMemberPage = 500

// listPasses is how often a list is read that did not hold together.
const listPasses = 3

// Why a list could not be read as a whole.
var (
	errIncomplete = errors.New("the list is incomplete: the service counts more entries than it gives")
	errChanging   = errors.New("the list changes faster than it can be read")
)

// Query says which resources List reads. The zero value is all, with all attributes.
type Query struct {
	// Filter is a SCIM filter; all resources when "".
	Filter string
	// Attributes names the attributes to read, separated by commas; all when "".
	Attributes string
}

// List reads all users or groups (kind is Users or Groups) that fit a query, in the order of their ids, each once, a page at a
// time. A resource that was there all the time is never left out, whatever is created and deleted meanwhile: each page begins
// with a resource of the page before, and is read again from further in front where it does not. What cannot be read, and a list
// that holds fewer resources than the service counts, is an error, the last that is yielded: a *LookupError.
func (x *Client) List(ctx context.Context, kind string, q Query) iter.Seq2[Resource, error] {
	l := newLookup(x, kind, nil)
	byID, ascending, count := "id", "ascending", pageSize
	filter, attributes := given(q.Filter), given(q.Attributes)
	return walk(func(start int) (p listPage[Resource], err error) {
		failure := l.read(ctx, func(ctx context.Context, edit gen.RequestEditorFn) (*http.Response, error) {
			if l.isGroups() {
				return x.gen.SearchGroups(ctx, x.cfg.OrgID, &gen.SearchGroupsParams{Filter: filter, Attributes: attributes,
					SortBy: &byID, SortOrder: &ascending, StartIndex: &start, Count: &count}, edit)
			}
			return x.gen.SearchUsers(ctx, x.cfg.OrgID, &gen.SearchUsersParams{Filter: filter, Attributes: attributes,
				SortBy: &byID, SortOrder: &ascending, StartIndex: &start, Count: &count}, edit)
		}, func(r response) (ok bool) {
			p, ok = l.readList(r)
			return ok
		})
		return p, asError(failure)
	}, func(r Resource) string { return r.ID })
}

// Member is an element of a group's members.
type Member struct {
	ID   string
	Type string // user, group or machine; "" if the service does not say
	Name string // what the service displays
}

// Members reads all members of the group with this id, as List does. A group that does not exist is an error: a *LookupError
// of Status 404.
func (x *Client) Members(ctx context.Context, group string) iter.Seq2[Member, error] {
	l := newLookup(x, "Groups", nil)
	if !location.IsID(group) {
		return func(yield func(Member, error) bool) {
			yield(Member{}, &LookupError{Kind: Rejected, Err: errors.New("invalid resource ID")})
		}
	}
	return walk(func(start int) (p listPage[Member], err error) {
		count := maxMemberPage
		failure := l.read(ctx, func(ctx context.Context, edit gen.RequestEditorFn) (*http.Response, error) {
			return x.gen.GetGroupMembers(ctx, x.cfg.OrgID, group, &gen.GetGroupMembersParams{StartIndex: &start, Count: &count}, edit)
		}, func(r response) (ok bool) {
			p, ok = readMembers(r)
			return ok
		})
		return p, asError(failure)
	}, func(m Member) string { return m.ID })
}

// Me reads the user to whom the token belongs. The error is a *LookupError; its Status is 404 where the token belongs to none,
// as that of a service app.
func (x *Client) Me(ctx context.Context) (Resource, error) {
	l := newLookup(x, "Users", nil)
	var me Resource
	failure := l.read(ctx, func(ctx context.Context, edit gen.RequestEditorFn) (*http.Response, error) {
		return x.gen.GetMe(ctx, edit)
	}, func(r response) bool {
		me = l.anyResource(trim(r.body), r) // it may be of another organization, and says of which
		return r.kind == Answered && me.ID != ""
	})
	return me, asError(failure)
}

// given is a parameter of a query, nil where there is none.
func given(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// asError keeps a nil from becoming an error that is not nil.
func asError(failure *LookupError) error {
	if failure == nil {
		return nil
	}
	return failure
}

// listPage is one page of a list.
type listPage[T any] struct {
	items []T
	total int // of all pages
}

// readList reads a page of resources. One without an id, of another organization, or that cannot be kept spoils the page: a
// list must not be shorter than what it stands for.
func (l *lookup) readList(r response) (p listPage[Resource], ok bool) {
	var list struct {
		TotalResults wire.Text
		Resources    []json.RawMessage
	}
	if r.kind != Answered || json.Unmarshal(trim(r.body), &list) != nil || len(list.Resources) > maxEntries {
		return p, false
	}
	var err error
	if p.total, err = strconv.Atoi(string(list.TotalResults)); err != nil || p.total < 0 {
		return p, false
	}
	for _, raw := range list.Resources {
		res := l.resource(raw, r)
		if res.ID == "" || res.Raw == nil {
			return p, false
		}
		p.items = append(p.items, res)
	}
	return p, true
}

// readMembers reads a page of members. Documents name two attributes that count them all.
func readMembers(r response) (p listPage[Member], ok bool) {
	var list struct {
		TotalResults, MemberSize *wire.Text
		Members, Resources       []struct{ Value, Type, Display wire.Text }
	}
	if r.kind != Answered || json.Unmarshal(trim(r.body), &list) != nil {
		return p, false
	}
	total := list.MemberSize
	if total == nil {
		total = list.TotalResults
	}
	if total == nil {
		return p, false
	}
	var err error
	if p.total, err = strconv.Atoi(string(*total)); err != nil || p.total < 0 {
		return p, false
	}
	for _, m := range append(list.Members, list.Resources...) {
		id := r.token.without(string(m.Value))
		if !location.IsID(id) {
			return p, false
		}
		p.items = append(p.items, Member{ID: id, Type: string(m.Type), Name: r.token.without(string(m.Display))})
	}
	return p, true
}

// walk reads a list of which fetch gives the page that begins at an index, from 1. The list keeps its order; what is created and
// deleted meanwhile shifts it. All in front of the last item that was read is known at any time, so a page that begins with a known
// item leaves out nothing, and one that does not is read again from further in front.
func walk[T any](fetch func(start int) (listPage[T], error), key func(T) string) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		seen := make(map[[16]byte]struct{})
		start, back, pass, read := 1, 0, 1, 0
		for {
			p, err := fetch(start)
			read += max(len(p.items), 10)
			switch {
			case err == nil && read > 4*(p.total+pageSize)*listPasses:
				err = &LookupError{Kind: Unknown, Alive: true, Err: errChanging}
			case err == nil && len(p.items) == 0 && start == 1 && p.total > 0:
				err = &LookupError{Kind: Unknown, Alive: true, Err: errIncomplete}
			}
			if err != nil {
				yield(none, err)
				return
			}
			if start > 1 && (len(p.items) == 0 || !has(seen, key(p.items[0]))) {
				back = max(2*back, pageSize)
				start = max(1, start-back)
				continue
			}
			back = 0
			for _, item := range p.items {
				if !add(seen, key(item)) {
					continue
				}
				if !yield(item, nil) {
					return
				}
			}
			last := start + len(p.items) - 1
			switch {
			case last < p.total && len(p.items) > 1:
				start = last
			case last < p.total: // a page of one: nothing new would follow it
				yield(none, &LookupError{Kind: Unknown, Alive: true, Err: errIncomplete})
				return
			case len(seen) >= p.total:
				return
			case pass == listPasses:
				err := fmt.Errorf("%w (%d of %d)", errIncomplete, len(seen), p.total)
				yield(none, &LookupError{Kind: Unknown, Alive: true, Err: err})
				return
			default:
				pass, start = pass+1, 1
			}
		}
	}
}

// digestOf stands for an id in few bytes.
func digestOf(id string) [16]byte {
	sum := sha256.Sum256([]byte(strings.ToLower(id)))
	return [16]byte(sum[:16])
}

func has(seen map[[16]byte]struct{}, id string) bool {
	_, ok := seen[digestOf(id)]
	return ok
}

// add reports whether the id is new.
func add(seen map[[16]byte]struct{}, id string) bool {
	n := len(seen)
	seen[digestOf(id)] = struct{}{}
	return len(seen) > n
}
