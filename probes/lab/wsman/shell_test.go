package wsman_test

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/host"
	"postpatch/probes/host/packed"
)

func selectShell(id string) string {
	return `<w:SelectorSet><w:Selector Name="ShellId">` + id + `</w:Selector></w:SelectorSet>`
}

func create(env map[string]string) string {
	var variables strings.Builder
	for name, value := range env {
		variables.WriteString(`<rsp:Variable Name="` + name + `">` + value + `</rsp:Variable>`)
	}
	return message(shell, xfer+"Create", `<w:OptionSet><w:Option Name="WINRS_NOPROFILE">TRUE</w:Option></w:OptionSet>`,
		`<rsp:Shell><rsp:Environment>`+variables.String()+`</rsp:Environment><rsp:IdleTimeOut>PT180S</rsp:IdleTimeOut>`+
			`<rsp:InputStreams>stdin</rsp:InputStreams><rsp:OutputStreams>stdout stderr</rsp:OutputStreams></rsp:Shell>`)
}

func (b *bench) openShell(t *testing.T, env map[string]string) string {
	t.Helper()
	return part(b.ok(t, create(env)), `<w:Selector Name="ShellId">`, "<")
}

func (b *bench) start(t *testing.T, id, command string) string {
	t.Helper()
	var escaped strings.Builder
	if err := xml.EscapeText(&escaped, []byte(command)); err != nil {
		t.Fatal(err)
	}
	return part(b.ok(t, message(shell, winrs+"Command", selectShell(id), `<rsp:CommandLine><rsp:Command>`+escaped.String()+
		`</rsp:Command></rsp:CommandLine>`)), "<rsp:CommandId>", "<")
}

func receive(id, command, header string) string {
	return message(shell, winrs+"Receive", selectShell(id)+header,
		`<rsp:Receive><rsp:DesiredStream CommandId="`+command+`">stdout stderr</rsp:DesiredStream></rsp:Receive>`)
}

// output is what a command came to.
type output struct {
	Stdout, Stderr string
	Exit, Receives int
}

// collect receives until the command is done.
func (b *bench) collect(t *testing.T, id, command, header string) output {
	t.Helper()
	var out output
	for {
		reply := b.ok(t, receive(id, command, header))
		out.Receives++
		stream := regexp.MustCompile(`<rsp:Stream Name="(\w+)" CommandId="[^"]*">([^<]*)<`)
		for _, m := range stream.FindAllStringSubmatch(reply, -1) {
			if m[1] == "stdout" {
				out.Stdout += decode64(t, m[2])
			} else {
				out.Stderr += decode64(t, m[2])
			}
		}
		if strings.Contains(reply, "CommandState/Done") {
			exit, err := strconv.Atoi(part(reply, "<rsp:ExitCode>", "<"))
			if err != nil {
				t.Fatal(err)
			}
			out.Exit = exit
			return out
		}
	}
}

func TestShellReplies(t *testing.T) {
	b := newBench(t)
	created := b.ok(t, create(nil))
	golden(t, "create", created)
	id := part(created, `<w:Selector Name="ShellId">`, "<")
	command := b.start(t, id, "hostname")
	golden(t, "receive", b.ok(t, receive(id, command, "")))
	golden(t, "done", b.ok(t, receive(id, command, "")))
	signal := message(shell, winrs+"Signal", selectShell(id), `<rsp:Signal CommandId="`+command+`"><rsp:Code>`+
		winrs+`signal/terminate</rsp:Code></rsp:Signal>`)
	b.ok(t, signal)
	if status, _ := b.post(t, signal); status != http.StatusInternalServerError {
		t.Error("a command that is gone takes signals")
	}
	b.ok(t, message(shell, xfer+"Delete", selectShell(id), ""))
	if status, reply := b.post(t, receive(id, command, "")); status != 500 || !strings.Contains(reply, "2150858843") {
		t.Errorf("a deleted shell answers: %s", reply)
	}
}

