package proxy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"

	"github.com/webexscim/bulk/api"
)

// contract is api/openapi.yaml, ready to check messages.
type contract struct {
	router    routers.Router
	resources map[string]resource // by the path of a POST that creates one
	patchOp   *openapi3.Schema
}

func loadContract() (*contract, error) {
	doc, err := openapi3.NewLoader().LoadFromData(api.OpenAPI)
	if err != nil {
		return nil, err
	}
	router, err := legacy.NewRouter(doc)
	schemas := doc.Components.Schemas
	return &contract{router, map[string]resource{
		"/Users":  {schemas["User"].Value, "userName"},
		"/Groups": {schemas["Group"].Value, "displayName"},
	}, schemas["PatchOp"].Value}, err
}

// route is the operation of the contract for a request.
type route struct {
	path   string // as the contract writes it
	route  *routers.Route
	params map[string]string
}

func (c *contract) find(r *http.Request) (route, error) {
	found, params, err := c.router.FindRoute(&http.Request{Method: r.Method, URL: publicURL(r.URL), Host: "webexapis.com"})
	if err != nil {
		return route{}, err
	}
	return route{found.Path, found, params}, nil
}

// publicURL returns a url with scheme and host of the contract's server,
// instead of those of the proxy.
func publicURL(u *url.URL) *url.URL {
	public := *u
	public.Scheme, public.Host = "https", "webexapis.com"
	return &public
}

// check returns the violations of a message whose body is content. Like all
// functions below, it sets only Where and What.
func (c *contract) check(at route, m message, content []byte) []Violation {
	ctx := context.Background() // the context of the request may have ended
	r := m.request.Clone(ctx)
	r.URL, r.Body = publicURL(r.URL), io.NopCloser(bytes.NewReader(content))
	in := &openapi3filter.RequestValidationInput{
		Request: r, PathParams: at.params, Route: at.route,
		Options: &openapi3filter.Options{MultiError: true, AuthenticationFunc: hasToken},
	}
	if m.name == "request" {
		return append(explain(openapi3filter.ValidateRequest(ctx, in)), c.checkData(content)...)
	}
	return explain(openapi3filter.ValidateResponse(ctx, &openapi3filter.ResponseValidationInput{
		RequestValidationInput: in, Status: m.status, Header: m.header, Body: r.Body,
		Options: &openapi3filter.Options{MultiError: true, IncludeResponseStatus: true},
	}))
}

var errNoToken = errors.New("no token")

func hasToken(_ context.Context, in *openapi3filter.AuthenticationInput) error {
	scheme, token, _ := strings.Cut(in.RequestValidationInput.Request.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return errNoToken
	}
	return nil
}

// explain describes an error of kin-openapi without the values in its text.
func explain(err error) []Violation {
	switch err := err.(type) {
	case nil:
		return nil
	case openapi3.MultiError:
		var list []Violation
		for _, e := range err {
			list = append(list, explain(e)...)
		}
		return list
	case *openapi3filter.SecurityRequirementsError:
		return []Violation{{Where: "Authorization", What: "there is no bearer token"}}
	case *openapi3filter.RequestError:
		where := ""
		if err.Parameter != nil {
			where = err.Parameter.In + " parameter " + err.Parameter.Name
		}
		return explainCause(where, err.Err, plainReason(err.Reason))
	case *openapi3filter.ResponseError:
		return explainCause("", err.Err, plainReason(err.Reason))
	case *openapi3.SchemaError:
		return []Violation{{Where: pointer(err.JSONPointer()), What: schemaReason(err)}}
	}
	return []Violation{{What: "it does not keep the contract"}}
}

// explainCause explains a wrapped error, or returns the reason if it does not
// know the error. where replaces the places of the violations unless it is "".
func explainCause(where string, err error, reason string) []Violation {
	var known *openapi3.SchemaError
	multi, several := errors.AsType[openapi3.MultiError](err)
	switch {
	case several:
		err = multi
	case errors.As(err, &known):
		err = known
	default:
		return []Violation{{Where: where, What: reason}}
	}
	list := explain(err)
	for i := range list {
		if where != "" {
			list[i].Where = where
		}
	}
	return list
}

// reasons are the starts of reasons of kin-openapi, and the texts that replace
// them, because kin-openapi appends values.
var reasons = []struct{ prefix, text string }{
	{"header Content-Type has unexpected value", "the Content-Type is not one of the contract's"},
	{"response header Content-Type has unexpected value", "the Content-Type is not one of the contract's"},
	{"failed to decode", "the body is not the JSON that its Content-Type promises"},
	{"value is required but missing", "it is missing"},
	{"empty value is not allowed", "it is empty"},
	{"status is not supported", "the contract has no such status"},
	{"response header", "a header is not as the contract says"},
}

func plainReason(reason string) string {
	for _, r := range reasons {
		if strings.HasPrefix(reason, r.prefix) {
			return r.text
		}
	}
	return "it is not as the contract says"
}

// schemaReason describes the rule that a value violates. The reasons of
// kin-openapi have names, numbers and patterns of the schema, but not the
// failed part of "not".
func schemaReason(err *openapi3.SchemaError) string {
	if err.SchemaField == "not" && err.Schema != nil && err.Schema.Not != nil {
		var violated []string
		for _, rule := range err.Schema.Not.Value.AnyOf {
			if rule.Value.VisitJSON(err.Value) == nil {
				violated = append(violated, strings.TrimSuffix(rule.Value.Description, "."))
			}
		}
		if len(violated) > 0 {
			return strings.Join(violated, "; ")
		}
	}
	if err.Reason == "" {
		return fmt.Sprintf("it does not keep the rule %q of the contract", err.SchemaField)
	}
	return err.Reason
}

// pointer returns a path as a JSON pointer (RFC 6901).
func pointer(path []string) string {
	var b strings.Builder
	for _, name := range path {
		b.WriteString("/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name))
	}
	return b.String()
}
