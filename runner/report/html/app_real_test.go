//go:build real

package html_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
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
			p := newTab(chromium, t)
			test(p, file)
			p.wellBehaved()
		})
	}
	t.Run("csv", func(t *testing.T) { csvIsSaved(newTab(chromium, t), t) })
	t.Run("words", func(t *testing.T) { wordsOfObjectsAreWords(newTab(chromium, t)) })
	t.Run("copied", func(t *testing.T) { copiedLinesAreNoFormulas(newTab(chromium, t), file) })
	t.Run("hostile", func(t *testing.T) { hostileTextIsText(newTab(chromium, t)) })
	t.Run("policy", func(t *testing.T) { policyBites(newTab(chromium, t), file) })
	t.Run("jenkins", func(t *testing.T) { jenkinsShowsTheSummary(newTab(chromium, t), file) })
	t.Run("served", func(t *testing.T) { nothingIsFetched(newTab(chromium, t), file) })
	t.Run("folder", func(t *testing.T) { foldersAreReports(newTab(chromium, t)) })
	t.Run("old browser", func(t *testing.T) {
		oldBrowsersShowTheSummary(newTab(chromium, t, `delete window.DecompressionStream`), file)
	})
	t.Run("broken", func(t *testing.T) {
		const fails = `CSSStyleDeclaration.prototype.setProperty = () => { throw new Error('not today') }`
		summaryOutlivesTheApp(newTab(chromium, t, fails), file)
	})
	t.Run("damaged", func(t *testing.T) { damageIsTold(newTab(chromium, t), file) })
	t.Run("large", func(t *testing.T) { manyRowsTakeFewElements(newTab(chromium, t)) })
}

// rowCount is how many rows the list says that it has, the head among them.
const rowCount = `one('[role=grid]').getAttribute('aria-rowcount')`

func allRows() string { return strconv.Itoa(small().Run.Checks + 1) }

func overviewIsShown(p *tab, file []byte) {
	call(p, emulation.SetTimezoneOverride, emulation.SetTimezoneOverrideParams{TimezoneID: "Asia/Kolkata"})
	p.open(file, "")
	p.shows(`one('.hero h1').textContent`, "✗FAIL")
	p.until(`document.getElementById('static').hidden`)
	// A check of a drawing is a diamond on its host's line; the times are told in both zones.
	p.until(`all('.timeline path.late').length === 0 && all('.timeline circle.well').length === 1`)
	p.until(`one('.slowest').textContent.includes('1 m 35 s')`)
	p.until(`one('.hero').textContent.includes('02:52:00 UTC (08:22 here)')`)
	p.until(`all('.heat .strip').length > 4`)
	p.click(`.tile.bad`)
	p.shows(`location.hash`, "#tab=grid&status=regressed")
}

func filtersNarrow(p *tab, file []byte) {
	p.open(file, "#tab=grid")
	p.click(`[data-status=regressed]`)
	p.shows(column("check"), "service/MSSQLSERVER")
	p.shows(`location.hash`, "#tab=grid&status=regressed")
	p.shows(`one('[data-status=waived] .number').textContent`, "1") // what it would add
	p.click(`[data-status=waived]`)
	p.shows(column("check"), joined("service/MSSQLSERVER", "disk/C:"))
	p.click(`[data-facet=kind] summary`)
	p.click(`[data-facet=kind] input[value=disk]`)
	p.shows(column("check"), "disk/C:")
	// The chips count what they would leave, whatever is chosen among them.
	p.shows(`one('[data-status=regressed] .number').textContent`, "0")
	p.press("Escape")
	p.click(`.filter .line > button.quiet`) // clears
	p.shows(rowCount, allRows())
}

