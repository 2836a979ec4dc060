package client_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"

	"pgregory.net/rapid"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/gen"
	"github.com/webexscim/bulk/webextest"
)

// A change sends what is set in a model, and what is no model as it is.
func TestChangesSendWhatIsSet(t *testing.T) {
	manager := gen.User{Title: "x"}
	manager.Enterprise.Manager = gen.Manager{Value: "m", DisplayName: "only the service writes it"}
	members := []gen.GroupMember{{Value: "u", Display: "only the service writes it"}, {Value: "g", Type: "group"}}
	for want, change := range map[string]client.Change{
		`{"op":"replace","value":{"title":"x"}}`:                                                                 client.Replace("", gen.User{Title: "x"}),
		`{"op":"replace","value":{"nickName":"<x>"}}`:                                                            client.Replace("", &gen.User{NickName: "<x>"}),
		`{"op":"replace","value":{"active":false}}`:                                                              client.Replace("", gen.User{ID: "1", Active: new(false), Meta: gen.Meta{Version: "1"}}),
		`{"op":"replace","value":{"title":"x","` + client.SchemaEnterpriseUser + `":{"manager":{"value":"m"}}}}`: client.Replace("", manager),
		`{"op":"replace","path":"name","value":{"givenName":"A"}}`:                                               client.Replace("name", gen.PersonName{GivenName: "A"}),
		`{"op":"add","path":"emails","value":[{"primary":false,"value":"a"},{"type":"work"}]}`:                   client.Add("emails", []gen.Email{{Value: "a", Primary: new(false)}, {Type: "work"}}),
		`{"op":"add","path":"members","value":[{"type":"user","value":"u"},{"type":"group","value":"g"}]}`:       client.Add("members", members),
		`{"op":"replace","path":"members","value":[{"type":"user","value":"u"},{"type":"group","value":"g"}]}`:   client.Replace("members", members),
		`{"op":"remove","path":"members","value":[{"type":"user","value":"u"}]}`:                                 {Op: "remove", Path: "members", Value: members[:1]},
		`{"op":"add","value":{"members":[{"type":"user","value":"u"},{"type":"group","value":"g"}]}}`:            client.Add("", gen.Group{ID: "1", Members: members}),
		`{"op":"add","path":"members","value":[{"type":"user","value":"p"}]}`:                                    client.Add("members", []*gen.GroupMember{{Value: "p"}}),
		`{"op":"replace","path":"members","value":[]}`:                                                           client.Replace("members", []gen.GroupMember{}),
		`{"op":"remove","path":"title"}`:                                                                         client.Remove("title"),
		`{"op":"replace","path":"active","value":false}`:                                                         client.Replace("active", false),
		`{"op":"replace","path":"title","value":""}`:                                                             client.Replace("title", ""),
		`{"op":"add","path":"members","value":[{"value":"u"}]}`:                                                  client.Add("members", []map[string]string{{"value": "u"}}),
		`{"op":"add","path":"members","value":[{"value":"v"}]}`:                                                  client.Add("members", json.RawMessage(`[{"value":"v"}]`)),
	} {
		op := client.Groups.Patch("1", change)
		if err := op.Validate(); err != nil {
			t.Errorf("%s: %v", want, err)
			continue
		}
		text, err := json.Marshal(change)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.NewReplacer(`\u003c`, "<", `\u003e`, ">").Replace(string(text)); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	if members[0].Type != "" || members[0].Display == "" {
		t.Error("the caller's members were changed")
	}
}

// A change that cannot be meant is refused before anything is sent, with a text
// that says why.
func TestInvalidChangesAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		change client.Change
		text   string
	}{
		"nil":              {client.Replace("title", nil), "no value in a change"},
		"nil list":         {client.Add("emails", []gen.Email(nil)), "no value in a change"},
		"nil pointer":      {client.Replace("", (*gen.User)(nil)), "no value in a change"},
		"nothing set":      {client.Replace("", gen.User{}), "nothing is set in a gen.User"},
		"empty text":       {client.Replace("", gen.User{Title: ""}), "nothing is set in a gen.User"},
		"read-only":        {client.Replace("", gen.User{ID: "1", Meta: gen.Meta{Version: "1"}}), "nothing is set in a gen.User"},
		"empty element":    {client.Add("emails", []gen.Email{{Value: "a"}, {}}), "nothing is set in a gen.Email"},
		"nil element":      {client.Add("emails", []*gen.Email{nil}), "no value in a []*gen.Email"},
		"empty member":     {client.Add("members", []gen.GroupMember{{}}), "nothing is set in a gen.GroupMember"},
		"empty list":       {client.Replace("", gen.User{Title: "x", Emails: []gen.Email{}}), `"emails" is an empty list in a gen.User`},
		"empty list below": {client.Replace("", gen.User{Webex: gen.WebexUser{AccountStatus: []string{}}}), `"accountStatus" is an empty list in a gen.WebexUser`},
	} {
		err := client.Users.Patch("1", client.Replace("title", "x"), c.change).Validate()
		if !errors.Is(err, client.ErrInvalid) || !strings.HasPrefix(err.Error(), "invalid operation: "+c.text) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Law: a model as a value sends each attribute that is set, and nothing that is
// null, empty, or not set.
func TestChangesSendNothingEmpty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.SampledFrom([]string{"", "x"})
		u := gen.User{
			UserName: text.Draw(t, "userName"), Title: text.Draw(t, "title"), Name: gen.PersonName{GivenName: text.Draw(t, "givenName")},
			Emails: rapid.SliceOfN(rapid.Just(gen.Email{Value: "x"}), -1, 2).Draw(t, "emails"),
		}
		if len(u.Emails) == 0 {
			u.Emails = nil
		}
		u.Enterprise.Manager.Value, u.Enterprise.Department = text.Draw(t, "manager"), text.Draw(t, "department")
		sent, err := json.Marshal(client.Replace("", u))
		if (err != nil) != reflect.ValueOf(u).IsZero() {
			t.Fatalf("%s, %v", sent, err)
		}
		if err != nil {
			return
		}
		if s := string(sent); strings.Contains(s, "null") || strings.Contains(s, `""`) || strings.Contains(s, "{}") {
			t.Fatal(s)
		}
		var back struct{ Value gen.User }
		if err := json.Unmarshal(sent, &back); err != nil || !reflect.DeepEqual(back.Value, u) {
			t.Fatalf("%s: %+v, %v", sent, back.Value, err)
		}
	})
}

