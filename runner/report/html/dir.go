package html

import (
	"errors"
	"io"
	"slices"
	"strings"

	"postpatch/runner/report"
)

// The files of a report that is a folder. The page is written last.
const (
	pageFile   = "report.html"
	styleFile  = "report.css"
	scriptFile = "report.js"
	dataFolder = "data/"
)

// NewDir is New for a folder: the page, and its style, its script and its data as files of
// their own, for servers that allow nothing of it in a page. When the run finishes create
// is called for each file with its name, such as "report.html" or "data/rows.js", and the
// file is closed before the next one; the page comes last. Where create, a write or a
// close fails, that is the error of Finish, and no more files are made.
func NewDir(create func(name string) (io.WriteCloser, error), o Options) report.Handler {
	return newWriter(o, func(r *whole) error { return r.folder(create) })
}

// folder writes a file for each part; of the details, which may be hundreds, one for all.
func (r *whole) folder(create func(name string) (io.WriteCloser, error)) error {
	style, script, err := appFiles()
	if err != nil {
		return err
	}
	to := folder{create: create}
	err = r.data.each(r.meta, func(b block) error {
		name := b.id
		if strings.HasPrefix(name, detailsPrefix) {
			name = "details"
		}
		return to.write(dataFolder+name+".js", b.script)
	})
	text := func(content string) func(io.Writer) error {
		return func(w io.Writer) error {
			_, err := io.WriteString(w, content)
			return err
		}
	}
	p := r.page
	p.StyleSheets, p.Scripts = []string{styleFile}, append(slices.Clone(to.names), scriptFile)
	// For a page that is opened as a file, 'self' is nothing that a file belongs to.
	p.Policy = policy("'self' file:", "'self' file:")
	for _, file := range []struct {
		name string
		fill func(io.Writer) error
	}{{styleFile, text(style)}, {scriptFile, text(script)}, {pageFile, p.begin}, {pageFile, p.end}} {
		if err == nil {
			err = to.write(file.name, file.fill)
		}
	}
	return errors.Join(err, to.close())
}

// folder makes one file after the other.
type folder struct {
	create func(name string) (io.WriteCloser, error)
	names  []string // the last one is open
	open   io.WriteCloser
}

// write adds to the file of that name, which is new unless it is the last one.
func (f *folder) write(name string, fill func(io.Writer) error) error {
	if last := len(f.names) - 1; last < 0 || f.names[last] != name {
		if err := f.close(); err != nil {
			return err
		}
		file, err := f.create(name)
		if err != nil {
			return err
		}
		f.open, f.names = file, append(f.names, name)
	}
	return fill(f.open)
}

func (f *folder) close() error {
	if f.open == nil {
		return nil
	}
	err := f.open.Close()
	f.open = nil
	return err
}