func searchFinds(p *tab, file []byte) {
	for query, want := range map[string]string{
		"mssql":                                "service/MSSQLSERVER",
		"stopped":                              "service/MSSQLSERVER",
		`"access denied"`:                      "printer",
		"host:srv-web* kind:os":                "os",
		"kind:disk,printer":                    joined("printer", "disk/C:"),
		"kind:disk kind:printer":               joined("printer", "disk/C:"),
		"host:srv-sql -kind:service,tcp -disk": joined("services", "os", "ping"),
		"status:regressed":                     "service/MSSQLSERVER",
		"status:pre":                           "", // is none of the run's, and still an outcome
		"mark:new":                             "tcp/8443",
		`check:"disk/C:"`:                      "disk/C:",
		"owner:DBA kind:task":                  "task/Backup",
	} {
		p.open(file, "#tab=grid")
		p.press("/")
		p.until(`document.activeElement.id === 'search'`)
		p.run(chromedp.SendKeys(chromedp.CSS("#search"), query))
		if want == "" {
			p.until(`one('.empty')`)
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
		p.until(`one('.mistakes').textContent.includes('` + want + `')`)
	}
}

func columnsSort(p *tab, file []byte) {
	p.open(file, "#tab=grid&q=kind:os,disk,ping,http")
	p.shows(column("check"), joined("disk/C:", "os", "os", "ping", "http/shop"))
	p.click(`.head .check button`)
	p.shows(column("check"), joined("disk/C:", "http/shop", "os", "os", "ping"))
	p.shows(`one('.head .check').getAttribute('aria-sort')`, "ascending")
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
	p.until(`one('.spacer .row .file').textContent === 'suites/shop.suite.yaml:14'`)
	p.click(`.columns input[value=owner]`)
	p.until(`!one('.spacer .row .owner')`)
	p.until(`location.hash.includes('cols=status,host,check,said,file,took')`)
}

func linksRestore(p *tab, file []byte) {
	p.open(file, "#status=regressed") // as the text report prints it
	p.shows(column("check"), "service/MSSQLSERVER")
	p.open(file, "#tab=grid&status=waived,regressed&q=host%3Asrv-sql*&sort=-host&row=srv-sql-01/disk/C:")
	p.shows(column("check"), joined("service/MSSQLSERVER", "disk/C:"))
	p.shows(`document.getElementById('search').value`, "host:srv-sql*")
	p.shows(`one('.drawer h2').textContent`, "disk/C:")
	p.shows(`one('.row.current .check').textContent`, "disk/C:")
	p.open(file, "#row=srv-sql-01/no/such&nonsense=1&tab=__proto__&status=nothing")
	p.shows(`one('.drawer h2').textContent`, "Not here")
	p.open(file, "#about=srv-web-02&tab=hosts")
	p.until(`one('.drawer').textContent.includes('not rebooted since the baseline')`)
}

func backGoesBack(p *tab, file []byte) {
	p.open(file, "")
	p.press("a")
	p.shows(`document.body.dataset.tab`, "grid")
	p.click(`[data-status=regressed]`)
	p.shows(column("check"), "service/MSSQLSERVER")
	p.click(`.spacer .row:not([hidden])`)
	p.until(`!one('.drawer').hidden`)
	p.run(chromedp.NavigateBack())
	p.until(`one('.drawer').hidden && location.hash === '#tab=grid&status=regressed'`)
	p.run(chromedp.NavigateBack())
	p.shows(rowCount, allRows())
	p.run(chromedp.NavigateBack())
	p.shows(`document.body.dataset.tab`, "overview")
}

func drawerTells(p *tab, file []byte) {
	p.open(file, "#tab=grid&row=srv-sql-01/service/MSSQLSERVER")
	p.until(`all('.drawer .finding').length === 2`)
	p.shows(`one('.finding del').textContent`, "running")
	p.shows(`one('.finding ins').textContent`, "stopped")
	for _, want := range []string{
		"expected running", "early: did not have it", "945,\\nby its own code", "the shop needs it", "dba@example.org",
		"suites/shop.suite.yaml:14", "postpatch explain service",
		"postpatch verify shop.suite.yaml --baseline before --hosts srv-sql-01 --only service/MSSQLSERVER",
	} {
		p.until(`one('.drawer').textContent.includes("` + want + `")`)
	}
	p.open(file, "#tab=grid&row=srv-sql-01/disk/C:")
	p.until(`one('.drawer').textContent.includes('until 2026-12-31: a disk is ordered')`)
	p.until(`one('.drawer').textContent.includes('without it: pre-existing · w.yaml:3')`)
	p.open(file, "#tab=grid&row=srv-web-02/http/shop")
	p.until(`one('.drawer').textContent.includes('1 m 35 s after the start; was 503, none')`)
	p.open(file, "#tab=grid&row=srv-sql-01/os")
	p.shows(`one('.finding del').textContent + ' ' + one('.finding ins').textContent`, "3207 3328")
	p.until(`one('.drawer .hidden').textContent.includes('2026-03-01 → 2026-03-15 ignore, a rule of the kind')`)
	p.js(`window.marked = (x, y) => diffWords(x, y).filter(([same]) => !same).map(([, a, b]) => a + '>' + b)`)
	p.shows(`marked('one two three four', 'one 2 three 4')`, "two>2,four>4")
	p.click(`.drawer .close`)
	p.until(`one('.drawer').hidden`)
}

func changesFold(p *tab, file []byte) {
	p.open(file, "#tab=changes")
	p.shows(`[...all('.group h2 .badge')].map((b) => b.textContent).join('|')`,
		joined("✗regression", "?unknown", "!unreachable", "–waived", "≠drift", "~expected changes"))
	p.shows(`one('.group:last-of-type .where').textContent`, "2 hosts")
	p.click(`.group:last-of-type summary`)
	p.until(`one('.group:last-of-type .finding ins')`)
	p.until(`one('.group:last-of-type .hosts').textContent.includes('srv-web-02')`)
	p.click(`[data-status=regressed]`)
	p.shows(`all('.group').length`, "1")
}

func hostsAreShown(p *tab, file []byte) {
	p.open(file, "#tab=hosts")
	p.shows(column("host"), joined("srv-sql-01", "srv-app-03", "srv-web-02", "srv-new-04"))
	p.shows(column("status"), joined("✗regressed", "!unreachable", "?unknown", "○skipped"))
	p.shows(column("n-unknown"), joined("·", "2", "1", "·"))
	p.shows(column("rebooted"), joined("02:54:00 UTC", "unknown", "not rebooted", "?"))
	p.click(`.spacer .row:not([hidden])`)
	p.until(`one('.drawer').textContent.includes('rebooted: by the update service')`)
	p.until(`one('.drawer .note').textContent.startsWith('srv-sql-01 was known as </script><b>srv-db<ESC>')`)
}

func keysWork(p *tab, file []byte) {
	p.open(file, "")
	p.press("a")
	p.shows(`document.body.dataset.tab`, "grid")
	p.press("j", "j")
	p.shows(`one('.row.current .check').textContent`, "service/Shop")
	p.until(`document.activeElement.getAttribute('aria-activedescendant') === one('.row.current').id`)
	p.press("k", "Enter")
	p.shows(`one('.drawer h2').textContent`, "service/MSSQLSERVER")
	p.until(`document.activeElement.classList.contains('drawer')`)
	p.press("j")
	p.shows(`one('.drawer h2').textContent`, "service/Shop")
	p.press("Escape")
	p.until(`one('.drawer').hidden`)
	p.press("1")
	p.until(`one('[data-status=regressed]').getAttribute('aria-pressed') === 'true'`)
	p.press("1", "4")
	p.until(`location.hash.includes('status=unknown')`)
	p.press("/", "x")
	p.shows(`document.getElementById('search').value`, "x") // and no tab or outcome is chosen by what is typed
	p.press("1", "a")
	p.until(`location.hash.includes('q=x1a') && location.hash.includes('status=unknown')`)
	p.press("Escape", "Escape", "?")
	p.until(`one('.help').open`)
	p.press("Escape")
	p.until(`!one('.help').open`)
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
	p.shows(`all('.paper tbody tr').length`, "2000")
	p.until(`one('.paper').innerText.includes('1000 more checks are not printed')`)
	p.until(`one('.paper h1').innerText.includes('FAIL')`)
	p.until(`one('.paper').checkVisibility() && !one('.top').checkVisibility()`)
	call(p, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{})
	p.open(file, "#tab=grid&status=regressed")
	pdf, err := chromedp.Run(p.ctx, chromedp.PrintToPDF())
	if err != nil {
		p.t.Fatal(err)
	}
	if pages := bytes.Count(pdf, []byte("/Type /Page\n")); !bytes.HasPrefix(pdf, []byte("%PDF-")) || pages != 1 {
		p.t.Errorf("%d bytes and %d pages of PDF of one row", len(pdf), pages)
	}
	p.shows(`one('.print').childElementCount`, "0") // and the page is as it was
}

func narrowScreensFit(p *tab, file []byte) {
	p.run(chromedp.EmulateViewport(390, 844))
	fragments := []string{"", "#tab=changes", "#tab=hosts", "#tab=grid", "#tab=grid&row=srv-sql-01/service/MSSQLSERVER"}
	for _, fragment := range fragments {
		p.open(file, fragment)
		p.until(`document.documentElement.scrollWidth <= 390 && one('.panel').scrollWidth <= 390`)
	}
}

func rolesAreThere(p *tab, file []byte) {
	p.open(file, "#tab=grid")
	p.shows(rowCount, allRows())
	p.until(`all('[role=grid] [role=columnheader]').length === 6`)
	p.until(`[...all('.spacer [role=row]')].every((r) => r.querySelectorAll('[role=gridcell]').length === 6)`)
	p.until(`[...all('.spacer [role=row]')].every((r) => r.getAttribute('aria-rowindex') > 1)`)
	p.shows(`one('[role=tab][aria-selected=true]').textContent`, "All checks")
	// Whatever can be pressed has a name.
	p.js(`window.named = (e) => e.textContent || e.getAttribute('aria-label') || e.closest('label')`)
	p.until(`[...all('button, a, input')].every(named)`)
}

// csvIsSaved reads the file that a click saves.
func csvIsSaved(p *tab, t *testing.T) {
	s := small()
	for i, evil := range []string{"=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1", `a "b",c` + "\nd"} {
		c := s.Hosts[0].Checks[0]
		c.ID, c.Outcome = fmt.Sprintf("csv/%d", i), report.Failed
		c.Findings = []report.Finding{{Reading: "r", Outcome: report.Failed, Now: evil, HasNow: true}}
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
		p.js(`all('details').forEach((d) => { d.open = true; })`)
		p.until(`!one('[aria-busy]')`)
		p.until(`one('.panel').textContent.includes('<script>alert(1)')`)
	}
	for range 4 {
		p.press("j", "Enter")
		p.until(`one('.drawer .finding') && !one('.drawer [aria-busy]')`)
		p.until(`one('.drawer').textContent.includes('<img src=x onerror=alert(2)>')`)
	}
	p.shows(`all('img, iframe, object, #app script, #app style, #app [onload], #app [onerror]').length`, "0")
	p.shows(`document.scripts.length`, scripts)
	p.js(`dispatchEvent(new Event('beforeprint'))`)
	p.until(`one('.paper').textContent.includes('<script>alert(1)')`)
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
	for _, want := range []string{
		"FAIL", "1 check regressed, 1 host unreachable", "service/MSSQLSERVER", "stopped", "srv-web-02",
		"postpatch verify shop.suite.yaml --name march --resume",
	} {
		p.until(`document.getElementById('static').innerText.includes("` + want + `")`)
	}
}

func nothingIsFetched(p *tab, file []byte) {
	address, asked := served(p.t, file, "")
	p.visit(address + "#tab=grid&row=srv-sql-01/service/MSSQLSERVER")
	p.until(`all('.drawer .finding').length === 2`)
	if n := asked.Load(); n > 1 { // the browser itself asks for an icon
		p.t.Errorf("the page asks for %d other files", n)
	}
	p.wellBehaved()
}

// foldersAreReports opens a report of several files, and asks for it from a server that
// lets nothing run that stands in a page.
func foldersAreReports(p *tab) {
	root, err := os.OpenRoot(p.t.TempDir())
	if err != nil {
		p.t.Fatal(err)
	}
	defer func() { _ = root.Close() }()
	if err := root.Mkdir("data", 0o755); err != nil {
		p.t.Fatal(err)
	}
	create := func(name string) (io.WriteCloser, error) { return root.Create(name) }
	if err := small().play(html.NewDir(create, html.Options{})); err != nil {
		p.t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'")
		http.FileServerFS(root.FS()).ServeHTTP(w, r)
	}))
	defer server.Close()
	for _, address := range []string{"file://" + root.Name(), server.URL} {
		p.visit(address + "/report.html#tab=grid&row=srv-sql-01/service/MSSQLSERVER")
		p.shows(`all('.drawer .finding').length`, "2")
		p.shows(`getComputedStyle(one('.top')).display`, "flex") // is styled
		p.wellBehaved()
	}
}

