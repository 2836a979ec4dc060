//go:build browser

package browsertest

import (
	"bufio"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// Browser is a headless Chromium with one tab, driven through the pipe of its
// DevTools protocol: messages of JSON that end with a zero byte.
type Browser struct {
	t      *testing.T
	in     *os.File
	pipe   *os.File
	out    *bufio.Reader
	id     int
	tab    string   // session
	events []Object // since the page was opened
}

// Contrast is an expression for Eval. Its value describes the texts of a page
// with too little contrast (WCAG 2.2, 1.4.3), "" if there are none.
//
//go:embed contrast.js
var Contrast string

// chromium is the program; CHROMIUM names another one.
func chromium() string {
	if name := os.Getenv("CHROMIUM"); name != "" {
		return name
	}
	return "chromium"
}

// patience is the maximum time for any answer of the browser.
const patience = time.Minute

// Start starts a browser that ends with the test. CHROMIUM names another
// program than chromium.
func Start(t *testing.T) *Browser {
	t.Helper()
	theirs, ours := pipes(t)
	back, answers := pipes(t)
	profile, err := os.MkdirTemp("", "browser")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(chromium(), "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
		"--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
		"--hide-scrollbars", "--user-data-dir="+profile, "--remote-debugging-pipe", "about:blank")
	cmd.ExtraFiles = []*os.File{theirs, answers} // 3 and 4
	if err := cmd.Start(); err != nil {
		t.Fatalf("a browser is needed (apt-get install chromium, or CHROMIUM): %v", err)
	}
	theirs.Close()
	answers.Close()
	b := &Browser{t: t, in: ours, pipe: back, out: bufio.NewReaderSize(back, 1<<20)}
	t.Cleanup(func() {
		b.tab = ""
		b.send("Browser.close", nil)
		kill := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
		_ = cmd.Wait()
		kill.Stop()
		ours.Close()
		back.Close()
		for range 100 { // other processes of the browser write until they end
			if os.RemoveAll(profile) == nil {
				return
			}
			time.Sleep(100 * time.Millisecond)
		}
	})
	target := b.Call("Target.createTarget", Object{"url": "about:blank"})
	b.tab = b.Call("Target.attachToTarget", Object{"targetId": target["targetId"], "flatten": true})["sessionId"].(string)
	for _, domain := range []string{"Page", "Network", "Log", "Runtime", "Accessibility"} {
		b.Call(domain+".enable", nil)
	}
	return b
}

func pipes(t *testing.T) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	return r, w
}

// Object is a JSON object.
type Object = map[string]any

func (b *Browser) send(method string, params Object) {
	b.id++
	m := Object{"id": b.id, "method": method, "params": params}
	if b.tab != "" {
		m["sessionId"] = b.tab
	}
	raw, _ := json.Marshal(m)
	_, _ = b.in.Write(append(raw, 0))
}

// Call sends a command and returns its answer.
func (b *Browser) Call(method string, params Object) Object {
	b.t.Helper()
	b.send(method, params)
	for {
		m := b.read()
		if id, ok := m["id"].(float64); !ok || int(id) != b.id {
			b.events = append(b.events, m)
			continue
		}
		if e, ok := m["error"]; ok {
			b.t.Fatalf("%s: %v", method, e)
		}
		answer, _ := m["result"].(Object)
		return answer
	}
}

func (b *Browser) read() (m Object) {
	b.t.Helper()
	_ = b.pipe.SetReadDeadline(time.Now().Add(patience))
	raw, err := b.out.ReadBytes(0)
	if err != nil {
		b.t.Fatalf("the browser does not answer: %v", err)
	}
	if err := json.Unmarshal(raw[:len(raw)-1], &m); err != nil {
		b.t.Fatal(err)
	}
	return m
}

// Wait waits for an event.
func (b *Browser) Wait(method string) {
	b.t.Helper()
	is := func(m Object) bool { return m["method"] == method }
	for !slices.ContainsFunc(b.events, is) {
		b.events = append(b.events, b.read())
	}
}

