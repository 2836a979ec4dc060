package scim

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"
)

// drawOperation draws an operation that fits the samples often enough to do
// something.
func drawOperation(t *rapid.T) (op, path string, value any) {
	op = rapid.SampledFrom([]string{"add", "replace", "remove"}).Draw(t, "op")
	path = rapid.SampledFrom([]string{
		"", "title", "name", "name.givenName", "emails", "emails.display", `emails[type eq "work"]`, `emails[type eq "home"].value`,
		`emails[type eq "other"].primary`, `emails[primary pr]`, "roles", `roles[value eq "author"]`, "members",
		`members[value eq "u-1"]`, enterprise, enterprise + ":department", enterprise + ".manager.value", "schemas", "id",
	}).Draw(t, "path")
	if op != "remove" {
		value = drawValue(t, 2)
	}
	return op, path, value
}

func drawValue(t *rapid.T, depth int) any {
	switch kind := rapid.IntRange(0, 7).Draw(t, "kind"); {
	case kind == 0:
		return nil
	case kind == 1:
		return rapid.Bool().Draw(t, "bool")
	case kind <= 3 || depth == 0:
		return rapid.SampledFrom([]string{"a", "author", "u-1", "work", "countess@example.org"}).Draw(t, "text")
	case kind <= 5:
		names := []string{"value", "type", "primary", "display", "givenName", "department", "emails", "roles", "name.familyName"}
		members := map[string]any{}
		for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom(names), 0, 4, rapid.ID).Draw(t, "names") {
			members[name] = drawValue(t, depth-1)
			if name == "primary" {
				members[name] = rapid.Bool().Draw(t, "primary")
			}
		}
		return members
	}
	elements := make([]any, rapid.IntRange(0, 3).Draw(t, "length"))
	for i := range elements {
		elements[i] = drawValue(t, depth-1)
	}
	return elements
}

// copyOf returns a deep copy of a decoded value.
func copyOf(v any) any {
	switch v := v.(type) {
	case map[string]any:
		members := make(map[string]any, len(v))
		for name, member := range v {
			members[name] = copyOf(member)
		}
		return members
	case []any:
		elements := make([]any, len(v))
		for i, element := range v {
			elements[i] = copyOf(element)
		}
		return elements
	}
	return v
}

// For any sequence of operations, changed is right, the value is not changed and
// shares nothing with the resource, at most one element is primary, and the
// case of names does not matter.
func TestApplyKeepsItsInvariants(t *testing.T) {
	user := object(t, sampleUser)
	rapid.Check(t, func(t *rapid.T) {
		resource := copyOf(user).(map[string]any)
		for range rapid.IntRange(1, 4).Draw(t, "operations") {
			op, path, value := drawOperation(t)
			before, given := copyOf(resource).(map[string]any), copyOf(value)
			changed, err := Apply(resource, op, path, value)
			if !same(value, given) {
				t.Fatalf("%s %s changed its value to %v", op, path, value)
			}
			swapped := copyOf(before).(map[string]any)
			_, swappedErr := Apply(swapped, op, swapCase(path), copyOf(given))
			if (err == nil) != (swappedErr == nil) {
				t.Fatalf("%s %s depends on case: %v, %v", op, path, err, swappedErr)
			}
			if err != nil {
				resource = before
				continue
			}
			if changed == same(before, resource) {
				t.Fatalf("%s %s %v: changed is %v\nfrom %v\nto   %v", op, path, value, changed, before, resource)
			}
			if !same(lowerNames(swapped), lowerNames(resource)) {
				t.Fatalf("%s %s %v depends on case:\n%v\n%v", op, path, value, swapped, resource)
			}
			atMostOnePrimary(t, resource)
			spoil(value)
			again := copyOf(before).(map[string]any)
			if _, err := Apply(again, op, path, given); err != nil || !same(again, resource) {
				t.Fatalf("%s %s keeps its value: %v", op, path, err)
			}
		}
	})
}

