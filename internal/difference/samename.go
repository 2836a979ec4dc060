package difference

import (
	"encoding/json"
	"strings"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/reconcile"
)

// sameNames finds, for users who are created, the leaver who has their first
// and last name: often it is one person with a new address, which a sheet
// without externalIds cannot tell. It is a hint and holds nothing back, since
// names are not unique.
func sameNames(d *reconcile.Difference) map[*reconcile.Action]string {
	leavers := map[string][]string{} // userNames by full name
	add := func(r client.Resource) {
		if name := fullName(r.Data); name != "" {
			leavers[name] = append(leavers[name], r.Name)
		}
	}
	for _, r := range d.Leavers {
		add(r)
	}
	for _, a := range d.Actions {
		if a.Kind == reconcile.Deactivate || a.Kind == reconcile.Delete {
			add(a.Stored)
		}
	}
	found := map[*reconcile.Action]string{}
	for _, a := range d.Actions {
		data, ok := a.Operations[0].Data.(json.RawMessage)
		if a.Kind != reconcile.Create || !ok {
			continue
		}
		if same := leavers[fullName(data)]; len(same) == 1 {
			found[a] = same[0]
		}
	}
	return found
}

// fullName is a user's first and last name in a form in which names are
// compared, "" where one of them is missing.
func fullName(data []byte) string {
	var user struct {
		Name struct{ GivenName, FamilyName string }
	}
	_ = json.Unmarshal(data, &user)
	given, family := strings.TrimSpace(user.Name.GivenName), strings.TrimSpace(user.Name.FamilyName)
	if given == "" || family == "" {
		return ""
	}
	return strings.ToLower(given + "\x00" + family)
}
