package html

import (
	"cmp"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"postpatch/runner/report"
)

// app is the program in the page, which takes the place of the summary.
//
//go:embed app/*.js app/app.css
var app embed.FS

// pageTemplate is the page around the data.
//
//go:embed page.tmpl
var pageTemplate string

// page is what the document tells by itself.
type page struct {
	Run     report.Run
	Summary report.Summary
	Banner  string
	Title   string
	Facts   []fact
	Counts  string
	About   string // what was asked, in a line
	Notes   []string
	Groups  []group
	Hosts   table

	Policy string
	// The style and the script, or the names of the files that they are.
	Style       template.CSS
	Script      template.JS
	StyleSheets []string
	Scripts     []string
}

type fact struct{ Name, Text string }

func newPage(r report.Run, s report.Summary, told *static) *page {
	p := &page{Run: r, Summary: s, Title: title(r.Command), Notes: slices.Concat(r.Notes, s.Notes, told.notes)}
	if told.moreNotes > 0 {
		p.Notes = append(p.Notes, report.Count(told.moreNotes, "more note")+" of hosts")
	}
	p.facts()
	var counts []string
	for _, o := range slices.Backward(report.Outcomes()) {
		if n := s.Counts[o]; n > 0 {
			counts = append(counts, report.Thousands(n)+" "+string(o))
		}
	}
	p.Counts = strings.Join(counts, ", ")
	p.About = report.Count(r.Hosts, "host") + ", " + report.Count(r.Checks, "check")
	if r.Baseline != nil {
		p.About += "; baseline " + r.Baseline.Name + ", " + stamp(r.Baseline.Taken)
	}
	p.Groups, p.Hosts = p.groups(told.folder), p.hostTable(told)
	return p
}

func title(command string) string {
	known := map[string]string{
		"verify": "Post-patch verification", "capture": "Baseline capture", "diff": "Comparison of two runs",
		"judge": "Stored run judged again", "precheck": "Check before the patch",
	}
	return cmp.Or(known[command], "postpatch "+command)
}

// facts say what was done, and with what it is compared.
func (p *page) facts() {
	put := func(name, text string) {
		if text != "" {
			p.Facts = append(p.Facts, fact{name, text})
		}
	}
	put("run", p.Run.Name)
	if b := p.Run.Baseline; b != nil {
		put("baseline", b.Name)
		put("taken", stamp(b.Taken))
	}
	put("plan", p.Run.Plan)
	put("part", p.Run.Part)
	put("suites", short(strings.Join(p.Run.Suites, ", "), wordsLimit))
	put("started", stamp(p.Run.Started))
	put("took", report.Spell(p.Summary.Took))
	put("exit code", strconv.Itoa(p.Summary.ExitCode))
	put("tool", p.Run.Tool)
}

// begin and end write the document around the data.
func (p *page) begin(w io.Writer) error { return p.part(w, "begin") }

func (p *page) end(w io.Writer) error { return p.part(w, "end") }

func (p *page) part(w io.Writer, name string) error {
	t, err := template.New("page").Parse(pageTemplate)
	if err != nil {
		return err
	}
	return t.ExecuteTemplate(w, name, p)
}

// appFiles are the style and the script: the files by name, one after the other.
func appFiles() (style, script string, err error) {
	names, err := fs.Glob(app, "app/*.js")
	if err != nil {
		return "", "", err
	}
	read := func(name string) string {
		content, readErr := app.ReadFile(name)
		if readErr != nil && err == nil {
			err = readErr
		}
		// A browser makes one line feed of the two characters before it looks at the hash.
		return strings.ReplaceAll(string(content), "\r\n", "\n")
	}
	var all strings.Builder
	for _, name := range names {
		all.WriteString("// " + path.Base(name) + "\n" + strings.TrimRight(read(name), "\n") + "\n")
	}
	return read("app/app.css"), all.String(), err
}

// policy has the browser run these scripts and no other, and fetch nothing else.
func policy(script, style string) string {
	return fmt.Sprintf("default-src 'none'; script-src %s; style-src %s; img-src data:; base-uri 'none'; "+
		"form-action 'none'", script, style)
}

// hash is what a policy knows a text by.
func hash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}
