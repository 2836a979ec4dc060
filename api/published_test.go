package api_test

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// extensions are the members of a resource that published.txt names in short.
var extensions = map[string]string{
	"User.enterprise": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
	"User.webex":      "urn:scim:schemas:extension:cisco:webexidentity:2.0:User",
	"Group.webex":     "urn:scim:schemas:extension:cisco:webexidentity:2.0:Group",
}

// Each attribute, operation and parameter of Cisco's description is either in the
// contract or in the list of differences in README.md.
func TestNamesAreThoseOfThePublishedDescription(t *testing.T) {
	var missing []string
	names := 0
	for _, line := range published(t) {
		where, members, _ := strings.Cut(line, ": ")
		where = strings.TrimSuffix(where, ":")
		var found func(name string) bool
		if method, path, ok := strings.Cut(where, " "); ok {
			item := load(t).Paths.Value(path)
			if names++; item == nil || item.GetOperation(method) == nil {
				missing = append(missing, where)
				continue
			}
			op := item.GetOperation(method)
			found = func(name string) bool {
				return slices.ContainsFunc(op.Parameters, func(p *openapi3.ParameterRef) bool { return p.Value.Name == name })
			}
		} else {
			schema := at(t, where)
			found = func(name string) bool { return schema.Properties[orElse(extensions[where+"."+name], name)] != nil }
		}
		for _, name := range expand(strings.Fields(members)...) {
			if names++; !found(name) {
				missing = append(missing, where+"."+name)
			}
		}
	}
	if names < 300 {
		t.Errorf("only %d names were read", names)
	}
	listed := differences(t)
	slices.Sort(listed)
	slices.Sort(missing)
	if !slices.Equal(listed, missing) {
		t.Errorf("README.md lists as different\n%q\nthe contract lacks\n%q", listed, missing)
	}
}

func published(t *testing.T) (lines []string) {
	t.Helper()
	text, err := os.ReadFile("testdata/published.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "#") {
			where, members, _ := strings.Cut(strings.TrimSpace(line), ":")
			for _, where := range expand(where) {
				lines = append(lines, where+":"+members)
			}
		}
	}
	return lines
}

// expand replaces x1-15 by x1, x2, … x15.
func expand(names ...string) (all []string) {
	for _, name := range names {
		before, ok := strings.CutSuffix(name, "1-15")
		if !ok {
			all = append(all, name)
			continue
		}
		for n := range 15 {
			all = append(all, fmt.Sprint(before, n+1))
		}
	}
	return all
}

// at returns the schema of a path such as User.webex.pronouns, or the schema of
// the elements of a list.
func at(t *testing.T, path string) *openapi3.Schema {
	t.Helper()
	names := strings.Split(path, ".")
	root := load(t).Components.Schemas[names[0]]
	if root == nil {
		t.Fatalf("no schema %s", path)
	}
	schema, walked := root.Value, names[0]
	for _, name := range names[1:] {
		walked += "." + name
		member := schema.Properties[orElse(extensions[walked], name)]
		if member == nil {
			return new(openapi3.Schema)
		}
		if schema = member.Value; schema.Items != nil {
			schema = schema.Items.Value
		}
	}
	return schema
}

func orElse(text, other string) string {
	if text == "" {
		return other
	}
	return text
}

// differences returns the names in backquotes in the first column of the table
// in README.md.
func differences(t *testing.T) (names []string) {
	t.Helper()
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, ok := strings.Cut(string(readme), "\n## Differences from Cisco's description\n")
	if !ok {
		t.Fatal("README.md does not list the differences")
	}
	section, _, _ = strings.Cut(section, "\n## ")
	for row := range strings.Lines(section) {
		cells := strings.Split(row, "|")
		if len(cells) != 4 || !strings.HasPrefix(cells[1], " `") {
			continue
		}
		if strings.TrimSpace(cells[2]) == "" {
			t.Errorf("no reason for %s", cells[1])
		}
		for _, name := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(cells[1], -1) {
			names = append(names, name[1])
		}
	}
	return names
}
