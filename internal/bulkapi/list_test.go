package bulkapi

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// shiftingList is a list in the order of its keys that changes between two
// pages.
type shiftingList struct {
	keys []string
	size int
}

func (s *shiftingList) page(start int) page[string] {
	rest := s.keys[min(start-1, len(s.keys)):]
	return page[string]{items: slices.Clone(rest[:min(s.size, len(rest))]), total: len(s.keys)}
}

// TestWalkLeavesNothingOut: whatever is created and deleted while a list is
// read, what was there all the time is yielded, once.
func TestWalkLeavesNothingOut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := &shiftingList{size: rapid.IntRange(2, 7).Draw(t, "page")}
		for i := range rapid.IntRange(0, 60).Draw(t, "entries") {
			s.keys = append(s.keys, fmt.Sprintf("%04d", i*10))
		}
		always := slices.Clone(s.keys)
		changes := rapid.IntRange(0, 30).Draw(t, "changes")
		fetch := func(start int) (page[string], error) {
			p := s.page(start)
			for range min(changes, rapid.IntRange(0, 4).Draw(t, "at once")) {
				changes--
				if len(s.keys) > 0 && rapid.Bool().Draw(t, "delete") {
					i := rapid.IntRange(0, len(s.keys)-1).Draw(t, "which")
					gone := s.keys[i]
					s.keys = slices.Delete(s.keys, i, i+1)
					always = slices.DeleteFunc(always, func(k string) bool { return k == gone })
				} else {
					s.keys = append(s.keys, fmt.Sprintf("%04d", rapid.IntRange(0, 999).Draw(t, "new")*10+5))
					slices.Sort(s.keys)
					s.keys = slices.Compact(s.keys)
				}
			}
			return p, nil
		}
		seen := map[string]bool{}
		for key, err := range walk(fetch, func(s string) string { return s }) {
			if err != nil {
				if errors.Is(err, errChanging) {
					return
				}
				t.Fatal(err)
			}
			if seen[key] {
				t.Fatalf("%s twice", key)
			}
			seen[key] = true
		}
		for _, key := range always {
			if !seen[key] {
				t.Fatalf("%s left out", key)
			}
		}
	})
}

// TestWalkGoesBack: after a deletion in front of a page, the list is read again
// from a page further in front, not from its beginning.
func TestWalkGoesBack(t *testing.T) {
	s := &shiftingList{size: pageSize}
	for i := range 2000 {
		s.keys = append(s.keys, fmt.Sprintf("%04d", i))
	}
	fetched, n := 0, 0
	for _, err := range walk(func(start int) (page[string], error) {
		if fetched++; fetched == 16 {
			s.keys = s.keys[250:]
		}
		return s.page(start), nil
	}, func(s string) string { return s }) {
		if n++; err != nil {
			t.Fatal(err)
		}
	}
	if n != 2000 || fetched > 24 {
		t.Errorf("%d entries of %d pages", n, fetched)
	}
	for range walk(func(start int) (page[string], error) { return s.page(start), nil }, func(s string) string { return s }) {
		break // the end of a loop is the end of the list
	}
}

// TestShortListIsAnError: a list that is shorter than it says is an error,
// never a short list.
func TestShortListIsAnError(t *testing.T) {
	all := strings.Fields("a b c d e f g h i")
	for name, list := range map[string]func(start int) page[string]{
		"an empty page":      func(int) page[string] { return page[string]{total: 9} },
		"the same page":      func(int) page[string] { return page[string]{items: all[:4], total: 9} },
		"pages of one":       func(start int) page[string] { return page[string]{items: all[start-1 : start], total: 9} },
		"a hole in the list": func(start int) page[string] { return page[string]{items: all[min(start-1, 9):], total: 12} },
		"no order": func(start int) page[string] {
			return page[string]{items: []string{fmt.Sprint(start), all[0], fmt.Sprint(-start)}, total: 90}
		},
	} {
		fetched, n, last := 0, 0, error(nil)
		fetch := func(start int) (page[string], error) { fetched++; return list(start), nil }
		for _, err := range walk(fetch, func(s string) string { return s }) {
			if n++; err != nil {
				last = err
			}
		}
		if last == nil || fetched > 10 && !errors.Is(last, errChanging) {
			t.Errorf("%s: %d entries of %d pages, %v", name, n, fetched, last)
		}
	}
}

