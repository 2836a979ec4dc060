package bulkapi

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"slices"
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

// Query says which resources List reads. The zero value is all, with all
// attributes.
type Query struct {
	// Filter is a SCIM filter; all resources when "".
	Filter string
	// Attributes names the attributes to read, separated by commas; all when "".
	Attributes string
}

// List reads all users or groups (kind is Users or Groups) that fit a query, in
// the order of their ids, each once, a page at a time. A resource that was
// there all the time is never left out, whatever is created and deleted
// meanwhile: each page begins with a resource of the page before, and is read
// again from further in front where it does not. What cannot be read, and a
// list that holds fewer resources than the service counts, is an error, the
// last that is yielded: a *LookupError.
func (x *Client) List(ctx context.Context, kind string, q Query) iter.Seq2[Resource, error] {
	l := &lookup{x: x, kind: kind}
	byID, ascending, count := "id", "ascending", pageSize
	search := gen.SearchUsersParams{SortBy: &byID, SortOrder: &ascending, Count: &count}
	if q.Filter != "" {
		search.Filter = &q.Filter
	}
	if q.Attributes != "" {
		search.Attributes = &q.Attributes
	}
	return walk(func(start int) (p page[Resource], err error) {
		search.StartIndex = &start
		err = l.read(ctx, l.search(search), func(r response) (ok bool) {
			p, ok = l.readPage(r)
			return ok && p.total >= 0 && !slices.ContainsFunc(p.items, isPartial)
		})
		return p, err
	}, func(r Resource) string { return r.ID })
}

// isPartial reports whether a resource has no id, is of another organization,
// or cannot be kept. It spoils its page: a list must not be shorter than what
// it stands for.
func isPartial(r Resource) bool { return r.ID == "" || r.Raw == nil }

// Member is an element of a group's members.
type Member struct {
	ID   string
	Type string // user, group or machine; "" if the service does not say
	Name string // what the service displays
}

// Members reads all members of the group with this id, as List does. A group
// that does not exist is an error: a *LookupError of Status 404.
func (x *Client) Members(ctx context.Context, group string) iter.Seq2[Member, error] {
	l := &lookup{x: x, kind: "Groups"}
	if !location.IsID(group) {
		return func(yield func(Member, error) bool) {
			yield(Member{}, &LookupError{Kind: Rejected, Err: errors.New("invalid resource ID")})
		}
	}
	return walk(func(start int) (p page[Member], err error) {
		count := maxMemberPage
		err = l.read(ctx, func(ctx context.Context, edit gen.RequestEditorFn) (*http.Response, error) {
			return x.gen.GetGroupMembers(ctx, x.cfg.OrgID, group, &gen.GetGroupMembersParams{StartIndex: &start, Count: &count}, edit)
		}, func(r response) (ok bool) {
			p, ok = readMembers(r)
			return ok
		})
		return p, err
	}, func(m Member) string { return m.ID })
}

// readMembers reads a page of members. Documents name two attributes that count
// them all.
func readMembers(r response) (p page[Member], ok bool) {
	var list struct {
		TotalResults, MemberSize *wire.Text
		Members, Resources       []struct{ Value, Type, Display wire.Text }
	}
	if r.kind != Answered || json.Unmarshal(trim(r.body), &list) != nil {
		return p, false
	}
	p.total = totalOf(cmp.Or(list.MemberSize, list.TotalResults))
	for _, m := range append(list.Members, list.Resources...) {
		id := r.token.without(string(m.Value))
		if !location.IsID(id) {
			return p, false
		}
		p.items = append(p.items, Member{ID: id, Type: string(m.Type), Name: r.token.without(string(m.Display))})
	}
	return p, p.total >= 0
}

// walk reads a list of which fetch gives the page that begins at an index, from
// 1. The list keeps its order; what is created and deleted meanwhile shifts it.
// All in front of the last item that was read is known at any time, so a page
// that begins with a known item leaves out nothing, and one that does not is
// read again from further in front.
func walk[T any](fetch func(start int) (page[T], error), key func(T) string) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		seen := make(map[[16]byte]struct{})
		start, back, pass, read := 1, 0, 1, 0
		for {
			p, err := fetch(start)
			read += max(len(p.items), 10)
			switch {
			case err == nil && read > 4*(p.total+pageSize)*listPasses:
				err = &LookupError{Kind: NoResponse, Alive: true, Err: errChanging}
			case err == nil && len(p.items) == 0 && start == 1 && p.total > 0:
				err = &LookupError{Kind: NoResponse, Alive: true, Err: errIncomplete}
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
				yield(none, &LookupError{Kind: NoResponse, Alive: true, Err: errIncomplete})
				return
			case len(seen) >= p.total:
				return
			case pass == listPasses:
				err := fmt.Errorf("%w (%d of %d)", errIncomplete, len(seen), p.total)
				yield(none, &LookupError{Kind: NoResponse, Alive: true, Err: err})
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
