package scim

import "testing"

// patchCase is an operation on a resource and its result: the resource, "same",
// or the type of the error.
type patchCase struct{ resource, op, path, value, want string }

func (c patchCase) check(t *testing.T) {
	t.Helper()
	resource := object(t, c.resource)
	var value any
	if c.value != "" {
		value = decode(t, c.value)
	}
	changed, err := Apply(resource, c.op, c.path, value)
	switch kind := typeOf(t, err); {
	case kind != "":
		if kind != c.want {
			t.Errorf("%s %s %s: %v", c.op, c.path, c.value, err)
		}
	case c.want == "same":
		if changed || !same(resource, decode(t, c.resource)) {
			t.Errorf("%s %s %s: changed is %v, the resource %s", c.op, c.path, c.value, changed, encode(t, resource))
		}
	case len(c.want) == 0 || c.want[0] != '{' || !changed || !same(resource, decode(t, c.want)):
		t.Errorf("%s %s %s: changed is %v\nwant %s\ngot  %s", c.op, c.path, c.value, changed, c.want, encode(t, resource))
	}
}

// Simple and complex attributes: RFC 7644 sections 3.5.2.1 to 3.5.2.3.
func TestApplyToSingleValues(t *testing.T) {
	for _, c := range []patchCase{
		{`{"title":"Dr"}`, "Replace", "title", `"Prof"`, `{"title":"Prof"}`},
		{`{"title":"Dr"}`, "add", "TITLE", `"Prof"`, `{"title":"Prof"}`},
		{`{"title":"Dr"}`, "replace", "title", `"Dr"`, "same"},
		{`{"n":1}`, "replace", "n", `1.0`, "same"},
		{`{}`, "replace", "title", `"Dr"`, `{"title":"Dr"}`},
		{`{"title":"Dr","a":1}`, "replace", "title", `null`, `{"a":1}`},
		{`{"a":1}`, "replace", "title", `null`, "same"},
		{`{"title":"Dr","a":1}`, "REMOVE", "Title", "", `{"a":1}`},
		{`{"a":1}`, "remove", "title", "", "same"},
		{`{"active":true}`, "replace", "active", `false`, `{"active":false}`},
		{`{"name":{"givenName":"A"}}`, "replace", "name.GivenName", `"B"`, `{"name":{"givenName":"B"}}`},
		{`{}`, "add", "name.givenName", `"B"`, `{"name":{"givenName":"B"}}`},
		{`{"a":1}`, "remove", "name.givenName", "", "same"},
		{`{"a":1}`, "replace", "name.givenName", `null`, "same"},
		{`{"a":1,"name":{"givenName":"A"}}`, "remove", "name.givenName", "", `{"a":1}`},
		{`{"name":{"givenName":"A","familyName":"B"}}`, "replace", "name", `{"givenName":"C"}`, `{"name":{"givenName":"C","familyName":"B"}}`},
		{`{"name":{"givenName":"A","familyName":"B"}}`, "replace", "name", `{"familyName":null}`, `{"name":{"givenName":"A"}}`},
		{`{"name":{"givenName":"A","familyName":"B"}}`, "add", "name", `{"familyName":null}`, "same"},
		{`{"a":1,"name":{"givenName":"A"}}`, "replace", "name", `{"givenName":null}`, `{"a":1}`},
		{`{"a":1}`, "add", "name", `{"givenName":null,"x":[],"y":{}}`, "same"},
		{`{"a":1}`, "add", "name", `{"givenName":"A","x":[null]}`, `{"a":1,"name":{"givenName":"A"}}`},
		{`{"name":{"givenName":"A"}}`, "replace", "name", `"A"`, invalidValue},
		{`{"title":"Dr"}`, "replace", "title.x", `"A"`, invalidPath},
		{`{"title":"Dr"}`, "remove", "title.x", "", invalidPath},
		{`{"name":{"x":"A"}}`, "replace", `name[x eq "A"]`, `{"x":"B"}`, invalidPath},

		{`{}`, "move", "title", `"x"`, invalidSyntax},
		{`{}`, "", "title", `"x"`, invalidSyntax},
		{`{}`, "add", "title", ``, invalidValue},
		{`{"title":"x"}`, "remove", "title", `"x"`, invalidValue},
		{`{}`, "add", "a b", `1`, invalidPath},
		{`{}`, "add", `a[b eq]`, `1`, invalidPath},

		{`{"id":"1"}`, "replace", "ID", `"2"`, mutability},
		{`{"id":"1"}`, "remove", "id", ``, mutability},
		{`{"meta":{"version":"1"}}`, "replace", "meta.version", `"2"`, mutability},
		{`{}`, "add", "groups", `[{"value":"g"}]`, mutability},
		{`{}`, "add", "urn:ietf:params:scim:schemas:core:2.0:User:id", `"2"`, mutability},
		{`{"schemas":["a"]}`, "remove", "schemas", ``, mutability},
		{`{"schemas":["a"]}`, "remove", `schemas[value eq "a"]`, ``, mutability},
		{`{"schemas":["a"]}`, "replace", "Schemas", `[]`, mutability},
		{`{"schemas":["a"]}`, "replace", "schemas", `null`, mutability},
		{`{"schemas":["a"]}`, "add", "schemas", `["b","a"]`, `{"schemas":["a","b"]}`},
	} {
		c.check(t)
	}
}

