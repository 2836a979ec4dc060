package bulkref

import (
	"net/url"
	"strings"
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
	for start := 0; start <= len(path); {
		end := len(path)
		if i := strings.IndexByte(path[start:], '/'); i >= 0 {
			end = start + i
		}
		if name, ok := strings.CutPrefix(unescapeSegment(path[start:end]), prefix); ok && name != "" {
			refs = append(refs, Reference{Name: name, Start: start, End: end, Required: true})
		}
		start = end + 1
	}
	return refs
}

// ReplacePath returns path with each reference whose id is known replaced by
// that id, percent-escaped so that it stays one segment. The refs must be
// those, or in order some of those, that ScanPath gave for path.
func ReplacePath(path string, refs []Reference, id func(name string) (string, bool)) string {
	var b strings.Builder
	done := 0
	for _, r := range refs {
		if text, ok := id(r.Name); ok {
			b.WriteString(path[done:r.Start])
			b.WriteString(url.PathEscape(text))
			done = r.End
		}
	}
	if done == 0 {
		return path
	}
	b.WriteString(path[done:])
	return b.String()
}

// unescapeSegment is url.PathUnescape that takes what is no escape as it stands
// instead of refusing it.
func unescapeSegment(s string) string {
	if strings.IndexByte(s, '%') < 0 {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			hi, ok1 := hexDigit(s[i+1])
			lo, ok2 := hexDigit(s[i+2])
			if ok1 && ok2 {
				b = append(b, hi<<4|lo)
				i += 2
				continue
			}
		}
		b = append(b, s[i])
	}
	return string(b)
}

// hexDigit returns the value of a hexadecimal digit.
func hexDigit(c byte) (byte, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10, true
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}
