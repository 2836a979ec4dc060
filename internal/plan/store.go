package plan

import "hash/maphash"

// slab holds values by number, from 1: 0 is none. The numbers of those given
// back are taken again.
type slab[T any] struct {
	chunks []*[chunk]T
	last   int32 // highest number so far
	free   []int32
}

const chunk = 128

func (s *slab[T]) at(i int32) *T { return &s.chunks[uint32(i)/chunk][uint32(i)%chunk] }

// take returns a zero value and its number.
func (s *slab[T]) take() (int32, *T) {
	if k := len(s.free); k > 0 {
		i := s.free[k-1]
		s.free = s.free[:k-1]
		return i, s.at(i)
	}
	if s.last++; int(s.last)/chunk == len(s.chunks) {
		s.chunks = append(s.chunks, new([chunk]T))
	}
	return s.last, s.at(s.last)
}

func (s *slab[T]) give(i int32) {
	*s.at(i) = *new(T)
	s.free = append(s.free, i)
}

// nameTable finds nodes by name. The names are kept in the nodes alone, which
// are chained: a map would double the memory of a node.
type nameTable struct {
	seed  maphash.Seed
	heads []int32 // by hash: first node of a chain; as many as a power of two
	count int
}

func (t *nameTable) head(name string) *int32 {
	return &t.heads[maphash.String(t.seed, name)&uint64(len(t.heads)-1)]
}

// byName returns the node that has a name, or nil.
func (p *Planner) byName(name string) *node {
	for i := *p.names.head(name); i != 0; {
		n := p.nodes.at(i)
		if n.text == name {
			return n
		}
		i = n.chain
	}
	return nil
}

// keepName enters a node into the table of names.
func (p *Planner) keepName(n *node) {
	t := &p.names
	if t.count++; t.count > len(t.heads) {
		old := t.heads
		t.heads = make([]int32, 2*len(old))
		for _, i := range old {
			for i != 0 {
				m := p.nodes.at(i)
				head := t.head(m.text)
				i, m.chain, *head = m.chain, *head, i
			}
		}
	}
	head := t.head(n.text)
	n.chain, *head = *head, n.number
}

// forgetName removes a node from the table of names.
func (p *Planner) forgetName(n *node) {
	at := p.names.head(n.text)
	for *at != n.number {
		at = &p.nodes.at(*at).chain
	}
	*at = n.chain
	p.names.count--
}

// byIndex returns the node that has an index, or nil. It is open, or dropped.
func (p *Planner) byIndex(index int) *node {
	if number := p.indexes.At(index); number != 0 {
		return p.nodes.at(number)
	}
	return nil
}

// find returns the open node of an index, or nil.
func (p *Planner) find(index int) *node {
	if n := p.byIndex(index); n != nil && n.isOpen() {
		return n
	}
	return nil
}
