package suites

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

// FuzzLoad takes any bytes for a suite, a plan and a credentials file. Each is read
// to an end, the same each time, and every problem has a place in the file and a text
// that steers nobody's terminal or pipeline.
func FuzzLoad(f *testing.F) {
	for _, folder := range []string{"bad", "badplan", "badcredentials"} {
		files, err := filepath.Glob(filepath.Join("testdata", folder, "*.yaml"))
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			if len(data) < 4<<10 {
				f.Add(data)
			}
		}
	}
	f.Add([]byte(shop))
	f.Add([]byte(tuesday))
	f.Add([]byte(estateUsers))
	for _, data := range encodings(shop) {
		f.Add(data)
	}
	for _, file := range archived(f) {
		if strings.HasSuffix(file.Name, "main.suite.yaml") {
			f.Add(file.Data)
		}
	}
	kinds, lib := testKinds(), Library{Kinds: testKinds(), Built: packsOf(f)}
	readers := map[string]func(file string, data []byte) []Problem{
		"suite": func(file string, data []byte) []Problem {
			_, problems := lib.LoadBytes(file, data)
			return problems
		},
		"plan": func(file string, data []byte) []Problem {
			_, problems := LoadPlanBytes(file, data, kinds)
			return problems
		},
		"credentials": func(file string, data []byte) []Problem {
			r := reader{file: file, found: &problems{}, secret: true}
			r.credentials(data)
			return r.found.sorted()
		},
	}
	file := filepath.Join(f.TempDir(), "x") // where no file is that it could name
	f.Fuzz(func(t *testing.T, data []byte) {
		for what, read := range readers {
			list := read(file, data)
			if diff := cmp.Diff(list, read(file, data)); diff != "" {
				t.Fatalf("%s: not the same the second time:\n%s", what, diff)
			}
			list = slices.DeleteFunc(list, func(p Problem) bool { return p.File != file }) // a pack's
			isTold(t, what, list, data)
		}
	})
}

// isTold holds problems against what every problem has to be.
func isTold(t *testing.T, what string, list []Problem, data []byte) {
	t.Helper()
	lines := linesOf(data)
	for _, p := range list {
		if said := misplaced(p, lines); said != "" || p.Msg == "" {
			t.Fatalf("%s: %+v: %s", what, p, said)
		}
		if what == "credentials" && !p.NoExcerpt {
			t.Fatalf("%s: %+v shows its line", what, p)
		}
	}
	text := Format(list, func(string) ([]byte, error) { return data, nil })
	if strings.ContainsAny(text, "\x1b\x00\r\t\u202e\u0085\u2028") || commands().MatchString(text) {
		t.Fatalf("%s: %q", what, text)
	}
	for line := range strings.Lines(text) {
		if len(line) > 100_000 {
			t.Fatalf("%s: a line of %d bytes", what, len(line))
		}
	}
}

