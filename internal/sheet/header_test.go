package sheet

import (
	"strings"
	"testing"
)

// What a sheet is about shows in its columns.
func TestIsGroups(t *testing.T) {
	for header, want := range map[string]bool{
		"displayName": true, "Display Name,members": true, "Name,members": true, "Name,Mail": false, "Name": false, "Group Name,Members": true, "operation,id,displayName,externalId": true,
		"userName": false, "Email,displayName": false, "displayName,First Name,id": false, "operation,id": false, "id,title": false,
		"User ID/Email (Required),Display Name,members": false,
	} {
		if got := isGroups(strings.Split(header, ",")); got != want {
			t.Errorf("isGroups(%s) = %v", header, got)
		}
	}
}
