package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"postpatch/runner/report/html"
)

// folderFiles are the files of one report, in a folder. None is in its place before all
// are written, and the page, which the others belong to, is the last.
type folderFiles struct {
	folder string
	files  []*atomicFile
}

// htmlPage is the page in the folder of --html-dir.
const htmlPage = "report.html"

// openHTMLDir opens the report of --html-dir. That its files can be written is known now.
func openHTMLDir(folder string, o html.Options) (*reportFile, error) {
	f := &folderFiles{folder: folder}
	if info, err := os.Stat(folder); err == nil && !info.IsDir() {
		return nil, fmt.Errorf("--html-dir %q: it is a file, and the report is a folder of them", folder)
	}
	trial, err := createAtomic(filepath.Join(folder, htmlPage))
	if err != nil {
		return nil, err
	}
	trial.discard()
	return &reportFile{view: html.NewDir(f.create, o), file: f}, nil
}

func (f *folderFiles) create(name string) (io.WriteCloser, error) {
	file, err := createAtomic(filepath.Join(f.folder, filepath.FromSlash(name)))
	if err != nil {
		return nil, err
	}
	f.files = append(f.files, file)
	return laterFile{file}, nil
}

// laterFile is a file that goes to its place later.
type laterFile struct{ *atomicFile }

// Close implements io.Closer.
func (f laterFile) Close() error { return f.Flush() }

func (f *folderFiles) commit() error {
	for i, file := range f.files {
		if err := file.commit(); err != nil {
			for _, rest := range f.files[i+1:] {
				rest.discard()
			}
			return err
		}
	}
	return nil
}

func (f *folderFiles) discard() {
	for _, file := range f.files {
		file.discard()
	}
}

// removeOld implements replacing. The page is what shows the others.
func (f *folderFiles) removeOld() error { return remove(filepath.Join(f.folder, htmlPage)) }

func (f *folderFiles) name() string { return f.folder }
