package contract

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/webexscim/bulk/webextest/internal/scim"
	"github.com/webexscim/bulk/webextest/internal/strictjson"
)

// maxOperations is the maximum number of operations in a request according to
// the contract. Rules.MaxOperations is that of the service.
const maxOperations = 100

// Rules make the service stricter or more lenient than the contract.
// webextest.Config describes each.
type Rules struct {
	MaxOperations int // in a request

	RequireSchemas, RefuseUnknown, RefuseReadOnly, ExactOps bool

	UntypedMembers, CapitalOperations, ZeroFailOnErrors, TextData bool
}

// Operation is one operation of a Bulk request.
type Operation struct {
	Method, Path, BulkID string
	Data                 json.RawMessage // as sent; nil without data

	Kind scim.Kind
	ID   string         // of the resource, for PATCH and DELETE by id
	Ref  string         // the bulkId in the path; "" if there is none
	Doc  map[string]any // the parsed data; package bulk resolves references in it
	Refs []string       // the bulkIds that the data refers to, with duplicates
	// Refused is why the operation fails, regardless of the store.
	Refused *scim.Error
}

// Names returns the bulkIds that the operation refers to.
func (op *Operation) Names() []string {
	if op.Ref == "" {
		return op.Refs
	}
	return append(slices.Clip(op.Refs), op.Ref)
}

// Target returns a name of the resource of a PATCH or DELETE.
func (op *Operation) Target() string { return op.Kind.String() + "/" + op.ID + op.Ref }

// Request is the part of a Bulk request that could be read.
type Request struct {
	FailOnErrors int // 0 if it is absent
	Operations   []*Operation
	Posts        map[string]int // index of the POST of a bulkId
	Violations   []string       // of the contract, refused or accepted
}

// ParseRequest reads and checks the body of a Bulk request. If the body is not
// JSON, it returns no request.
func ParseRequest(body []byte, rules *Rules) (*Request, *scim.Error) {
	d, err := strictjson.NewDecoder(body)
	if err != nil {
		return nil, scim.Refuse(http.StatusBadRequest, "invalidSyntax", "%v", err)
	}
	p := &parser{d: d, rules: rules, req: &Request{Posts: make(map[string]int)}}
	p.message()
	if d.Duplicate() != "" {
		p.fail("invalidSyntax", "the member %q appears twice in an object", d.Duplicate())
	}
	if p.failed != nil {
		p.req.Violations = append(p.req.Violations, p.failed.Detail)
	}
	p.req.resolvePaths()
	p.req.Violations = append(p.req.Violations, p.req.unknownReferences()...)
	n := len(p.req.Operations)
	if n > maxOperations {
		p.req.Violations = append(p.req.Violations, fmt.Sprintf("%d operations are more than %d", n, maxOperations))
	}
	if n > rules.MaxOperations {
		return p.req, scim.Refuse(http.StatusRequestEntityTooLarge, "",
			"the %d operations exceed the maxOperations (%d)", n, rules.MaxOperations)
	}
	if p.failed != nil {
		return p.req, p.failed
	}
	return p.req, nil
}

// resolvePaths decodes percent-encoded bulkIds in paths.
func (r *Request) resolvePaths() {
	for _, op := range r.Operations {
		if _, known := r.Posts[op.Ref]; op.Ref == "" || known {
			continue
		}
		if plain, err := url.PathUnescape(op.Ref); err == nil {
			op.Ref = plain
		}
	}
}

// parser reads a request to its end, and keeps the first failure.
type parser struct {
	d      *strictjson.Decoder
	rules  *Rules
	req    *Request
	names  map[string]bool // bulkIds so far
	failed *scim.Error
}

func (p *parser) fail(kind, format string, args ...any) {
	if p.failed == nil {
		p.failed = scim.Refuse(http.StatusBadRequest, kind, format, args...)
	}
}

// tolerate records a violation that is accepted.
func (p *parser) tolerate(violation string) {
	p.req.Violations = append(p.req.Violations, violation)
}

// object reads an object. Another type, duplicate members, and members that
// read does not know are failures.
func (p *parser) object(what string, read func(name string) (known bool)) {
	if p.d.Peek() != '{' {
		p.d.Value()
		p.fail("invalidSyntax", "%s must be an object", what)
		return
	}
	var room [8]string
	seen := room[:0]
	p.d.Members(func(name string) {
		if slices.Contains(seen, name) {
			p.fail("invalidSyntax", "the member %q appears twice in %s", name, what)
		}
		seen = append(seen, name)
		if !read(name) {
			p.d.Value()
			p.fail("invalidSyntax", "%s has an unknown member %q", what, name)
		}
	})
}

