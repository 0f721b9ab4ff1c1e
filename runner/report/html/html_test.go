package html_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	parser "golang.org/x/net/html"

	"postpatch/runner/report"
	"postpatch/runner/report/html"
	"postpatch/runner/report/jsonl"
)

var update = flag.Bool("update", false, "write testdata anew")

// stream is a run for a view to tell.
type stream struct {
	Run     report.Run
	Hosts   []report.Host
	Summary report.Summary
}

func (s stream) play(h report.Handler) error {
	if err := h.Start(s.Run); err != nil {
		return err
	}
	for _, host := range s.Hosts {
		if err := h.Host(host); err != nil {
			return err
		}
	}
	return h.Finish(s.Summary)
}

func (s stream) written(t testing.TB, o html.Options) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := s.play(html.New(&b, o)); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// document is what a browser makes of the file.
type document struct {
	title, policy  string
	scripts, style []string          // that run, and that paint
	blocks         map[string][]byte // unpacked
	static         string            // the summary, as it stands in the file
}

// read parses a report, and fails where anything in it could run, load or hide that is not
// the app's.
func read(t testing.TB, file []byte) document {
	t.Helper()
	root, err := parser.Parse(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	d := document{blocks: map[string][]byte{}}
	for n := range root.Descendants() {
		switch n.Type {
		case parser.CommentNode:
			t.Errorf("a comment: %.80q", n.Data)
		case parser.ElementNode:
			d.element(t, n)
		}
	}
	begin, end := bytes.Index(file, []byte("<main ")), bytes.Index(file, []byte("</main>"))
	if begin < 0 || end < begin {
		t.Fatal("there is no summary")
	}
	d.static = string(file[begin : end+len("</main>")])
	return d
}

func (d *document) element(t testing.TB, n *parser.Node) {
	t.Helper()
	const known = " html head meta title style body main p h1 h2 strong ul li dl dt dd code table thead tbody tr th td " +
		"div script span b del details summary "
	if !strings.Contains(known, " "+n.Data+" ") {
		t.Errorf("an element that the page does not have: <%s>", n.Data)
	}
	const knownAttributes = " lang charset name content http-equiv class id hidden type "
	attributes := map[string]string{}
	for _, a := range n.Attr {
		attributes[a.Key] = a.Val
		if !strings.Contains(knownAttributes, " "+a.Key+" ") {
			t.Errorf("an attribute that the page does not have: <%s %s=%.80q>", n.Data, a.Key, a.Val)
		}
	}
	text := ""
	if n.FirstChild != nil {
		text = n.FirstChild.Data
	}
	switch {
	case n.Data == "title":
		d.title = text
	case n.Data == "style":
		d.style = append(d.style, text)
	case n.Data == "meta" && attributes["http-equiv"] == "Content-Security-Policy":
		d.policy = attributes["content"]
	case n.Data == "meta" && attributes["http-equiv"] != "":
		t.Errorf("a meta element that does something: %v", n.Attr)
	case n.Data == "script" && attributes["type"] == "application/gzip;base64":
		d.blocks[attributes["id"]] = unpacked(t, text)
	case n.Data == "script":
		d.scripts = append(d.scripts, text)
	}
}

func unpacked(t testing.TB, text string) []byte {
	t.Helper()
	packed, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	zip, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	zip.Multistream(false) // a browser refuses what comes after the first
	content, err := io.ReadAll(zip)
	if err != nil {
		t.Fatal(err)
	}
	if !json.Valid(content) {
		t.Fatalf("a block is no JSON: %.200s", content)
	}
	return content
}

func TestNothingRunsButTheApp(t *testing.T) {
	for name, s := range map[string]stream{"small": small(), "hostile": hostile()} {
		t.Run(name, func(t *testing.T) {
			d := read(t, s.written(t, html.Options{Banner: `<script>alert(1)</script>`}))
			if len(d.scripts) != 1 || len(d.style) != 1 {
				t.Fatalf("%d scripts and %d styles, want one of each", len(d.scripts), len(d.style))
			}
			hash := func(s string) string {
				sum := sha256.Sum256([]byte(s))
				return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
			}
			want := "default-src 'none'; script-src " + hash(d.scripts[0]) + "; style-src " + hash(d.style[0]) +
				"; img-src data:; base-uri 'none'; form-action 'none'"
			if d.policy != want {
				t.Errorf("the policy is\n%s, want\n%s", d.policy, want)
			}
		})
	}
}

// What the app holds must not end its own element, nor begin a comment in it.
func TestTheAppIsAScriptAsItStands(t *testing.T) {
	d := read(t, small().written(t, html.Options{}))
	for _, word := range []string{"<!--", "</script", "<script", "\r", "\x00"} {
		if strings.Contains(strings.ToLower(d.scripts[0]), word) {
			t.Errorf("%q in the script", word)
		}
	}
	if strings.Contains(strings.ToLower(d.style[0]), "</style") || strings.Contains(d.style[0], "\r") {
		t.Error("the style ends itself")
	}
}

// TestGolden compares the page without its app, and the blocks as JSON, with
// testdata/*.out.
func TestGolden(t *testing.T) {
	for name, s := range map[string]stream{"small": small(), "diff": comparison()} {
		t.Run(name, func(t *testing.T) {
			d := read(t, s.written(t, html.Options{Redacted: name == "diff"}))
			var got strings.Builder
			fmt.Fprintf(&got, "<title>%s</title>\n%s\n", d.title, d.static)
			for _, id := range []string{"meta", "strings", "hosts", "checks", "rows", "details-0"} {
				var b bytes.Buffer
				if err := json.Indent(&b, d.blocks[id], "", " "); err != nil {
					t.Fatalf("%s: %v", id, err)
				}
				fmt.Fprintf(&got, "\n# %s\n%s\n", id, lean(b.String()))
			}
			file := filepath.Join("testdata", name+".out")
			if *update {
				if err := os.WriteFile(file, []byte(got.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got.String()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// lean puts lists of numbers on one line.
func lean(indented string) string {
	var b strings.Builder
	inNumbers := false
	for line := range strings.Lines(indented) {
		trimmed := strings.TrimSpace(line)
		isNumber := trimmed != "" && strings.Trim(trimmed, "-0123456789,") == ""
		switch {
		case isNumber:
			b.WriteString(trimmed)
		case inNumbers:
			b.WriteString(trimmed + "\n")
		case strings.HasSuffix(trimmed, "["):
			b.WriteString(strings.TrimSuffix(line, "\n"))
		default:
			b.WriteString(line)
		}
		inNumbers = isNumber || !isNumber && strings.HasSuffix(trimmed, "[")
	}
	return b.String()
}

func TestTheSameStreamGivesTheSameBytes(t *testing.T) {
	s := small()
	live := s.written(t, html.Options{})
	if again := s.written(t, html.Options{}); !bytes.Equal(live, again) {
		t.Error("a second report of the same stream is another one")
	}
	var lines, replayed bytes.Buffer
	if err := s.play(jsonl.New(&lines)); err != nil {
		t.Fatal(err)
	}
	if err := jsonl.Replay(&lines, html.New(&replayed, html.Options{})); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(live, replayed.Bytes()) {
		t.Error("the report of the stored stream is another one than the live one")
	}
}

// A run that was cut off has no report, and one that cannot be written says so wherever
// the disk was full.
func TestWhatCannotBeWritten(t *testing.T) {
	var out bytes.Buffer
	view := html.New(&out, html.Options{})
	s := small()
	if err := view.Start(s.Run); err != nil {
		t.Fatal(err)
	}
	if err := view.Host(s.Hosts[0]); err != nil {
		t.Fatal(err)
	}
	if out.Len() > 0 {
		t.Errorf("%d bytes are written before the run is over", out.Len())
	}
	whole := len(s.written(t, html.Options{}))
	for room := 0; room < whole; room += whole/83 + 1 {
		if err := s.play(html.New(&full{room}, html.Options{})); !errors.Is(err, errFull) {
			t.Fatalf("with room for %d of %d bytes: got error %v, want that there is none", room, whole, err)
		}
	}
}

var errFull = errors.New("no space left on device")

type full struct{ room int }

func (f *full) Write(p []byte) (int, error) {
	if len(p) > f.room {
		return 0, errFull
	}
	f.room -= len(p)
	return len(p), nil
}
