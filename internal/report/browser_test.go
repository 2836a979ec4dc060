//go:build browser

package report

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/browsertest"
)

// These tests need Chromium. To look at the pages:
//
//	go test -tags browser -artifacts -outputdir DIR ./internal/report

// Every screen in light and in dark: nothing is wider than the screen, all text
// stands out enough to be read (WCAG 2.2, 1.4.3), nothing is loaded.
func TestBrowserShowsEachScreen(t *testing.T) {
	b := browsertest.Start(t)
	sum, rec := importOf(6000)
	sum.Stopped = "error budget spent: 280 operations have failed"
	discreet := render(t, pageOf(sum, rec))
	named := pageOf(sum, rec)
	named.Names = true
	open := render(t, named)
	for _, screen := range []struct {
		name          string
		width, height int
		phone         bool
		html          string
	}{
		{"desktop", 1280, 900, false, discreet}, {"tablet", 768, 1024, true, open}, {"phone", 390, 844, true, open},
		{"small", 320, 640, true, discreet}, {"narrow-window", 1100, 800, false, open},
	} {
		for _, scheme := range []string{"light", "dark"} {
			name := screen.name + "-" + scheme
			b.SetColorScheme(scheme)
			b.SetScreen(screen.width, screen.height, screen.phone)
			url := b.Open(screen.html)
			b.Screenshot(name, 3600)
			if got := b.Eval("document.documentElement.scrollWidth"); got != float64(screen.width) {
				t.Errorf("%s: %v pixels wide", name, got)
			}
			if got := b.Eval(browsertest.Contrast); got != "" {
				t.Errorf("%s: hard to read:\n%v", name, got)
			}
			if got := b.Eval("[...document.querySelectorAll('figure svg')].filter(s => s.checkVisibility()).length"); got != 3.0 {
				t.Errorf("%s: %v pictures can be seen, want 3", name, got)
			}
			b.CheckRequests(url)
		}
	}
}

const visible = "[...document.querySelectorAll('#failures tbody tr')].filter(r => r.checkVisibility())"

// The filter, worked with mouse and keyboard.
func TestBrowserFiltersByMouseAndKeyboard(t *testing.T) {
	b := browsertest.Start(t)
	b.SetScreen(1280, 900, false)
	sum, rec := importOf(2000)
	p := pageOf(sum, rec)
	url := b.Open(render(t, p))
	rows := rec.Failures()
	expect := func(step string, match func(Row) bool) {
		t.Helper()
		n := 0
		for _, r := range rows {
			if match(r) {
				n++
			}
		}
		if got := b.Eval(visible + ".length"); got != float64(n) || n == 0 {
			t.Errorf("%s: %v rows, want %d", step, got, n)
		}
		want := fmt.Sprintf("%d of %d listed", n, len(rows))
		if n == len(rows) {
			want = fmt.Sprintf("%d listed", n)
		}
		if got := b.Eval("document.getElementById('listed').textContent"); got != want {
			t.Errorf("%s: it says %q, want %q", step, got, want)
		}
	}
	expect("at first", func(Row) bool { return true })
	b.Click("#filter input[value=failed]")
	expect("without failed", func(r Row) bool { return r.Outcome != "failed" })
	b.Click("#filter input[value=failed]")
	expect("all again", func(Row) bool { return true })
	b.Click("#text")
	b.Call("Input.insertText", browsertest.Object{"text": "409 PoSt"})
	expect("words", func(r Row) bool { return strings.Contains(r.Reason, "409") && r.Method == "POST" })
	b.Click("#filter input[value=skipped]")
	expect("words of an outcome", func(r Row) bool { return r.Status == 409 && r.Outcome == "failed" })
	b.Call("Input.insertText", browsertest.Object{"text": " <nobody>"})
	if got := b.Eval("document.getElementById('nothing').checkVisibility() && " + visible +
		".length === 0"); got != true {
		t.Error("that nothing matches is not said")
	}
	b.Eval("document.getElementById('text').select()")
	b.Call("Input.insertText", browsertest.Object{"text": ""})
	b.Call("Input.dispatchKeyEvent",
		browsertest.Object{"type": "keyDown", "key": "Delete", "windowsVirtualKeyCode": 46})
	b.Click("#filter input[value=skipped]")
	expect("emptied", func(Row) bool { return true })
	second := sum.Reasons[1]
	b.Eval("document.getElementById('why').focus()")
	for range 2 {
		b.Call("Input.dispatchKeyEvent",
			browsertest.Object{"type": "keyDown", "key": "ArrowDown", "windowsVirtualKeyCode": 40})
	}
	expect("a reason", func(r Row) bool { return r.kind == second.Text && r.Outcome == second.Outcome })
	b.CheckRequests(url)
}

