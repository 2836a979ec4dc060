package bulkref

import (
	"net/url"
	"strings"

	"github.com/webexscim/bulk/internal/location"
)

// ScanPath finds the references among the segments of an operation's path, as
// in /Groups/bulkId:g1 or /Groups/bulkId:g1/members. They are all Required.
//
// A segment may be percent-escaped or raw: % and two hexadecimal digits stand
// for one byte, any other % for itself, and all else is part of the name as it
// stands: quotes, ?, #, other scripts. So a slash in a name is written %2F, and
// a name that itself holds something like %41 needs its % written as %25.
func ScanPath(path string) []Reference {
	var refs []Reference
	start := 0
	for segment := range strings.SplitSeq(path, "/") {
		end := start + len(segment)
		if name, ok := strings.CutPrefix(location.Unescape(segment), prefix); ok && name != "" {
			refs = append(refs, Reference{Name: name, Start: start, End: end, Required: true})
		}
		start = end + len("/")
	}
	return refs
}

// ReplacePath returns path with each reference whose id is known replaced by
// that id, percent-escaped so that it stays one segment. The refs must be
// those, or in order some of those, that ScanPath gave for path.
func ReplacePath(path string, refs []Reference, id func(name string) (string, bool)) string {
	return string(replace(nil, path, refs, id, func(dst []byte, id string) []byte {
		return append(dst, url.PathEscape(id)...)
	}))
}