// swapCase swaps the case of a path's words, not that of the strings in its
// filter.
func swapCase(path string) string {
	quoted := false
	return strings.Map(func(r rune) rune {
		if r == '"' {
			quoted = !quoted
		}
		switch {
		case quoted:
			return r
		case unicode.IsUpper(r):
			return unicode.ToLower(r)
		}
		return unicode.ToUpper(r)
	}, path)
}

// lowerNames copies v with the names of its attributes, and schemas, in lower
// case.
func lowerNames(v any) any {
	switch v := v.(type) {
	case map[string]any:
		members := map[string]any{}
		for name, member := range v {
			members[strings.ToLower(name)] = lowerNames(member)
		}
		return members
	case []any:
		elements := make([]any, len(v))
		for i, element := range v {
			elements[i] = lowerNames(element)
		}
		return elements
	case string:
		return strings.ToLower(v)
	}
	return v
}

func atMostOnePrimary(t *rapid.T, resource map[string]any) {
	for name, v := range resource {
		elements, _ := v.([]any)
		primary := 0
		for _, element := range elements {
			if isPrimary(element) {
				primary++
			}
		}
		if primary > 1 {
			t.Fatalf("%s has %d primary values: %v", name, primary, elements)
		}
	}
}

// spoil overwrites everything within v.
func spoil(v any) {
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			spoil(member)
			v[name] = "spoilt"
		}
	case []any:
		for i, element := range v {
			spoil(element)
			v[i] = "spoilt"
		}
	}
}

// Adding members and removing them by filter, in any order and in any case, has
// the result of a set of ids.
func TestMembersAreASet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		resource, set := map[string]any{}, map[string]bool{}
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			ids := rapid.SliceOfN(rapid.StringMatching(`[aAbB"\\é][1-3]?`), 1, 4).Draw(t, "ids")
			remove := rapid.Bool().Draw(t, "remove")
			elements := make([]any, len(ids))
			for i, id := range ids {
				elements[i] = map[string]any{"value": id}
				if !remove {
					set[fold(id)] = true
					continue
				}
				c := comparison{attribute: attribute{name: "value"}, op: "eq", value: id}
				path := &Path{attribute{name: "members"}, &c}
				if changed, err := Apply(resource, "remove", path.String(), nil); err != nil || changed != set[fold(id)] {
					t.Fatalf("%s: changed is %v, %v", path, changed, err)
				}
				delete(set, fold(id))
			}
			if !remove {
				if _, err := Apply(resource, "add", "members", elements); err != nil {
					t.Fatal(err)
				}
			}
		}
		members, _ := resource["members"].([]any)
		if _, empty := resource["members"]; len(members) != len(set) || empty != (len(set) > 0) {
			t.Fatalf("%d members, want %d: %v", len(members), len(set), resource)
		}
		for _, member := range members {
			if id := member.(map[string]any)["value"].(string); !set[fold(id)] {
				t.Fatalf("%q is no member", id)
			}
		}
	})
}

func BenchmarkAddFiveHundredMembers(b *testing.B) {
	elements := make([]any, 500)
	for i, n := range rand.Perm(len(elements)) {
		elements[i] = map[string]any{"value": string(rune('一' + n)), "type": "user"}
	}
	half := map[string]any{"members": elements[:250]}
	b.ReportAllocs()
	for b.Loop() {
		group := copyOf(half).(map[string]any)
		if _, err := Apply(group, "add", "members", elements); err != nil || len(group["members"].([]any)) != 500 {
			b.Fatal(err)
		}
	}
}

func BenchmarkRemoveMember(b *testing.B) {
	elements := make([]any, 500)
	for i := range elements {
		elements[i] = map[string]any{"value": string(rune('一' + i)), "type": "user"}
	}
	b.ReportAllocs()
	for b.Loop() {
		group := map[string]any{"members": elements}
		if changed, err := Apply(group, "remove", `members[value eq "一"]`, nil); err != nil || !changed {
			b.Fatal(err)
		}
	}
}
