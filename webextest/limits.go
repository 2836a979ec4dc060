package webextest

import (
	"net/http"
	"strings"
	"unicode/utf8"
)

// limit is how much an attribute may hold, from the service's published
// schemas: characters of a text, elements of a list.
type limit struct {
	name string
	most int
}

// coreLimits are those of the resource's own attributes.
var coreLimits = [...][]limit{
	users: {
		{"userName", 254}, {"displayName", 512}, {"nickName", 256}, {"title", 512}, {"externalId", 256},
		{"profileUrl", 1000}, {"emails", 10}, {"phoneNumbers", 50}, {"photos", 50}, {"addresses", 10}, {"roles", 100},
	},
	groups: {{"displayName", 512}, {"externalId", 256}},
}

// extensionLimits are those of attributes in extensions.
var extensionLimits = map[string][]limit{
	schemaEnterprise: {
		{"employeeNumber", 256}, {"costCenter", 256}, {"organization", 512}, {"division", 512}, {"department", 512},
	},
	schemaWebexGroup: {{"owners", 30}, {"managedBy", 30}, {"inheritances", 10}},
}

// maxNewMembers is how many members a group can be created with. How many a
// PATCH may add, and a group may have, is not published.
const maxNewMembers = 500

// checkLimits refuses a document that holds more than the service takes.
func checkLimits(k kind, doc map[string]any) *refusal {
	if refused := within(coreLimits[k], doc); refused != nil {
		return refused
	}
	for urn, limits := range extensionLimits {
		if extension, ok := doc[urn].(map[string]any); ok {
			if refused := within(limits, extension); refused != nil {
				return refused
			}
		}
	}
	return nil
}

func within(limits []limit, attributes map[string]any) *refusal {
	for name, value := range attributes {
		for _, l := range limits {
			if len(name) == len(l.name) && strings.EqualFold(name, l.name) && size(value) > l.most {
				return refuse(http.StatusBadRequest, "invalidValue", "%s is longer than %d", l.name, l.most)
			}
		}
	}
	return nil
}

func size(value any) int {
	switch value := value.(type) {
	case string:
		return utf8.RuneCountInString(value)
	case []any:
		return len(value)
	}
	return 0
}
