package outcomes

import "math/bits"

// indexes is a set of indexes of operations, one bit for each.
type indexes []uint64

func (s *indexes) add(i int) {
	for len(*s) <= i/64 {
		*s = append(*s, 0)
	}
	(*s)[i/64] |= 1 << (i % 64)
}

func (s indexes) count() (n int) {
	for _, word := range s {
		n += bits.OnesCount64(word)
	}
	return n
}

func (s indexes) has(i int) bool { return i/64 < len(s) && s[i/64]&(1<<(i%64)) != 0 }

// reasons are the reasons why operations did not succeed. Each text is kept
// once. The zero value is ready to use.
type reasons struct {
	texts []string
	place map[string]uint32 // of each text
	at    map[int]uint32    // the text of an operation
}

func (r *reasons) add(index int, text string) {
	if r.at == nil {
		r.place, r.at = map[string]uint32{}, map[int]uint32{}
	}
	place, ok := r.place[text]
	if !ok {
		place = uint32(len(r.texts))
		r.place[text], r.texts = place, append(r.texts, text)
	}
	r.at[index] = place
}

// of returns the reason of an operation, "" if there is none.
func (r *reasons) of(index int) string {
	if place, ok := r.at[index]; ok {
		return r.texts[place]
	}
	return ""
}
