package scim

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"unicode"
)

const enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

// RFC 7644 section 3.4.2.2.
func TestFiltersMatchAsInRFC7644(t *testing.T) {
	user, group := object(t, sampleUser), object(t, sampleGroup)
	for filter, want := range map[string]bool{
		// Strings: case does not count, unless the attribute is an externalId, a
		// version or a reference.
		`userName eq "ada.byron@EXAMPLE.com"`:      true,
		`USERNAME Eq "ada.byron@example.com"`:      true,
		`userName ne "ada.byron@EXAMPLE.com"`:      false,
		`displayName eq "ADA STRAẞE"`:              true,
		`userName eq "ada"`:                        false,
		`id eq "7f3c-Ab"`:                          true,
		`id eq "7f3c-ab"`:                          true,
		`id ne "7f3c-ab"`:                          false,
		`externalId eq "hr-0815"`:                  false,
		`externalId sw "HR-"`:                      true,
		`externalId co "hr"`:                       false,
		`meta.version eq "W/\"Ab1\""`:              true,
		`meta.version eq "w/\"ab1\""`:              false,
		`manager.$ref ew "m-1"`:                    true,
		`manager.$ref ew "M-1"`:                    false,
		`manager.value eq "M-1"`:                   true,
		`userName co "BYRON@"`:                     true,
		`userName sw "ada."`:                       true,
		`userName sw "byron"`:                      false,
		`userName ew ".COM"`:                       true,
		`displayName ew "SSE"`:                     false,
		`userName eq "\u0041da.byron@example.com"`: true,

		// Presence and null: empty and absent are the same.
		`userName pr`:            true,
		`title pr`:               false,
		`nickName pr`:            false,
		`phoneNumbers pr`:        false,
		`phoneNumbers.value pr`:  false,
		`profileUrl pr`:          false,
		`active pr`:              true,
		`name pr`:                true,
		`name.middleName pr`:     false,
		`emails.primary pr`:      true,
		`nickName eq null`:       true,
		`profileUrl eq null`:     true,
		`userName eq null`:       false,
		`userName ne null`:       true,
		`profileUrl ne "x"`:      true,
		`profileUrl eq ""`:       false,
		`title eq ""`:            true,
		`profileUrl gt "a"`:      false,
		`not (profileUrl gt "")`: true,

		// Booleans, numbers, dates.
		`active eq true`:                                true,
		`active eq false`:                               false,
		`active ne false`:                               true,
		`active eq "true"`:                              false,
		`loginCount eq 9007199254740993`:                true,
		`loginCount eq 9007199254740992`:                false,
		`loginCount gt 9007199254740992`:                true,
		`score gt 2`:                                    true,
		`score le 25e-1`:                                true,
		`score lt 2.5`:                                  false,
		`score eq "2.5"`:                                false,
		`userName gt 5`:                                 false,
		`meta.created eq "2026-02-01T00:30:00+01:00"`:   true,
		`meta.created ne "2026-02-01T00:30:00+01:00"`:   false,
		`meta.lastModified gt "2026-02-01T00:00:00Z"`:   true,
		`meta.lastModified ge "2026-02-01T00:00:00.5Z"`: true,
		`meta.lastModified lt "2026-02-01T00:00:01Z"`:   true,
		`meta.lastModified lt "2026-02-01T00:00:00Z"`:   false,
		`name.familyName gt "byrom"`:                    true,
		`name.familyName ge "BYRON"`:                    true,
		`name.familyName le "byron"`:                    true,
		`name.familyName lt "byron"`:                    false,

		// Multi-valued attributes: any element; an element that is plain is its own
		// value, a complex one is compared by it.
		`emails.value eq "countess@example.org"`:                 true,
		`emails eq "countess@example.org"`:                       true,
		`emails co "example.net"`:                                false,
		`emails.type ne "work"`:                                  true,
		`not (emails.type eq "work")`:                            false,
		`roles eq "analyst"`:                                     true,
		`roles.value eq "analyst"`:                               true,
		`roles.type eq "analyst"`:                                false,
		`roles[value sw "ana"]`:                                  true,
		`name eq "Ada"`:                                          false,
		`emails[type eq "work" and value co "@example.com"]`:     true,
		`emails[type eq "home" and value co "@example.com"]`:     false,
		`emails.type eq "home" and emails.value co "@example.c"`: true,
		`emails[not (type eq "work")]`:                           true,
		`emails [ primary eq true and not(type pr) ]`:            false,
		`emails[type pr] and roles[value pr]`:                    true,
		`name[familyName eq "byron"]`:                            true,

		// Prefixes: of core schemas, of extensions, with a colon and with Webex's
		// dot, left out.
		`urn:ietf:params:scim:schemas:core:2.0:User:userName sw "ada"`: true,
		enterprise + `:department eq "engines"`:                        true,
		enterprise + `:manager.value eq "m-1"`:                         true,
		enterprise + `.manager.value eq "m-1"`:                         true,
		strings.ToUpper(enterprise) + `:DEPARTMENT eq "engines"`:       true,
		enterprise + ` pr`:           true,
		enterprise + `:userName pr`:  false,
		`department eq "engines"`:    true,
		`department pr and title pr`: false,
		`urn:scim:schemas:extension:cisco:webexidentity:2.0:User:meta.organizationId eq "org-1"`: true,
		`urn:scim:schemas:extension:cisco:webexidentity:2.0:User.extensionAttribute1 eq "south"`: true,
		`urn:scim:schemas:extension:cisco:webexidentity:2.0:Group:usage pr`:                      false,
		`meta.organizationId pr`: false, // meta is the resource's own

		// Precedence: not before and before or.
		`userName pr or title pr and title pr`:       true,
		`(userName pr or title pr) and title pr`:     false,
		`not (title pr) and userName pr`:             true,
		`NOT (title pr AND userName pr) OR title pr`: true,
		`title pr and title pr or userName pr`:       true,
		`((((userName pr))))`:                        true,
		"\t userName\r\npr ":                         true,
		`not pr`:                                     false, // an attribute of that name
	} {
		f, err := ParseFilter(filter)
		if err != nil {
			t.Errorf("%s: %v", filter, err)
		} else if got := f.Match(user); got != want {
			t.Errorf("%s: got %v", filter, got)
		}
	}
	for filter, want := range map[string]bool{
		`members.value eq "u-1"`:                      true,
		`members eq "U-1"`:                            true,
		`members[value eq "U-1"]`:                     true,
		`members[value eq "g-2" and type eq "GROUP"]`: true,
		`displayName eq "analysts" or id eq "x"`:      true,
	} {
		if f, err := ParseFilter(filter); err != nil || f.Match(group) != want {
			t.Errorf("%s: want %v, error %v", filter, want, err)
		}
	}
	for filter, want := range map[string]bool{
		`list eq "x"`:  false, // lists do not nest in SCIM
		`twice eq "1"`: true,  // of two spellings the first in byte order
		`TWICE eq "1"`: true,
		`members[$ref eq "A"] or members[$ref eq "b"]`: false,
		`members[$ref eq "a"]`:                         true,
	} {
		odd := object(t, `{"list":[["x"]],"Twice":"1","tWice":"2","twicE":"3","members":[{"$ref":"a"},{"$ref":"B"}]}`)
		if f, err := ParseFilter(filter); err != nil || f.Match(odd) != want {
			t.Errorf("%s: want %v, error %v", filter, want, err)
		}
	}
	if !new(Filter).Match(user) {
		t.Error("the zero filter must match everything")
	}
}

