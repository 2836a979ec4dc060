package admin

import (
	"bytes"
	"crypto/subtle"
	_ "embed"
	"encoding/json"
	"maps"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/webexscim/bulk/api"
	"github.com/webexscim/bulk/webextest"
)

// Prefix begins the paths of the interface for tests.
const Prefix = "/__admin"

// OpenAPI describes the interface for tests, as YAML. The bytes must not be
// changed.
//
//go:embed openapi.yaml
var OpenAPI []byte

//go:embed page.html
var page []byte

// Config configures the access. The zero value is for a simulator on a loopback
// address.
type Config struct {
	// Hosts are additional names that the Host header may have, with or without a
	// port. localhost and loopback addresses are always allowed.
	Hosts []string
	// Remote is for a simulator that other machines can reach. It allows any Host,
	// because the names of the machine are unknown, and closes /__admin unless
	// there is a Token.
	Remote bool
	// Token is the bearer token that /__admin needs; "" is none.
	Token string
}

// server is the handler that New returns.
type server struct {
	sim    *webextest.Simulator
	cfg    Config
	routes map[string]map[string]http.HandlerFunc // by path and method

	mu     sync.Mutex // guards the fields below and the script of sim
	posted map[*webextest.Fault]fault
	resets int
}

// New returns a handler that serves sim and the interface for tests.
func New(sim *webextest.Simulator, cfg Config) http.Handler {
	s := &server{sim: sim, cfg: cfg, posted: make(map[*webextest.Fault]fault)}
	get := func(h http.HandlerFunc) map[string]http.HandlerFunc {
		return map[string]http.HandlerFunc{http.MethodGet: h, http.MethodHead: h}
	}
	faults := get(s.faults)
	faults[http.MethodPost], faults[http.MethodDelete] = s.addFaults, s.dropFaults
	s.routes = map[string]map[string]http.HandlerFunc{
		"/":                      get(file("text/html; charset=utf-8", withShapes(page))),
		"/openapi.yaml":          get(file("application/yaml", api.OpenAPI)),
		"/openapi.json":          get(file("application/json", api.JSON)),
		Prefix + "/openapi.yaml": get(file("application/yaml", OpenAPI)),
		Prefix + "/health":       get(s.health),
		Prefix + "/stats":        get(s.stats),
		Prefix + "/ledger":       get(list("operations", s.ledger)),
		Prefix + "/requests":     get(list("requests", s.requests)),
		Prefix + "/violations":   get(list("violations", s.violations)),
		Prefix + "/faults":       faults,
		Prefix + "/reset":        {http.MethodPost: s.reset},
		Prefix + "/seed":         {http.MethodPost: s.seed},
		// Browsers request it.
		"/favicon.ico": get(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }),
	}
	return s
}

// withShapes puts the names of the shapes into the page.
func withShapes(page []byte) []byte {
	var options strings.Builder
	for _, name := range webextest.ShapeNames() {
		options.WriteString("<option>" + name + "</option>")
	}
	return bytes.Replace(page, []byte("<!--shapes-->"), []byte(options.String()), 1)
}

// ServeHTTP answers a request, or passes it to the simulator.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	methods, own := s.routes[r.URL.Path]
	handle, known := methods[r.Method]
	admin := r.URL.Path == Prefix || strings.HasPrefix(r.URL.Path, Prefix+"/")
	status, reason := 0, ""
	if !s.knowsHost(r.Host) {
		status, reason = http.StatusMisdirectedRequest, "the Host header names another machine"
	} else if admin {
		status, reason = s.refuses(r)
	}
	switch {
	case status == http.StatusUnauthorized:
		w.Header().Set("WWW-Authenticate", `Bearer realm="simulator"`)
		refuse(w, status, reason)
	case status != 0:
		refuse(w, status, reason)
	case !own && !admin:
		s.sim.ServeHTTP(w, r)
	case !own:
		refuse(w, http.StatusNotFound, "there is nothing at this path; see "+Prefix+"/openapi.yaml")
	case !known:
		w.Header().Set("Allow", strings.Join(slices.Sorted(maps.Keys(methods)), ", "))
		refuse(w, http.StatusMethodNotAllowed, "this path does not take the method "+r.Method)
	case r.Method == http.MethodPost && !isJSON(r):
		refuse(w, http.StatusUnsupportedMediaType, "a POST needs the Content-Type application/json")
	default:
		handle(w, r)
	}
}

// knowsHost reports whether a Host header names this machine.
func (s *server) knowsHost(header string) bool {
	host, _, err := net.SplitHostPort(header)
	if err != nil {
		host = strings.TrimSuffix(strings.TrimPrefix(header, "["), "]")
	}
	addr, err := netip.ParseAddr(host)
	is := func(name string) bool { return strings.EqualFold(name, host) }
	return s.cfg.Remote || is("localhost") || slices.ContainsFunc(s.cfg.Hosts, is) ||
		err == nil && addr.Unmap().IsLoopback()
}

// refuses returns why a request below /__admin is refused; status is 0 if it is
// not.
func (s *server) refuses(r *http.Request) (status int, reason string) {
	if s.cfg.Remote && s.cfg.Token == "" {
		return http.StatusForbidden, "closed to other machines: the simulator was started without an admin token"
	}
	if origin := r.Header.Get("Origin"); origin != "" {
		if u, err := url.Parse(origin); err != nil || u.Host == "" || !strings.EqualFold(u.Host, r.Host) {
			return http.StatusForbidden, "the request comes from a page of another origin"
		}
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	right := strings.EqualFold(scheme, "Bearer") && subtle.ConstantTimeCompare([]byte(token), []byte(s.cfg.Token)) == 1
	if s.cfg.Token != "" && !right {
		return http.StatusUnauthorized, "the admin token is missing or wrong"
	}
	return 0, ""
}

func isJSON(r *http.Request) bool {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && media == "application/json"
}

// file serves a text. A page may load nothing from other origins, and cannot be
// shown in a frame.
func file(contentType string, text []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; "+
			"script-src 'unsafe-inline'; connect-src 'self'; img-src data:; frame-ancestors 'none'")
		_, _ = w.Write(text) // the client may have gone
	}
}

// answer sends a value as JSON.
func answer(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value) // every value here can be encoded, and the client may have gone
}

func refuse(w http.ResponseWriter, status int, reason string) {
	answer(w, status, map[string]string{"error": reason})
}
