package fold

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
)

// SameJSON reports whether what was sent equals what was found, for every attribute that was sent and that the found resource
// holds. Attribute names compare without regard to case, texts by Fold, numbers by their exact value. Values of a
// multi-valued attribute have no order, and what was found may have more of them: each value that was sent must be there.
// An element's "value" decides, with type and primary where both sides have them. One value equals a list that holds it.
//
// An attribute that was not found, or found null, proves nothing and is skipped; so are schemas, and password, which is
// never returned. A reference (bulkId:…) equals no id: resolve it first. What is not JSON equals nothing.
func SameJSON(sent, found []byte) bool {
	a, okA := decode(sent)
	b, okB := decode(found)
	return okA && okB && same(a, b)
}

// decode keeps numbers as they are written.
func decode(raw []byte) (value any, ok bool) {
	if !json.Valid(raw) {
		return nil, false
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	return value, dec.Decode(&value) == nil
}

func same(sent, found any) bool {
	if list, ok := found.([]any); ok {
		if sent == nil {
			return len(list) == 0 // RFC 7643 section 2.5: null and an empty list are both no value
		}
		if _, ok := sent.([]any); !ok {
			sent = []any{sent}
		}
		return sameList(sent.([]any), list)
	}
	switch sent := sent.(type) {
	case []any:
		return sameList(sent, []any{found})
	case map[string]any:
		members, ok := found.(map[string]any)
		return ok && sameObject(sent, members)
	case nil:
		return found == nil
	}
	text, ok := scalar(sent)
	other, okOther := scalar(found)
	return ok && okOther && text == other
}

// sameObject compares the attributes that both have.
func sameObject(sent, found map[string]any) bool {
	byName := make(map[string]any, len(found))
	for name, value := range found {
		byName[strings.ToLower(name)] = value
	}
	for name, value := range sent {
		name = strings.ToLower(name)
		other := byName[name]
		if other == nil || name == "schemas" || name == "password" {
			continue
		}
		if !same(value, other) {
			return false
		}
	}
	return true
}

// sameList reports whether each sent element is among the found ones. These are sorted by their key first, so that two long
// lists do not take a time in proportion to both.
func sameList(sent, found []any) bool {
	if len(sent) == 0 {
		return len(found) == 0
	}
	byKey := make(map[string][]any, len(found))
	for _, element := range found {
		key := keyOf(element)
		byKey[key] = append(byKey[key], element)
	}
	for _, element := range sent {
		if !contains(byKey[keyOf(element)], element) {
			return false
		}
	}
	return true
}

func contains(found []any, element any) bool {
	for _, other := range found {
		if sameElement(element, other) {
			return true
		}
	}
	return false
}

// sameElement compares elements of lists that have the same key.
func sameElement(sent, found any) bool {
	a, okA := sent.(map[string]any)
	b, okB := found.(map[string]any)
	if !okA || !okB || keyOf(sent) == "" {
		return same(sent, found)
	}
	for _, name := range []string{"type", "primary"} {
		x, y := attribute(a, name), attribute(b, name)
		if x != nil && y != nil && !same(x, y) {
			return false
		}
	}
	return true
}

// keyOf is what decides about an element: itself, or its attribute "value"; "" if that is no text, number, or boolean.
func keyOf(element any) string {
	if members, ok := element.(map[string]any); ok {
		element = attribute(members, "value")
	}
	key, _ := scalar(element)
	return key
}

// attribute is the value of an attribute, nil if it is absent.
func attribute(members map[string]any, name string) any {
	if value, ok := members[name]; ok {
		return value
	}
	for other, value := range members {
		if strings.EqualFold(other, name) {
			return value
		}
	}
	return nil
}

// scalar is a text that two values have in common if they are equal. Its first character tells the type.
func scalar(value any) (text string, ok bool) {
	switch v := value.(type) {
	case string:
		return `"` + Fold(v), true
	case bool:
		if v {
			return "true", true
		}
		return "false", true
	case json.Number:
		return number(v.String()), true
	}
	return "", false
}

// number is the exact value of a JSON number in one form: its significant digits and a power of ten. It is not computed,
// because 1e999999999 has too many digits.
func number(s string) string {
	s, negative := strings.CutPrefix(strings.ToLower(s), "-")
	mantissa, exponent, _ := strings.Cut(s, "e")
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits := strings.TrimLeft(whole+fraction, "0")
	if digits == "" {
		return "+0"
	}
	significant := strings.TrimRight(digits, "0")
	power, _ := strconv.ParseInt(exponent, 10, 64) // 0 if absent, the nearest if out of range
	power += int64(len(digits) - len(significant) - len(fraction))
	if negative {
		significant = "-" + significant
	}
	return "+" + significant + "e" + strconv.FormatInt(power, 10)
}