// Open shows a page and returns its url.
func (b *Browser) Open(html string) string {
	b.t.Helper()
	name := filepath.Join(b.t.TempDir(), "page.html")
	if err := os.WriteFile(name, []byte(html), 0o600); err != nil {
		b.t.Fatal(err)
	}
	b.OpenURL("file://" + name)
	return "file://" + name
}

// OpenURL shows the page at a url.
func (b *Browser) OpenURL(url string) {
	b.t.Helper()
	b.events = nil
	b.Call("Page.navigate", Object{"url": url})
	b.Wait("Page.loadEventFired")
}

// WaitUntil waits until a JavaScript expression is true.
func (b *Browser) WaitUntil(expression string) {
	b.t.Helper()
	for end := time.Now().Add(patience); b.Eval(expression) != true; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			b.t.Fatalf("never true: %s", expression)
		}
	}
}

// Eval returns the value of a JavaScript expression.
func (b *Browser) Eval(expression string) any {
	b.t.Helper()
	answer := b.Call("Runtime.evaluate", Object{"expression": expression, "returnByValue": true, "awaitPromise": true})
	if e, ok := answer["exceptionDetails"]; ok {
		b.t.Fatalf("%s: %v", expression, e)
	}
	return answer["result"].(Object)["value"]
}

// SetScreen sets the size of the window, of a phone or a computer.
func (b *Browser) SetScreen(width, height int, phone bool) {
	scale := 1
	if phone {
		scale = 2
	}
	b.Call("Emulation.setDeviceMetricsOverride", Object{
		"width": width, "height": height, "deviceScaleFactor": scale, "mobile": phone,
	})
}

// SetColorScheme sets the preferred colors, light or dark.
func (b *Browser) SetColorScheme(name string) {
	b.Call("Emulation.setEmulatedMedia", Object{"features": []Object{{"name": "prefers-color-scheme", "value": name}}})
}

// Click clicks on the first element that a selector finds.
func (b *Browser) Click(selector string) {
	b.t.Helper()
	at := b.Eval(fmt.Sprintf(`(() => {
		const e = document.querySelector(%q);
		e.scrollIntoView({block: "center"});
		const r = e.getBoundingClientRect();
		return [r.x + r.width / 2, r.y + r.height / 2];
	})()`, selector)).([]any)
	for _, kind := range []string{"mousePressed", "mouseReleased"} {
		b.Call("Input.dispatchMouseEvent", Object{"type": kind, "x": at[0], "y": at[1], "button": "left", "clickCount": 1})
	}
}

// Screenshot writes a picture of the page, at most height pixels high, to the
// artifacts of the test.
func (b *Browser) Screenshot(name string, height int) {
	b.t.Helper()
	size := b.Call("Page.getLayoutMetrics", nil)["cssContentSize"].(Object)
	clip := Object{"x": 0, "y": 0, "width": size["width"], "height": min(size["height"].(float64), float64(height)), "scale": 1}
	answer := b.Call("Page.captureScreenshot", Object{"format": "png", "captureBeyondViewport": true, "clip": clip})
	png, err := base64.StdEncoding.DecodeString(answer["data"].(string))
	if err != nil || len(png) < 10_000 {
		b.t.Errorf("%s: a picture of %d bytes: %v", name, len(png), err)
	}
	if err := os.WriteFile(filepath.Join(b.t.ArtifactDir(), name+".png"), png, 0o644); err != nil {
		b.t.Fatal(err)
	}
}

// CheckRequests reports requests of the page whose url does not begin with url,
// and messages of the browser, such as errors of scripts and violations of the
// content security policy.
func (b *Browser) CheckRequests(url string) {
	b.t.Helper()
	for _, e := range b.events {
		params, _ := e["params"].(Object)
		switch e["method"] {
		case "Network.requestWillBeSent":
			if got, _ := params["request"].(Object)["url"].(string); !strings.HasPrefix(got, url) {
				b.t.Errorf("the page requests %v", got)
			}
		case "Log.entryAdded", "Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Page.javascriptDialogOpening":
			b.t.Errorf("%v: %v", e["method"], params)
		}
	}
}

// Events returns the events since the page was opened.
func (b *Browser) Events() []Object { return b.events }
