package sheet_test

import (
	"encoding/json"
	"testing"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/sheet"
)

const storedAda = `{"id":"1","userName":"ada@example.com","title":"Analyst","active":true,"name":{"givenName":"Ada"},
	"emails":[{"type":"work","value":"ada@example.com","primary":true}],
	"phoneNumbers":[{"type":"work","value":"+44 (20) 7946-0101"}],
	"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"Research","manager":{"value":"2","displayName":"Boss"}}}`

func TestHoldsComparesByMeaning(t *testing.T) {
	for _, tt := range []struct {
		expected string
		want     bool
	}{
		{`{}`, true},
		{`{"title":"ANALYST","userName":"Ada@example.com"}`, true},
		{`{"title":"Countess"}`, false},
		{`{"title":null}`, false},
		{`{"nickName":null,"active":true}`, true},
		{`{"active":false}`, false},
		{`{"name.givenName":"Ada"}`, true},
		{`{"name.givenName":"Augusta"}`, false},
		{`{"name.familyName":null}`, true},
		{`{"emails[type eq \"work\"].value":"ada@example.com"}`, true},
		{`{"emails[type eq \"work\"].value":"other@example.com"}`, false},
		{`{"emails[type eq \"home\"].value":null}`, true},
		{`{"phoneNumbers":[{"type":"work","value":"+44 20 79460101"}]}`, true},
		{`{"phoneNumbers[type eq \"work\"]":null}`, false},
		{`{"phoneNumbers[type eq \"work\"]":{"value":"+44 20 7946 0101"}}`, true},
		{`{"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department":"Research"}`, true},
		{`{"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager":"2"}`, true},
		{`{"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager":{"value":"3"}}`, false},
		{`{"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value":"3"}`, false},
		{`{"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager":null}`, false},
		{`{"no path":1}`, false},
		{`[]`, false},
	} {
		if got := sheet.Holds([]byte(tt.expected), []byte(storedAda)); got != tt.want {
			t.Errorf("Holds(%s) = %v", tt.expected, got)
		}
	}
}

func TestPatchInEffectIsRecognized(t *testing.T) {
	for _, tt := range []struct {
		operations string
		want       bool
	}{
		{`{"op":"replace","path":"title","value":"Analyst"}`, true},
		{`{"op":"replace","path":"title","value":"Countess"}`, false},
		{`{"op":"replace","path":"title","value":"Analyst"},{"op":"replace","path":"active","value":false}`, false},
		{`{"op":"remove","path":"nickName"}`, true},
		{`{"op":"remove","path":"title"}`, false},
		{`{"op":"remove","path":"phoneNumbers[type eq \"work\" and value eq \"+1\"]"}`, false},
		{`{"op":"replace","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager","value":{"value":"bulkId:x"}}`, false},
		{`{"op":"replace","path":"title","value":"Analyst"},{"op":"replace","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager","value":{"value":"bulkId:x"}}`, true},
		{`{"op":"add","path":"members","value":[{"value":"1"}]}`, false},
	} {
		op := client.Operation{Method: client.MethodPatch, Path: "/Users/1",
			Data: json.RawMessage(`{"Operations":[` + tt.operations + `]}`)}
		if got := sheet.InEffect(op, []byte(storedAda)); got != tt.want {
			t.Errorf("InEffect(%s) = %v", tt.operations, got)
		}
	}
}
