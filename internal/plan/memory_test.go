package plan

// memory is the caller's, in maps.
type memory struct {
	names  map[string]Outcome
	failed map[string]int
}

func (m *memory) Name(name string) Outcome { return m.names[name] }

func (m *memory) Resource(resource string) (int, bool) {
	i, ok := m.failed[resource]
	return i, ok
}

func (m *memory) record(n *node, s Outcome) {
	s.Known, s.Index = true, int(n.index)
	switch {
	case n.named:
		m.names[n.text] = s
	case n.text != "" && !s.Done:
		if first, ok := m.failed[n.text]; !ok || s.Index < first {
			m.failed[n.text] = s.Index
		}
	}
}

type recorder interface{ record(*node, Outcome) }

// planner is one with a memory of its own.
func planner(cfg Config) *Planner {
	cfg.Memory = &memory{map[string]Outcome{}, map[string]int{}}
	return New(cfg)
}

// finish records what became of an operation, and tells the planner.
func finish(p *Planner, index int, s Outcome) {
	p.cfg.Memory.(recorder).record(p.find(index), s)
	p.Finish(index, s)
}

// succeed has all operations of a request done.
func succeed(p *Planner, r *Request) {
	p.Over(r)
	for _, s := range r.Items {
		finish(p, s.Index, Outcome{Done: true, ID: id(s.Index)})
	}
}

// takeDrops takes the operations that are dropped, and records them.
func takeDrops(p *Planner) []Drop {
	for _, d := range p.drops {
		if n := p.byIndex(d.Index); n != nil {
			p.cfg.Memory.(recorder).record(n, Outcome{})
		}
	}
	return p.Drops()
}
