package client_test
import ("testing";"fmt";"strings";"testing/synctest";"github.com/webexscim/bulk/client";"github.com/webexscim/bulk/webextest")
func TestZZ(t *testing.T){ synctest.Test(t, func(t *testing.T) {
		j := newNotes()
		s := webextest.New(webextest.Config{})
		ops := []client.Operation{create("a", manager("b")), create("b", fmt.Sprintf(`"title":%q`, strings.Repeat("x", 3000)))}
		s.Script(webextest.CutAt(webextest.AfterWork))
		s.ScriptSearches(webextest.Refuse(403, ""))
		results, _ := resumed(t, s, j, nil, ops...)
			for _, r := range results { t.Log(r) }
		for _, n := range j.entries { t.Logf("%x %v", n.entry.Key, n.known) }
		results, _ = resumed(t, s, j, func(c *client.Config) { c.Limits.Bytes = 2000 }, ops...)
			for _, r := range results { t.Log(r) }
		for _, n := range j.entries { t.Logf("%x %v", n.entry.Key, n.known) }
			for _, e := range s.Exchanges() { t.Logf("%s %s ops %d %v", e.Method, e.Fault, e.Operations, e.Start) }
			t.Log(j.calls)
})}
