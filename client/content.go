package client

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"slices"
	"strconv"

	"github.com/webexscim/bulk/internal/bulkref"
	"github.com/webexscim/bulk/internal/engine"
	"github.com/webexscim/bulk/internal/plan"
)

// content recognizes an operation by method, path and data, however the data is
// written: members in another order, other escapes and white space are the same.
// Each reference is a placeholder, and the references of the facts are brought
// into the order of the placeholders, so that the engine can put in what they
// mean.
func (p *pending) content() engine.Key {
	w := canonical{data: p.data, refs: p.refs, order: map[string]int{}}
	for _, r := range p.path {
		w.placeholder(r.Name)
	}
	h := sha256.New()
	for _, text := range []string{p.op.Method, pathWithout(p.route, p.path), string(w.value(nil))} {
		h.Write(strconv.AppendInt(nil, int64(len(text)), 10))
		h.Write([]byte(":" + text))
	}
	slices.SortStableFunc(p.facts.Refs, func(a, b plan.Ref) int { return w.order[a.Name] - w.order[b.Name] })
	return engine.Key(h.Sum(nil)[:len(engine.Key{})])
}

func pathWithout(route string, refs []bulkref.Reference) string {
	return bulkref.ReplacePath(route, refs, func(string) (string, bool) { return "*", true })
}

// canonical writes valid JSON in one form: members sorted by name, strings with
// one kind of escapes, numbers as they are.
type canonical struct {
	data  []byte
	at    int
	refs  []bulkref.Reference
	order map[string]int // of the names of references
}

// placeholder stands for a reference: the number of its name in the order in
// which names appear. No JSON text begins like that.
func (w *canonical) placeholder(name string) string {
	n, ok := w.order[name]
	if !ok {
		n = len(w.order)
		w.order[name] = n
	}
	return "<" + strconv.Itoa(n) + ">"
}

func (w *canonical) skipSpace() {
	for w.at < len(w.data) && bytes.IndexByte([]byte(" \t\r\n"), w.data[w.at]) >= 0 {
		w.at++
	}
}

// value appends the next value. The data is valid JSON, as check has found.
func (w *canonical) value(dst []byte) []byte {
	w.skipSpace()
	if w.at >= len(w.data) {
		return dst
	}
	switch w.data[w.at] {
	case '{':
		return w.object(dst)
	case '[':
		return w.list(dst)
	case '"':
		return w.text(dst)
	}
	start := w.at
	for w.at < len(w.data) && bytes.IndexByte([]byte(" \t\r\n,]}"), w.data[w.at]) < 0 {
		w.at++
	}
	return append(dst, w.data[start:w.at]...)
}

func (w *canonical) text(dst []byte) []byte {
	start := w.at
	for w.at++; w.data[w.at] != '"'; w.at++ {
		if w.data[w.at] == '\\' {
			w.at++
		}
	}
	w.at++
	if i, ok := slices.BinarySearchFunc(w.refs, start, func(r bulkref.Reference, at int) int { return r.Start - at }); ok {
		return append(dst, w.placeholder(w.refs[i].Name)...)
	}
	raw := w.data[start:w.at]
	if bytes.IndexByte(raw, '\\') < 0 {
		return append(dst, raw...)
	}
	var text string
	_ = json.Unmarshal(raw, &text)
	plain, _ := marshalPlain(text)
	return append(dst, plain...)
}

func (w *canonical) list(dst []byte) []byte {
	dst = append(dst, '[')
	w.at++
	for {
		w.skipSpace()
		switch w.data[w.at] {
		case ']':
			w.at++
			return append(dst, ']')
		case ',':
			w.at++
			dst = append(dst, ',')
		default:
			dst = w.value(dst)
		}
	}
}

// object sorts the members by name. Their values are written in that order, so
// that the placeholders in them are numbered in it.
func (w *canonical) object(dst []byte) []byte {
	type member struct {
		name string
		at   int
	}
	var members []member
	w.at++
	for w.skipSpace(); w.data[w.at] != '}'; w.skipSpace() {
		if w.data[w.at] == ',' {
			w.at++
			continue
		}
		name := string((&canonical{data: w.data[w.at:]}).text(nil))
		w.skip()
		for w.data[w.at] != ':' {
			w.at++
		}
		w.at++
		members = append(members, member{name, w.at})
		w.skip()
	}
	w.at++
	end := w.at
	slices.SortStableFunc(members, func(a, b member) int { return bytes.Compare([]byte(a.name), []byte(b.name)) })
	dst = append(dst, '{')
	for i, m := range members {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(append(dst, m.name...), ':')
		w.at = m.at
		dst = w.value(dst)
	}
	w.at = end
	return append(dst, '}')
}

// skip passes over the next value.
func (w *canonical) skip() {
	w.skipSpace()
	depth := 0
	for ; w.at < len(w.data); w.at++ {
		switch w.data[w.at] {
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return
			}
			if depth--; depth == 0 {
				w.at++
				return
			}
		case ',', ':':
			if depth == 0 {
				return
			}
		case '"':
			for w.at++; w.data[w.at] != '"'; w.at++ {
				if w.data[w.at] == '\\' {
					w.at++
				}
			}
			if depth == 0 {
				w.at++
				return
			}
		}
	}
}
