package scim

import (
	"encoding/json"
	"strings"
	"testing"
)

// Any text is refused with a complete error, or prints as an equal filter and
// can be matched. The generated parser agrees.
func FuzzParseFilter(f *testing.F) {
	for _, seed := range []string{
		`userName eq "a" or userName Eq "b"`, `emails[type eq "work" and value co "@x"]`, `not (a pr) and b le -1.5e3`,
		enterprise + `.manager.$ref ne null`, `roles eq "analyst"`, `phoneNumbers [ type eq "work_extension"]`,
		`displayName eq "bulkId:hello"`, `userName eq "<&>\u00e4\\"`, `a eq 9007199254740993`, `meta.created gt "2026-01-31T23:30:00Z"`,
		`((((`, `a eq "\`, `a[b[c pr]]`, `externalId pr`, "a\xff pr", `a pr or b pr and c pr`, `emails.value eq "x" or`,
	} {
		f.Add(seed)
	}
	samples := []map[string]any{
		object(f, sampleUser), object(f, sampleGroup), {},
		object(f, `{"a":[[1],{"b":[{"c":null}]},null,true,{}],"b":{"value":{"value":[]}},"urn:x:y":[1]}`),
	}
	f.Fuzz(func(t *testing.T, text string) {
		filter, err := ParseFilter(text)
		if kind := typeOf(t, err); kind != "" && kind != invalidFilter {
			t.Fatalf("%q: %v", text, err)
		}
		agree(t, text)
		if err != nil {
			return
		}
		printsBack(t, text)
		attr, values, ok := filter.Equalities()
		if ok != (len(values) > 0) || ok != (attr != "") || attr != strings.ToLower(attr) {
			t.Fatalf("%q: equalities %q of %q", text, values, attr)
		}
		opposite := &Filter{&negation{filter.root}}
		for _, sample := range samples {
			if filter.Match(sample) == opposite.Match(sample) {
				t.Fatalf("%q and its negation say the same", text)
			}
		}
	})
}

// Any path is refused with a complete error, or prints as an equal path.
func FuzzParsePath(f *testing.F) {
	for _, seed := range []string{
		`title`, `name.givenName`, `emails[type eq "work"].value`, `members[value eq "x"]`, enterprise, enterprise + `:department`,
		`urn:scim:schemas:extension:cisco:webexidentity:2.0:Group.inheritances`, `urn:ietf:params:scim:schemas:core:2.0:User:x`,
		`a[b pr].`, `urn:a:1:b:2:c.d:e`, `urn:a:1.:b`, `urn:1:2:3`, `a[(((b pr)))]`, `members.$ref`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		path, err := ParsePath(text)
		if kind := typeOf(t, err); kind != "" {
			if kind != invalidPath {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		printed := path.String()
		if printed == "" || len(printed) > maxLength {
			return
		}
		if again, err := ParsePath(printed); err != nil || again.String() != printed {
			t.Fatalf("%q prints %q: %v", text, printed, err)
		}
	})
}

// Any operation on any resource is refused with a complete error, or changed
// reports whether the resource has changed.
func FuzzApply(f *testing.F) {
	for _, seed := range [][4]string{
		{sampleUser, "add", `emails[type eq "other"].value`, `"x@example.com"`},
		{sampleUser, "replace", ``, `{"name.givenName":"A","emails":[{"value":"b","primary":true}],"` + enterprise + `":{"manager.value":"m"}}`},
		{sampleUser, "Replace", `phoneNumbers[type eq "work"].value`, `"+1 123"`},
		{sampleUser, "remove", enterprise, `null`},
		{sampleGroup, "remove", `members[value eq "u-1"]`, `null`},
		{sampleGroup, "add", `members`, `[{"value":"u-1"},{"value":"bulkId:u9"},null,"x",[1]]`},
		{sampleGroup, "replace", `urn:scim:schemas:extension:cisco:webexidentity:2.0:Group.inheritances`, `[{"scope":["user"]}]`},
		{`{"a":[[1],{"b":[{"c":null}]},null,true,{}],"A":{}}`, "add", `a[b pr].c.d`, `{"d":{"d":[]}}`},
		{`{"emails":{"value":"x"},"roles":"y","members":null}`, "add", `emails`, `[{"value":"x"}]`},
	} {
		f.Add(seed[0], seed[1], seed[2], seed[3])
	}
	f.Fuzz(func(t *testing.T, resourceText, op, path, valueText string) {
		var resource map[string]any
		var value any
		d := json.NewDecoder(strings.NewReader(valueText))
		d.UseNumber()
		if json.Unmarshal([]byte(resourceText), &resource) != nil || valueText != "" && d.Decode(&value) != nil {
			return
		}
		before, given := copyOf(resource), copyOf(value)
		changed, err := Apply(resource, op, path, value)
		if !same(value, given) {
			t.Fatalf("%s %s changed its value", op, path)
		}
		if typeOf(t, err) == "" && changed == same(before, resource) {
			t.Fatalf("%s %s %s: changed is %v\nfrom %v\nto   %v", op, path, valueText, changed, before, resource)
		}
	})
}
