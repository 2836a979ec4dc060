//go:build browser

package report

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// browser is a headless Chromium with one tab, driven through the pipe of its
// DevTools protocol: messages of JSON that end with a zero byte.
type browser struct {
	t      *testing.T
	in     *os.File
	pipe   *os.File
	out    *bufio.Reader
	id     int
	tab    string   // session
	events []object // that came between answers
}

// chromium is the program; CHROMIUM names another one.
func chromium() string {
	if name := os.Getenv("CHROMIUM"); name != "" {
		return name
	}
	return "chromium"
}

// patience is how long a browser may take for anything.
const patience = time.Minute

func startBrowser(t *testing.T) *browser {
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
	b := &browser{t: t, in: ours, pipe: back, out: bufio.NewReaderSize(back, 1<<20)}
	t.Cleanup(func() {
		b.tab = ""
		b.send("Browser.close", nil)
		kill := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
		_ = cmd.Wait()
		kill.Stop()
		ours.Close()
		back.Close()
		for range 100 { // its helpers write until they end
			if os.RemoveAll(profile) == nil {
				return
			}
			time.Sleep(100 * time.Millisecond)
		}
	})
	target := b.call("Target.createTarget", object{"url": "about:blank"})
	b.tab = b.call("Target.attachToTarget", object{"targetId": target["targetId"], "flatten": true})["sessionId"].(string)
	for _, domain := range []string{"Page", "Network", "Log", "Runtime", "Accessibility"} {
		b.call(domain+".enable", nil)
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

type object = map[string]any

func (b *browser) send(method string, params object) {
	b.id++
	m := object{"id": b.id, "method": method, "params": params}
	if b.tab != "" {
		m["sessionId"] = b.tab
	}
	raw, _ := json.Marshal(m)
	_, _ = b.in.Write(append(raw, 0))
}

// call sends a command and returns its answer.
func (b *browser) call(method string, params object) object {
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
		answer, _ := m["result"].(object)
		return answer
	}
}

func (b *browser) read() (m object) {
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

// wait reads until an event has come.
func (b *browser) wait(method string) {
	b.t.Helper()
	is := func(m object) bool { return m["method"] == method }
	for !slices.ContainsFunc(b.events, is) {
		b.events = append(b.events, b.read())
	}
}

// open shows a page and returns its url.
func (b *browser) open(html string) string {
	b.t.Helper()
	name := filepath.Join(b.t.TempDir(), "page.html")
	if err := os.WriteFile(name, []byte(html), 0o600); err != nil {
		b.t.Fatal(err)
	}
	b.events = nil
	b.call("Page.navigate", object{"url": "file://" + name})
	b.wait("Page.loadEventFired")
	return "file://" + name
}

// eval is the value of a JavaScript expression.
func (b *browser) eval(expression string) any {
	b.t.Helper()
	answer := b.call("Runtime.evaluate", object{"expression": expression, "returnByValue": true, "awaitPromise": true})
	if e, ok := answer["exceptionDetails"]; ok {
		b.t.Fatalf("%s: %v", expression, e)
	}
	return answer["result"].(object)["value"]
}

// screen sets the size of the window, and whether it is a phone's.
func (b *browser) screen(width, height int, phone bool) {
	scale := 1
	if phone {
		scale = 2
	}
	b.call("Emulation.setDeviceMetricsOverride", object{
		"width": width, "height": height, "deviceScaleFactor": scale, "mobile": phone,
	})
}

// scheme prefers light or dark.
func (b *browser) scheme(name string) {
	b.call("Emulation.setEmulatedMedia", object{"features": []object{{"name": "prefers-color-scheme", "value": name}}})
}

// press clicks with the mouse in the middle of what a selector finds first.
func (b *browser) press(selector string) {
	b.t.Helper()
	at := b.eval(fmt.Sprintf(`(() => {
		const e = document.querySelector(%q);
		e.scrollIntoView({block: "center"});
		const r = e.getBoundingClientRect();
		return [r.x + r.width / 2, r.y + r.height / 2];
	})()`, selector)).([]any)
	for _, kind := range []string{"mousePressed", "mouseReleased"} {
		b.call("Input.dispatchMouseEvent", object{"type": kind, "x": at[0], "y": at[1], "button": "left", "clickCount": 1})
	}
}
