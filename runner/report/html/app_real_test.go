//go:build real

package html_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"postpatch/runner/report"
	"postpatch/runner/report/html"
)

func TestBrowser(t *testing.T) {
	chromium := startBrowser(t)
	file := small().written(t, html.Options{})
	for name, test := range map[string]func(*tab, []byte){
		"overview": overviewIsShown, "filter": filtersNarrow, "search": searchFinds, "mistakes": mistakesAreTold,
		"sort": columnsSort, "columns": columnsHide, "links": linksRestore, "back": backGoesBack,
		"drawer": drawerTells, "changes": changesFold, "hosts": hostsAreShown, "keys": keysWork, "dark": darkIsDark,
		"print": paperIsPrinted, "narrow": narrowScreensFit, "grid roles": rolesAreThere,
	} {
		t.Run(name, func(t *testing.T) {
			p := newTab(t, chromium)
			test(p, file)
			p.wellBehaved()
		})
	}
	t.Run("csv", func(t *testing.T) { csvIsSaved(newTab(t, chromium), t) })
	t.Run("words", func(t *testing.T) { wordsOfObjectsAreWords(newTab(t, chromium)) })
	t.Run("copied", func(t *testing.T) { copiedLinesAreNoFormulas(newTab(t, chromium), file) })
	t.Run("hostile", func(t *testing.T) { hostileTextIsText(newTab(t, chromium)) })
	t.Run("policy", func(t *testing.T) { policyBites(newTab(t, chromium), file) })
	t.Run("jenkins", func(t *testing.T) { jenkinsShowsTheSummary(newTab(t, chromium), file) })
	t.Run("served", func(t *testing.T) { nothingIsFetched(newTab(t, chromium), file) })
	t.Run("old browser", func(t *testing.T) {
		oldBrowsersShowTheSummary(newTab(t, chromium, `delete window.DecompressionStream`), file)
	})
	t.Run("damaged", func(t *testing.T) { damageIsTold(newTab(t, chromium), file) })
	t.Run("large", func(t *testing.T) { manyRowsTakeFewElements(newTab(t, chromium)) })
}

func overviewIsShown(p *tab, file []byte) {
	call(p, emulation.SetTimezoneOverride, emulation.SetTimezoneOverrideParams{TimezoneID: "Asia/Kolkata"})
	p.open(file, "")
	p.shows(`document.querySelector('.hero h1').textContent`, "✗FAIL")
	p.until(`document.getElementById('static').hidden`)
	// A check of a drawing is a diamond on its host's line; the times are told in both zones.
	p.until(`document.querySelectorAll('.timeline path.late').length === 0 && document.querySelectorAll('.timeline circle.well').length === 1`)
	p.until(`document.querySelector('.slowest').textContent.includes('1 m 35 s')`)
	p.until(`document.querySelector('.hero').textContent.includes('02:52:00 UTC (08:22 here)')`)
	p.until(`document.querySelectorAll('.heat .strip').length > 4`)
	p.click(`.tile.bad`)
	p.shows(`location.hash`, "#tab=grid&status=regressed")
}

func filtersNarrow(p *tab, file []byte) {
	p.open(file, "#tab=grid")
	p.click(`[data-status=regressed]`)
	p.shows(column("check"), "service/MSSQLSERVER")
	p.shows(`location.hash`, "#tab=grid&status=regressed")
	p.click(`[data-status=waived]`)
	p.shows(column("check"), joined("service/MSSQLSERVER", "disk/C:"))
	p.click(`[data-facet=kind] summary`)
	p.click(`[data-facet=kind] input[value=disk]`)
	p.shows(column("check"), "disk/C:")
	// The chips count what they would leave, whatever is chosen among them.
	p.shows(`document.querySelector('[data-status=regressed] .number').textContent`, "0")
	p.press("Escape")
	p.click(`.filter .line > button.quiet`) // clears
	p.until(`document.querySelectorAll('.spacer .row:not([hidden])').length === 12`)
}

