package scimdiff_test

import (
	"testing"

	"github.com/webexscim/bulk/internal/scimdiff"
)

func TestShowsWhatAPatchGives(t *testing.T) {
	const resource = `{"externalId":"e-1","photos":[{"value":"https://example.com/a.png","type":"photo"}],"title":"Chair","name":{"givenName":"Ann"},"emails":[{"value":"a@example.com"}],
		"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"Sales"}}`
	for change, want := range map[string]bool{
		`{"op":"replace","path":"title","value":"Chair"}`:                                                                    true,
		`{"op":"replace","path":"title","value":"CHAIR"}`:                                                                    true,
		`{"op":"replace","path":"externalId","value":"e-1"}`:                                                                 true,
		`{"op":"replace","path":"externalId","value":"E-1"}`:                                                                 false,
		`{"op":"replace","path":"urn:ietf:params:scim:schemas:core:2.0:User:externalId","value":"E-1"}`:                      false,
		`{"op":"replace","value":{"externalId":"E-1"}}`:                                                                      false,
		`{"op":"replace","value":{"externalId":"e-1","title":"chair"}}`:                                                      true,
		`{"op":"replace","path":"photos","value":[{"value":"https://example.com/a.png"}]}`:                                   true,
		`{"op":"replace","path":"photos","value":[{"value":"https://example.com/A.png"}]}`:                                   false,
		`{"op":"replace","path":"title","value":"Boss"}`:                                                                     false,
		`{"op":"replace","path":"urn:ietf:params:scim:schemas:core:2.0:User:title","value":"Chair"}`:                         true,
		`{"op":"remove","path":"urn:ietf:params:scim:schemas:core:2.0:User:title"}`:                                          false,
		`{"op":"remove","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"}`:                                false,
		`{"op":"replace","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department","value":"Sales"}`:    true,
		`{"op":"replace","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department","value":"Research"}`: false,
		`{"op":"remove","path":"nickName"}`:                                                                                  true,
		`{"op":"replace","path":"password","value":"x"}`:                                                                     false,
		`{"op":"remove","path":"emails[type eq \"work\"]"}`:                                                                  false,
		`{"op":"replace","value":{"emails":[{"value":"A@example.com"}],"nickName":null}}`:                                    true,
		`{"op":"replace","value":{"emails":[]}}`:                                                                             false,
		`{"op":"add","value":{"title":"Chair","nickName":"A"}}`:                                                              false,
	} {
		if got := scimdiff.Shows([]byte(resource), []byte(`{"Operations":[`+change+`]}`)); got != want {
			t.Errorf("%s: %v, want %v", change, got, want)
		}
	}
}

func TestMayAddTwice(t *testing.T) {
	for change, want := range map[string]bool{
		`{"op":"add","path":"emails","value":{"value":"a@example.com"}}`:                                                       true,
		`{"op":"add","value":{"emails":{"value":"a@example.com"}}}`:                                                            true,
		`{"op":"add","value":{"urn:scim:schemas:extension:cisco:webexidentity:2.0:User":{"sipAddresses":[{"value":"a"}]}}}`:    true,
		`{"op":"add","path":"urn:scim:schemas:extension:cisco:webexidentity:2.0:User","value":{"sipAddresses":{"value":"a"}}}`: true,
		`{"op":"add","path":"members","value":[{"value":"1","type":"user"}]}`:                                                  false,
		`{"op":"add","value":{"members":[{"value":"1","type":"user"}]}}`:                                                       false,
		`{"op":"add","path":"title","value":"Chair"}`:                                                                          false,
		`{"op":"replace","path":"emails","value":[]}`:                                                                          false,
		`{"op":"add","value":{"title":"Chair"}}`:                                                                               false,
	} {
		if got := scimdiff.MayAddTwice([]byte(`{"Operations":[` + change + `]}`)); got != want {
			t.Errorf("%s: %v, want %v", change, got, want)
		}
	}
}