// What is written to take long, or to grow without end, comes to an end, and to a
// problem that has its place.
func TestHostileFilesComeToAnEnd(t *testing.T) {
	const size = 200 << 10
	many := func(s string) string { return strings.Repeat(s, size/len(s)) }
	numbered := func(s string) string {
		var b strings.Builder
		for i := 0; b.Len() < size; i++ {
			b.WriteString(strings.ReplaceAll(s, "#", strconv.Itoa(i)))
		}
		return b.String()
	}
	const begin = "suite: a\nhosts: b\nchecks:\n"
	for _, text := range []string{
		many("["), many("{"), many("{a: "), many("- "), many("? "), many(": "), many("a: "), many("- - a\n"), many("&a "),
		many("*a "), many("!a "), many("%YAML\n"), many("|\n"), many("---\n"), many("a\n---\n"),
		many("#\n"), many("\t"), many("'"),
		"\"" + many("a"), "\"" + many(`\n`), "[" + many("a,"), "[" + many("#\n"), "a: |\n" + many("  x\n"), "a: " + many("x\n  "),
		numbered("k#: x\n"), many("a: x\n"), numbered("- &a# x\n"), "- &a x\n" + many("- *a\n"),
		"a: &a [" + many("*a,") + "]\n",
		"a: &a [x,x,x,x]\n" + numbered("b#: [*a,*a,*a,*a]\n"), numbered("a: &a# [b]\nc: *a#\n"), "&" + many("a") + " x",
		begin + many("  - []\n"), begin + many("  - pin: {}\n"), begin + many("  - ping: {}\n"),
		begin + many("  - zzzzzzz: {}\n"),
		begin + "  - service: [" + many("'{{ x }}',") + "]\n", begin + "  - service: '" + many("{{ x }}") + "'\n",
		begin + "  - ping: {}\n    hosts: [" + numbered("'x#*',") + "]\n", "suite: a\nhosts: [" + many("'~',") + "]\n",
		"\xFF\xFE" + many("\x3D\xD8"), "\xFE\xFF" + many("\x00-"), many("\r\n"), many("\u00a0"), many("“"), many(" "), many("\x00a"),
		"a: b: c\n" + numbered("k#: x\n"), numbered("k#: x\n") + "\n x\n", "a: [b\n" + numbered("k#: x\n"),
	} {
		_, list := LoadBytes("x", []byte(text), testKinds())
		if len(list) == 0 {
			t.Errorf("no problem in %.40q…", text)
		}
		isTold(t, strconv.Quote(shorten(text, 40)), list, []byte(text))
	}
}

// archived are the files of the archives that tell of suites that use others.
func archived(t testing.TB) []txtar.File {
	t.Helper()
	archives, err := filepath.Glob("testdata/use/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	var all []txtar.File
	for _, file := range archives {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range archive.Files {
			if len(f.Data) < 4<<10 {
				all = append(all, f)
			}
		}
	}
	return all
}

// packsOf are the packs of the archives, by the names by which they are used.
func packsOf(t testing.TB) fstest.MapFS {
	t.Helper()
	packs := fstest.MapFS{}
	for _, f := range archived(t) {
		if name := filepath.Base(f.Name); strings.HasSuffix(name, packEnds) && name != "main.suite.yaml" {
			packs[name] = &fstest.MapFile{Data: f.Data}
		}
	}
	return packs
}

// FuzzPack: whatever a pack says, it is taken in or refused, with a place, and the same the
// second time; and what its owner has locked, the suite that uses it cannot leave out.
func FuzzPack(f *testing.F) {
	for _, file := range archived(f) {
		if strings.HasSuffix(file.Name, packEnds) {
			f.Add(file.Data)
		}
	}
	const main = "suite: main\nhosts: [web01, {name: sql01, tags: [db]}]\nuse: [{suite: p, vars: {port: 1}}]\n" +
		"override: {os: {why: x}}\ndisable: ['*']\nchecks: [{ping: {}, id: own}]\n"
	file := filepath.Join(f.TempDir(), "x")
	f.Fuzz(func(t *testing.T, data []byte) {
		packs := packsOf(t)
		packs["p.suite.yaml"] = &fstest.MapFile{Data: data}
		lib := Library{Kinds: testKinds(), Built: packs}
		set, list := lib.LoadBytes(file, []byte(main))
		_, again := lib.LoadBytes(file, []byte(main))
		if diff := cmp.Diff(list, again); diff != "" {
			t.Fatalf("not the same the second time:\n%s", diff)
		}
		for _, p := range list {
			if p.Msg == "" || p.Line < 0 || strings.ContainsAny(Format(list, nil), "\x1b\x00") {
				t.Fatalf("%+v", p)
			}
		}
		if set != nil && len(set.Hosts[0].Checks) != 1 {
			t.Fatalf("%d checks are there, all of the pack's are disabled", len(set.Hosts[0].Checks))
		}
	})
}