func searchFinds(p *tab, file []byte) {
	for query, want := range map[string]string{
		"mssql":                            "service/MSSQLSERVER",
		"stopped":                          "service/MSSQLSERVER",
		`"access denied"`:                  "printer",
		"host:srv-web* kind:os":            "os",
		"kind:disk,printer":                joined("printer", "disk/C:"),
		"kind:disk kind:printer":           joined("printer", "disk/C:"),
		"host:srv-sql -kind:service -disk": joined("services", "os", "ping"),
		"status:regressed":                 "service/MSSQLSERVER",
		"status:pre":                       "", // is none of the run's, and still an outcome
		"mark:new":                         "tcp/8443",
		`check:"disk/C:"`:                  "disk/C:",
		"owner:DBA kind:task":              "task/Backup",
	} {
		p.open(file, "#tab=grid")
		p.press("/")
		p.until(`document.activeElement.id === 'search'`)
		p.run(chromedp.SendKeys(chromedp.CSS("#search"), query))
		if want == "" {
			p.until(`document.querySelector('.empty')`)
			continue
		}
		p.shows(column("check"), want)
		p.until(`new URLSearchParams(location.hash.slice(1)).get('q') === ` + fmt.Sprintf("%q", query))
	}
}

func mistakesAreTold(p *tab, file []byte) {
	p.open(file, "#tab=grid")
	for query, want := range map[string]string{
		"hst:sql":           `no field "hst", but host`,
		"category:service":  `no field "category", but kind`,
		"status:regression": `no status "regression", but regressed`,
		"host:":             "host: needs a value",
		`"open`:             "has no end",
		`C:\Windows`:        `quote it: "C:\\Windows"`,
	} {
		p.js(`document.getElementById('search').value = ''`)
		p.run(chromedp.SendKeys(chromedp.CSS("#search"), query))
		p.until(`document.querySelector('.mistakes').textContent.includes('` + want + `')`)
	}
}

func columnsSort(p *tab, file []byte) {
	p.open(file, "#tab=grid&q=kind:os,disk,ping,http")
	p.shows(column("check"), joined("disk/C:", "os", "os", "ping", "http/shop"))
	p.click(`.head .check button`)
	p.shows(column("check"), joined("disk/C:", "http/shop", "os", "os", "ping"))
	p.shows(`document.querySelector('.head .check').getAttribute('aria-sort')`, "ascending")
	p.click(`.head .check button`)
	p.shows(column("check"), joined("ping", "os", "os", "http/shop", "disk/C:"))
	p.until(`location.hash.includes('sort=-check')`)
	p.click(`.head .host button`)
	p.shows(column("host"), joined("srv-sql-01", "srv-sql-01", "srv-sql-01", "srv-web-02", "srv-web-02"))
}

func columnsHide(p *tab, file []byte) {
	p.open(file, "#tab=grid")
	p.click(`.columns summary`)
	p.click(`.columns input[value=file]`)
	p.until(`document.querySelector('.spacer .row .file').textContent === 'suites/shop.suite.yaml:14'`)
	p.click(`.columns input[value=owner]`)
	p.until(`!document.querySelector('.spacer .row .owner')`)
	p.until(`location.hash.includes('cols=status,host,check,said,file,took')`)
}

func linksRestore(p *tab, file []byte) {
	p.open(file, "#status=regressed") // as the text report prints it
	p.shows(column("check"), "service/MSSQLSERVER")
	p.open(file, "#tab=grid&status=waived,regressed&q=host%3Asrv-sql*&sort=-host&row=srv-sql-01/disk/C:")
	p.shows(column("check"), joined("service/MSSQLSERVER", "disk/C:"))
	p.shows(`document.getElementById('search').value`, "host:srv-sql*")
	p.shows(`document.querySelector('.drawer h2').textContent`, "disk/C:")
	p.shows(`document.querySelector('.row.current .check').textContent`, "disk/C:")
	p.open(file, "#row=srv-sql-01/no/such&nonsense=1&tab=__proto__&status=nothing")
	p.shows(`document.querySelector('.drawer h2').textContent`, "Not here")
	p.open(file, "#about=srv-web-02&tab=hosts")
	p.until(`document.querySelector('.drawer').textContent.includes('not rebooted since the baseline')`)
}

