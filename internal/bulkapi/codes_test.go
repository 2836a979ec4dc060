package bulkapi

import (
	"encoding/base64"
	"encoding/hex"
	"strings"
	"testing"
)

// Codes and tracking ids are shown to others than the user: what is about a
// person there, or has the form of words, is left out.
func TestCodesShowNoData(t *testing.T) {
	const address = "bo.k@example.com"
	red := newRedactor(newTokenForms("s3cr3t-t0ken"), Operation{Data: []byte(`{"userName":"` + address + `","displayName":"Bo Klein","title":"Dr","nickName":"carla.k@example.com","displayName":"@bo"}`)})
	for text, shown := range map[string]bool{
		address: false, strings.ToUpper(address): false, "T-" + address: false, "bo.k": false, "T-carla.k": false, "BO.K": false, "Klein, Bo": false, "two words": false, "a\x1b[2Jb": false,
		base64.RawURLEncoding.EncodeToString([]byte(address)): false, base64.StdEncoding.EncodeToString([]byte(address)): false, hex.EncodeToString([]byte(address)): false,
		"uniqueness": true, "990409": true, "invalid_token": true, "ROUTER_5FBB2C4E-01BB-0B3C-0061-0A2B00A70061": true, "SIM.3-0": true, "SDR.3-0": true, "urn:x:y": true,
	} {
		e := &Error{ErrorCode: text, ScimType: text, TrackingID: text}
		e.clean(red)
		for _, got := range []string{e.ErrorCode, e.ScimType, e.TrackingID} {
			if shown != (got == text) || !shown && got != hidden {
				t.Errorf("%q became %q", text, got)
			}
		}
	}
}
