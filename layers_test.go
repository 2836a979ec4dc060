package bulk_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/webexscim/bulk"

// rooms lists the packages, each with the packages of this module that it may
// import. Imports only go down.
var rooms = map[string][]string{
	"api":                           {},
	"internal/contractforms":        {},
	"wire":                          {},
	"gen":                           {"wire"},
	"internal/plan":                 {"internal/sparse"},
	"internal/throttle":             {},
	"internal/scimfilter":           {"internal/fold"},
	"internal/rawjson":              {},
	"internal/location":             {"internal/apiid"},
	"internal/bulkref":              {"internal/location", "internal/rawjson"},
	"reconcile":                     {"client", "internal/bulkref", "internal/fold", "internal/rawjson", "internal/scimdiff", "internal/scimfilter"},
	"internal/difference":           {"client", "internal/rawjson", "internal/terminal", "reconcile"},
	"internal/actions":              {"client", "internal/difference", "internal/scimfilter", "internal/sheet", "reconcile"},
	"internal/fold":                 {},
	"internal/scimdiff":             {"internal/fold", "internal/rawjson"},
	"internal/baseurl":              {},
	"internal/redact":               {"internal/fold", "internal/location", "internal/rawjson"},
	"internal/transport":            {"gen", "wire", "internal/redact", "internal/throttle"},
	"internal/transporttest":        {"internal/location", "internal/rawjson", "internal/throttle", "internal/transport"},
	"internal/bulkapi":              {"gen", "wire", "internal/location", "internal/rawjson", "internal/redact", "internal/transport"},
	"internal/lookup":               {"gen", "wire", "internal/fold", "internal/location", "internal/rawjson", "internal/redact", "internal/transport"},
	"internal/spill":                {"internal/bloom"},
	"internal/engine":               {"internal/plan"},
	"internal/engine/mutate":        {},
	"internal/notices":              {},
	"internal/models":               {"gen"},
	"internal/facts":                {"internal/bulkapi", "internal/bulkref", "internal/engine", "internal/fold", "internal/location", "internal/plan", "internal/rawjson", "internal/scimdiff"},
	"client":                        {"gen", "internal/apiid", "internal/baseurl", "internal/engine", "internal/facts", "internal/location", "internal/models", "internal/plan", "internal/rawjson", "internal/throttle", "internal/bulkapi", "internal/fold", "internal/lookup", "internal/scimdiff", "internal/sparse", "internal/spill", "internal/transport"},
	"internal/sparse":               {},
	"internal/bloom":                {},
	"internal/terminal":             {},
	"journal":                       {"client"},
	"internal/textfile":             {"internal/terminal"},
	"internal/apiid":                {},
	"internal/cell":                 {},
	"internal/table":                {"internal/cell", "internal/textfile"},
	"internal/records":              {"client", "internal/apiid", "internal/bloom", "internal/cell", "internal/location", "internal/rawjson", "internal/terminal", "internal/textfile"},
	"internal/sheet":                {"client", "internal/apiid", "internal/cell", "internal/location", "internal/rawjson", "internal/scimdiff", "internal/table", "internal/terminal", "internal/textfile"},
	"internal/opfile":               {"internal/records", "internal/sheet", "internal/table", "internal/textfile"},
	"internal/plain":                {"client", "internal/terminal"},
	"internal/report":               {"client", "internal/apiid", "internal/plain", "internal/rawjson", "internal/terminal"},
	"internal/browsertest":          {},
	"webextest":                     {"webextest/internal/bulk", "webextest/internal/contract", "webextest/internal/read", "webextest/internal/scim", "webextest/internal/store", "webextest/internal/strictjson"},
	"webextest/internal/bulk":       {"webextest/internal/contract", "webextest/internal/scim", "webextest/internal/store", "webextest/internal/strictjson"},
	"webextest/internal/read":       {"webextest/internal/contract", "webextest/internal/scim", "webextest/internal/store", "webextest/internal/strictjson"},
	"webextest/internal/contract":   {"webextest/internal/scim", "webextest/internal/strictjson"},
	"webextest/internal/store":      {"webextest/internal/scim", "webextest/internal/strictjson"},
	"webextest/internal/strictjson": {},
	"webextest/internal/scim":       {},
	"webextest/admin":               {"api", "conformance/vectors", "webextest"},
	"conformance/vectors":           {},
	"conformance/servers":           {"client"},
	"conformance/runner":            {"conformance/vectors", "webextest", "webextest/admin"},
	"internal/proxy":                {"api"},
	"internal/outfile":              {},
	"internal/input":                {"client", "internal/opfile", "internal/report", "internal/sheet", "internal/textfile"},
	"internal/foundids":             {"client", "internal/outfile", "internal/sheet"},
	"internal/outcomes":             {"client", "internal/bulkref", "internal/input", "internal/opfile", "internal/rawjson", "internal/report", "internal/spill"},
	"cmd/webex-bulk":                {"api", "client", "gen", "internal/actions", "internal/auth", "internal/baseurl", "internal/difference", "internal/foundids", "internal/input", "internal/opfile", "internal/outcomes", "internal/outfile", "internal/plain", "internal/proxy", "internal/rawjson", "internal/report", "internal/scimfilter", "internal/sheet", "internal/terminal", "internal/textfile", "journal", "reconcile", "webextest", "webextest/admin"},
	"internal/auth":                 {"client", "internal/baseurl", "internal/textfile"},
	"internal/raced":                {},
	"bench":                         {"client", "gen", "internal/opfile", "internal/textfile", "journal", "webextest"},
}

