package html

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"path"
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

	Style  template.CSS
	Script template.JS
	Policy string
}

// write writes the document, and the data where the app looks for it.
func (p page) write(w io.Writer, data func() error) error {
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