func oldBrowsersShowTheSummary(p *tab, file []byte) {
	address, _ := served(p.t, file, "")
	p.visit(address)
	p.until(`one('.sorry').innerText.includes('too old')`)
	p.until(`document.getElementById('static').checkVisibility() && document.getElementById('app').hidden`)
	p.wellBehaved()
}

// summaryOutlivesTheApp: what fails when the summary is gone already brings it back.
func summaryOutlivesTheApp(p *tab, file []byte) {
	address, _ := served(p.t, file, "")
	p.visit(address + "#tab=grid")
	p.until(`one('.sorry').innerText.includes('not today')`)
	p.until(`document.getElementById('static').checkVisibility() && document.getElementById('app').hidden`)
}

func damageIsTold(p *tab, file []byte) {
	const begin = `id="rows">`
	cut := bytes.Index(file, []byte(begin)) + len(begin)
	damaged := append(append(bytes.Clone(file[:cut]), "H4sIAAAAAAAA"...), file[cut+40:]...)
	address, _ := served(p.t, damaged, "")
	p.visit(address)
	p.until(`one('.sorry').innerText.includes('could not be shown')`)
	p.until(`document.getElementById('static').checkVisibility() && document.getElementById('app').hidden`)
	p.wellBehaved()
}

// manyRowsTakeFewElements: half a million checks, and the elements of one screen.
func manyRowsTakeFewElements(p *tab) {
	f := fleet{10_000, 50, false}
	p.open(fleetFile(p.t, f), "#tab=grid&sort=host")
	ready := p.text(`Math.round(performance.getEntriesByName('postpatch ready')[0].startTime)`)
	p.t.Logf("ready %s ms after it was opened", ready)
	p.shows(rowCount, "500001")
	p.press("j", "End")
	p.shows(`one('.row.current .host').textContent`, "srv009999.corp.example.org")
	p.shows(`one('.row.current').getAttribute('aria-rowindex')`, "500001")
	p.js(`window.box = (s) => one(s).getBoundingClientRect()`)
	p.until(`box('.row.current').top >= box('.scroll').top && box('.row.current').bottom <= box('.scroll').bottom + 1`)
	p.until(`all('#app *').length < 1500`)
	p.js(`location.hash = 'tab=grid&q=host:srv0012*+app01'`)
	p.shows(`one('.found').textContent`, "1000 of 500\u202f000 checks")
	p.js(`location.hash = ''`)
	p.until(`one('.timeline .curve')`)
	p.until(`all('#app *').length < 4000`)
	p.wellBehaved()
}

