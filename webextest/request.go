package webextest

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Operation is one operation of a Bulk request, as it was asked.
type Operation struct {
	Method, Path, BulkID string
	// Data is the text that was sent; nil when there was none.
	Data json.RawMessage
}

// operation is an Operation that has been understood.
type operation struct {
	Operation
	kind kind
	id   string         // of the resource, for PATCH and DELETE by id
	ref  string         // the bulkId in the path, where there is one
	data map[string]any // belongs to the one request: resolving changes it
	refs []string       // the names that data refers to, in order, with repeats
	// refused is why the operation fails whatever the store holds.
	refused *refusal
}

// bulkRequest is a body that keeps the contract.
type bulkRequest struct {
	failOnErrors int // 0: none given
	ops          []*operation
	posts        map[string]int // index of the POST of a bulkId
	violations   []string       // of the contract, whether or not they are why the request is refused
}

// parseBulk reads a body as strictly as the contract is written. It returns no
// request where the body is no JSON.
func parseBulk(body []byte, cfg *Config) (*bulkRequest, *refusal) {
	d, err := newDecoder(body)
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "invalidSyntax", "%v", err)
	}
	p := &bulkParser{d: d, cfg: cfg, req: &bulkRequest{posts: make(map[string]int)}}
	p.message()
	if d.dup != "" {
		p.fail("invalidSyntax", "the member %q appears twice in an object", d.dup)
	}
	if p.failed != nil {
		p.req.violations = append(p.req.violations, p.failed.detail)
	}
	p.req.resolvePaths()
	p.req.violations = append(p.req.violations, p.req.unknownReferences()...)
	n := len(p.req.ops)
	if n > DefaultMaxOperations { // which is the contract's, whatever this service takes
		p.req.violations = append(p.req.violations, fmt.Sprintf("%d operations are more than %d", n, DefaultMaxOperations))
	}
	if n > cfg.MaxOperations {
		return p.req, refuse(http.StatusRequestEntityTooLarge, "",
			"the %d operations exceed the maxOperations (%d)", n, cfg.MaxOperations)
	}
	if p.failed != nil {
		return p.req, p.failed
	}
	return p.req, nil
}

// resolvePaths finds names that a path holds in percent-encoding.
func (r *bulkRequest) resolvePaths() {
	for _, op := range r.ops {
		if _, known := r.posts[op.ref]; op.ref == "" || known {
			continue
		}
		if plain, err := url.PathUnescape(op.ref); err == nil {
			op.ref = plain
		}
	}
}

// bulkParser keeps the first thing that is wrong and reads on, since a decoder
// has to consume the text anyway.
type bulkParser struct {
	d      *decoder
	cfg    *Config
	req    *bulkRequest
	names  map[string]bool // bulkIds met
	failed *refusal
}

func (p *bulkParser) fail(kind, format string, args ...any) {
	if p.failed == nil {
		p.failed = refuse(http.StatusBadRequest, kind, format, args...)
	}
}

// tolerate notes what the contract does not have and the Config allows.
func (p *bulkParser) tolerate(violation string) {
	p.req.violations = append(p.req.violations, violation)
}

// object reads an object's members and complains about what is none, about
// members met twice and about those that read does not know.
func (p *bulkParser) object(what string, read func(name string) (known bool)) {
	if p.d.peek() != '{' {
		p.d.value()
		p.fail("invalidSyntax", "%s must be an object", what)
		return
	}
	var room [8]string
	seen := room[:0]
	p.d.members(func(name string) {
		if slices.Contains(seen, name) {
			p.fail("invalidSyntax", "the member %q appears twice in %s", name, what)
		}
		seen = append(seen, name)
		if !read(name) {
			p.d.value()
			p.fail("invalidSyntax", "%s has an unknown member %q", what, name)
		}
	})
}

func (p *bulkParser) message() {
	var schemas, operations bool
	p.object("the request", func(name string) bool {
		switch name {
		case "schemas":
			list, _ := p.d.value().([]any)
			schemas = len(list) == 1 && list[0] == schemaBulk
		case "failOnErrors":
			p.failOnErrors()
		case "Operations":
			if !p.cfg.CapitalOperations || operations {
				return false
			}
			p.tolerate("the list of a request must be spelled operations")
			fallthrough
		case "operations":
			operations = true
			p.operations()
		default:
			return false
		}
		return true
	})
	switch {
	case !schemas:
		p.fail("invalidSyntax", "schemas must hold %s and nothing else", schemaBulk)
	case !operations:
		p.fail("invalidSyntax", "operations are missing")
	case len(p.req.ops) == 0:
		p.fail("invalidValue", "operations are empty")
	}
}

