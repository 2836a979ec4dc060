package sheet

import (
	"strings"
	"testing"
)

// A sheet of groups is told from one of users by its columns.
func TestColumnsTellGroupsFromUsers(t *testing.T) {
	for header, want := range map[string]*resources{
		"displayName": groups, "Display Name,members": groups, "Name,members": groups, "Group Name,Members": groups,
		"operation,id,displayName,externalId": groups,
		"Name,Mail":                           users, "Name": users, "userName": users, "Email,displayName": users, "operation,id": users,
		"displayName,First Name,id": users, "id,title": users, "User ID/Email (Required),Display Name,members": users,
	} {
		if got := resourcesOf(strings.Split(header, ","), nil); got != want {
			t.Errorf("%s: a sheet of %s", header, got.plural)
		}
	}
	if got := resourcesOf([]string{"displayName", "Email"}, []string{"email"}); got != groups {
		t.Errorf("with the column Email ignored: a sheet of %s", got.plural)
	}
}