// The data of an operation is a copy from the moment when its source continues:
// a source may use its maps, slices and pointers again.
func TestDataIsCopied(t *testing.T) {
	text := func(name string) []byte {
		return []byte(`{"schemas":["` + client.SchemaUser + `"],"userName":"` + name + `","displayName":"right"}`)
	}
	values := map[string]func(name string) (data any, spoil func()){
		"raw":   func(n string) (any, func()) { b := text(n); return json.RawMessage(b), func() { clear(b) } },
		"bytes": func(n string) (any, func()) { b := text(n); return b, func() { clear(b) } },
		"map": func(n string) (any, func()) {
			m := map[string]any{"schemas": []string{client.SchemaUser}, "userName": n, "displayName": "right"}
			return m, func() { m["displayName"] = "wrong"; m["userName"] = "wrong" }
		},
		"pointer": func(n string) (any, func()) {
			u := &gen.User{Schemas: []string{client.SchemaUser}, UserName: n, DisplayName: "right"}
			return u, func() { u.UserName, u.DisplayName, u.Schemas[0] = "wrong", "wrong", "wrong" }
		},
	}
	synctest.Test(t, func(t *testing.T) {
		s := webextest.New(webextest.Config{})
		source := func(yield func(client.Operation, error) bool) {
			for name, value := range values {
				data, spoil := value(name + "@example.com")
				if !yield(client.Operation{Method: "POST", Path: "/Users", Data: data}, nil) {
					return
				}
				spoil()
			}
		}
		results, err := run(t, newClient(t, s, nil), &client.Job{Source: source})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range results {
			if u, _ := s.User(r.Location.ID); u["displayName"] != "right" {
				t.Errorf("%v: sent %v", r, u)
			}
		}
	})
}
