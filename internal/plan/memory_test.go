package plan

// memory is the caller's, in maps.
type memory struct {
	names  map[string]Settled
	failed map[string]int
}

func (m *memory) Name(name string) Settled { return m.names[name] }

func (m *memory) Resource(resource string) (int, bool) {
	i, ok := m.failed[resource]
	return i, ok
}

func (m *memory) record(it Item, s Settled) {
	s.Known, s.Index = true, it.Index
	if it.Name != "" {
		m.names[it.Name] = s
	}
	if it.Resource != "" && !s.Done {
		m.failed[it.Resource] = it.Index
	}
}

type recorder interface{ record(Item, Settled) }

// planner is one with a memory of its own.
func planner(cfg Config) *Planner {
	cfg.Memory = &memory{map[string]Settled{}, map[string]int{}}
	return New(cfg)
}

// finish records what became of an operation, and tells the planner.
func finish(p *Planner, index int, s Settled) {
	p.cfg.Memory.(recorder).record(p.open[index].Item, s)
	p.Finish(index, s)
}

// succeed has all operations of a request done.
func succeed(p *Planner, r *Request) {
	p.Over(r)
	for _, s := range r.Items {
		finish(p, s.Index, Settled{Done: true, ID: id(s.Index)})
	}
}

// takeDrops takes the operations that are dropped, and records them.
func takeDrops(p *Planner) []Drop {
	for _, n := range p.dropped {
		p.cfg.Memory.(recorder).record(n.Item, Settled{})
	}
	return p.Drops()
}
