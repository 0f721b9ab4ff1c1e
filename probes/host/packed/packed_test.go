package packed

import (
	"crypto/rand"
	"errors"
	"maps"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/host"
)

func questions() []host.Question {
	return []host.Question{
		host.WQL{Class: "Win32_Service", Columns: []string{"Name", "State"}, Where: `Name = 'a"b'`},
		host.WQL{Namespace: `root\StandardCimv2`, Class: "MSFT_NetAdapter", Columns: []string{"Name"}, Most: 9},
		host.Collector{Name: "registry", Args: map[string][]string{
			"key": {`HKLM\SOFTWARE\Ünïcode $(calc)`}, "values": {"UBR", "", "'; exit"},
		}},
		host.Collector{Name: "../boot"},
		host.Script{
			Name: "queues.ps1", Text: "# a comment stays\n  Get-Queue", Most: 5, Limit: 90 * time.Second,
			Args: map[string][]string{"Server": {"'; calc"}},
		},
	}
}

func TestUnpackReadsWhatPackMade(t *testing.T) {
	env, boot, err := Pack(questions())
	if err != nil {
		t.Fatal(err)
	}
	got, marks, err := Unpack(env, boot)
	if err != nil {
		t.Fatal(err)
	}
	want := []Question{
		{
			ID: 0, Namespace: "root/cimv2", Columns: []string{"Name", "State"},
			Query: `SELECT Name,State FROM Win32_Service WHERE Name = 'a"b'`,
		},
		{
			ID: 1, Namespace: "root/StandardCimv2", Columns: []string{"Name"}, Query: "SELECT Name FROM MSFT_NetAdapter",
			Most: 9,
		},
		{ID: 2, Collector: "registry", Args: []Arg{
			{Name: "key", Values: []string{`HKLM\SOFTWARE\Ünïcode $(calc)`}},
			{Name: "values", Values: []string{"UBR", "", "'; exit"}},
		}},
		{ID: 3, Collector: "../boot"},
		{
			ID: 4, Collector: "script b2f26b7417641428", Script: "queues.ps1", Limit: 90, Most: 5,
			Args: []Arg{{Name: "Server", Values: []string{"'; calc"}}},
		},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("unpacked (-want +got):\n%s", d)
	}
	if marks != MarksOf(env) || marks.Begin == "" || marks.Begin == marks.End {
		t.Errorf("marks %q", marks)
	}
	if d := cmp.Diff([]string{"UBR", "", "'; exit"}, got[2].Arg("values")); d != "" {
		t.Errorf("Arg (-want +got):\n%s", d)
	}
}

// Strict mode ends the runner at a member that is not there.
func TestEveryQuestionHasEveryMember(t *testing.T) {
	env, _, err := Pack(questions())
	if err != nil {
		t.Fatal(err)
	}
	var p struct{ Questions []map[string]any }
	if err := decompress(env["POSTPATCH_0"], maxUnpacked, &p); err != nil {
		t.Fatal(err)
	}
	runner := script("runner.ps1")
	if !strings.Contains(runner, "\nSet-StrictMode -Version 3.0\n") {
		t.Error("the runner does not set strict mode")
	}
	read := regexp.MustCompile(`(?i)\$question\.(\w+)`).FindAllStringSubmatch(runner, -1)
	if len(read) < 5 || len(p.Questions) != len(questions()) {
		t.Fatalf("the runner reads %q of %d questions", read, len(p.Questions))
	}
	for i, q := range p.Questions {
		for _, name := range read {
			if _, there := q[name[1]]; !there {
				t.Errorf("question %d has no %s", i, name[1])
			}
		}
	}
}

// A Packer keeps texts apart by their questions, and what belongs to one run on a
// host out of them.
func TestAPackerKeepsWhatItPacked(t *testing.T) {
	k := new(Packer)
	var asked [][]host.Question
	for i := range mostKept + 1 {
		asked = append(asked, append(questions(), host.WQL{Class: "C" + strconv.Itoa(i), Columns: []string{"Name"}}))
	}
	ids := map[string]bool{}
	for range 2 {
		for i, q := range asked {
			env, boot, err := k.Pack(q)
			if err != nil {
				t.Fatal(err)
			}
			ids[env[idVariable]] = true
			got, _, err := Unpack(env, boot)
			if err != nil || got[len(got)-1].Query != "SELECT Name FROM C"+strconv.Itoa(i) || len(got) != len(q) {
				t.Errorf("%d: %v, %v", i, got, err)
			}
		}
	}
	if len(ids) != 2*len(asked) || len(k.kept) > mostKept {
		t.Errorf("%d identities of %d runs, %d texts are kept", len(ids), 2*len(asked), len(k.kept))
	}
	kept := testing.AllocsPerRun(10, func() { _, _, _ = k.Pack(asked[0]) })
	anew := testing.AllocsPerRun(10, func() { _, _, _ = Pack(asked[0]) })
	if kept >= anew {
		t.Errorf("%v allocations for what is kept, %v anew", kept, anew)
	}
}

