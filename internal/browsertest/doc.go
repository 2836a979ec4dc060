// Package browsertest drives a headless Chromium in tests of pages, with the
// build tag browser:
//
//	b := browsertest.Start(t)
//	b.OpenURL(server.URL)
//	b.Click("button")
//	title := b.Eval("document.title")
package browsertest