func TestEqualitiesOfFilters(t *testing.T) {
	for filter, want := range map[string][]string{ // the attribute, then the values
		`userName eq "a"`: {"username", "a"},
		`userName eq "A" or (USERNAME Eq "b" or userName eq "A")`:                       {"username", "A", "b", "A"},
		`emails.Value eq "x" or emails.value eq "y"`:                                    {"emails.value", "x", "y"},
		`urn:ietf:params:scim:schemas:core:2.0:User:userName eq "a" or userName eq "b"`: {"username", "a", "b"},
		enterprise + `:department eq "a" or ` + enterprise + `.department eq "b"`: {
			strings.ToLower(enterprise) + ":department", "a", "b"},
		`userName eq "a" or displayName eq "b"`:    nil,
		`userName eq "a" or userName sw "b"`:       nil,
		`userName eq "a" and userName eq "b"`:      nil,
		`userName eq "a" or not (userName eq "b")`: nil,
		`userName ne "a"`:                          nil,
		`userName eq null`:                         nil,
		`userName pr`:                              nil,
		`score eq 1`:                               nil,
		`active eq true`:                           nil,
		`emails[value eq "x"]`:                     nil,
		`not (userName eq "a")`:                    nil,
		`title eq "x" or department eq "y"`:        nil,
	} {
		f, err := ParseFilter(filter)
		if err != nil {
			t.Fatalf("%s: %v", filter, err)
		}
		attr, values, ok := f.Equalities()
		var got []string
		if ok {
			got = append([]string{attr}, values...)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %q", filter, got)
		}
	}
	if _, _, ok := new(Filter).Equalities(); ok {
		t.Error("an index cannot serve the filter that matches everything")
	}
}

// So eq implies co, sw and ew in any script.
func TestFoldAgreesWithEqualFold(t *testing.T) {
	for r := range rune(unicode.MaxRune) {
		if next := unicode.SimpleFold(r); foldRune(r) != foldRune(next) {
			t.Fatalf("%q and %q fold apart", r, next)
		}
	}
}

func hundredNames() string {
	terms := make([]string, 100)
	for i := range terms {
		terms[i] = fmt.Sprintf(`userName eq "user%d@example.com"`, i)
	}
	return strings.Join(terms, " or ")
}

func BenchmarkParseHundredNames(b *testing.B) {
	text := hundredNames()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseFilter(text); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkMatchHundredNames(b *testing.B) {
	filter, err := ParseFilter(hundredNames())
	if err != nil {
		b.Fatal(err)
	}
	user := object(b, sampleUser)
	b.ReportAllocs()
	for b.Loop() {
		filter.Match(user)
	}
}