func backGoesBack(p *tab, file []byte) {
	p.open(file, "")
	p.press("a")
	p.shows(`document.body.dataset.tab`, "grid")
	p.click(`[data-status=regressed]`)
	p.shows(column("check"), "service/MSSQLSERVER")
	p.click(`.spacer .row:not([hidden])`)
	p.until(`!document.querySelector('.drawer').hidden`)
	p.run(chromedp.NavigateBack())
	p.until(`document.querySelector('.drawer').hidden && location.hash === '#tab=grid&status=regressed'`)
	p.run(chromedp.NavigateBack())
	p.until(`document.querySelectorAll('.spacer .row:not([hidden])').length === 12`)
	p.run(chromedp.NavigateBack())
	p.shows(`document.body.dataset.tab`, "overview")
}

func drawerTells(p *tab, file []byte) {
	p.open(file, "#tab=grid&row=srv-sql-01/service/MSSQLSERVER")
	p.until(`document.querySelectorAll('.drawer .finding').length === 2`)
	p.shows(`document.querySelector('.finding del').textContent`, "running")
	p.shows(`document.querySelector('.finding ins').textContent`, "stopped")
	for _, want := range []string{
		"expected running", "early: did not have it", "945,\\nby its own code", "the shop needs it", "dba@example.org",
		"suites/shop.suite.yaml:14", "postpatch explain service",
	} {
		p.until(`document.querySelector('.drawer').textContent.includes("` + want + `")`)
	}
	p.open(file, "#tab=grid&row=srv-sql-01/disk/C:")
	p.until(`document.querySelector('.drawer').textContent.includes('until 2026-12-31: a disk is ordered · without it: pre-existing · w.yaml:3')`)
	p.open(file, "#tab=grid&row=srv-web-02/http/shop")
	p.until(`document.querySelector('.drawer').textContent.includes('1 m 35 s after the start; was 503, none')`)
	p.open(file, "#tab=grid&row=srv-sql-01/os")
	p.until(`document.querySelector('.drawer .hidden').textContent.includes('2026-03-01 → 2026-03-15 ignore, a rule of the kind')`)
	p.click(`.drawer .close`)
	p.until(`document.querySelector('.drawer').hidden`)
}

func changesFold(p *tab, file []byte) {
	p.open(file, "#tab=changes")
	p.shows(`[...document.querySelectorAll('.group h2 .badge')].map((b) => b.textContent).join('|')`,
		joined("✗regression", "?unknown", "!unreachable", "–waived", "≠drift", "~expected changes"))
	p.shows(`document.querySelector('.group:last-of-type .where').textContent`, "2 hosts")
	p.click(`.group:last-of-type summary`)
	p.until(`document.querySelector('.group:last-of-type .finding ins')`)
	p.until(`document.querySelector('.group:last-of-type .hosts').textContent.includes('srv-web-02')`)
	p.click(`[data-status=regressed]`)
	p.shows(`document.querySelectorAll('.group').length`, "1")
}

func hostsAreShown(p *tab, file []byte) {
	p.open(file, "#tab=hosts")
	p.shows(column("host"), joined("srv-sql-01", "srv-app-03", "srv-web-02", "srv-new-04"))
	p.shows(column("status"), joined("✗regressed", "!unreachable", "?unknown", "○skipped"))
	p.shows(column("n-unknown"), joined("·", "2", "1", "·"))
	p.shows(column("rebooted"), joined("02:54:00 UTC", "unknown", "not rebooted", "?"))
	p.click(`.spacer .row:not([hidden])`)
	p.until(`document.querySelector('.drawer').textContent.includes('rebooted: by the update service')`)
	p.until(`document.querySelector('.drawer .note').textContent.startsWith('srv-sql-01 was known as </script><b>srv-db<ESC>')`)
}

