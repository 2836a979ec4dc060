package api_test

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"testing"
)

// Law: the compat overlay takes out each oneOf, anyOf, allOf and not that
// the contract has, and nothing else.
func TestCompatOverlayIsComplete(t *testing.T) {
	overlay, err := os.ReadFile("compat.overlay.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var targets []string
	for _, match := range regexp.MustCompile(`(?m)^  - target: (\S+)\n    remove: true$`).FindAllSubmatch(overlay, -1) {
		targets = append(targets, string(match[1]))
	}
	raw, err := load(t).MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	var doc any
	if err := json.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	found := combinators("$", doc, nil)
	slices.Sort(found)
	slices.Sort(targets)
	if !slices.Equal(found, targets) {
		t.Errorf("the contract has\n%q\nthe overlay removes\n%q", found, targets)
	}
}

// combinators are the paths of the outermost schema combinators in a value.
func combinators(path string, value any, found []string) []string {
	members, ok := value.(map[string]any)
	if !ok {
		return found
	}
	for key, member := range members {
		if slices.Contains([]string{"oneOf", "anyOf", "allOf", "not"}, key) {
			found = append(found, path+"."+key)
		} else {
			found = combinators(path+"."+key, member, found)
		}
	}
	return found
}
