package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/webexscim/bulk/gen"
	"github.com/webexscim/bulk/webextest"
)

// simulator is the service of a script.
type simulator struct{ *webextest.Simulator }

// token is the access token, which no output of the program may contain.
const token = "s3cret-t0ken-of-the-script"

// cmdSimulator starts a service: simulator [latency=50ms] [lag=1s] [oauth] …
func cmdSimulator(ts *testscript.TestScript, neg bool, args []string) {
	cfg := webextest.Config{Token: token, Seed: 1}
	for _, arg := range args {
		key, value, _ := strings.Cut(arg, "=")
		switch key {
		case "latency", "lag":
			d, err := time.ParseDuration(value)
			ts.Check(err)
			if key == "lag" {
				cfg.ReadLag = d
			} else {
				cfg.Latency = d
			}
		case "uses":
			n, err := strconv.Atoi(value)
			ts.Check(err)
			cfg.TokenUses = n
		case "owner":
			cfg.Owner = value
		case "oauth":
			cfg.OAuth = webextest.OAuth{ClientID: "app", ClientSecret: "cl1ent-s3cret", RefreshToken: "r3fresh-t0ken"}
		default:
			ts.Fatalf("simulator: unknown setting %q", arg)
		}
	}
	sim := webextest.New(cfg)
	server := httptest.NewUnstartedServer(sim)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.Start()
	ts.Defer(server.Close)
	fixtureOf(ts).sim = &simulator{sim}
	ts.Setenv("WEBEX_BASE_URL", server.URL)
	ts.Setenv("WEBEX_ORG_ID", webextest.DefaultOrgID)
	ts.Setenv("WEBEX_ACCESS_TOKEN", token)
}

// cmdScript scripts faults for the next Bulk requests: script [-searches] 401 …
func cmdScript(ts *testscript.TestScript, neg bool, args []string) {
	sim := fixtureOf(ts).sim
	add := sim.Script
	for _, arg := range args {
		var f *webextest.Fault
		switch arg {
		case "-searches":
			add = sim.ScriptSearches
			continue
		case "ok":
		case "cut-after-work":
			f = webextest.CutAt(webextest.AfterWork)
		case "cut-before-work":
			f = webextest.CutAt(webextest.BeforeWork)
		case "page":
			f = webextest.AnswerPage()
		case "redirect":
			f = webextest.Redirect("https://elsewhere.example/Bulk")
		default:
			status, err := strconv.Atoi(arg)
			ts.Check(err)
			f = webextest.Refuse(status, "0")
		}
		add(f)
	}
}

// figures returns the numbers that a script can compare.
func (s *simulator) figures() map[string]int {
	st := s.Stats()
	users, groups := s.Count()
	made, twice := map[string]bool{}, 0
	for _, e := range s.Ledger() {
		if e.Effect == webextest.Created {
			if made[e.Key] {
				twice++
			}
			made[e.Key] = true
		}
	}
	return map[string]int{
		"requests": st.Requests, "bulk": st.Bulk, "searches": st.Searches, "operations": st.Operations,
		"created": st.Created, "patched": st.Patched, "deleted": st.Deleted, "failed": st.Failed,
		"users": users, "groups": groups, "twice": twice,
	}
}

// cmdService compares the figures of the service: service created=5 bulk=1 … It
// also holds that the client broke no rule and that every reference is valid.
func cmdService(ts *testscript.TestScript, neg bool, args []string) {
	sim := fixtureOf(ts).sim
	seen := sim.figures()
	for _, arg := range args {
		key, text, _ := strings.Cut(arg, "=")
		want, err := strconv.Atoi(text)
		ts.Check(err)
		if got, ok := seen[key]; !ok || got != want {
			ts.Fatalf("service: %s is %d, want %d (%v)", key, got, want, seen)
		}
	}
	ts.Check(sim.Check())
}