// The paths name a list, a sub-attribute of all elements, or the elements that
// a filter selects.
func TestApplyToLists(t *testing.T) {
	const two = `{"emails":[{"value":"a","type":"work","primary":true},{"value":"b","type":"home"}]}`
	const members = `{"x":1,"members":[{"value":"u1","type":"user"},{"value":"u2","type":"user"}]}`
	for _, c := range []patchCase{
		// add appends, without duplicates, and makes the list.
		{members, "add", "members", `[{"value":"u3"},{"value":"u1"},{"value":"u3"}]`,
			`{"x":1,"members":[{"value":"u1","type":"user"},{"value":"u2","type":"user"},{"value":"u3"}]}`},
		{members, "add", "members", `[{"value":"u1"}]`, "same"},
		{members, "add", "members", `{"value":"u1","type":"USER"}`, `{"x":1,"members":[{"value":"u1","type":"USER"},{"value":"u2","type":"user"}]}`},
		{members, "add", "members", `[{"value":"U1"}]`,
			`{"x":1,"members":[{"value":"U1","type":"user"},{"value":"u2","type":"user"}]}`},
		{members, "add", "members", `[]`, "same"},
		{members, "add", "members", `[null, {}]`, "same"},
		{`{}`, "add", "members", `{"value":"u1"}`, `{"members":[{"value":"u1"}]}`},
		{`{}`, "replace", "roles", `"x"`, `{"roles":["x"]}`},
		{`{"roles":["x"]}`, "add", "roles", `["y","x"]`, `{"roles":["x","y"]}`},
		{`{"roles":["x"]}`, "add", "roles", `"x"`, "same"},
		{`{"roles":[{"a":1}]}`, "add", "roles", `[{"a":1},{"a":2},{"a":2}]`, `{"roles":[{"a":1},{"a":2}]}`},
		{`{"status":"x"}`, "add", "status", `["y"]`, `{"status":["x","y"]}`},
		{`{"status":"x"}`, "add", "status", `["x"]`, "same"},
		{`{"phoneNumbers":[{"value":"1","type":"work"}]}`, "add", "phoneNumbers", `[{"value":"1","type":"mobile"}]`,
			`{"phoneNumbers":[{"value":"1","type":"work"},{"value":"1","type":"mobile"}]}`},
		{two, "add", "emails", `{"value":"b","type":"home","display":"B"}`,
			`{"emails":[{"value":"a","type":"work","primary":true},{"value":"b","type":"home","display":"B"}]}`},

		// replace replaces all, remove removes all.
		{members, "replace", "members", `[{"value":"u3"}]`, `{"x":1,"members":[{"value":"u3"}]}`},
		{members, "replace", "members", `{"value":"u3"}`, `{"x":1,"members":[{"value":"u3"}]}`},
		{members, "replace", "members", `[]`, `{"x":1}`},
		{members, "replace", "members", `null`, `{"x":1}`},
		{members, "remove", "members", ``, `{"x":1}`},

		// Without a filter a sub-attribute is that of every element.
		{members, "replace", "members.type", `"group"`, `{"x":1,"members":[{"value":"u1","type":"group"},{"value":"u2","type":"group"}]}`},
		{members, "remove", "members.type", ``, `{"x":1,"members":[{"value":"u1"},{"value":"u2"}]}`},
		{`{"x":1,"members":[{"value":"u1"}]}`, "remove", "members.value", ``, `{"x":1}`},
		{`{}`, "add", "emails.value", `"a"`, `{"emails":[{"value":"a"}]}`},
		{`{"roles":["x"]}`, "replace", "roles.value", `"a"`, invalidPath},

		// remove with a filter; the last one takes the attribute with it.
		{members, "remove", `members[value eq "u1"]`, ``, `{"x":1,"members":[{"value":"u2","type":"user"}]}`},
		{members, "remove", `members[type eq "user"]`, ``, `{"x":1}`},
		{members, "remove", `members[value eq "u9"]`, ``, "same"},
		{members, "remove", `members[value eq "U1"]`, ``, `{"x":1,"members":[{"value":"u2","type":"user"}]}`},
		{`{"x":1}`, "remove", `members[value eq "u1"]`, ``, "same"},
		{two, "remove", `emails[type eq "home"].value`, ``, `{"emails":[{"value":"a","type":"work","primary":true},{"type":"home"}]}`},
		{`{"roles":["x","y"]}`, "remove", `roles[value eq "X"]`, ``, `{"roles":["y"]}`},

		// replace with a filter needs an element.
		{two, "replace", `emails[type eq "work"].value`, `"c"`, `{"emails":[{"value":"c","type":"work","primary":true},{"value":"b","type":"home"}]}`},
		{two, "replace", `emails[type eq "work"].value`, `"a"`, "same"},
		{two, "replace", `emails[type eq "home"].type`, `null`, `{"emails":[{"value":"a","type":"work","primary":true},{"value":"b"}]}`},
		{two, "replace", `emails[type eq "home"]`, `{"value":"c"}`, `{"emails":[{"value":"a","type":"work","primary":true},{"value":"c"}]}`},
		{two, "replace", `emails[type eq "home"]`, `[{"value":"c"}]`, `{"emails":[{"value":"a","type":"work","primary":true},{"value":"c"}]}`},
		{two, "replace", `emails[type eq "home"]`, `null`, `{"emails":[{"value":"a","type":"work","primary":true}]}`},
		{two, "replace", `emails[type eq "home"]`, `"c"`, invalidValue},
		{two, "replace", `emails[type eq "fax"].value`, `"c"`, noTarget},
		{`{}`, "replace", `emails[type eq "work"]`, `{"value":"c"}`, noTarget},
		{`{"roles":["x"]}`, "replace", `roles[value eq "x"]`, `"y"`, `{"roles":["y"]}`},
		{`{"roles":["x"]}`, "replace", `roles[value eq "x"].type`, `"y"`, invalidPath},

		// add with a filter merges into the selected elements, or creates one.
		{two, "add", `emails[type eq "home"]`, `{"display":"B"}`, `{"emails":[{"value":"a","type":"work","primary":true},{"value":"b","type":"home","display":"B"}]}`},
		{two, "add", `emails[type eq "home"].display`, `"B"`, `{"emails":[{"value":"a","type":"work","primary":true},{"value":"b","type":"home","display":"B"}]}`},
		{two, "add", `emails[type eq "home"]`, `"B"`, invalidValue},
		{`{}`, "add", `emails[type eq "work"].value`, `"c"`, `{"emails":[{"value":"c","type":"work"}]}`},
		{`{}`, "add", `emails[type eq "work" and value ew "c"].value`, `"bc"`, `{"emails":[{"value":"bc","type":"work"}]}`},
		{`{}`, "add", `a[n eq 1.0 and b eq true]`, `{"c":"x"}`, `{"a":[{"n":1,"b":true,"c":"x"}]}`},
		{`{}`, "add", `emails[type eq "work" and value ew "c"].value`, `"b"`, noTarget},
		{`{}`, "add", `emails[type eq "work" or type eq "home"].value`, `"b"`, noTarget},
		{`{}`, "add", `emails[type eq "work"]`, `{"type":"home"}`, noTarget},
		{`{}`, "add", `emails[type eq "work"]`, `"b"`, invalidValue},

		// One element is primary: the one that became so last.
		{two, "replace", `emails[type eq "home"].primary`, `true`,
			`{"emails":[{"value":"a","type":"work","primary":false},{"value":"b","type":"home","primary":true}]}`},
		{two, "add", "emails", `[{"value":"c","Primary":true}]`,
			`{"emails":[{"value":"a","type":"work","primary":false},{"value":"b","type":"home"},{"value":"c","Primary":true}]}`},
		{two, "add", "emails", `[{"value":"b","primary":true}]`,
			`{"emails":[{"value":"a","type":"work","primary":false},{"value":"b","type":"home","primary":true}]}`},
		{two, "add", `emails[type eq "other"]`, `{"value":"c","primary":true}`,
			`{"emails":[{"value":"a","type":"work","primary":false},{"value":"b","type":"home"},{"value":"c","type":"other","primary":true}]}`},
		{two, "replace", `emails[type eq "work"].display`, `"A"`,
			`{"emails":[{"value":"a","type":"work","primary":true,"display":"A"},{"value":"b","type":"home"}]}`},
		{`{"emails":[{"value":"a"},{"value":"b"}]}`, "replace", "emails.primary", `true`, invalidValue},
		{two, "add", "emails", `[{"value":"c","primary":true},{"value":"d","primary":true}]`, invalidValue},
		{two, "replace", "emails", `[{"value":"c","primary":true},{"value":"d","primary":true}]`, invalidValue},
	} {
		c.check(t)
	}
}