func (p *parser) message() {
	var schemas, operations bool
	p.object("the request", func(name string) bool {
		switch name {
		case "schemas":
			list, _ := p.d.Value().([]any)
			schemas = len(list) == 1 && list[0] == scim.BulkRequest
		case "failOnErrors":
			p.failOnErrors()
		case "Operations":
			if !p.rules.CapitalOperations || operations {
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
		p.fail("invalidSyntax", "schemas must hold %s and nothing else", scim.BulkRequest)
	case !operations:
		p.fail("invalidSyntax", "operations are missing")
	case len(p.req.Operations) == 0:
		p.fail("invalidValue", "operations are empty")
	}
}

func (p *parser) failOnErrors() {
	number, _ := p.d.Value().(json.Number)
	n, err := number.Float64() // 1.0 is an integer in JSON
	if err == nil && n == 0 && p.rules.ZeroFailOnErrors {
		p.tolerate(wrongBudget)
		return
	}
	if err != nil || n < 1 || n > 100 || n != math.Trunc(n) {
		p.fail("invalidValue", wrongBudget)
		return
	}
	p.req.FailOnErrors = int(n)
}

const wrongBudget = "failOnErrors must be an integer from 1 to 100"

func (p *parser) operations() {
	if p.d.Peek() != '[' {
		p.d.Value()
		p.fail("invalidSyntax", "operations must be an array")
		return
	}
	p.names = make(map[string]bool)
	p.d.Elements(p.operation)
}

func (p *parser) operation() {
	op := &Operation{}
	index := len(p.req.Operations)
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
			value, raw := p.d.Raw()
			object, ok := value.(map[string]any)
			if text, isText := value.(string); isText && p.rules.TextData {
				p.tolerate(what + ": data must be an object")
				raw = []byte(text)
				inner, _ := strictjson.Decode(raw)
				object, ok = inner.(map[string]any)
			}
			if !ok {
				p.fail("invalidSyntax", "%s: data must be an object", what)
			}
			op.Doc, op.Data = object, raw
		default:
			return false
		}
		return true
	})
	sound := p.check(op, what, named)
	if op.Method == http.MethodPost {
		p.req.Posts[op.BulkID] = index
	}
	if sound {
		p.checkData(op, what)
	}
	op.Refs = References(op.Doc, nil)
	p.req.Operations = append(p.req.Operations, op)
}

// checkData records a violation in the data of an operation, and sets op.Refused if
// the service refuses it.
func (p *parser) checkData(op *Operation, what string) {
	refused, violation := CheckData(op, p.rules)
	if refused != nil && refused.Violates {
		violation = refused.Detail
		refused.Violates = false // it is already recorded here
	}
	if op.Refused = refused; violation != "" {
		p.tolerate(what + ": " + violation)
	}
}

func (p *parser) text(what, name string) string {
	s, ok := p.d.Value().(string)
	if !ok {
		p.fail("invalidSyntax", "%s: %s must be a string", what, name)
	}
	return s
}

// check checks an operation against the rules of its method.
func (p *parser) check(op *Operation, what string, named bool) (sound bool) {
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
	case op.Method != http.MethodDelete && op.Doc == nil:
		p.fail("invalidSyntax", "%s: a %s needs data", what, op.Method)
	case !op.ParsePath():
		p.fail("invalidPath", "%s: %s does not take the path %q", what, op.Method, op.Path)
	default:
		sound = true
	}
	if named {
		p.names[op.BulkID] = true
	}
	return sound
}

// ParsePath parses the path: "/Users" for POST, "/Users/<id>" or
// "/Users/bulkId:<name>" for other methods. A name may contain any character,
// an id no slash and no colon.
func (op *Operation) ParsePath() bool {
	path, rooted := strings.CutPrefix(op.Path, "/")
	segment, rest, deeper := strings.Cut(path, "/")
	k, known := scim.KindOf(segment)
	op.Kind = k
	if !rooted || !known || deeper == (op.Method == http.MethodPost) {
		return false
	}
	if !deeper {
		return true
	}
	if name, ok := strings.CutPrefix(rest, RefPrefix); ok {
		op.Ref = name
		return name != ""
	}
	op.ID = strings.ToLower(rest)
	return rest != "" && !strings.ContainsAny(rest, "/?#:")
}