// light lists the modules that the library may add to a program: the
// dependencies of the generated client.
var light = []string{"github.com/oapi-codegen/runtime", "github.com/apapsch/go-jsonmerge/v2", "github.com/google/uuid"}

func golist(t *testing.T, args ...string) []string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", append([]string{"list"}, args...)...).Output()
	if err != nil {
		t.Fatalf("go list %v: %v", args, err)
	}
	return strings.Fields(string(out))
}

func TestArrowsGoDown(t *testing.T) {
	const arrow = `{{$room := .ImportPath}}{{range .Imports}}{{$room}}>{{.}} {{else}}{{$room}}> {{end}}`
	for _, pair := range golist(t, "-f", arrow, "./...") {
		pkg, imported, _ := strings.Cut(pair, ">")
		room, ok := strings.CutPrefix(pkg, module+"/")
		if !ok {
			continue // the root package has no code
		}
		allowed, known := rooms[room]
		if !known {
			t.Errorf("package %s is not in the list of rooms: add it with its allowed imports", room)
			continue
		}
		if below, ours := strings.CutPrefix(imported, module+"/"); ours && !slices.Contains(allowed, below) {
			t.Errorf("%s imports %s, which the list of rooms does not allow", room, below)
		}
	}
}

// TestLibraryStaysLight holds that a consumer compiles no modules except those
// of light, even though this module needs others for its commands and tests.
func TestLibraryStaysLight(t *testing.T) {
	modules := golist(t, "-deps", "-f", "{{if .Module}}{{if not .Module.Main}}{{.Module.Path}}{{end}}{{end}}", "./client", "./gen")
	slices.Sort(modules)
	if modules = slices.Compact(modules); len(modules) > len(light) {
		t.Errorf("the library needs %d modules, expected at most %d: %v", len(modules), len(light), modules)
	}
	for _, pkg := range golist(t, "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", "./client", "./gen") {
		if strings.HasPrefix(pkg, module+"/") {
			continue
		}
		if !slices.ContainsFunc(light, func(l string) bool { return pkg == l || strings.HasPrefix(pkg, l+"/") }) {
			t.Errorf("the library imports %s, which light does not allow", pkg)
		}
	}
}