// Extensions, and operations without a path.
func TestApplyToExtensionsAndResource(t *testing.T) {
	const e, g = enterprise, "urn:scim:schemas:extension:cisco:webexidentity:2.0:Group"
	const core = "urn:ietf:params:scim:schemas:core:2.0:User"
	with := `{"schemas":["` + core + `","` + e + `"],"` + e + `":{"department":"A"}}`
	without := `{"schemas":["` + core + `"]}`
	for _, c := range []patchCase{
		{with, "replace", e + ":department", `"B"`, `{"schemas":["` + core + `","` + e + `"],"` + e + `":{"department":"B"}}`},
		{with, "remove", e + ":DEPARTMENT", ``, without},
		{with, "remove", e, ``, without},
		{with, "replace", e, `null`, without},
		{with, "replace", e, `{"department":null}`, without},
		{without, "remove", e, ``, "same"},
		{without, "remove", e + ":department", ``, "same"},
		{without, "replace", e + ":department", `null`, "same"},
		{without, "add", e + ":department", `"A"`, with},
		{without, "add", e + ".department", `"A"`, with},
		{without, "add", e, `{"department":"A"}`, with},
		{without, "add", "", `{"` + e + `":{"department":"A"}}`, with},
		{without, "add", "", `{"` + e + `:department":"A"}`, with},
		{`{}`, "add", e + ":manager.value", `"m"`, `{"` + e + `":{"manager":{"value":"m"}}}`},
		{`{}`, "replace", e, `{"manager.value":"m"}`, `{"` + e + `":{"manager":{"value":"m"}}}`},
		{`{}`, "add", g + ".inheritances", `[{"value":"r","scope":["user"]}]`, `{"` + g + `":{"inheritances":[{"value":"r","scope":["user"]}]}}`},
		{`{"` + g + `":{"owners":[{"value":"u"},{"value":"v"}]}}`, "remove", g + `:owners[value eq "u"]`, ``, `{"` + g + `":{"owners":[{"value":"v"}]}}`},
		{`{"` + g + `":{"meta":{"organizationId":"o"}}}`, "replace", g + `:meta.organizationId`, `"p"`, `{"` + g + `":{"meta":{"organizationId":"p"}}}`},
		{`{"` + e + `":"x"}`, "add", e + ":department", `"A"`, invalidPath},
		{`{}`, "add", e, `"A"`, invalidValue},
		{`{}`, "add", e, `{"` + g + `":{"a":1}}`, invalidPath},
		{`{}`, "add", e, `{"a b":1}`, invalidPath},

		{`{"title":"Dr","name":{"givenName":"A"}}`, "replace", "", `{"TITLE":"Prof","name":{"familyName":"B"},"active":true}`,
			`{"title":"Prof","name":{"givenName":"A","familyName":"B"},"active":true}`},
		{`{"title":"Dr"}`, "replace", "", `{"title":null,"nickName":"N"}`, `{"nickName":"N"}`},
		{`{"title":"Dr"}`, "add", "", `{"title":null}`, "same"},
		{`{"roles":["x"]}`, "add", "", `{"roles":["y"]}`, `{"roles":["x","y"]}`},
		{`{"roles":["x"]}`, "replace", "", `{"roles":["y"]}`, `{"roles":["y"]}`},
		{`{}`, "add", "", `{"name.givenName":"A","emails[type eq \"work\"].value":"a"}`,
			`{"name":{"givenName":"A"},"emails":[{"type":"work","value":"a"}]}`},
		{`{}`, "replace", "", `{"` + core + `:title":"Dr","` + core + `":{"nickName":"N"}}`, `{"title":"Dr","nickName":"N"}`},
		{`{}`, "replace", "", `{}`, "same"},
		{`{}`, "replace", "", `null`, invalidValue},
		{`{}`, "replace", "", `["x"]`, invalidValue},
		{`{}`, "replace", core, `"x"`, invalidValue},
		{`{}`, "add", "", `{"":"x"}`, invalidPath},
		{`{}`, "add", "", `{"id":"x"}`, mutability},
		{`{}`, "remove", "", ``, noTarget},
		{`{}`, "remove", core, ``, noTarget},
	} {
		c.check(t)
	}
	if _, err := Apply(nil, "add", "title", "x"); typeOf(t, err) != noTarget {
		t.Errorf("no resource: %v", err)
	}
}