func BenchmarkPack(b *testing.B) {
	for name, k := range map[string]*Packer{"anew": nil, "kept": new(Packer)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := k.Pack(questions()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func TestOnlyAskedCollectorsTravelAndNoArgumentIsCode(t *testing.T) {
	env, boot, err := Pack(questions())
	if err != nil {
		t.Fatal(err)
	}
	var p payload
	if err := decompress(env["POSTPATCH_0"], maxUnpacked, &p); err != nil {
		t.Fatal(err)
	}
	if len(p.Collectors) != 2 || p.Collectors[0].Name != "registry" || p.Collectors[0].Script == "" {
		t.Errorf("collectors %v, want registry and the owner's script", p.Collectors)
	}
	if text := p.Collectors[1].Script; text != "# a comment stays\n  Get-Queue" {
		t.Errorf("the owner's script is %q: want it as it is", text)
	}
	for _, text := range []string{p.Script, p.Collectors[0].Script} {
		if strings.Contains(text, "calc") || strings.Contains(text, "\n#") {
			t.Errorf("script holds an argument or a comment:\n%s", text)
		}
	}
	_, again, err := Pack(nil)
	if err != nil || again != boot {
		t.Errorf("the boot command differs between runs: %v", err)
	}
	if len(boot) > 6000 {
		t.Errorf("boot command of %d characters does not fit cmd.exe's 8,191 well", len(boot))
	}
}

func TestLongPayloadsAreSplit(t *testing.T) {
	var many []host.Question
	for range 2000 {
		many = append(many, host.Collector{Name: "registry", Args: map[string][]string{"key": {rand.Text()}}})
	}
	env, boot, err := Pack(many)
	if err != nil {
		t.Fatal(err)
	}
	if len(env) < 3 {
		t.Errorf("%d variables, want the identity and at least two parts", len(env))
	}
	for name, value := range env {
		if len(value) >= 32767 {
			t.Errorf("%s has %d characters", name, len(value))
		}
	}
	got, _, err := Unpack(env, boot)
	if err != nil || len(got) != len(many) {
		t.Errorf("unpacked %d questions, error %v; want %d", len(got), err, len(many))
	}
	for len(many) < 8000 {
		many = append(many, host.Collector{Name: rand.Text()})
	}
	if _, _, err := Pack(many); err == nil {
		t.Error("packed more than a host takes")
	}
}

func TestUnpackRefusesOtherCommands(t *testing.T) {
	env, boot, err := Pack(questions())
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := Unpack(env, "ZwBlAHQALQBkAGEAdABlAA=="); !errors.Is(err, ErrNotOurs) {
		t.Errorf("another command: %v", err)
	}
	if _, _, err := Unpack(nil, boot); !errors.Is(err, ErrNotOurs) {
		t.Errorf("no environment: %v", err)
	}
	cut := maps.Clone(env)
	cut["POSTPATCH_0"] = cut["POSTPATCH_0"][:100]
	if _, _, err := Unpack(cut, boot); err == nil {
		t.Error("unpacked a payload that is cut off")
	}
}

func TestAnswersComeBackAsTheyWere(t *testing.T) {
	marks := MarksOf(map[string]string{"POSTPATCH_ID": "X"})
	want := []Answer{
		{ID: 0, Rows: []host.Row{
			{"Name": {Text: "Spooler \"<&>\"\n\u2028"}, "Null": {Null: true}, "Empty": {}},
			{"List": {List: []string{"a", ""}}, "EmptyList": {List: []string{}}},
			{}, // a registry key of which no value is asked is there
		}},
		{ID: 1, Error: "Invalid class"},
	}
	line, err := EncodeAnswers(marks, want)
	if err != nil {
		t.Fatal(err)
	}
	for name, output := range map[string]string{
		"alone":                 line,
		"among other output":    "WARNING: x\r\n" + line + "\r\nbye",
		"broken by the console": line[:40] + "\r\n" + line[40:],
	} {
		got, err := DecodeAnswers(marks, []byte(output))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}

func TestDecodeAnswersRefuses(t *testing.T) {
	marks := MarksOf(map[string]string{"POSTPATCH_ID": "X"})
	line, err := EncodeAnswers(marks, []Answer{{ID: 7}})
	if err != nil {
		t.Fatal(err)
	}
	for name, output := range map[string]string{
		"nothing":        "",
		"another run":    strings.ReplaceAll(line, ":X#", ":Y#"),
		"cut off":        line[:len(line)-10],
		"not base64":     marks.Begin + "???" + marks.End,
		"not gzip":       marks.Begin + "aGVsbG8=" + marks.End,
		"nothing inside": marks.Begin + marks.End,
	} {
		if got, err := DecodeAnswers(marks, []byte(output)); err == nil {
			t.Errorf("%s: decoded %v", name, got)
		}
	}
	for _, output := range []string{"", line[:len(line)-10]} {
		if _, err := DecodeAnswers(marks, []byte(output)); !errors.Is(err, ErrNoAnswers) {
			t.Errorf("%q: %v, want ErrNoAnswers", output, err)
		}
	}
}

func TestDecompressKeepsToItsLimit(t *testing.T) {
	bomb, err := compress(strings.Repeat("a", 1<<20))
	if err != nil {
		t.Fatal(err)
	}
	var s string
	if err := decompress(bomb, 1<<10, &s); err == nil {
		t.Error("unpacked a megabyte under a limit of a kilobyte")
	}
}

func FuzzDecodeAnswers(f *testing.F) {
	marks := MarksOf(map[string]string{"POSTPATCH_ID": "X"})
	line, err := EncodeAnswers(marks, []Answer{{ID: 0, Rows: []host.Row{{"A": {Text: "x"}}}}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(line)
	f.Add("")
	f.Fuzz(func(t *testing.T, output string) {
		answers, err := DecodeAnswers(marks, []byte(output))
		if err != nil {
			return
		}
		again, err := EncodeAnswers(marks, answers)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := DecodeAnswers(marks, []byte(again)); err != nil {
			t.Error(err)
		}
	})
}
