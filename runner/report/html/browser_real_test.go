//go:build real

package html_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"postpatch/runner/report"
	"postpatch/runner/report/html"
)

// patience is how long a page may take to come to what is awaited.
const patience = 3 * time.Minute

// watched gathers what the page's policy has stopped, from the first moment on. With it
// come two short words for the expressions of the tests.
const watched = `window.stopped = [];
window.one = (selector) => document.querySelector(selector);
window.all = (selector) => document.querySelectorAll(selector);
addEventListener('securitypolicyviolation', (e) => window.stopped.push(e.violatedDirective + ' ' + e.blockedURI))`

// startBrowser starts Debian's Chromium without a window; it ends with the test.
func startBrowser(t *testing.T) context.Context {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath("chromium"), chromedp.NoSandbox)
	allocated, end := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(end)
	browser, closeBrowser := chromedp.NewContext(allocated)
	t.Cleanup(closeBrowser)
	if err := chromedp.Do(browser); err != nil {
		t.Fatalf("starting chromium: %v", err)
	}
	return browser
}

// tab is a page, and what went wrong in it.
type tab struct {
	t   *testing.T
	ctx context.Context

	mu       sync.Mutex
	problems []string // exceptions, and windows that a script has opened
}

// newTab opens an empty page. Whatever is done in it, at its end no script may have failed,
// and nothing may have been stopped by the policy.
func newTab(browser context.Context, t *testing.T, scripts ...string) *tab {
	t.Helper()
	ctx, end := chromedp.NewContext(browser)
	t.Cleanup(end)
	p := &tab{t: t, ctx: ctx}
	err := chromedp.Listen(ctx, func(event any) {
		p.mu.Lock()
		defer p.mu.Unlock()
		switch event := event.(type) {
		case *runtime.EventExceptionThrown:
			p.problems = append(p.problems, exception(event.ExceptionDetails))
		case *page.EventJavascriptDialogOpening:
			p.problems = append(p.problems, "a script says "+event.Message)
			go func() { // the page waits for it
				_, _ = chromedp.Call(ctx, page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{Accept: true})
			}()
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, script := range append(scripts, watched) {
		call(p, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: script})
	}
	return p
}

// open shows a report as a file, with what is behind the # in its address.
func (p *tab) open(file []byte, fragment string) {
	p.t.Helper()
	path := filepath.Join(p.t.TempDir(), "report.html")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		p.t.Fatal(err)
	}
	p.visit("file://" + path + fragment)
	p.until(`!document.getElementById('app').hidden`)
}

func (p *tab) visit(address string) {
	p.t.Helper()
	p.run(chromedp.Navigate(address))
}

// wellBehaved says what went wrong so far.
func (p *tab) wellBehaved() {
	p.t.Helper()
	stopped, err := chromedp.Run(p.ctx, chromedp.Evaluate[[]string](`window.stopped`))
	if err != nil {
		p.t.Fatal(err)
	}
	for _, what := range stopped {
		p.t.Errorf("the policy has stopped %s", what)
	}
	p.mu.Lock() // not while the page is asked: its answers wait behind its events
	defer p.mu.Unlock()
	for _, problem := range p.problems {
		p.t.Error(problem)
	}
}

func (p *tab) run(steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		p.t.Fatal(err)
	}
}

// call puts a command of the DevTools to the page.
func call[P, R any](p *tab, command cdp.Command[P, R], params P) {
	p.t.Helper()
	if _, err := chromedp.Call(p.ctx, command, params); err != nil {
		p.t.Fatal(err)
	}
}

// js runs a script, as somebody at the console could.
func (p *tab) js(script string) {
	p.t.Helper()
	p.run(chromedp.Evaluate[chromedp.Void](script))
}

// text is what an expression comes to.
func (p *tab) text(expression string) string {
	p.t.Helper()
	s, err := chromedp.Run(p.ctx, chromedp.Evaluate[string]("String("+expression+")"))
	if err != nil {
		p.t.Fatal(err)
	}
	return s
}

// until waits for an expression to hold.
func (p *tab) until(expression string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		// What is not there yet has no text either.
		holds, err := chromedp.Run(ctx, chromedp.Evaluate[bool](
			"(() => { try { return Boolean("+expression+") } catch { return false } })()"))
		if err != nil && ctx.Err() == nil {
			p.t.Fatalf("waiting for %s: %v", expression, err)
		}
		if holds {
			return
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			p.t.Fatalf("%s never held; the address is %s", expression, p.text("location.hash"))
		}
	}
}

// shows waits until an expression comes to what is wanted.
func (p *tab) shows(expression, want string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	expression = "(() => { try { return " + expression + " } catch (e) { return e } })()"
	for p.text(expression) != want {
		select {
		case <-again.C:
		case <-ctx.Done():
			p.t.Fatalf("%s\nis %q\nnot %q\nat %s", expression, p.text(expression), want, p.text("location.hash"))
		}
	}
}

// press presses keys, one after the other: as a keyboard does, so that what a key types is
// typed only where nobody else has used it.
func (p *tab) press(keys ...string) {
	p.t.Helper()
	codes := map[string]int64{"Enter": 13, "Escape": 27, "End": 35}
	for _, key := range keys {
		text := key
		if len(key) > 1 {
			text = map[string]string{"Enter": "\r"}[key]
		}
		event := input.DispatchKeyEventParams{Key: key, Text: text, WindowsVirtualKeyCode: codes[key]}
		event.Type = input.DispatchKeyEventTypeKeyDown
		call(p, input.DispatchKeyEvent, event)
		event.Type, event.Text = input.DispatchKeyEventTypeKeyUp, ""
		call(p, input.DispatchKeyEvent, event)
	}
}

func (p *tab) click(selector string) {
	p.t.Helper()
	p.run(chromedp.Click(chromedp.CSS(selector))) // a search would find it in the style, too
}

// column is what stands in a column of the list, from its first line on; with the screen's
// lines as they are seen.
func column(name string) string {
	return `[...all('.spacer .row:not([hidden])')]` +
		`.sort((a, b) => a.getAttribute('aria-rowindex') - b.getAttribute('aria-rowindex'))` +
		`.map((r) => r.querySelector('.` + name + `').textContent).join('|')`
}

func joined(all ...string) string { return strings.Join(all, "|") }

func exception(d *runtime.ExceptionDetails) string {
	if d.Exception != nil && d.Exception.Description != "" {
		return d.Exception.Description
	}
	return d.Text
}

// wordsOfObjectsAreWords has counts of outcomes, out of a file that somebody has edited, by
// words that every object of a script knows.
func wordsOfObjectsAreWords(p *tab) {
	f := small()
	f.Hosts[0].Counts = map[report.Outcome]int{"constructor": 1, "__proto__": 0, "toString": -1, "regressed": 1}
	file := f.written(p.t, html.Options{})
	for _, tab := range []string{"overview", "changes", "hosts", "grid"} {
		p.open(file, "#tab="+tab)
		p.until(`document.getElementById('static').hidden`)
		p.shows(`document.body.dataset.tab`, tab)
	}
	p.wellBehaved()
}

// copiedLinesAreNoFormulas: a line begins with the host's name, and goes into a spreadsheet.
func copiedLinesAreNoFormulas(p *tab, file []byte) {
	p.open(file, "")
	line := `rowText({ rowHost: () => '=cmd|x', id: () => 'a', word: () => 'failed', saidOf: () => '', markOf: () => '',
		place: () => '', checkText: () => '' }, 0)`
	p.shows(line, "'=cmd|x  a  failed")
	p.shows(strings.Replace(line, "=cmd|x", "srv1", 1), "srv1  a  failed")
}
