package bulkref_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/webexscim/bulk/internal/bulkref"
)

func TestScanPath(t *testing.T) {
	for _, c := range []struct {
		path     string
		names    []string
		replaced string // every name by "I/D"
	}{
		{"", nil, ""},
		{"/", nil, "/"},
		{"/Users", nil, "/Users"},
		{"/Users/2819c223", nil, "/Users/2819c223"},
		{"/Groups/bulkId:g1", []string{"g1"}, "/Groups/I%2FD"},
		{"Groups/bulkId:g1", []string{"g1"}, "Groups/I%2FD"},
		{"bulkId:g1", []string{"g1"}, "I%2FD"},
		{"/Groups/bulkId:g1/members", []string{"g1"}, "/Groups/I%2FD/members"},
		{"/Groups/bulkId:g1/", []string{"g1"}, "/Groups/I%2FD/"},
		{"/Groups/bulkId:g/members/bulkId:u%20x/", []string{"g", "u x"}, "/Groups/I%2FD/members/I%2FD/"},
		{"//bulkId:a//bulkId:b", []string{"a", "b"}, "//I%2FD//I%2FD"},
		{"/Groups/bulkId:", nil, "/Groups/bulkId:"},
		{"/Groups/bulkid:g1", nil, "/Groups/bulkid:g1"},
		{"/Groups/xbulkId:g1", nil, "/Groups/xbulkId:g1"},
		{"/Groups/%62ulkId%3ag1", []string{"g1"}, "/Groups/I%2FD"},
		{"/Groups/bulkId:a%2Fb%2fc", []string{"a/b/c"}, "/Groups/I%2FD"},
		{"/Groups/bulkId:%C3%B1木", []string{"ñ木"}, "/Groups/I%2FD"},
		{"/Groups/bulkId:100%", []string{"100%"}, "/Groups/I%2FD"},
		{"/Groups/bulkId:%zz%4", []string{"%zz%4"}, "/Groups/I%2FD"},
		{"/Groups/bulkId:%2541", []string{"%41"}, "/Groups/I%2FD"},
		{`/Groups/bulkId:.*[a-z]+$"'?x#y a:b`, []string{`.*[a-z]+$"'?x#y a:b`}, "/Groups/I%2FD"},
	} {
		refs := bulkref.ScanPath(c.path)
		var names []string
		for _, r := range refs {
			names = append(names, r.Name)
			if !r.Required {
				t.Errorf("%q: not required", c.path)
			}
		}
		if !slices.Equal(names, c.names) {
			t.Errorf("%q: names %q, want %q", c.path, names, c.names)
		}
		if got := bulkref.ReplacePath(c.path, refs, func(string) (string, bool) { return "I/D", true }); got != c.replaced {
			t.Errorf("%q: replaced %q, want %q", c.path, got, c.replaced)
		}
		if got := bulkref.ReplacePath(c.path, refs, func(string) (string, bool) { return "", false }); got != c.path {
			t.Errorf("%q: unknown names gave %q", c.path, got)
		}
	}
}

func TestReplacePathTellsNamesApart(t *testing.T) {
	path := "/Groups/bulkId:u10/members/bulkId:u1/bulkId:u"
	got := bulkref.ReplacePath(path, bulkref.ScanPath(path), known(map[string]string{"u1": "ID"}))
	if want := "/Groups/bulkId:u10/members/ID/bulkId:u"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Any name survives a path when escaped, and when raw as long as it holds
// neither a slash nor a per cent sign.
func TestScanPathReadsAnyName(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringN(1, 20, -1).Draw(t, "name")
		forms := []string{url.PathEscape(name)}
		if !strings.ContainsAny(name, "/%") {
			forms = append(forms, name)
		}
		for _, form := range forms {
			refs := bulkref.ScanPath("/Groups/" + bulkref.Text(form) + "/members")
			if len(refs) != 1 || refs[0].Name != name {
				t.Fatalf("%q: %v", form, refs)
			}
		}
	})
}

// The ranges are the segments, in order, and replacing touches nothing else.
func FuzzScanPath(f *testing.F) {
	for _, seed := range []string{"/Groups/bulkId:g1", "bulkId:a/bulkId:b", "/%62ulkId%3a%2F", "/bulkId:100%", "//"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, path string) {
		refs := bulkref.ScanPath(path)
		var segments []string
		done := 0
		for _, r := range refs {
			segments = append(segments, path[done:r.Start], "ID")
			if strings.Contains(path[r.Start:r.End], "/") || r.Name == "" || r.Start < done ||
				r.Start > 0 && path[r.Start-1] != '/' || r.End < len(path) && path[r.End] != '/' {
				t.Fatalf("%q: no segment at %d:%d", path, r.Start, r.End)
			}
			done = r.End
		}
		want := strings.Join(append(segments, path[done:]), "")
		if got := bulkref.ReplacePath(path, refs, func(string) (string, bool) { return "ID", true }); got != want {
			t.Fatalf("%q: got %q, want %q", path, got, want)
		}
		if rest := bulkref.ScanPath(want); len(rest) != 0 {
			t.Fatalf("%q: references left in %q", path, want)
		}
	})
}
