//go:build browser

package admin_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/webexscim/bulk/internal/browsertest"
	"github.com/webexscim/bulk/webextest"
	"github.com/webexscim/bulk/webextest/admin"
)

// These tests need Chromium. To look at the page:
//
//	go test -tags browser -artifacts -outputdir DIR -run Browser ./webextest/admin

// served is a simulator on loopback that has seen a few requests.
func served(t *testing.T, cfg admin.Config) (*webextest.Simulator, string) {
	t.Helper()
	sim := webextest.New(webextest.Config{})
	server := httptest.NewServer(admin.New(sim, cfg))
	t.Cleanup(server.Close)
	return sim, server.URL
}

// postBulk sends operations to the simulator and reports the status, 0 for no
// answer.
func postBulk(t *testing.T, url, operations string) int {
	t.Helper()
	body := `{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],"operations":[` + operations + `]}`
	req, err := http.NewRequest("POST", url+service+"Bulk", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+webextest.DefaultToken)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0
	}
	resp.Body.Close()
	return resp.StatusCode
}

// The page shows new requests, queues a fault with a click, and loads nothing
// from other origins.
func TestBrowserPageIsLive(t *testing.T) {
	sim, url := served(t, admin.Config{})
	b := browsertest.Start(t)
	b.SetScreen(1280, 900, false)
	b.OpenURL(url + "/")
	b.WaitUntil(`document.querySelector("#ledger td")?.textContent === "No operation yet."`)

	if status := postBulk(t, url, create("ann")+","+create("<b>bob")); status != 200 {
		t.Fatal(status)
	}
	postBulk(t, url, `{"method":"POST","path":"/Users","bulkId":"x","data":{"userName":"x@example.com","title":5}}`)
	b.WaitUntil(`document.querySelectorAll("#ledger tbody tr").length === 3`)
	b.WaitUntil(`document.querySelectorAll("#requests tbody tr").length === 2`)
	b.WaitUntil(`document.querySelector("#violations tbody tr")?.textContent.includes("title must be text")`)
	if got := b.Eval(`document.querySelector("#ledger tbody").textContent.includes("<b>bob")`); got != true {
		t.Error("a name is not shown as text")
	}
	if got := b.Eval(`document.querySelector("[data-count=violations]").textContent`); got != "1" {
		t.Errorf("%v violations are counted", got)
	}

	b.Click(`button[data-fault*="after"]`)
	b.WaitUntil(`document.querySelectorAll("#queue li").length === 1`)
	b.Eval(`document.getElementById("shape").value = "capitalKey"`)
	b.Click("#queueShape")
	b.WaitUntil(`document.querySelector("#queue").textContent.includes("shape capitalKey")`)
	if got := len(sim.Scripted()); got != 2 {
		t.Errorf("%d faults are queued", got)
	}
	if status := postBulk(t, url, create("cut")); status != 0 || sim.Created("cut@example.com") != 1 {
		t.Errorf("the cut was not met: %d", status)
	}
	b.WaitUntil(`document.querySelector("#requests tbody tr")?.textContent.includes("cut after the work")`)
	b.Eval(`document.getElementById("vector").value = "9999"`)
	b.Click("#queueVector")
	b.WaitUntil(`document.getElementById("told").textContent.includes("vector must be")`)
	b.Click("#drop")
	b.WaitUntil(`document.querySelectorAll("#queue li").length === 0`)
	if got := len(sim.Scripted()); got != 0 {
		t.Errorf("%d faults are left", got)
	}
	b.Click("#reset")
	b.WaitUntil(`document.querySelector("#ledger td")?.textContent === "No operation yet."`)
}