func (p *bulkParser) failOnErrors() {
	number, _ := p.d.value().(json.Number)
	n, err := number.Float64() // 1.0 is an integer in JSON
	if err == nil && n == 0 && p.cfg.ZeroFailOnErrors {
		p.tolerate(wrongBudget)
		return
	}
	if err != nil || n < 1 || n > 100 || n != math.Trunc(n) {
		p.fail("invalidValue", wrongBudget)
		return
	}
	p.req.failOnErrors = int(n)
}

const wrongBudget = "failOnErrors must be an integer from 1 to 100"

func (p *bulkParser) operations() {
	if p.d.peek() != '[' {
		p.d.value()
		p.fail("invalidSyntax", "operations must be an array")
		return
	}
	p.names = make(map[string]bool)
	p.d.elements(p.operation)
}

func (p *bulkParser) operation() {
	op := &operation{}
	index := len(p.req.ops)
	what := "operation " + strconv.Itoa(index)
	var named bool
	p.object(what, func(name string) bool {
		switch name {
		case "method":
			op.Method = p.text(what, name)
		case "path":
			op.Path = p.text(what, name)
		case "bulkId":
			named = true
			op.BulkID = p.text(what, name)
		case "data":
			value, raw := p.d.raw()
			object, ok := value.(map[string]any)
			if text, isText := value.(string); isText && p.cfg.TextData {
				p.tolerate(what + ": data must be an object")
				raw = []byte(text)
				inner, _ := decode(raw)
				object, ok = inner.(map[string]any)
			}
			if !ok {
				p.fail("invalidSyntax", "%s: data must be an object", what)
			}
			op.data, op.Data = object, raw
		default:
			return false
		}
		return true
	})
	sound := p.check(op, what, named)
	if op.Method == http.MethodPost {
		p.req.posts[op.BulkID] = index
	}
	if sound {
		p.judge(op, what)
	}
	op.refs = references(op.data, nil)
	p.req.ops = append(p.req.ops, op)
}

// judge notes how the data of an operation violates the contract, and sets
// op.refused where the service does not do it.
func (p *bulkParser) judge(op *operation, what string) {
	refused, violation := checkData(op, p.cfg)
	if refused != nil && refused.violates {
		violation = refused.detail
		refused.violates = false // it is noted here, whatever becomes of the operation
	}
	if op.refused = refused; violation != "" {
		p.tolerate(what + ": " + violation)
	}
}

func (p *bulkParser) text(what, name string) string {
	s, ok := p.d.value().(string)
	if !ok {
		p.fail("invalidSyntax", "%s: %s must be a string", what, name)
	}
	return s
}

// check holds an operation against what its method asks for.
func (p *bulkParser) check(op *operation, what string, named bool) (sound bool) {
	switch op.Method {
	case http.MethodPost, http.MethodPatch, http.MethodDelete:
	default:
		p.fail("invalidSyntax", "%s: the method %q is none of POST, PATCH and DELETE", what, op.Method)
		return false
	}
	switch {
	case op.Method == http.MethodPost && !named:
		p.fail("invalidSyntax", "%s: a POST needs a bulkId", what)
	case named && op.BulkID == "":
		p.fail("invalidValue", "%s: the bulkId is empty", what)
	case p.names[op.BulkID]:
		p.fail("invalidValue", "%s: the bulkId %q appears twice", what, op.BulkID)
	case op.Method != http.MethodDelete && op.data == nil:
		p.fail("invalidSyntax", "%s: a %s needs data", what, op.Method)
	case !op.parsePath():
		p.fail("invalidPath", "%s: %s does not take the path %q", what, op.Method, op.Path)
	default:
		sound = true
	}
	if named {
		p.names[op.BulkID] = true
	}
	return sound
}

// parsePath reads "/Users" for POST, "/Users/<id>" and "/Users/bulkId:<name>"
// for the others. A name may hold anything, an id no slash and no colon.
func (op *operation) parsePath() bool {
	path, rooted := strings.CutPrefix(op.Path, "/")
	segment, rest, deeper := strings.Cut(path, "/")
	k, known := kindOf(segment)
	op.kind = k
	if !rooted || !known || deeper == (op.Method == http.MethodPost) {
		return false
	}
	if !deeper {
		return true
	}
	if name, ok := strings.CutPrefix(rest, refPrefix); ok {
		op.ref = name
		return name != ""
	}
	op.id = strings.ToLower(rest)
	return rest != "" && !strings.ContainsAny(rest, "/?#:")
}