// Of very many rows some are laid out at once, the others are a press or a
// filter away.
func TestBrowserShowsManyRowsOnDemand(t *testing.T) {
	b := browsertest.Start(t)
	b.SetScreen(1280, 900, false)
	r, sum := &Recorder{}, &Summary{}
	for i := range 5000 {
		add(sum, r, &client.Progress{},
			failure(i, refused(409, "uniqueness: the userName is taken", fmt.Sprint("ROUTER_", i))))
	}
	url := b.Open(render(t, pageOf(sum, r)))
	expect := func(step string, rows int, listed, more string) {
		t.Helper()
		if got := b.Eval(visible + ".length"); got != float64(rows) {
			t.Errorf("%s: %v rows, want %d", step, got, rows)
		}
		if got := b.Eval("document.getElementById('listed').textContent"); got != listed {
			t.Errorf("%s: it says %q, want %q", step, got, listed)
		}
		if got := b.Eval("((b) => b.checkVisibility() ? b.textContent : '')(document.getElementById('more'))"); got != more {
			t.Errorf("%s: the button says %q, want %q", step, got, more)
		}
	}
	expect("at first", 200, "2,000 listed", "Show 200 more of 1,800")
	b.Click("#more")
	expect("more", 400, "2,000 listed", "Show 200 more of 1,600")
	b.Click("#text")
	b.Call("Input.insertText", browsertest.Object{"text": "ROUTER_19"})
	expect("filtered", 111, "111 of 2,000 listed", "")
	b.Call("Input.insertText", browsertest.Object{"text": "99"})
	expect("the last", 1, "1 of 2,000 listed", "")
	b.CheckRequests(url)
}

// Without scripts everything is there, but the filter.
func TestBrowserWithoutScript(t *testing.T) {
	b := browsertest.Start(t)
	sum, rec := importOf(2000)
	b.Call("Emulation.setScriptExecutionDisabled", browsertest.Object{"value": true})
	url := b.Open(render(t, pageOf(sum, rec)))
	names := names(b)
	if got := len(names["row"]); got != len(rec.Failures())+len(sum.Reasons)+2 {
		t.Errorf("%d rows, want %d", got, len(rec.Failures())+len(sum.Reasons)+2)
	}
	if len(names["searchbox"]) != 0 {
		t.Error("there is a filter that does not work")
	}
	b.CheckRequests(url)
}

// names are the accessible names of all that a screen reader finds, by role.
func names(b *browsertest.Browser) map[string][]string {
	names := map[string][]string{}
	for _, n := range b.Call("Accessibility.getFullAXTree", nil)["nodes"].([]any) {
		node := n.(browsertest.Object)
		if node["ignored"] == true {
			continue
		}
		name, _ := node["name"].(browsertest.Object)["value"].(string)
		role, _ := node["role"].(browsertest.Object)["value"].(string)
		names[role] = append(names[role], name)
	}
	return names
}

// What a screen reader finds, on a phone as well, where tables look like lists.
func TestBrowserPageIsAccessible(t *testing.T) {
	b := browsertest.Start(t)
	sum, rec := importOf(500)
	html := render(t, pageOf(sum, rec))
	for _, width := range []int{1280, 390} {
		b.SetScreen(width, 900, width < 500)
		b.Open(html)
		names := names(b)
		for role, want := range map[string][]string{
			"main":  {""},
			"table": {"Why operations did not succeed", "Operations that did not succeed"},
			"columnheader": {"Operations", "Outcome", "Reason", "For example", "Line", "Operation", "Outcome",
				"Status", "Reason", "Tracking id"},
			"search":    {"Filter the operations"},
			"searchbox": {"Filter"},
			"checkbox":  {"failed", "unknown", "skipped"},
			"combobox":  {"Reason"},
		} {
			if got := names[role]; !slices.Equal(got, want) {
				t.Errorf("%d pixels: %s: %q, want %q", width, role, got, want)
			}
		}
		if got := len(names["rowheader"]); got != len(rec.Failures()) {
			t.Errorf("%d pixels: %d row headers, want %d", width, got, len(rec.Failures()))
		}
		pictures := append(names["image"], names["img"]...)
		if len(pictures) != 3 || !strings.HasPrefix(pictures[0], "Operations done over time: 500 after ") {
			t.Errorf("%d pixels: pictures %q", width, pictures)
		}
	}
}

// Texts from elsewhere stay texts.
func TestBrowserRunsNoForeignText(t *testing.T) {
	b := browsertest.Start(t)
	p := hostilePage()
	url := b.Open(render(t, p))
	if got := b.Eval("String(window.hacked)"); got != "undefined" {
		t.Error("a text ran as a script")
	}
	if got := b.Eval(visible + ".length"); got != float64(len(hostile)) {
		t.Errorf("%v rows, want %d: the page's own script does not run", got, len(hostile))
	}
	if got := b.Eval("document.querySelector('#failures tbody .reason').textContent"); got != hostile[0] {
		t.Errorf("the reason is %q, want %q", got, hostile[0])
	}
	b.CheckRequests(url)
}

// The policy holds even if a script or a picture found its way into the page.
func TestBrowserEnforcesPolicy(t *testing.T) {
	b := browsertest.Start(t)
	html := render(t, pageOf(importOf(50)))
	html = strings.Replace(html, "<main>",
		`<main><script>window.hacked = 1</script><img src="https://127.0.0.1:1/x.png" onerror="window.hacked = 2"><p style="color: red">x</p>`, 1)
	url := b.Open(html)
	if got := b.Eval("String(window.hacked)"); got != "undefined" {
		t.Errorf("a foreign script ran: %v", got)
	}
	refused := 0
	for _, e := range b.Events() {
		if e["method"] == "Log.entryAdded" && strings.Contains(fmt.Sprint(e["params"]), "Content Security Policy") {
			refused++
		}
	}
	if refused < 4 {
		t.Errorf("%d refusals on %s, want those of a script, a picture, its handler and a style", refused, url)
	}
}
