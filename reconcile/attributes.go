package reconcile

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/rawjson"
	"github.com/webexscim/bulk/internal/scimdiff"
)

// differences returns the wanted attributes that a resource does not have,
// except members.
func differences(
	wanted json.RawMessage, name string, stored client.Resource,
) (all []client.AttributeDifference, err error) {
	if stored.Type == Users {
		wanted = withoutImplied(wanted, name, stored)
	}
	found, err := scimdiff.Compare(wanted, stored.Data, scimdiff.Options{Clear: true})
	for _, d := range found {
		all = append(all, client.AttributeDifference(d))
	}
	return all, err
}

// withoutImplied returns the wanted attributes of a user who exists without
// those that only follow from the userName: the work address, and that it is
// the primary one. A user who is renamed gets the new address where the old one
// was.
func withoutImplied(wanted json.RawMessage, userName string, stored client.Resource) json.RawMessage {
	var user map[string]json.RawMessage
	var emails []map[string]any
	if json.Unmarshal(wanted, &user) != nil {
		return wanted
	}
	delete(user, "userType")
	if json.Unmarshal(user["emails"], &emails) == nil {
		var kept []map[string]any
		for _, e := range emails {
			value, _ := e["value"].(string)
			if !strings.EqualFold(value, userName) {
				kept = append(kept, e)
				continue
			}
			if strings.EqualFold(userName, stored.Name) || !hasEmail(stored.Data, stored.Name) {
				continue
			}
			delete(e, "primary")
			kept = append(kept, e)
		}
		if user["emails"], _ = json.Marshal(kept); len(kept) == 0 {
			delete(user, "emails")
		}
	}
	out, err := json.Marshal(user)
	if err != nil {
		return wanted
	}
	return out
}

// hasEmail reports whether a user has an address.
func hasEmail(data []byte, address string) bool {
	var user struct{ Emails []struct{ Value string } }
	_ = json.Unmarshal(data, &user)
	for _, e := range user.Emails {
		if strings.EqualFold(e.Value, address) {
			return true
		}
	}
	return false
}

// given returns the attributes of a create.
func given(data json.RawMessage) []client.AttributeDifference {
	all, _ := differences(data, "", client.Resource{Data: json.RawMessage("{}")}) // data was checked
	return all
}

// withoutNulls returns data without members that are null, and without values
// of multi-valued attributes that have nothing but their type: a new resource
// has nothing to clear.
func withoutNulls(data json.RawMessage) json.RawMessage {
	if !bytes.Contains(data, []byte("null")) {
		return data
	}
	var all any
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	if dec.Decode(&all) != nil {
		return data
	}
	out, _ := rawjson.Marshal(pruned(all)) // it was JSON before
	return out
}

func pruned(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for name, inner := range v {
			if v[name] = pruned(inner); v[name] == nil {
				delete(v, name)
			}
		}
		return v
	case []any:
		kept := slices.DeleteFunc(v, func(e any) bool {
			object, ok := pruned(e).(map[string]any)
			return ok && len(object) == 1 && object["type"] != nil
		})
		if len(kept) == 0 && len(v) > 0 {
			return nil
		}
		return kept
	}
	return value
}