func keysWork(p *tab, file []byte) {
	p.open(file, "")
	p.press("a")
	p.shows(`document.body.dataset.tab`, "grid")
	p.press("j", "j")
	p.shows(`document.querySelector('.row.current .check').textContent`, "service/Shop")
	p.until(`document.activeElement.getAttribute('aria-activedescendant') === document.querySelector('.row.current').id`)
	p.press("k", "Enter")
	p.shows(`document.querySelector('.drawer h2').textContent`, "service/MSSQLSERVER")
	p.until(`document.activeElement.classList.contains('drawer')`)
	p.press("j")
	p.shows(`document.querySelector('.drawer h2').textContent`, "service/Shop")
	p.press("Escape")
	p.until(`document.querySelector('.drawer').hidden`)
	p.press("1")
	p.until(`document.querySelector('[data-status=regressed]').getAttribute('aria-pressed') === 'true'`)
	p.press("1", "4")
	p.until(`location.hash.includes('status=unknown')`)
	p.press("/", "x")
	p.shows(`document.getElementById('search').value`, "x") // and no tab or outcome is chosen by what is typed
	p.press("1", "a")
	p.until(`location.hash.includes('q=x1a') && location.hash.includes('status=unknown')`)
	p.press("Escape", "Escape", "?")
	p.until(`document.querySelector('.help').open`)
	p.press("Escape")
	p.until(`!document.querySelector('.help').open`)
	p.press("h")
	p.shows(`document.body.dataset.tab`, "hosts")
}

func darkIsDark(p *tab, file []byte) {
	const paper = `getComputedStyle(document.body).backgroundColor`
	scheme := func(value string) {
		call(p, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: value}},
		})
	}
	scheme("dark")
	p.open(file, "")
	p.shows(paper, "rgb(20, 23, 28)")
	p.press("t")
	p.shows(paper, "rgb(251, 251, 250)")
	scheme("light")
	p.press("t")
	p.shows(paper, "rgb(20, 23, 28)")
	p.js(`localStorage.clear()`) // other tests see the same storage
}