func fleetFile(t *testing.T, f fleet) []byte {
	t.Helper()
	var b bytes.Buffer
	f.play(t, html.New(&b, html.Options{}))
	return b.Bytes()
}

// The drawer's commands are the text report's: of a host that is away, and of a report with
// other names than the hosts have.
func TestDrawersCommands(t *testing.T) {
	chromium := startBrowser(t)
	for name, of := range map[string]struct {
		options   html.Options
		row, want string
	}{
		"away":     {html.Options{}, "srv-app-03/service/Shop", "postpatch verify shop.suite.yaml --baseline before --hosts srv-app-03 --wait"},
		"redacted": {html.Options{Redacted: true}, "srv-sql-01/service/MSSQLSERVER", "postpatch explain service"},
	} {
		t.Run(name, func(t *testing.T) {
			p := newTab(chromium, t)
			p.open(small().written(t, of.options), "#tab=grid&row="+of.row)
			p.until(`document.querySelector('.drawer .command')`)
			p.shows(`document.querySelector('.drawer .command code').textContent`, of.want)
		})
	}
}

// A change that makes the run fail looks like it, also in a check that was broken before.
func TestAFailingChangeLooksBad(t *testing.T) {
	drift := func(o report.Outcome) report.Check {
		return report.Check{
			ID: "service/Shop", Suite: "shop", Kind: "service", Outcome: o, Failing: true,
			Findings: []report.Finding{{
				Reading: "account", Outcome: report.Drifted, Severity: "fail", Before: "a", Now: "b", HasBefore: true, HasNow: true,
			}},
		}
	}
	s := stream{Run: report.Run{Command: "verify", Name: "now"}, Summary: report.Summary{Verdict: "FAIL", ExitCode: 1}}
	for i, o := range []report.Outcome{report.Drifted, report.PreExisting, report.Unknown, report.Waived} {
		s.Hosts = append(s.Hosts, report.Host{
			Host: fmt.Sprintf("srv%d", i), Outcome: o, Checks: []report.Check{drift(o)}, Counts: map[report.Outcome]int{o: 1},
		})
	}
	s.Hosts = append(s.Hosts, report.Host{
		Host: "mild", Outcome: report.Unknown,
		Checks: []report.Check{{ID: "os", Suite: "shop", Kind: "os", Outcome: report.Unknown}},
		Counts: map[report.Outcome]int{report.Unknown: 1},
	})
	file := summed(s).written(t, html.Options{})
	chromium := startBrowser(t)
	const shown = `[...document.querySelectorAll('.row .badge')].filter((b) => b.checkVisibility())`
	for _, address := range []string{"#tab=grid", "#tab=hosts"} {
		p := newTab(chromium, t)
		p.open(file, address)
		p.shows(shown+`.filter((b) => b.classList.contains('bad')).length + ' of ' + `+shown+`.length`, "4 of 5")
	}
	p := newTab(chromium, t)
	p.open(file, "#tab=hosts")
	p.shows(shown+`.at(-1).textContent`, "?unknown")
	p.open(file, "#tab=changes")
	p.shows(`'' + document.querySelectorAll('section.group').length`, "2")
	p.shows(`document.querySelector('section.group.bad .number').textContent`, "4 checks")
}
