package engine

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strings"

	"github.com/webexscim/bulk/internal/plan"
)

// row is one row of the input as a person has written it. References name rows
// by their labels, which stay the same when rows are inserted or swapped.
type row struct {
	label   int
	method  Method
	user    bool   // a user, else a group
	name    string // of what a create makes
	ext     string
	content int    // the other data of a create, or the value of a PATCH
	add     bool   // the PATCH adds its value to a list
	unclear bool   // a resource does not show whether the PATCH was made
	target  string // the id of what is changed, "" where on is given
	on      int    // the label of the create whose resource is changed; 0: none
	refs    []int  // labels of the creates that the data refers to
	invalid bool
	blind   bool // what the create makes cannot be looked up
	sameAs  int  // the label of an earlier create whose bulkId it has by mistake; 0: none
	stage   int
	ids     []string // ids in the data
}

// mop is a row in one run: an operation with its bulkIds and its identity.
type mop struct {
	row
	index      int
	ident      int
	bulkID     string
	resource   string
	targetName string   // bulkId in the path
	refNames   []string // bulkIds in data and path
	ticket     uint64
	op         Operation
	gives      *string // of an update: the data of the create
}

func (m *mop) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "#%d %v", m.index, m.method)
	switch {
	case m.method == Post && m.user:
		fmt.Fprintf(&b, " user %s", m.name)
	case m.method == Post:
		fmt.Fprintf(&b, " group %s", m.name)
	case m.gives != nil:
		fmt.Fprintf(&b, " %s gives %q", m.target, *m.gives)
		return b.String()
	case m.target != "":
		fmt.Fprintf(&b, " %s", m.target)
	default:
		fmt.Fprintf(&b, " bulkId:%s", m.targetName)
	}
	if m.ext != "" {
		fmt.Fprintf(&b, " ext=%s", m.ext)
	}
	if m.method != Delete {
		fmt.Fprintf(&b, " data=%d", m.content)
	}
	if m.add {
		b.WriteString(" (add)")
	}
	if m.unclear {
		b.WriteString(" (unclear)")
	}
	if m.bulkID != "" {
		fmt.Fprintf(&b, " as %s", m.bulkID)
	}
	if len(m.refNames)+len(m.ids) > 0 {
		fmt.Fprintf(&b, " refs %v", append(m.ids, m.refNames...))
	}
	return b.String()
}

func hashKey(text string) Key {
	h := fnv.New128a()
	h.Write([]byte(text))
	return Key(h.Sum(nil))
}

// natural is the natural name of what a create makes.
func (r row) natural() string {
	if r.blind {
		return fmt.Sprintf("B%s/%d", r.name, r.content)
	}
	if r.user {
		return "U" + r.name
	}
	return "G" + r.name + "/" + r.ext
}

// materialize makes the operations of one stage of a run of the rows. bulkIds
// are row numbers, so they change when a row is inserted above.
func (w *model) materialize(rows []row) []*mop {
	byLabel := map[int]*mop{}
	var input []*mop
	for i, r := range rows {
		m := &mop{row: r, index: len(w.input) + i}
		if r.method == Post {
			m.bulkID = fmt.Sprintf("b%d", m.index)
			byLabel[r.label] = m
			if first := byLabel[r.sameAs]; first != nil {
				m.bulkID = first.bulkID
				byLabel[r.label] = first
			}
		}
		input = append(input, m)
	}
	name := func(label int) string {
		if m := byLabel[label]; m != nil {
			return m.bulkID
		}
		return fmt.Sprintf("gone%d", label)
	}
	meaning := func(label int) string {
		if m := byLabel[label]; m != nil {
			return m.natural()
		}
		return name(label)
	}
	last := map[string]string{} // identities of the last operations on resources
	for _, m := range input {
		identity := fmt.Sprintf("%v|%v%v|%s|%d|%v%v|", m.method, m.user, m.blind, m.name+"/"+m.ext+"/"+m.target, m.content, m.add, m.unclear)
		if len(m.ids) > 0 {
			identity += fmt.Sprint(m.ids)
		}
		if m.invalid {
			identity = "invalid " + identity
		}
		content := identity
		refer := func(label int) { // content and identity hold a placeholder for each reference
			n := name(label)
			at := slices.Index(m.refNames, n)
			if at < 0 {
				at = len(m.refNames)
				m.refNames = append(m.refNames, n)
			}
			content += fmt.Sprintf("<%d>", at)
			what := meaning(label)
			if n == m.bulkID {
				what = "itself"
			}
			identity += fmt.Sprintf("<%d %s>", at, what)
		}
		if m.target == "" && m.on != 0 {
			m.targetName = name(m.on)
			content, identity = content+" on ", identity+" on "
			refer(m.on)
		}
		for _, label := range m.refs {
			refer(label)
		}
		switch {
		case m.method == Post:
		case m.targetName != "":
			m.resource = "bulkId:" + m.targetName
		default:
			m.resource = "/r/" + m.target
		}
		if m.resource != "" && !m.invalid {
			if m.method == Patch {
				identity += fmt.Sprintf(" after %d stages (%s)", m.stage, last[m.resource])
			}
			last[m.resource] = identity
		}
		m.ident = w.recognize(identity)
		m.op = Operation{
			Index: m.index, Method: m.method, BulkID: m.bulkID, Resource: m.resource, Size: 100, Content: hashKey(content),
			Guarded:    m.method == Post && m.user && !m.blind || m.method == Delete || m.method == Patch && !m.add,
			ResourceID: m.target,
		}
		m.op.Target = m.targetName
		if m.method == Post && !m.blind {
			m.op.Name, m.op.SearchName = hashKey(m.natural()), hashKey("search "+m.searchName())
		}
		for _, n := range m.refNames {
			m.op.Refs = append(m.op.Refs, plan.Ref{Name: n, Count: 1, Width: 10, Required: true})
		}
		if m.invalid {
			m.op.Invalid = errInvalid
		}
	}
	return input
}

// recognize returns the number of an identity.
func (w *model) recognize(identity string) int {
	id, ok := w.idents[identity]
	if !ok {
		id = len(w.identOf)
		w.idents[identity] = id
		w.identOf = append(w.identOf, identity)
	}
	return id
}

func (r row) searchName() string {
	if r.blind {
		return r.natural()
	}
	if r.user {
		return "U" + r.name
	}
	return "G" + r.name
}

func (m *mop) data(id func(name string) string) string {
	out := fmt.Sprint(m.content, m.ids)
	for _, name := range m.refNames {
		out += " " + id(name)
	}
	return out
}

// shows reports whether a resource shows the effect of a PATCH.
func (m *mop) shows(v version) bool {
	switch {
	case m.gives != nil:
		return v.data == *m.gives && v.value == 0
	case m.unclear:
		return false
	case m.add:
		return slices.Contains(v.list, m.content)
	}
	return v.value == m.content
}

// follows reports whether an operation follows another one on its resource, in
// one run: an update comes before what refers to its create, except in an
// ordered job.
func (w *model) follows(m, o *mop) bool {
	switch {
	case m == o:
		return false
	case m.stage == o.stage && o.gives != nil && !w.ordered:
		return true
	case m.stage == o.stage && m.gives != nil && !w.ordered:
		return false
	}
	return m.index > o.index
}