func paperIsPrinted(p *tab, file []byte) {
	p.open(fleetFile(p.t, fleet{60, 50, false}), "#tab=grid")
	call(p, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"})
	p.js(`dispatchEvent(new Event('beforeprint'))`)
	p.shows(`document.querySelectorAll('.paper tbody tr').length`, "2000")
	p.until(`document.querySelector('.paper').innerText.includes('1000 more checks are not printed')`)
	p.until(`document.querySelector('.paper h1').innerText.includes('FAIL')`)
	p.until(`document.querySelector('.paper').checkVisibility() && !document.querySelector('.top').checkVisibility()`)
	call(p, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{})
	p.open(file, "#tab=grid&status=regressed")
	pdf, err := chromedp.Run(p.ctx, chromedp.PrintToPDF())
	if err != nil {
		p.t.Fatal(err)
	}
	if pages := bytes.Count(pdf, []byte("/Type /Page\n")); !bytes.HasPrefix(pdf, []byte("%PDF-")) || pages != 1 {
		p.t.Errorf("%d bytes and %d pages of PDF of one row", len(pdf), pages)
	}
	p.shows(`document.querySelector('.print').childElementCount`, "0") // and the page is as it was
}

func narrowScreensFit(p *tab, file []byte) {
	p.run(chromedp.EmulateViewport(390, 844))
	for _, fragment := range []string{"", "#tab=changes", "#tab=hosts", "#tab=grid", "#tab=grid&row=srv-sql-01/service/MSSQLSERVER"} {
		p.open(file, fragment)
		p.until(`document.documentElement.scrollWidth <= 390 && document.querySelector('.panel').scrollWidth <= 390`)
	}
}

func rolesAreThere(p *tab, file []byte) {
	p.open(file, "#tab=grid")
	p.shows(`document.querySelector('[role=grid]').getAttribute('aria-rowcount')`, "13")
	p.until(`document.querySelectorAll('[role=grid] [role=columnheader]').length === 6`)
	p.until(`[...document.querySelectorAll('.spacer [role=row]')].every((r) => r.querySelectorAll('[role=gridcell]').length === 6 && r.getAttribute('aria-rowindex') > 1)`)
	p.shows(`document.querySelector('[role=tab][aria-selected=true]').textContent`, "All checks")
	// Whatever can be pressed has a name.
	p.shows(`[...document.querySelectorAll('button, a, input')].filter((e) => !(e.textContent || e.getAttribute('aria-label') || e.closest('label'))).length`, "0")
}

// csvIsSaved reads the file that a click saves.
func csvIsSaved(p *tab, t *testing.T) {
	s := small()
	for i, evil := range []string{"=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1", `a "b",c` + "\nd"} {
		c := s.Hosts[0].Checks[0]
		c.ID, c.Outcome = fmt.Sprintf("csv/%d", i), report.Failed
		c.Findings = []report.Finding{{Reading: "r", Outcome: report.Failed, Before: "1", Now: evil, HasBefore: true, HasNow: true}}
		s.Hosts[0].Checks = append(s.Hosts[0].Checks, c)
	}
	p.open(summed(s).written(t, html.Options{}), "#tab=grid&q=check:csv&sort=-check")
	into, done := t.TempDir(), make(chan string, 1)
	err := chromedp.ListenBrowser(p.ctx, func(event any) {
		if event, ok := event.(*browser.EventDownloadProgress); ok && event.State == browser.DownloadProgressStateCompleted {
			done <- event.GUID
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	withEvents := true
	_, err = chromedp.CallBrowser(p.ctx, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{
		Behavior: browser.SetDownloadBehaviorBehaviorAllowAndName, DownloadPath: into, EventsEnabled: &withEvents,
	})
	if err != nil {
		t.Fatal(err)
	}
	p.click(`.filter button[title*=CSV]`)
	var name string
	select {
	case name = <-done:
	case <-t.Context().Done():
		t.Fatal("no file is saved")
	}
	content, err := os.ReadFile(filepath.Join(into, name))
	if err != nil {
		t.Fatal(err)
	}
	lines, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(content, []byte("\ufeff")))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var now []string
	for _, line := range lines {
		now = append(now, line[0]+" "+line[1]+" "+line[8])
		for _, cell := range line {
			if strings.IndexAny(cell, "=+-@\t") == 0 {
				t.Errorf("a spreadsheet takes %q for a formula", cell)
			}
		}
	}
	want := []string{
		"host check now", "srv-sql-01 csv/5 a \"b\",c\nd", "srv-sql-01 csv/4 '\t=1", "srv-sql-01 csv/3 '@SUM(A1)",
		"srv-sql-01 csv/2 '-1", "srv-sql-01 csv/1 '+1", "srv-sql-01 csv/0 '=cmd|' /C calc'!A0",
	}
	if got := strings.Join(now, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("the CSV says\n%s\nand not\n%s", got, strings.Join(want, "\n"))
	}
	p.wellBehaved()
}

// hostileTextIsText walks through everything that shows words of hosts.
func hostileTextIsText(p *tab) {
	p.open(hostile().written(p.t, html.Options{}), "")
	scripts := p.text(`document.scripts.length`)
	for _, tab := range []string{"overview", "changes", "hosts", "grid"} {
		p.js(`location.hash = 'tab=` + tab + `'`)
		p.shows(`document.body.dataset.tab`, tab)
		p.js(`document.querySelectorAll('details').forEach((d) => { d.open = true; })`)
		p.until(`!document.querySelector('[aria-busy]')`)
		p.until(`document.querySelector('.panel').textContent.includes('<script>alert(1)')`)
	}
	for range 4 {
		p.press("j", "Enter")
		p.until(`document.querySelector('.drawer .finding') && !document.querySelector('.drawer [aria-busy]')`)
		p.until(`document.querySelector('.drawer').textContent.includes('<img src=x onerror=alert(2)>')`)
	}
	p.shows(`document.querySelectorAll('img, iframe, object, #app script, #app style, #app [onload], #app [onerror]').length`, "0")
	p.shows(`document.scripts.length`, scripts)
	p.js(`dispatchEvent(new Event('beforeprint'))`)
	p.until(`document.querySelector('.paper').textContent.includes('<script>alert(1)')`)
	p.wellBehaved()
}

// policyBites shows that the page's own policy stops what would get into it all the same.
func policyBites(p *tab, file []byte) {
	p.open(file, "")
	p.js(`{
		const script = document.createElement('script');
		script.textContent = 'window.ran = true';
		document.body.append(script);
		document.body.insertAdjacentHTML('beforeend', '<p id="late" style="color: red" onclick="window.ran = true">x</p>');
		document.getElementById('late').click();
	}`)
	p.until(`window.stopped.length >= 3`)
	p.shows(`window.ran`, "undefined")
}

// served gives the file over loopback with a header, and counts what is asked for.
func served(t *testing.T, file []byte, policy string) (address string, asked *atomic.Int32) {
	asked = &atomic.Int32{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/report.html" {
			asked.Add(1)
			http.NotFound(w, r)
			return
		}
		if policy != "" {
			w.Header().Set("Content-Security-Policy", policy)
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(file) // the browser says what it got
	}))
	t.Cleanup(server.Close)
	return server.URL + "/report.html", asked
}

// jenkinsShowsTheSummary: without script and style the page says what matters.
func jenkinsShowsTheSummary(p *tab, file []byte) {
	address, _ := served(p.t, file, "sandbox; default-src 'none'; img-src 'self'; style-src 'self'")
	p.visit(address)
	p.shows(`document.getElementById('app').hidden`, "true")
	for _, want := range []string{"FAIL", "1 check regressed, 1 host unreachable", "service/MSSQLSERVER", "stopped", "srv-web-02", "postpatch explain srv-sql-01"} {
		p.until(`document.getElementById('static').innerText.includes("` + want + `")`)
	}
}

func nothingIsFetched(p *tab, file []byte) {
	address, asked := served(p.t, file, "")
	p.visit(address + "#tab=grid&row=srv-sql-01/service/MSSQLSERVER")
	p.until(`document.querySelectorAll('.drawer .finding').length === 2`)
	if n := asked.Load(); n > 1 { // the browser itself asks for an icon
		p.t.Errorf("the page asks for %d other files", n)
	}
	p.wellBehaved()
}

func oldBrowsersShowTheSummary(p *tab, file []byte) {
	address, _ := served(p.t, file, "")
	p.visit(address)
	p.until(`document.querySelector('.sorry').innerText.includes('too old')`)
	p.until(`document.getElementById('static').checkVisibility() && document.getElementById('app').hidden`)
	p.wellBehaved()
}

func damageIsTold(p *tab, file []byte) {
	const begin = `id="rows">`
	cut := bytes.Index(file, []byte(begin)) + len(begin)
	damaged := append(append(bytes.Clone(file[:cut]), "H4sIAAAAAAAA"...), file[cut+40:]...)
	address, _ := served(p.t, damaged, "")
	p.visit(address)
	p.until(`document.querySelector('.sorry').innerText.includes('could not be shown')`)
	p.until(`document.getElementById('static').checkVisibility() && document.getElementById('app').hidden`)
	p.wellBehaved()
}

// manyRowsTakeFewElements: half a million checks, and the elements of one screen.
func manyRowsTakeFewElements(p *tab) {
	f := fleet{10_000, 50, false}
	p.open(fleetFile(p.t, f), "#tab=grid&sort=host")
	p.t.Logf("ready %s ms after it was opened", p.text(`Math.round(performance.getEntriesByName('postpatch ready')[0].startTime)`))
	p.shows(`document.querySelector('[role=grid]').getAttribute('aria-rowcount')`, "500001")
	p.press("j", "End")
	p.shows(`document.querySelector('.row.current .host').textContent`, "srv009999.corp.example.org")
	p.shows(`document.querySelector('.row.current').getAttribute('aria-rowindex')`, "500001")
	p.until(`(({top, bottom}, box) => top >= box.top && bottom <= box.bottom + 1)(document.querySelector('.row.current').getBoundingClientRect(), document.querySelector('.scroll').getBoundingClientRect())`)
	p.until(`document.querySelectorAll('#app *').length < 1500`)
	p.js(`location.hash = 'tab=grid&q=host:srv0012*+app01'`)
	p.shows(`document.querySelector('.found').textContent`, "1000 of 500\u202f000 checks")
	p.js(`location.hash = ''`)
	p.until(`document.querySelector('.timeline .curve')`)
	p.until(`document.querySelectorAll('#app *').length < 4000`)
	p.wellBehaved()
}

func fleetFile(t *testing.T, f fleet) []byte {
	t.Helper()
	var b bytes.Buffer
	f.play(t, html.New(&b, html.Options{}))
	return b.Bytes()
}
