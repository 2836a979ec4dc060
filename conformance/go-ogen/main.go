// Command go-ogen is a client by ogen for the test kit: see ../README.md.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ogen-go/ogen/ogenerrors"

	"kit/out/webex"
)

const extension = "urn:scim:schemas:extension:cisco:webexidentity:api:messages:2.0:Error"

var (
	org = webex.OrgId(os.Getenv("WEBEX_ORG_ID"))
	ctx = context.Background()
)

// noting is a transport that keeps the last answer, also if it cannot be parsed.
type noting struct{ last *http.Response }

func (n *noting) RoundTrip(r *http.Request) (resp *http.Response, err error) {
	n.last = nil
	if resp, err = http.DefaultTransport.RoundTrip(r); err == nil {
		n.last = resp
	}
	return resp, err
}

func (n *noting) status() int {
	if n.last == nil {
		return 0
	}
	return n.last.StatusCode
}

func (n *noting) header(name string) string {
	if n.last == nil {
		return ""
	}
	return n.last.Header.Get(name)
}

// token is the SecuritySource: the plain bearer token.
type token struct{}

func (token) Token(context.Context, webex.OperationName) (webex.Token, error) {
	return webex.Token{Token: os.Getenv("WEBEX_ACCESS_TOKEN")}, nil
}

func (token) Webex(context.Context, webex.OperationName) (webex.Webex, error) {
	return webex.Webex{}, ogenerrors.ErrSkipClientSecurity
}

type kit struct {
	*noting
	client *webex.Client
}

// send returns the results, or an error as JSON.
func (k kit) send(body []byte) (results []webex.BulkResult, refusal any, err error) {
	k.last = nil
	var request webex.BulkRequest
	if err := request.UnmarshalJSON(body); err != nil {
		return nil, nil, err
	}
	answer, err := k.client.ExecuteBulk(ctx, &request, webex.ExecuteBulkParams{OrgId: org})
	if err != nil {
		return nil, nil, err
	}
	if done, ok := answer.(*webex.BulkResponseHeaders); ok {
		return done.Response.Operations, nil, nil
	}
	// Each status has a type of its own, most with a ScimError inside.
	e, ok := reflect.ValueOf(answer).Elem().FieldByName("Response").Interface().(webex.ScimError)
	if !ok {
		return nil, nil, fmt.Errorf("no ScimError in %T", answer)
	}
	return nil, fields(e), nil
}

// fields are the members of an error as JSON. MarshalJSON would write nothing
// at all for an absent member of an open type.
func fields(e webex.ScimError) any {
	ext := e.UrnScimSchemasExtensionCiscoWebexidentityAPIMessages2Dot0Error.Value
	var errors []any
	for _, item := range e.Errors {
		errors = append(errors, map[string]any{"description": item.Description.Value, "errorCode": decode(item.ErrorCode)})
	}
	return map[string]any{
		extension: map[string]any{"trackingId": ext.TrackingId.Value, "errorCode": decode(ext.ErrorCode), "details": decode(ext.Details)},
		"detail":  e.Detail.Value, "message": e.Message.Value, "errors": errors, "errorCode": decode(e.ErrorCode), "trackingId": e.TrackingId.Value,
	}
}

func decode(text []byte) (value any) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	_ = d.Decode(&value) // nil if it is not JSON
	return value
}

func text(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	}
	return ""
}

func member(value any, name string) any {
	object, _ := value.(map[string]any)
	return object[name]
}

func status(value any) int {
	if code := member(value, "code"); code != nil {
		value = code
	}
	n, _ := strconv.Atoi(text(value))
	if n < 100 || n > 599 {
		return 0
	}
	return n
}

// reason is what an error says, in any form that services use: the Webex
// extension, RFC 7644, general Webex errors, JSON in a text.
type reason struct {
	TrackingID string   `json:"trackingId,omitempty"`
	ErrorCode  string   `json:"errorCode,omitempty"`
	Details    []string `json:"details,omitempty"`
}

func (r *reason) read(body any) {
	switch body := body.(type) {
	case string:
		if inner := decode([]byte(body)); inner != nil && text(inner) == "" {
			r.read(inner)
			return
		}
		r.say(body)
	case []any:
		for _, e := range body {
			r.read(e)
		}
	case map[string]any:
		ext := body[extension]
		r.take(ext)
		r.take(body)
		for _, texts := range []any{member(ext, "details"), body["detail"], body["message"]} {
			r.say(texts)
		}
		errors, _ := body["errors"].([]any)
		for _, e := range errors {
			r.take(e)
			r.say(member(e, "description"))
		}
		r.say(body["error_description"])
	}
}

func (r *reason) take(from any) {
	if r.TrackingID == "" {
		r.TrackingID = text(member(from, "trackingId"))
	}
	if r.ErrorCode == "" {
		r.ErrorCode = text(member(from, "errorCode"))
	}
	if r.ErrorCode == "" {
		r.ErrorCode = text(member(from, "error"))
	}
}

func (r *reason) say(texts any) {
	switch t := texts.(type) {
	case []any:
		for _, e := range t {
			r.say(e)
		}
	case string:
		if t != "" && !slices.Contains(r.Details, t) {
			r.Details = append(r.Details, t)
		}
	}
}

type operation struct {
	BulkID   string `json:"bulkId"`
	Location string `json:"location"`
	Status   int    `json:"status"`
	reason
}