func TestCommands(t *testing.T) {
	encoded := func(s string) string { return "powershell -NonInteractive -EncodedCommand " + s }
	notFound := "'nix' is not recognized as an internal or external command,\r\noperable program or batch file.\r\n"
	tests := map[string]struct {
		state, line string
		want        output
	}{
		"host name":   {"before", "hostname", output{"SQL01\r\n", "", 0, 2}},
		"quoted":      {"before", `"C:\Windows\System32\HOSTNAME.EXE "`, output{"SQL01\r\n", "", 0, 2}},
		"through cmd": {"before", "cmd.exe /c echo a b", output{"a b\r\n", "", 0, 2}},
		"exit code":   {"before", "cmd /c exit /b 7", output{"", "", 7, 1}},
		"unknown":     {"before", "nix x", output{"", notFound, 1, 2}},
		"too long": {
			"before", "echo " + strings.Repeat("x", 8191),
			output{"", "The command line is too long.\r\n", 1, 2},
		},
		"little script":    {"before", encoded("aABvAHMAdABuAGEAbQBlAA=="), output{"SQL01\r\n", "", 0, 2}},
		"script that ends": {"before", encoded("ZQB4AGkAdAAgADMA"), output{"", "", 3, 1}},
		"PowerShell blocked": {
			"no_powershell", encoded("aABvAHMAdABuAGEAbQBlAA=="),
			output{"", strings.Replace(notFound, "nix", "powershell", 1), 1, 2},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.enter(test.state)
			id := b.openShell(t, nil)
			if diff := cmp.Diff(test.want, b.collect(t, id, b.start(t, id, test.line), "")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestUnknownScriptFailsInCLIXML(t *testing.T) {
	b := newBench(t)
	id := b.openShell(t, nil)
	got := b.collect(t, id, b.start(t, id, "powershell.exe -enc RwBlAHQALQBGAG8AbwA="), "")
	isCLIXML := strings.HasPrefix(got.Stderr, "#< CLIXML\r\n<Objs ") && strings.Contains(got.Stderr, `<S S="Error">`)
	if got.Exit != 1 || !isCLIXML {
		t.Errorf("got %+v", got)
	}
	got = b.collect(t, id, b.start(t, id, "powershell.exe -OutputFormat Text -ec RwBlAHQALQBGAG8AbwA="), "")
	if got.Exit != 1 || strings.Contains(got.Stderr, "CLIXML") || got.Stderr == "" {
		t.Errorf("as text: got %+v", got)
	}
}

func questions() []host.Question {
	return []host.Question{
		host.WQL{Class: "Win32_OperatingSystem", Columns: []string{"Caption", "LastBootUpTime", "CSDVersion"}},
		host.WQL{Class: "Win32_Service", Columns: []string{"Name", "Started", "ProcessId"}, Where: "Name = 'WinRM'"},
		host.WQL{Class: "Nope", Columns: []string{"Name"}},
		host.WQL{Namespace: "root/StandardCimv2", Class: "MSFT_NetAdapter", Columns: []string{"Addresses", "Speed"}},
		host.Collector{Name: "registry", Args: map[string][]string{
			"key": {`HKLM\software\Microsoft\Windows NT\CurrentVersion`}, "values": {"ubr", "CurrentBuild", "No"},
		}},
		host.Collector{Name: "registry", Args: map[string][]string{
			"key": {`HKEY_LOCAL_MACHINE\SOFTWARE\acme`}, "values": {"Version", "Count", "Paths"},
		}},
		host.Collector{Name: "registry", Args: map[string][]string{"key": {`HKLM\SOFTWARE\Nobody`}, "values": {"A"}}},
		host.Collector{Name: "registry", Args: map[string][]string{
			"key": {`HKLM\SYSTEM\CurrentControlSet\Services\UALSVC`}, "values": {"Start", "DelayedAutostart"},
		}},
		host.Collector{Name: "registry", Args: map[string][]string{"key": {`HKLM\SOFTWARE\Acme`}, "values": {}}},
		host.Collector{Name: "registry", Args: map[string][]string{"key": {`HKLM\SOFTWARE\Nobody`}, "values": {}}},
		host.Collector{Name: "pending"},
		host.Collector{Name: "other"},
	}
}

func TestPackedQuestions(t *testing.T) {
	b := newBench(t)
	env, boot, err := packed.Pack(questions())
	if err != nil {
		t.Fatal(err)
	}
	id := b.openShell(t, env)
	got := b.collect(t, id, b.start(t, id, "powershell.exe -NoProfile -OutputFormat Text -EncodedCommand "+boot), "")
	if got.Exit != 0 || got.Stderr != "" {
		t.Fatalf("got %+v", got)
	}
	answers, err := packed.DecodeAnswers(packed.MarksOf(env), []byte(got.Stdout))
	if err != nil {
		t.Fatal(err)
	}
	pid := answers[1].Rows[0]["ProcessId"]
	if n, err := pid.Int(); err != nil || n == 0 {
		t.Errorf("got process %v", pid)
	}
	text := func(s string) host.Cell { return host.Cell{Text: s} }
	want := []packed.Answer{
		{ID: 0, Rows: []host.Row{{
			"Caption": text("Microsoft Windows Server 2022 Standard"), "LastBootUpTime": text("2026-10-14T03:12:45.5000000Z"),
			"CSDVersion": {Null: true},
		}}},
		{ID: 1, Rows: []host.Row{{"Name": text("WinRM"), "Started": text("true"), "ProcessId": pid}}},
		{ID: 2, Error: "Invalid class ", Code: packed.NoClass},
		{ID: 3, Rows: []host.Row{{"Addresses": {List: []string{"10.0.0.5", "fe80::1"}}, "Speed": text("10000000000")}}},
		{ID: 4, Rows: []host.Row{{"ubr": text("4294"), "CurrentBuild": text("20348"), "No": {Null: true}}}},
		{ID: 5, Rows: []host.Row{{"Version": text("1.2"), "Count": text("4294967295"), "Paths": {List: []string{"a", "b"}}}}},
		{ID: 6},
		{ID: 7, Rows: []host.Row{{"Start": text("2"), "DelayedAutostart": text("1")}}},
		{ID: 8, Rows: []host.Row{{}}},
		{ID: 9},
		{ID: 10, Rows: []host.Row{{"Reboot": text("false"), "Why": {Null: true}}}},
		{ID: 11, Error: "no such collector"},
	}
	if diff := cmp.Diff(want, answers); diff != "" {
		t.Error(diff)
	}
}

func TestLongOutputComesInPieces(t *testing.T) {
	b := newBench(t)
	env, boot, err := packed.Pack([]host.Question{host.WQL{Class: "Win32_Service", Columns: []string{
		"Name", "DisplayName", "PathName", "ProcessId", "StartName", "State", "StartMode",
	}}})
	if err != nil {
		t.Fatal(err)
	}
	id := b.openShell(t, env)
	small := `<w:MaxEnvelopeSize>8192</w:MaxEnvelopeSize>`
	got := b.collect(t, id, b.start(t, id, "powershell.exe -EncodedCommand "+boot), small)
	answers, err := packed.DecodeAnswers(packed.MarksOf(env), []byte(got.Stdout))
	if err != nil || len(answers[0].Rows) != len(b.host.Load().Services) || got.Receives < 3 {
		t.Errorf("%d receives, %v", got.Receives, err)
	}
}

func TestReceiveTimesOutWhileNothingIsThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.enter("slow")
		id := b.openShell(t, nil)
		command := b.start(t, id, "hostname")
		begin := time.Now()
		timeout := `<w:OperationTimeout>PT20S</w:OperationTimeout>`
		status, reply := b.post(t, receive(id, command, timeout))
		if status != 500 || !strings.Contains(reply, "2150858793") || time.Since(begin) != 20*time.Second {
			t.Errorf("after %v: HTTP %d: %s", time.Since(begin), status, reply)
		}
		got := b.collect(t, id, command, timeout)
		if got.Stdout != "SQL01\r\n" || time.Since(begin) != 30*time.Second {
			t.Errorf("after %v: %+v", time.Since(begin), got)
		}
	})
}

func TestQuotaOfShells(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		for range 30 {
			b.openShell(t, nil)
		}
		if status, reply := b.post(t, create(nil)); status != 500 || !strings.Contains(reply, "2150859173") {
			t.Errorf("got HTTP %d: %s", status, reply)
		}
		time.Sleep(181 * time.Second) // past the shells' idle time
		b.openShell(t, nil)
		b.enter("rebooted")
		for range 30 {
			b.openShell(t, nil)
		}
	})
}

func TestVariableOfWindowsSize(t *testing.T) {
	b := newBench(t)
	for size, want := range map[int]int{32767: 200, 32768: 500} {
		status, reply := b.post(t, create(map[string]string{"A": strings.Repeat("x", size)}))
		if status != want {
			t.Errorf("%d characters: got HTTP %d: %s", size, status, fmt.Sprintf("%.200s", reply))
		}
	}
}
