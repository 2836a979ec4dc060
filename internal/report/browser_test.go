//go:build browser

package report

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// shot keeps a screenshot of the whole page with the artifacts of the test
// (go test -artifacts -outputdir DIR), to be looked at.
func (b *browser) shot(name string, height int) {
	b.t.Helper()
	size := b.call("Page.getLayoutMetrics", nil)["cssContentSize"].(object)
	clip := object{"x": 0, "y": 0, "width": size["width"], "height": min(size["height"].(float64), float64(height)), "scale": 1}
	answer := b.call("Page.captureScreenshot", object{"format": "png", "captureBeyondViewport": true, "clip": clip})
	png, err := base64.StdEncoding.DecodeString(answer["data"].(string))
	if err != nil || len(png) < 10_000 {
		b.t.Fatalf("%s: a screenshot of %d bytes: %v", name, len(png), err)
	}
	if err := os.WriteFile(filepath.Join(b.t.ArtifactDir(), name+".png"), png, 0o644); err != nil {
		b.t.Fatal(err)
	}
}

func TestScreens(t *testing.T) {
	b := startBrowser(t)
	sum, rec := importOf(12000)
	html := render(t, pageOf(sum, rec))
	named := pageOf(sum, rec)
	named.Names = true
	for _, scheme := range []string{"light", "dark"} {
		b.scheme(scheme)
		b.screen(1200, 900, false)
		b.open(html)
		b.shot("desktop-"+scheme, 2400)
		b.screen(390, 844, true)
		b.open(render(t, named))
		b.shot("phone-"+scheme, 3400)
	}
	fmt.Println(b.eval("document.title"))
}
