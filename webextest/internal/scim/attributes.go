package scim

import (
	"maps"
	"slices"
	"strings"
)

// attribute names an attribute of a resource: name, or name.sub, within the
// extension urn if that is given. An empty name is the whole extension. urn is
// empty for a core schema.
type attribute struct{ urn, name, sub string }

// parseAttribute reads an attribute path, the attrPath of RFC 7644 figure 1.
func parseAttribute(text string) (attribute, bool) {
	urn, rest := "", text
	if strings.Contains(text, ":") {
		var ok bool
		if urn, rest, ok = splitURN(text); !ok {
			return attribute{}, false
		}
		if isCore(urn) {
			urn = ""
		}
		if rest == "" {
			return attribute{urn: urn}, true
		}
	}
	name, sub, dotted := strings.Cut(rest, ".")
	if !isName(name) || dotted && !isName(sub) {
		return attribute{}, false
	}
	return attribute{urn, name, sub}, true
}

// splitURN splits a text into the URN of a schema and an attribute. Colons and
// dots do not show the end of the URN, because versions contain dots, and the
// text may be a URN alone. But registered URNs end with a version and a name
// ("2.0:User", RFC 7643 section 10). The attribute follows after a colon, as in
// the RFC, or after a dot, as in documents of Webex. A URN without a version
// ends at the last colon.
func splitURN(text string) (urn, rest string, ok bool) {
	parts := strings.Split(text, ":")
	if len(parts) < 3 || !strings.EqualFold(parts[0], "urn") || slices.Contains(parts, "") {
		return "", "", false
	}
	for i := len(parts) - 2; i > 1; i-- {
		if !isVersion(parts[i]) {
			continue
		}
		schema, attr, dotted := strings.Cut(parts[i+1], ".")
		if dotted {
			parts = slices.Concat(parts[:i+1], []string{schema, attr}, parts[i+2:])
		}
		return strings.Join(parts[:i+2], ":"), strings.Join(parts[i+2:], ":"), schema != "" && (!dotted || attr != "")
	}
	last := len(parts) - 1
	return strings.Join(parts[:last], ":"), parts[last], true
}

func isVersion(s string) bool { return strings.Trim(s, "0123456789.") == "" && s[0] != '.' }

// isName reports whether s is an ATTRNAME of RFC 7644 figure 1, or a name such
// as $ref, which that figure omits.
func isName(s string) bool {
	for i := range len(s) {
		if c := s[i]; !isWord(c) || c == '.' || c == ':' || i == 0 && !isWordStart(c) || i > 0 && c == '$' {
			return false
		}
	}
	return s != "" && s != "$"
}

func (a attribute) String() string {
	s := a.name
	if a.sub != "" {
		s += "." + a.sub
	}
	switch {
	case a.urn == "":
		return s
	case s == "":
		return a.urn
	}
	return a.urn + ":" + s
}

// isCore reports whether urn is a core schema, whose attributes need no prefix.
func isCore(urn string) bool {
	return hasPrefixFold(urn, "urn:ietf:params:scim:schemas:core:") || hasPrefixFold(urn, "urn:scim:schemas:core:")
}

func isURN(key string) bool { return hasPrefixFold(key, "urn:") }

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

// caseExact reports whether case matters in the values of the attribute. In RFC
// 7643 it does for externalId, versions, references and ids. But ids of Webex,
// also those of members, are UUIDs, whose case does not matter (RFC 9562
// section 4).
func (a attribute) caseExact() bool {
	is := strings.EqualFold
	switch {
	case is(a.sub, "$ref"):
		return true
	case a.urn != "":
		return false
	case a.sub == "" || is(a.sub, "value"):
		return is(a.name, "externalId")
	}
	return is(a.name, "meta") && is(a.sub, "version")
}

// readOnly reports whether only the service can write the attribute (RFC 7643,
// sections 3.1 and 4.1.2).
func (a attribute) readOnly() bool {
	return a.urn == "" && slices.ContainsFunc([]string{"id", "meta", "groups"}, func(name string) bool {
		return strings.EqualFold(name, a.name)
	})
}

// multiValued reports whether an attribute is a list. The names are from RFC
// 7643 section 4 and the Webex extensions.
func multiValued(name string) bool {
	switch name = strings.ToLower(name); name {
	case "schemas", "emails", "phonenumbers", "ims", "photos", "addresses", "groups", "entitlements", "roles",
		"x509certificates", "members", "accountstatus", "sipaddresses", "managedorgs", "managedgroups", "owners",
		"managedby", "inheritances", "memberfilter", "managedsites", "loginids", "extlinkedaccts", "macaddresses",
		"licenseid", "usersettings", "userpreferences", "trainsitenames", "linkedtrainsitenames":
		return true
	}
	return strings.HasPrefix(name, "extensionattribute") || strings.HasPrefix(name, "externalattribute") ||
		strings.HasPrefix(name, "crossorgattribute")
}

// lookup returns the value of an attribute, regardless of the case of its name
// (RFC 7643 section 2.1), and the name as it is in m. If m does not have it,
// lookup returns the given name and nil.
func lookup(m map[string]any, name string) (key string, value any) {
	if v, ok := m[name]; ok {
		return name, v
	}
	found := ""
	for k := range m {
		// The first of several spellings, so that the order of the map does not
		// matter.
		if strings.EqualFold(k, name) && (found == "" || k < found) {
			found = k
		}
	}
	if found == "" {
		return name, nil
	}
	return found, m[found]
}

// sorted returns the keys of m in order.
func sorted(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }
