package file_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes"
	"postpatch/probes/file"
	"postpatch/probes/host"
	"postpatch/probes/probetest"
	"postpatch/runner/runnertest"
)

const (
	exsetup = `%ExchangeInstallPath%bin\ExSetup.exe`
	drivers = `C:\Windows\System32\drivers\`
)

func args() map[string]any {
	return map[string]any{"path": []string{exsetup, drivers + `*.sys`, `D:\Jobs`, `D:\Jobs\gone.cmd`}}
}

func TestKind(t *testing.T) { probetest.RunRecorded(t, file.Kind, "mailserver.json", args()) }

func TestObserve(t *testing.T) {
	readings, err := probetest.Load(t, file.Kind, "mailserver.json", args()).Observe(args())
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		exsetup + " present=true", exsetup + " type=file", exsetup + " modified=2024-03-08T10:00:00Z",
		exsetup + " size=39352", exsetup + " version=15.2.1544.11", exsetup + " product_version=15.2.1544.11",
		drivers + "tcpip.sys present=true", drivers + "tcpip.sys type=file",
		drivers + "tcpip.sys modified=2026-10-10T10:00:00Z", drivers + "tcpip.sys size=3121152",
		drivers + "tcpip.sys version=10.0.20348.2700", drivers + "tcpip.sys product_version=10.0.20348.2700",
		drivers + "afd.sys present=true", drivers + "afd.sys type=file",
		drivers + "afd.sys modified=2026-10-10T10:00:00Z", drivers + "afd.sys size=721408",
		drivers + "afd.sys version=10.0.20348.2700", drivers + "afd.sys product_version=10.0.20348.2700",
		`D:\Jobs present=true`, `D:\Jobs type=folder`, `D:\Jobs modified=2026-11-01T00:00:00Z`,
		`D:\Jobs\gone.cmd present=false`,
	}
	if d := cmp.Diff(want, probetest.Texts(readings)); d != "" {
		t.Errorf("readings (-want +got):\n%s", d)
	}
}

func TestOddAnswers(t *testing.T) {
	readings, err := probetest.Load(t, file.Kind, "odd.json", args()).Observe(args())
	for _, want := range []string{
		"size of " + exsetup, `D:\Jobs, D:\Jobs\gone.cmd: the host does not tell of it`,
		drivers + "locked.sys: the host says: Der Zugriff auf den Pfad wurde verweigert.",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q in the error\n%v", want, err)
		}
	}
	const script = drivers + "a'; Remove-Item \"x\"\n$(calc).sys "
	want := []string{
		exsetup + " present=true", exsetup + " type=file",
		script + "present=true", script + "type=file", script + "version=" + strings.Repeat("x", 100) + "…",
		drivers + "A.sys present=true", drivers + "A.sys type=file", drivers + "A.sys size=1",
		drivers + "a.sys (2) present=true", drivers + "a.sys (2) type=file", drivers + "a.sys (2) size=2",
	}
	if d := cmp.Diff(want, probetest.Texts(readings)); d != "" {
		t.Errorf("readings (-want +got):\n%s", d)
	}
}

func TestPathsAreRefused(t *testing.T) {
	for name, path := range map[string]string{
		"a share": `\\fs01\data\a.txt`, "a device": `\\?\C:\a.txt`, "a relative path": `Windows\notepad.exe`,
		"a drive's own folder": `C:a.txt`, "slashes": `C:/Windows/notepad.exe`, "nothing": " ",
		"* in a folder": `C:\Win*\notepad.exe`, "a question mark": `C:\Windows\notepad.ex?`, "a way up": `C:\Windows\..\a.txt`,
		"a stream": `C:\a.txt:b`, "two lines": "C:\\a\nb", "a variable alone inside": `C%X%\a`, "quotes": `"C:\a"`,
	} {
		var field *probes.FieldError
		_, err := file.Kind.Build(map[string]any{"path": []string{path}})
		if !errors.As(err, &field) || field.Field != "path" {
			t.Errorf("%s: got %v, want a FieldError", name, err)
		}
	}
	for _, list := range [][]string{nil, {`C:\a`, `c:\A`}} {
		if _, err := file.Kind.Build(map[string]any{"path": list}); err == nil {
			t.Errorf("%q is taken", list)
		}
	}
	for _, path := range []string{`C:\`, `d:\a b\(c)\*.dll`, `%ProgramFiles(x86)%\a.exe`, `%SystemRoot%`} {
		if _, err := file.Kind.Build(map[string]any{"path": []string{path}}); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// see is what one path reads as.
func see(t *testing.T, path string, hash bool, rows ...host.Row) runnertest.Seen {
	t.Helper()
	args := map[string]any{"path": []string{path}, "hash": hash}
	probe, err := file.Kind.Build(args)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		row["asked"] = host.Cell{Text: path}
		for _, column := range []string{"problem", "unhashed"} {
			if _, there := row[column]; !there {
				row[column] = host.Cell{Null: true}
			}
		}
	}
	var answers host.Answers
	answers.Put(probe.(probes.Asker).Questions()[0], host.Answer{Rows: rows})
	readings, err := probetest.Observe(t, file.Kind, probes.Target{Answers: answers}, args)
	return runnertest.Seen{Readings: readings, Err: err}
}

func row(cells ...string) host.Row {
	r := host.Row{"there": {Text: "true"}, "folder": {Text: "false"}, "size": {Text: "10"}}
	for i := 0; i < len(cells); i += 2 {
		r[cells[i]] = host.Cell{Text: cells[i+1]}
	}
	return r
}

func TestJudged(t *testing.T) {
	const path = `C:\a.exe`
	for name, tt := range map[string]struct {
		now  host.Row
		want []string
	}{
		"the same": {row("version", "1.2.3.4", "sha256", "ab"), []string{"passed"}},
		"written again, as it was": {
			row("version", "1.2.3.4", "sha256", "AB", "modified", "2026-11-01T00:00:00Z"), []string{"passed"},
		},
		"a patched one": {row("version", "1.2.3.5", "sha256", "cd", "size", "11"), []string{
			"drifted", path + " sha256: drifted ab -> cd", path + " version: drifted 1.2.3.4 -> 1.2.3.5",
		}},
		"gone": {row("there", "false"), []string{"regressed failing", path + " present: regressed true -> false"}},
		"a folder now": {row("folder", "true"), []string{
			"drifted failing", path + " sha256: drifted ab -> ", path + " type: drifted file -> folder",
			path + " version: drifted 1.2.3.4 -> ",
		}},
		"empty": {row("size", "0", "sha256", "e3"), []string{
			"regressed failing", path + " sha256: drifted ab -> e3", path + " version: drifted 1.2.3.4 -> ",
			path + " size: regressed 10 bytes -> 0 bytes",
		}},
		"without its version": {row("sha256", "cd"), []string{
			"regressed failing", path + " sha256: drifted ab -> cd", path + " version: regressed 1.2.3.4 -> ",
		}},
		"cannot be read":   {row("problem", "verweigert"), []string{"unknown"}},
		"cannot be hashed": {row("version", "1.2.3.4", "unhashed", "gesperrt"), []string{"unknown"}},
	} {
		t.Run(name, func(t *testing.T) {
			before := see(t, path, true, row("version", "1.2.3.4", "sha256", "AB"))
			got := runnertest.Told(t, file.Kind, "- file: {path: 'C:\\a.exe', hash: true}",
				[2]runnertest.Seen{before, see(t, path, true, tt.now)})
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("told (-want +got):\n%s", d)
			}
		})
	}
}

// What was empty, or had no version, need not have become otherwise.
func TestWhatAFileNeverHad(t *testing.T) {
	const path = `C:\a.exe`
	for name, tt := range map[string]struct {
		before, now host.Row
		want        []string
	}{
		"it is empty still":      {row("size", "0"), row("size", "0"), []string{"passed"}},
		"it has no version":      {row(), row("size", "12"), []string{"passed"}},
		"it has contents now":    {row("size", "0"), row(), []string{"passed"}},
		"it has a version now":   {row(), row("version", "1.2.3.4"), []string{"drifted", path + " version: drifted  -> 1.2.3.4"}},
		"a text is empty now":    {row(), row("size", "0"), []string{"regressed failing", path + " size: regressed 10 bytes -> 0 bytes"}},
		"its size does not tell": {row("version", "1"), row("version", "1", "size", "x"), []string{"unknown"}},
	} {
		seen := [2]runnertest.Seen{see(t, path, false, tt.before), see(t, path, false, tt.now)}
		if d := cmp.Diff(tt.want, runnertest.Told(t, file.Kind, `- file: C:\a.exe`, seen)); d != "" {
			t.Errorf("%s: told (-want +got):\n%s", name, d)
		}
	}
}

func TestAFileOfAPatternThatIsGone(t *testing.T) {
	before := see(t, `C:\*.dll`, false, row("name", "a.dll"), row("name", "b.dll"))
	for name, tt := range map[string]struct {
		now  []host.Row
		want []string
	}{
		"another order": {[]host.Row{row("name", "b.dll"), row("name", "a.dll")}, []string{"passed"}},
		"one":           {[]host.Row{row("name", "b.dll")}, []string{"drifted failing", `C:\a.dll: drifted there -> gone`}},
		"all": {[]host.Row{row("there", "false")}, []string{
			"failed failing", `C:\a.dll: drifted there -> gone`, `C:\b.dll: drifted there -> gone`,
			`C:\*.dll present: failed  -> false`,
		}},
		"no answer": {nil, []string{"unknown"}},
	} {
		seen := [2]runnertest.Seen{before, see(t, `C:\*.dll`, false, tt.now...)}
		got := runnertest.Told(t, file.Kind, `- file: C:\*.dll`, seen)
		if d := cmp.Diff(tt.want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}

func TestWhatIsNotTold(t *testing.T) {
	for want, rows := range map[string][]host.Row{
		`reading C:\a: the host named it 2 times`:           {row("sha256", "ab"), row("sha256", "ab")},
		`reading sha256 of C:\a: the host says: gesperrt`:   {row("unhashed", "gesperrt")},
		`reading sha256 of C:\a: the host does not tell it`: {row()},
		`reading C:\a: the host says: Zugriff verweigert`:   {row("problem", "Zugriff\nverweigert")},
		`reading size of C:\a: the host does not tell it`:   {row("size", "viel", "sha256", "ab")},
		`reading C:\a: the host does not tell of it`:        {row("there", "vielleicht")},
		`reading files: the host named none`:                nil,
	} {
		if seen := see(t, `C:\a`, true, rows...); seen.Err == nil || seen.Err.Error() != want {
			t.Errorf("got %v, want %s", seen.Err, want)
		}
	}
}

func FuzzAnswers(f *testing.F) {
	probetest.FuzzAnswers(f, file.Kind, args(), "mailserver.json", "odd.json")
}
