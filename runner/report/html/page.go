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
	Counts  []count
	Notes   []string
	Groups  []group
	Hosts   table

	Style  template.CSS
	Script template.JS
	Policy string
}

type (
	fact  struct{ Name, Text string }
	count struct {
		N    string
		Word report.Outcome
	}
)

func newPage(r report.Run, s report.Summary, told *static) *page {
	p := &page{Run: r, Summary: s, Title: title(r.Command), Notes: slices.Concat(r.Notes, s.Notes, told.notes)}
	if told.moreNotes > 0 {
		p.Notes = append(p.Notes, plural(told.moreNotes, "more note")+" of hosts")
	}
	p.facts()
	for _, o := range slices.Backward(report.Outcomes()) {
		if n := s.Counts[o]; n > 0 {
			p.Counts = append(p.Counts, count{thousands(n), o})
		}
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
		put("baseline", strings.Join([]string{b.Name, stamp(b.Taken)}, ", "))
	}
	put("plan", p.Run.Plan)
	put("part", p.Run.Part)
	put("suites", short(strings.Join(p.Run.Suites, ", "), wordsLimit))
	put("asked", plural(p.Run.Hosts, "host")+", "+plural(p.Run.Checks, "check"))
	put("started", stamp(p.Run.Started))
	put("took", spell(p.Summary.Took))
	put("exit code", strconv.Itoa(p.Summary.ExitCode))
	put("tool", p.Run.Tool)
}

// write writes the document, and the data where the app looks for it.
func (p *page) write(w io.Writer, data func() error) error {
	style, script, err := appFiles()
	if err != nil {
		return err
	}
	p.Style, p.Script, p.Policy = template.CSS(style), template.JS(script), policy(style, script)
	t, err := template.New("page").Parse(pageTemplate)
	if err != nil {
		return err
	}
	for _, part := range []struct {
		name  string
		after func() error
	}{{"begin", data}, {"end", nil}} {
		if err := t.ExecuteTemplate(w, part.name, p); err != nil {
			return err
		}
		if part.after != nil {
			if err := part.after(); err != nil {
				return err
			}
		}
	}
	return nil
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

// policy has the browser run this script and no other, and fetch nothing.
func policy(style, script string) string {
	return fmt.Sprintf("default-src 'none'; script-src '%s'; style-src '%s'; img-src data:; base-uri 'none'; "+
		"form-action 'none'", hash(script), hash(style))
}

func hash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}