func read(r webex.BulkResult) operation {
	body := decode(r.Response)
	op := operation{BulkID: r.BulkId.Value, Location: r.Location.Value, Status: status(decode(r.Status))}
	if op.Status == 0 {
		op.Status = status(member(body, "status")) // it may stand in the error alone
	}
	if op.Status >= 300 {
		op.read(body)
	}
	return op
}

func print(line any) { check(json.NewEncoder(os.Stdout).Encode(line)) }

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func admin(path, body string) {
	resp, err := http.Post(os.Getenv("WEBEX_ADMIN_URL")+path, "application/json", strings.NewReader(body))
	check(err)
	resp.Body.Close()
}

func (k kit) vector(number int, file string) {
	raw, err := os.ReadFile(filepath.Join(os.Getenv("KIT_VECTORS"), file))
	check(err)
	var v struct {
		Request struct{ Body json.RawMessage }
	}
	check(json.Unmarshal(raw, &v))
	admin("/faults", fmt.Sprintf(`{"faults":[{"vector":%d}]}`, number))
	results, refusal, err := k.send(v.Request.Body)
	line := struct {
		Vector     int         `json:"vector"`
		Status     int         `json:"status"`
		RetryAfter string      `json:"retryAfter"`
		Operations []operation `json:"operations"`
		Error      string      `json:"error,omitempty"`
		reason
	}{Vector: number, Status: k.status(), RetryAfter: k.header("Retry-After")}
	if err != nil {
		line.Error = err.Error()
	}
	line.read(refusal)
	if id := k.header("TrackingID"); id != "" {
		line.TrackingID = id
	}
	for _, r := range results {
		line.Operations = append(line.Operations, read(r))
	}
	print(line)
}

func request(operations ...string) []byte {
	return []byte(`{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],"operations":[` + strings.Join(operations, ",") + `]}`)
}

func user(bulkID, name string) string {
	return fmt.Sprintf(`{"method":"POST","path":"/Users","bulkId":%q,"data":{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],`+
		`"userName":"%s@example.com","userType":"user"}}`, bulkID, name)
}

func group(bulkID string, members ...string) string {
	var list []string
	for _, m := range members {
		list = append(list, fmt.Sprintf(`{"value":%q,"type":"user"}`, m))
	}
	return fmt.Sprintf(`{"method":"POST","path":"/Groups","bulkId":%q,"data":{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],`+
		`"displayName":%[1]q,"members":[%s]}}`, bulkID, strings.Join(list, ","))
}

func (k kit) userID(name string) string {
	found, err := k.client.SearchUsers(ctx, webex.SearchUsersParams{OrgId: org, Filter: webex.NewOptString(`userName eq "` + name + `@example.com"`)})
	check(err)
	return found.(*webex.UserListHeaders).Response.Resources[0].ID.Value
}

func (k kit) groupID(name string) string {
	found, err := k.client.SearchGroups(ctx, webex.SearchGroupsParams{OrgId: org, Filter: webex.NewOptString(`displayName eq "` + name + `"`)})
	check(err)
	return found.(*webex.GroupListHeaders).Response.Resources[0].ID.Value
}

// scenario creates users and a group over a refusal and a cut, then reads a
// failed operation.
func (k kit) scenario() {
	admin("/faults", `{"faults":[{"status":429,"retryAfter":"1"},{"cut":"after"}]}`)
	first, waited := request(user("ada", "ada"), user("bob", "bob"), group("team", "bulkId:ada", "bulkId:bob")), false
	for k.send(first); k.status() == http.StatusTooManyRequests; k.send(first) {
		seconds, err := strconv.Atoi(k.header("Retry-After"))
		check(err)
		time.Sleep(time.Duration(seconds) * time.Second)
		waited = true
	}
	// The connection was cut: look up what was created instead of sending it
	// again.
	lookedUp := k.status() == 0
	created := []string{k.userID("ada"), k.userID("bob"), k.groupID("team")}
	results, _, err := k.send(request(user("again", "ada"), user("cyd", "cyd"), group("crew", "bulkId:cyd", created[0])))
	check(err)
	var taken operation
	for _, r := range results {
		if op := read(r); op.Status == http.StatusCreated {
			created = append(created, op.Location[strings.LastIndexByte(op.Location, '/')+1:])
		}
		if r.BulkId.Value == "again" {
			var e webex.ScimError
			check(e.UnmarshalJSON(r.Response))
			ext := e.UrnScimSchemasExtensionCiscoWebexidentityAPIMessages2Dot0Error.Value
			taken = operation{BulkID: "again", Status: status(decode(r.Status)), reason: reason{
				TrackingID: ext.TrackingId.Value, ErrorCode: text(decode(ext.ErrorCode)), Details: []string{text(decode(ext.Details))},
			}}
		}
	}
	print(map[string]any{"scenario": map[string]any{"created": created, "taken": taken, "waited": waited, "lookedUp": lookedUp}})
}

func main() {
	transport := &noting{}
	plain := &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse // a redirect must not take the token elsewhere
	}}
	c, err := webex.NewClient(os.Getenv("WEBEX_BASE_URL"), token{}, webex.WithClient(plain))
	check(err)
	k := kit{transport, c}
	k.scenario()
	raw, err := os.ReadFile(filepath.Join(os.Getenv("KIT_VECTORS"), "manifest.json"))
	check(err)
	var entries []struct {
		Number int
		File   string
	}
	check(json.Unmarshal(raw, &entries))
	for _, e := range entries {
		k.vector(e.Number, e.File)
	}
}
