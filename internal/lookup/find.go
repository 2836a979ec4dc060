package lookup

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/webexscim/bulk/gen"
	"github.com/webexscim/bulk/internal/fold"
	"github.com/webexscim/bulk/internal/rawjson"
	"github.com/webexscim/bulk/internal/transport"
)

// Bounds of a search for names.
const (
	namesPerQuery = 50
	longestFilter = 5500 // bytes, as it stands in the url: some 6,000 with all around it
	pageSize      = 100  // the default of Webex
	mostPages     = 100
)

// Find finds the users that have one of these userNames, or the groups that
// have one of these displayNames (kind is Users or Groups), in no certain
// order, each once; several groups may have one name. Names compare by
// fold.Fold. A name without a resource was not found, which may be because
// reads lag behind writes. The error is an *Error.
func Find(ctx context.Context, c *transport.Client, kind string, names []string) ([]Resource, error) {
	s := &search{
		lookup: lookup{c: c, kind: kind, names: names},
		asked:  make(map[string]bool, len(names)), known: make(map[string]bool),
	}
	for _, name := range names {
		s.asked[fold.Fold(name)] = true
	}
	most := namesPerQuery
	for terms := s.terms(); len(terms) > 0; {
		n := fit(terms, most)
		err := s.pages(ctx, strings.Join(terms[:n], " or "))
		failure, failed := errors.AsType[*Error](err)
		switch {
		case failed && isLong(failure.Status) && n > 1:
			most = n / 2
		case err != nil:
			return nil, err
		default:
			terms = terms[n:]
		}
	}
	return s.found, nil
}

// search is a lookup of names.
type search struct {
	lookup
	asked map[string]bool // the names, folded
	known map[string]bool // resources that were found, by id
	found []Resource
}

// terms are the parts of a filter that ask for each name once, regardless of
// case (RFC 7644 section 3.4.2.2: a value is a JSON string). A name that
// services may have trimmed or composed is asked for in that form too.
func (s *search) terms() []string {
	attribute := "userName eq "
	if s.isGroups() {
		attribute = "displayName eq "
	}
	var terms []string
	known := make(map[string]bool, len(s.names))
	for _, name := range s.names {
		for _, form := range []string{name, strings.TrimSpace(name), fold.Compose(fold.Spaces(name))} {
			key := strings.Map(fold.Rune, form)
			if form == "" || known[key] {
				continue
			}
			known[key] = true
			terms = append(terms, string(rawjson.AppendText([]byte(attribute), form)))
		}
	}
	return terms
}

// fit is how many terms go into one query: one at least, and no more than most
// or than the url can hold.
func fit(terms []string, most int) int {
	size := 0
	for n, term := range terms {
		size += len(url.QueryEscape(term)) + len("%20or%20")
		if n == most || n > 0 && size > longestFilter {
			return n
		}
	}
	return len(terms)
}

// pages reads all pages of one filter. It goes on by the length of a page,
// since services give less than asked for, and ends with a page that holds
// nothing new, since some give the same page for any index.
func (s *search) pages(ctx context.Context, filter string) error {
	seen := make(map[string]bool)
	count := pageSize
	for start, n := 1, 0; n < mostPages; n++ {
		query := gen.SearchUsersParams{Filter: &filter, StartIndex: &start, Count: &count}
		p, err := s.search(ctx, query, false)
		if err != nil {
			return err
		}
		fresh := false
		for _, r := range p.items {
			key := cmp.Or(r.ID, string(r.Raw))
			if r.Name == "" || seen[key] {
				continue
			}
			seen[key], fresh = true, true
			// Some services ignore the filter, or give a resource to two queries.
			if s.asked[fold.Fold(r.Name)] && !s.known[key] {
				s.known[key] = true
				s.found = append(s.found, r)
			}
		}
		start += len(p.items)
		if !fresh || p.total > 0 && start > p.total {
			return nil
		}
	}
	return contradiction(fmt.Errorf("over %d pages", mostPages))
}