// cmdAwait waits until a figure of the service is large enough: await bulk 3
func cmdAwait(ts *testscript.TestScript, neg bool, args []string) {
	sim := fixtureOf(ts).sim
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	arrived := func() int {
		if args[0] == "arrived" { // requests that need not be over
			return sim.Stats().MaxConcurrent
		}
		return sim.figures()[args[0]]
	}
	if !eventually(func() bool { return arrived() >= n }) {
		ts.Fatalf("await: %s never came to %d", args[0], n)
	}
}

// cmdSecure puts the service behind TLS, at a name that only a proxy knows,
// with a certificate that only ca.pem vouches for.
func cmdSecure(ts *testscript.TestScript, neg bool, args []string) {
	sim := fixtureOf(ts).sim
	cert, authority := certificate(ts, "webex.test")
	server := httptest.NewUnstartedServer(sim)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
	server.StartTLS()
	ts.Defer(server.Close)
	ts.Check(os.WriteFile(ts.MkAbs("ca.pem"), authority, 0o600))
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect || r.Host != "webex.test:443" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		tunnel(w, server.Listener.Addr().String())
	}))
	ts.Defer(proxy.Close)
	ts.Setenv("HTTPS_PROXY", proxy.URL)
	ts.Setenv("WEBEX_BASE_URL", "https://webex.test")
}

// tunnel joins a client to an address, both ways.
func tunnel(w http.ResponseWriter, address string) {
	upstream, err := net.Dial("tcp", address)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	w.WriteHeader(http.StatusOK)
	conn, rest, err := w.(http.Hijacker).Hijack()
	if err != nil {
		_ = upstream.Close()
		return
	}
	go func() { _, _ = io.Copy(upstream, rest); _ = upstream.Close() }()
	_, _ = io.Copy(conn, upstream)
	_ = conn.Close()
}

// certificate is one for a host, and its authority as PEM: itself.
func certificate(ts *testscript.TestScript, host string) (tls.Certificate, []byte) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	ts.Check(err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: host}, DNSNames: []string{host},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	ts.Check(err)
	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, authority
}

// userData is the data of an operation that creates a user.
func userData(name string) string {
	return fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"%s@example.com","userType":"user"}`, name)
}

// cmdUser compares an attribute of a user: [!] user NAME ATTRIBUTE VALUE, where
// a manager is given by userName, phone.TYPE, email.TYPE and address.PART by
// kind.
func cmdUser(ts *testscript.TestScript, neg bool, args []string) {
	sim := fixtureOf(ts).sim
	user, ok := sim.UserByName(args[0])
	if !ok {
		ts.Fatalf("there is no user %s", args[0])
	}
	raw, err := json.Marshal(user)
	ts.Check(err)
	var u gen.User
	ts.Check(json.Unmarshal(raw, &u))
	manager, _ := sim.User(user.Manager())
	values := map[string]string{
		"displayName": u.DisplayName, "title": u.Title, "timezone": u.Timezone,
		"name.givenName": u.Name.GivenName, "name.familyName": u.Name.FamilyName,
		"department": u.Enterprise.Department, "manager": manager.UserName(),
	}
	for _, p := range u.PhoneNumbers {
		values["phone."+string(p.Type)] = p.Value
	}
	for _, e := range u.Emails {
		values["email."+string(e.Type)] = e.Value
	}
	for _, a := range u.Addresses {
		values["address.locality"] = a.Locality
	}
	if got, known := values[args[1]]; (known && got == args[2]) == neg {
		ts.Fatalf("%s of %s is %q, want %q: %s", args[1], args[0], got, args[2], raw)
	}
}

// cmdMembers compares the members of a group, by userName: members GROUP
// USER...
func cmdMembers(ts *testscript.TestScript, neg bool, args []string) {
	sim := fixtureOf(ts).sim
	found := sim.GroupsByName(args[0])
	if len(found) != 1 {
		ts.Fatalf("%d groups are called %s", len(found), args[0])
	}
	var names []string
	for _, id := range found[0].Members() {
		user, _ := sim.User(id)
		names = append(names, user.UserName())
	}
	if want := args[1:]; !slices.Equal(slices.Sorted(slices.Values(names)), slices.Sorted(slices.Values(want))) {
		ts.Fatalf("members are %q, want %q", names, want)
	}
}
