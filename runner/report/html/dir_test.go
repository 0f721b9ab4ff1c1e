package html_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/runner/report/html"
)

// folder is a report's folder; its operations fail when they are over.
type folder struct {
	files map[string][]byte
	names []string
	open  string
	left  int
}

func (f *folder) do() error {
	if f.left--; f.left < 0 {
		return errFull
	}
	return nil
}

func (f *folder) create(name string) (io.WriteCloser, error) {
	if f.open != "" {
		return nil, fmt.Errorf("%s is created while %s is open", name, f.open)
	}
	if f.files[name] != nil {
		return nil, fmt.Errorf("%s is created twice", name)
	}
	if err := f.do(); err != nil {
		return nil, err
	}
	f.open, f.names, f.files[name] = name, append(f.names, name), []byte{}
	return &folderFile{f, name}, nil
}

type folderFile struct {
	folder *folder
	name   string
}

func (f *folderFile) Write(p []byte) (int, error) {
	if err := f.folder.do(); err != nil {
		return 0, err
	}
	f.folder.files[f.name] = append(f.folder.files[f.name], p...)
	return len(p), nil
}

func (f *folderFile) Close() error {
	f.folder.open = ""
	return f.folder.do()
}

func newFolder(left int) *folder { return &folder{files: map[string][]byte{}, left: left} }

// A folder's page has nothing in itself that runs or paints, and its scripts put the very
// blocks into it that the one file has.
func TestTheFolderSaysWhatTheFileSays(t *testing.T) {
	for name, s := range map[string]stream{"small": small(), "hostile": hostile(), "none": {}} {
		t.Run(name, func(t *testing.T) {
			f := newFolder(1 << 30)
			if err := s.play(html.NewDir(f.create, html.Options{})); err != nil {
				t.Fatal(err)
			}
			want := []string{"data/meta.js", "data/strings.js", "data/hosts.js", "data/checks.js", "data/rows.js"}
			if name != "none" {
				want = append(want, "data/details.js")
			}
			if diff := cmp.Diff(append(want, "report.css", "report.js", "report.html"), f.names); diff != "" {
				t.Errorf("files (-want +got):\n%s", diff)
			}
			page := f.files["report.html"]
			references := regexp.MustCompile(` (?:src|href)="([^"]*)"`)
			var named []string
			for _, found := range references.FindAllSubmatch(page, -1) {
				named = append(named, string(found[1]))
			}
			if diff := cmp.Diff(append([]string{"report.css"}, append(want, "report.js")...), named); diff != "" {
				t.Errorf("the page's files (-want +got):\n%s", diff)
			}
			bare := references.ReplaceAll(page, nil)
			d := read(t, bytes.ReplaceAll(bare, []byte(`<link rel="stylesheet">`), nil))
			if strings.Join(d.scripts, "") != "" || len(d.style) > 0 || len(d.blocks) > 0 {
				t.Errorf("the page has %q, %q and %d blocks in itself", d.scripts, d.style, len(d.blocks))
			}
			if d.policy != "default-src 'none'; script-src 'self' file:; style-src 'self' file:; img-src data:; "+
				"base-uri 'none'; form-action 'none'" {
				t.Errorf("the policy is %s", d.policy)
			}

			one := read(t, s.written(t, html.Options{}))
			if string(f.files["report.js"]) != one.scripts[0] || string(f.files["report.css"]) != one.style[0] {
				t.Error("the script or the style is another one than the file's")
			}
			if d.static != one.static {
				t.Errorf("the summary (-file +folder):\n%s", cmp.Diff(one.static, d.static))
			}
			blocks := map[string][]byte{}
			made := regexp.MustCompile(`(?s)^\(\(\) => \{
  const e = document.createElement\('script'\);
  e.type = 'application/gzip;base64';
  e.id = '([a-z]+(?:-[0-9]+)?)';
  e.textContent = '([A-Za-z0-9+/=]+)';
  document.body.append\(e\);
\}\)\(\);
`)
			for _, name := range want {
				for rest := f.files[name]; len(rest) > 0; {
					found := made.FindSubmatch(rest)
					if found == nil {
						t.Fatalf("%s goes on with %.200s", name, rest)
					}
					blocks[string(found[1])] = unpacked(t, string(found[2]))
					rest = rest[len(found[0]):]
				}
			}
			if diff := cmp.Diff(slices.Sorted(maps.Keys(one.blocks)), slices.Sorted(maps.Keys(blocks))); diff != "" {
				t.Errorf("blocks (-file +folder):\n%s", diff)
			}
			for id := range blocks {
				if !bytes.Equal(one.blocks[id], blocks[id]) {
					t.Errorf("block %s is another one than the file's", id)
				}
			}
		})
	}
}

// Whatever fails, Finish says so, and the page is never there before its data.
func TestAFolderThatCannotBeWritten(t *testing.T) {
	s := small()
	whole := newFolder(1 << 30)
	if err := s.play(html.NewDir(whole.create, html.Options{})); err != nil {
		t.Fatal(err)
	}
	steps := 1<<30 - whole.left
	for n := 0; n < steps; n += 11 { // templates write in very small pieces
		f := newFolder(n)
		err := s.play(html.NewDir(f.create, html.Options{}))
		if !errors.Is(err, errFull) {
			t.Fatalf("after %d of %d operations: got error %v", n, steps, err)
		}
		if f.open != "" {
			t.Errorf("after %d operations %s is left open", n, f.open)
		}
		if f.files["report.html"] != nil && len(f.names) != len(whole.names) {
			t.Errorf("after %d operations the page is there with %v", n, f.names)
		}
	}
}