// The page reads the latest rows of a long ledger, then only new rows, and starts
// again after a reset.
func TestBrowserReadsOnlyNewRows(t *testing.T) {
	_, url := served(t, admin.Config{})
	b := browsertest.Start(t)
	for i := range 5 {
		var operations []string
		for n := range 100 {
			operations = append(operations, create(fmt.Sprintf("u%d", 100*i+n)))
		}
		postBulk(t, url, strings.Join(operations, ","))
	}
	b.OpenURL(url + "/")
	b.WaitUntil(`document.querySelectorAll("#ledger tbody tr").length === 201`)
	b.WaitUntil(`document.querySelector("#ledger tbody tr").textContent.includes("u499") && document.querySelector("#ledger tbody").textContent.includes("300 earlier")`)
	postBulk(t, url, create("new"))
	b.WaitUntil(`document.querySelector("#ledger tbody tr").textContent.includes("new@") && document.querySelector("[data-count=done]").textContent === "501"`)
	b.WaitUntil(`document.querySelectorAll("#requests tbody tr").length === 6`)
	time.Sleep(2 * time.Second) // in which the page looks twice for news
	var asked []string
	for _, e := range b.Events() {
		params, _ := e["params"].(browsertest.Object)
		request, _ := params["request"].(browsertest.Object)
		got, _ := request["url"].(string)
		if place := strings.TrimPrefix(got, url+admin.Prefix+"/"); e["method"] == "Network.requestWillBeSent" && strings.Contains(place, "after") {
			asked = append(asked, place)
		}
	}
	slices.Sort(asked)
	if got := strings.Join(asked, " "); got != "ledger?after=300 ledger?after=500 requests?after=0 requests?after=5" {
		t.Errorf("the page has asked for %s", got)
	}
	b.Click("#reset")
	b.WaitUntil(`document.querySelector("#ledger td")?.textContent === "No operation yet."`)
	postBulk(t, url, create("again"))
	b.WaitUntil(`document.querySelectorAll("#ledger tbody tr").length === 1 && document.querySelector("#ledger tbody tr").textContent.includes("again@")`)
}

// Every operation and schema of the contract is shown, and its links work.
func TestBrowserRendersTheContract(t *testing.T) {
	_, url := served(t, admin.Config{})
	b := browsertest.Start(t)
	b.SetScreen(1280, 900, false)
	b.OpenURL(url + "/")
	b.WaitUntil(`document.querySelectorAll("#schemas details").length > 0`)
	if got := b.Eval(`fetch("/openapi.json").then(r => r.json()).then(c => {
		const operations = Object.values(c.paths).flatMap(p => ["get", "post"].filter(m => p[m])).length;
		const missing = [...document.querySelectorAll("#contract a[href^='#']")].filter(a => !document.getElementById(a.hash.slice(1)));
		return operations === document.querySelectorAll("#operations details").length
			&& Object.keys(c.components.schemas).length === document.querySelectorAll("#schemas details").length && missing.length === 0;
	})`); got != true {
		t.Error("the contract is not all there")
	}
	b.Eval(`document.getElementById("operation-executeBulk").open = true`)
	b.Click(`#operation-executeBulk a[href="#schema-BulkRequest"]`)
	b.WaitUntil(`document.getElementById("schema-BulkRequest").open`)
	b.CheckRequests(url + "/")
}

// In light and dark colors, nothing is wider than the screen, and all texts have
// enough contrast.
func TestBrowserScreensFitAndAreReadable(t *testing.T) {
	_, url := served(t, admin.Config{})
	b := browsertest.Start(t)
	postBulk(t, url, create("ann")+","+create("bob")+`,{"method":"PATCH","path":"/Users/1","bulkId":"p",`+patchTitle+`}`)
	postBulk(t, url, create("ann"))
	for _, screen := range []struct {
		name          string
		width, height int
		phone         bool
	}{{"desktop", 1280, 900, false}, {"phone", 390, 844, true}} {
		for _, scheme := range []string{"light", "dark"} {
			b.SetColorScheme(scheme)
			b.SetScreen(screen.width, screen.height, screen.phone)
			b.OpenURL(url + "/")
			b.WaitUntil(`document.querySelectorAll("#ledger tbody tr").length > 2 && document.querySelectorAll("#schemas details").length > 0`)
			b.Click(`button[data-fault*="429"]`)
			b.WaitUntil(`document.querySelectorAll("#queue li").length > 0`)
			b.Eval(`document.getElementById("operation-getGroup").open = document.getElementById("schema-Group").open = true`)
			b.Screenshot(screen.name+"-"+scheme, 1700)
			if got := b.Eval("document.documentElement.scrollWidth"); got != float64(screen.width) {
				t.Errorf("%s: %v pixels wide", screen.name, got)
			}
			if got := b.Eval(browsertest.Contrast); got != "" {
				t.Errorf("%s, %s: hard to read:\n%v", screen.name, scheme, got)
			}
			b.CheckRequests(url + "/")
		}
	}
}

func TestBrowserPageNeedsTheToken(t *testing.T) {
	_, url := served(t, admin.Config{Remote: true, Token: "s3cret"})
	b := browsertest.Start(t)
	b.OpenURL(url + "/")
	b.WaitUntil(`!document.getElementById("login").hidden`)
	b.Eval(`document.getElementById("token").value = "s3cret"`)
	b.Click("#login button")
	b.WaitUntil(`document.getElementById("login").hidden && document.querySelector("#ledger td")?.textContent === "No operation yet."`)
}
