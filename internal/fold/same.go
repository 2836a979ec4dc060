package fold

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
)

// SameJSON reports whether sent and found have equal values for every attribute
// that both have. Attribute names are compared without regard to case, texts by
// Fold, numbers by their exact value. Values of a multi-valued attribute have
// no order; each sent value must be among the found ones, which may be more.
// Two elements are equal if their "value" is equal, and type and primary where
// both have them. A single value equals a list that contains it.
//
// An attribute that is absent or null in found is skipped, and so are schemas,
// and password, which is never returned. A reference (bulkId:…) does not equal
// an id: resolve it first. Invalid JSON equals nothing.
func SameJSON(sent, found []byte) bool {
	a, okA := decode(sent)
	b, okB := decode(found)
	return okA && okB && same(a, b)
}

// decode reads JSON and keeps numbers as they are written.
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

// sameObject compares the attributes that both objects have.
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

// sameList reports whether each sent element is among the found ones. It
// indexes the found ones by key, so that the time grows with the sum of the
// lengths and not with the product.
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

// keyOf returns a key of an element: that of its attribute "value", or of the
// element itself if it has no attributes; "" if that is not a text, number, or
// boolean.
func keyOf(element any) string {
	if members, ok := element.(map[string]any); ok {
		element = attribute(members, "value")
	}
	key, _ := scalar(element)
	return key
}

// attribute returns the value of an attribute, or nil if it is absent.
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

// scalar returns a text that is the same for equal values. Its first character
// shows the type.
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

// number returns a normal form of a JSON number: its significant digits and a
// power of ten. It does not compute the value, because 1e999999999 has too many
// digits.
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
