package engine_test

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/webexscim/bulk/internal/engine"
)

// A job of two operations. The answer of the first one is lost; a lookup finds
// that it was done.
func Example() {
	now := engine.Time{Wall: time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)}
	operations := []engine.Operation{
		{Index: 0, Method: engine.Post, Size: 200, SearchName: engine.Key{1}},
		{Index: 1, Method: engine.Delete, Size: 60, Resource: "/users/42", Guarded: true},
	}
	e := engine.New(engine.Config{
		Operations: 1, Bytes: 1_000_000, Concurrency: 2, MaxAttempts: 5,
		LookupPatience: 15 * time.Second, MaxServiceTime: 2 * time.Minute,
		Facts: func(index int) (*engine.Operation, error) { return &operations[index], nil },
	}, now)
	for i := range operations {
		e.Add(now, &operations[i])
	}
	e.End(now)

	for last := false; !last; {
		last = e.Finished() // then these are the last commands
		ready := e.Ready()
		for _, r := range ready.Requests {
			if r.Items[0].Index == 0 {
				fmt.Println("the answer to operation 0 is lost")
				e.Response(now, r.Number, engine.Response{Kind: engine.NoResponse, Err: errors.New("connection reset")})
				continue
			}
			e.Response(now, r.Number, engine.Response{Items: []engine.Item{{Found: true, Status: 204}}, Alive: true})
		}
		for _, l := range ready.Lookups {
			fmt.Println("a lookup searches for operation", l.Creates[0].Index)
			found := engine.Finding{Index: 0, Candidates: []engine.Candidate{{ID: "g1", Equal: true}}}
			e.Found(now, l.Number, []engine.Finding{found}, true, now.Wall)
		}
		for _, r := range ready.Results {
			fmt.Println("operation", r.Index, r.Outcome)
		}
	}
	// Output:
	// the answer to operation 0 is lost
	// a lookup searches for operation 0
	// operation 1 succeeded
	// operation 0 succeeded
}

// TestTableOfRulesIsTrue keeps the table of the package documentation true:
// each place that it names exists, each rule has a script, and each script of a
// rule has that rule.
func TestTableOfRulesIsTrue(t *testing.T) {
	names := declared(t)
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("testdata/0[3-8]-*.txt")
	if err != nil {
		t.Fatal(err)
	}
	scripts := map[string]int{} // by rule
	for _, f := range files {
		scripts[regexp.MustCompile(`\d+-\d+`).FindString(f)]++
	}
	rules := regexp.MustCompile(`(?m)^//\t(0\d-\d+) .*$`).FindAllString(string(doc), -1)
	row := regexp.MustCompile(`^//\t(0\d-\d+) .*?  +(\S.*)$`)
	for _, line := range rules {
		m := row.FindStringSubmatch(line)
		if m == nil {
			t.Errorf("no places in %q", line)
			continue
		}
		if !strings.HasPrefix(m[2], "the journal") {
			for _, name := range strings.Split(m[2], ", ") {
				if !names[name] && !strings.HasPrefix(name, "plan.") {
					t.Errorf("%s: nothing is called %s", m[1], name)
				}
			}
		}
		if scripts[m[1]] == 0 {
			t.Errorf("%s has no script", m[1])
		}
		delete(scripts, m[1])
	}
	for rule := range scripts {
		t.Errorf("scripts of the rule %s, which is not in the table", rule)
	}
	if len(rules) < 40 {
		t.Errorf("%d rules in the table", len(rules))
	}
}

// declared are the functions, methods and types of the package.
func declared(t *testing.T) map[string]bool {
	names := map[string]bool{}
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".go") || strings.HasSuffix(f.Name(), "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), f.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range parsed.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				names[d.Name.Name] = true
				if d.Recv != nil {
					receiver := typeName(d.Recv.List[0].Type)
					names[receiver+"."+d.Name.Name] = true
				}
			case *ast.GenDecl:
				for _, s := range d.Specs {
					if s, ok := s.(*ast.TypeSpec); ok {
						names[s.Name.Name] = true
					}
				}
			}
		}
	}
	return names
}

func typeName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return typeName(e.X)
	case *ast.Ident:
		return e.Name
	}
	return ""
}
