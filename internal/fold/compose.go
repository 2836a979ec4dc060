package fold

import (
	"slices"
	"sync"
	"unicode/utf8"
)

// Hangul syllables are computed: Unicode Standard, section 3.12.
const (
	hangulBase             = 0xac00
	leadBase, leads        = 0x1100, 19
	vowelBase, vowels      = 0x1161, 21
	trailBase, trails      = 0x11a7, 28 // the first means no trailing consonant
	hangulSyllables        = leads * vowels * trails
	firstComposable   rune = 0x300 // no text of smaller runes changes when it is composed
)

// pair is one step of a canonical decomposition. second is 0 if the rune is
// only another code for first.
type pair struct{ rune, first, second rune }

// span is a range of runes with one canonical combining class. Runes in no span
// have class 0.
type span struct {
	first, last rune
	class       uint8
}

// Compose returns s in Unicode normalization form C (UAX #15). A text that is
// not UTF-8 stays unchanged.
func Compose(s string) string {
	if !slices.ContainsFunc([]rune(s), func(r rune) bool { return r >= firstComposable }) || !utf8.ValidString(s) {
		return s
	}
	runes := decompose(s)
	out := runes[:0] // safe: the write position never passes the read position
	starter, last := -1, uint8(0)
	for _, r := range runes {
		class := classOf(r)
		// A rune between r and its starter with a class as high as that of r
		// blocks r.
		if starter >= 0 && (last < class || last == 0 && starter == len(out)-1) {
			if c := composeTwo(out[starter], r); c != 0 {
				out[starter] = c
				continue
			}
		}
		if class == 0 {
			starter = len(out)
		}
		last = class
		out = append(out, r)
	}
	return string(out)
}

// Decompose returns s in Unicode normalization form D (UAX #15). Bytes that are
// not UTF-8 become U+FFFD.
func Decompose(s string) string {
	if isASCII(s) {
		return s
	}
	return string(decompose(s))
}

// decompose decomposes all runes of s and sorts combining runes into canonical
// order.
func decompose(s string) []rune {
	runes := make([]rune, 0, len(s))
	for _, r := range s {
		runes = appendDecomposed(runes, r)
	}
	for i := 0; i < len(runes); i++ {
		from := i
		for i < len(runes) && classOf(runes[i]) != 0 {
			i++
		}
		slices.SortStableFunc(runes[from:i], func(a, b rune) int { return int(classOf(a)) - int(classOf(b)) })
	}
	return runes
}

func appendDecomposed(dst []rune, r rune) []rune {
	if r < 0xc0 {
		return append(dst, r)
	}
	if n := r - hangulBase; 0 <= n && n < hangulSyllables {
		dst = append(dst, leadBase+n/(vowels*trails), vowelBase+n/trails%vowels)
		if trail := n % trails; trail != 0 {
			dst = append(dst, trailBase+trail)
		}
		return dst
	}
	i, found := slices.BinarySearchFunc(decompositions[:], r, func(p pair, r rune) int { return int(p.rune - r) })
	if !found {
		return append(dst, r)
	}
	dst = appendDecomposed(dst, decompositions[i].first)
	if second := decompositions[i].second; second != 0 {
		dst = append(dst, second)
	}
	return dst
}

func classOf(r rune) uint8 {
	if r < firstComposable {
		return 0
	}
	i, found := slices.BinarySearchFunc(classes[:], r, func(s span, r rune) int {
		switch {
		case s.last < r:
			return -1
		case s.first > r:
			return 1
		}
		return 0
	})
	if !found {
		return 0
	}
	return classes[i].class
}

// composites maps two runes to their composition.
var composites = sync.OnceValue(func() map[[2]rune]rune {
	m := make(map[[2]rune]rune)
	for _, p := range decompositions {
		if p.second != 0 && !slices.Contains(excluded[:], p.rune) {
			m[[2]rune{p.first, p.second}] = p.rune
		}
	}
	return m
})

// composeTwo returns the composition of a and b, or 0 if there is none.
func composeTwo(a, b rune) rune {
	if l, v := a-leadBase, b-vowelBase; 0 <= l && l < leads && 0 <= v && v < vowels {
		return hangulBase + (l*vowels+v)*trails
	}
	if n, t := a-hangulBase, b-trailBase; 0 <= n && n < hangulSyllables && n%trails == 0 && 0 < t && t < trails {
		return a + t
	}
	return composites()[[2]rune{a, b}]
}
