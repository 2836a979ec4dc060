package scim

import (
	"reflect"
	"strings"
	"testing"
)

func TestParsePathReadsAndPrintsPaths(t *testing.T) {
	const cisco = "urn:scim:schemas:extension:cisco:webexidentity:2.0:Group"
	for text, want := range map[string]struct {
		attribute attribute
		printed   string
	}{
		`title`:                            {attribute{"", "title", ""}, `title`},
		`name.givenName`:                   {attribute{"", "name", "givenName"}, `name.givenName`},
		`members.$ref`:                     {attribute{"", "members", "$ref"}, `members.$ref`},
		`emails[type eq "work"]`:           {attribute{"", "emails", ""}, `emails[type eq "work"]`},
		`emails [ Type  EQ "work" ].value`: {attribute{"", "emails", "value"}, `emails[Type eq "work"].value`},
		enterprise:                         {attribute{enterprise, "", ""}, enterprise},
		enterprise + `:department`:         {attribute{enterprise, "department", ""}, enterprise + `:department`},
		enterprise + `:manager.value`:      {attribute{enterprise, "manager", "value"}, enterprise + `:manager.value`},
		cisco + `.inheritances`:            {attribute{cisco, "inheritances", ""}, cisco + `:inheritances`},
		cisco + `.meta.organizationId`:     {attribute{cisco, "meta", "organizationId"}, cisco + `:meta.organizationId`},
		cisco + `:managedBy[role eq "x" and not (type pr)].orgId`: {
			attribute{cisco, "managedBy", "orgId"}, cisco + `:managedBy[role eq "x" and not (type pr)].orgId`},
		`urn:ietf:params:scim:schemas:core:2.0:User`:        {attribute{}, ``},
		`URN:ietf:params:scim:schemas:CORE:2.0:User:name.x`: {attribute{"", "name", "x"}, `name.x`},
		`urn:example:2.0:Thing:1.5:Part:x`:                  {attribute{"urn:example:2.0:Thing:1.5:Part", "x", ""}, `urn:example:2.0:Thing:1.5:Part:x`},
		`urn:example:thing:x.y`:                             {attribute{"urn:example:thing", "x", "y"}, `urn:example:thing:x.y`},
		`urn:example:2.0:Thing`:                             {attribute{"urn:example:2.0:Thing", "", ""}, `urn:example:2.0:Thing`},
	} {
		p, err := ParsePath(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if p.attribute != want.attribute || p.String() != want.printed {
			t.Errorf("%s is %q and prints %q", text, p.attribute, p)
		}
		if p.String() == "" {
			continue // the resource itself has no path
		}
		if again, err := ParsePath(p.String()); err != nil || !reflect.DeepEqual(p, again) {
			t.Errorf("%s prints %q, which is not the same: %v", text, p, err)
		}
	}
}

func TestParsePathRefusesInvalidPaths(t *testing.T) {
	for _, text := range []string{
		``, ` `, `.`, `a.`, `.a`, `a.b.c`, `1`, `a b`, `a eq "x"`, `a[`, `a[]`, `a]`, `a[b pr`, `a[b pr].`, `a[b pr]c`,
		`a[b pr].c.d`, `a[b pr].$`, `a[b pr] .c`, `a[b pr].c `, `a[b pr][c pr]`, `a.b[c pr]`, `a[b[c pr]]`, `a[1]`, `/a`, `a/b`,
		enterprise + `[a pr]`, enterprise + `:`, enterprise + `:1`, `urn:x`, `x:y:z`, `a["b"]`, `a[b eq ]`, "a\xff", "a\x00",
		strings.Repeat("a", maxLength+1), "a[" + strings.Repeat("(", maxDepth) + "b pr" + strings.Repeat(")", maxDepth) + "]",
	} {
		if p, err := ParsePath(text); typeOf(t, err) != "invalidPath" {
			t.Errorf("%.40q: got %v, %v", text, p, err)
		}
	}
}