// people is a service with n users, of which ids ascend.
func people(n int, changes ...func(q map[string]string, page *string)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		start, _ := strconv.Atoi(q.Get("startIndex"))
		count, _ := strconv.Atoi(q.Get("count"))
		var list []string
		for i := start; i < start+count && i <= n; i++ {
			list = append(list, fmt.Sprintf(`{"id":"id-%04d","userName":"u%d@example.com"}`, i, i))
		}
		page := fmt.Sprintf(`{"totalResults":%d,"Resources":[%s]}`, n, strings.Join(list, ","))
		asked := map[string]string{}
		for name := range q {
			asked[name] = q.Get(name)
		}
		for _, change := range changes {
			change(asked, &page)
		}
		fmt.Fprint(w, page)
	}
}

// TestList: all pages are read, sorted by id, with filter and attributes.
func TestList(t *testing.T) {
	var asked map[string]string
	x := serve(t, people(250, func(q map[string]string, _ *string) { asked = q }))
	n := 0
	for res, err := range x.List(t.Context(), "Users", Query{Filter: `userName sw "u"`, Attributes: "id,userName"}) {
		if n++; err != nil || res.ID != fmt.Sprintf("id-%04d", n) || res.Raw == nil {
			t.Fatalf("%d: %+v %v", n, res, err)
		}
	}
	if n != 250 || asked["sortBy"] != "id" || asked["sortOrder"] != "ascending" || asked["count"] != "100" ||
		asked["filter"] != `userName sw "u"` || asked["attributes"] != "id,userName" {
		t.Errorf("%d users, asked %v", n, asked)
	}
}

// TestUnreadablePageIsAnError: a page that cannot be read in full is an error.
func TestUnreadablePageIsAnError(t *testing.T) {
	for name, spoil := range map[string]func(map[string]string, *string){
		"no id":                func(_ map[string]string, p *string) { *p = strings.Replace(*p, `"id":"id-0002",`, "", 1) },
		"an id that is a path": func(_ map[string]string, p *string) { *p = strings.Replace(*p, "id-0002", "../x", 1) },
		"no total":             func(_ map[string]string, p *string) { *p = strings.Replace(*p, "totalResults", "other", 1) },
		"another organization": func(_ map[string]string, p *string) {
			*p = strings.Replace(*p, `"id":"id-0002",`, `"id":"id-0002","meta":{"location":"https://h/identity/scim/00000000-0000-4000-8000-000000000009/v2/Users/id-0002"},`, 1)
		},
		"the token": func(_ map[string]string, p *string) { *p = strings.Replace(*p, "u2@example.com", testToken, 1) },
		"html":      func(_ map[string]string, p *string) { *p = "<html>" },
		"truncated": func(_ map[string]string, p *string) { *p = (*p)[:len(*p)/2] },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // each failure is repeated a few times, after a wait
			x := serve(t, people(3, spoil))
			var last error
			for _, err := range x.List(t.Context(), "Users", Query{}) {
				last = err
			}
			if _, ok := errors.AsType[*LookupError](last); !ok {
				t.Error(last)
			}
		})
	}
}

// TestMembersAndMe: the members of a group in pages of 500, and the owner of
// the token.
func TestMembersAndMe(t *testing.T) {
	x := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/identity/scim/v2/Users/me" {
			fmt.Fprint(w, `{"id":"me-1","userName":"admin@example.com"}`)
			return
		}
		if r.URL.Path != "/identity/scim/"+testOrg+"/v2/Groups/g-1/Members" {
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"404","detail":"no group"}`)
			return
		}
		start, _ := strconv.Atoi(r.URL.Query().Get("startIndex"))
		var list []string
		for i := start; i < start+500 && i <= 1200; i++ {
			list = append(list, fmt.Sprintf(`{"value":"m%d","type":"user","display":"M %d"}`, i, i))
		}
		fmt.Fprintf(w, `{"memberSize":1200,"members":[%s]}`, strings.Join(list, ","))
	})
	n := 0
	for m, err := range x.Members(t.Context(), "g-1") {
		if n++; err != nil || m.ID != fmt.Sprintf("m%d", n) || m.Type != "user" {
			t.Fatalf("%+v %v", m, err)
		}
	}
	me, err := x.Me(t.Context())
	if n != 1200 || err != nil || me.ID != "me-1" {
		t.Errorf("%d members; me %+v %v", n, me, err)
	}
	for _, err := range x.Members(t.Context(), "../Users") {
		if e, ok := errors.AsType[*LookupError](err); !ok || e.Kind != Rejected || e.Status != 0 {
			t.Error(err)
		}
	}
	for _, err := range x.Members(t.Context(), "g-2") {
		if e, ok := errors.AsType[*LookupError](err); !ok || e.Status != http.StatusNotFound {
			t.Error(err)
		}
	}
}
