package linux

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/host"
)

func class(name string) host.WQL {
	q := host.WQL{Class: name, Columns: []string{"Name"}}
	if strings.HasPrefix(name, "MSFT_") {
		q.Namespace = "root/StandardCimv2"
	}
	return q
}

// everything are questions that take all parts, and one that nobody answers.
func everything() []host.Question {
	all := []host.Question{
		host.IdentityQuestion(),
		host.Collector{Name: "servicekeys"},
		host.Collector{Name: "pendingreboot"},
		host.Collector{Name: "boots"},
	}
	for _, name := range []string{
		"Win32_OperatingSystem", "Win32_ComputerSystem", "Win32_Service", "Win32_Volume", "Win32_QuickFixEngineering",
		"Win32_Process", "MSFT_NetTCPConnection", "MSFT_NetUDPEndpoint", "MSFT_NetTCPSetting",
	} {
		all = append(all, class(name))
	}
	return all
}

// recorded is a host as the documentation of systemctl, dpkg and the kernel has it.
func recorded(t *testing.T) Told {
	t.Helper()
	text, err := os.ReadFile("testdata/debian.txt")
	if err != nil {
		t.Fatal(err)
	}
	told, err := Read(Marks{"postpatch-X"}, text)
	if err != nil {
		t.Fatal(err)
	}
	return told
}

// lines writes rows, their cells by name.
func lines(t *testing.T, told Told, q host.Question) []string {
	t.Helper()
	answers := told.Answers([]host.Question{q})
	rows, err := answers.To(q)
	if err != nil {
		return []string{err.Error()}
	}
	var all []string
	for _, row := range rows {
		var cells []string
		for _, name := range slices.Sorted(maps.Keys(row)) {
			switch c := row[name]; {
			case c.Null:
			case c.List != nil:
				cells = append(cells, fmt.Sprintf("%s=%q", name, c.List))
			default:
				cells = append(cells, name+"="+c.Text)
			}
		}
		all = append(all, strings.Join(cells, "; "))
	}
	return all
}

func TestRows(t *testing.T) {
	told := recorded(t)
	service := func(name, state, mode, result string, code int, rest string) string {
		account, path := "root", ""
		if rest != "" {
			account, path, _ = strings.Cut(rest, " ")
		}
		aliases := `[]`
		switch name {
		case "ssh":
			aliases = `["sshd"]`
		case "dbus":
			aliases = `["dbus-broker"]`
		}
		return fmt.Sprintf("Aliases=%s; ExitCode=%d; Manager=systemd; Name=%s; PathName=%s; Result=%s; StartMode=%s; "+
			"StartName=%s; State=%s", aliases, code, name, path, result, mode, account, state)
	}
	for q, want := range map[string][]string{
		"Win32_OperatingSystem": {
			"BuildNumber=6.12.43+deb13-amd64; CSName=lnx01; Caption=Debian GNU/Linux 13; LastBootUpTime=2025-11-28T03:20:00Z; " +
				"LocalDateTime=2025-11-28T04:20:00Z; OSArchitecture=x86_64; OSType=36; SecureBoot=on; Version=13",
		},
		"Win32_ComputerSystem":        {"Manufacturer=VMware, Inc.; Model=VMware7,1; Name=lnx01"},
		"Win32_ComputerSystemProduct": {"UUID=3d1219c7-c4c5-404a-aa1f-6d2a48adfda4"},
		"Win32_Service": {
			service("crashed", "Stopped", "Manual", "core-dump, signal 11", 11, ""),
			service("cups", "Stopped", "Auto", "success", 0, ""),
			service("dbus", "Running", "Manual", "success", 0, ""),
			service("getty@tty1", "Running", "Auto", "success", 0, ""),
			service("network", "Start Pending", "Auto", "success", 0, ""),
			service("nginx", "Stopped", "Auto", "exit-code, status 203", 203,
				"www-data /usr/sbin/nginx -g daemon on; master_process on;"),
			service("postfix", "Stopped", "Disabled", "success", 0, ""),
			service("rsync", "Stopped", "Manual", "success", 0, ""),
			service("ssh", "Running", "Auto", "success", 0, "root /usr/sbin/sshd -D $SSHD_OPTS"),
		},
		"Win32_Volume": {
			"Capacity=4096000000; DeviceID=6a1b; DriveType=3; FileSystem=ext4; FreeSpace=1638400000; Label=; Name=/",
			"Capacity=8192000000; DeviceID=; DriveType=3; FileSystem=xfs, read-only; FreeSpace=7782400000; " +
				"Label=data of old; Name=/srv/old data",
			"DeviceID=; DriveType=3; FileSystem=ext4; Label=; Name=/broken",
		},
		"MSFT_NetTCPConnection": {
			"LocalAddress=0.0.0.0; LocalPort=22; OwningProcess=812; State=2",
			"LocalAddress=0.0.0.0; LocalPort=22; OwningProcess=1; State=2",
			"LocalAddress=127.0.0.1; LocalPort=3306; State=2",
			"LocalAddress=::; LocalPort=22; OwningProcess=812; State=2",
			"LocalAddress=::; LocalPort=22; OwningProcess=1; State=2",
			"LocalAddress=127.0.0.1; LocalPort=8080; State=2",
		},
		"MSFT_NetUDPEndpoint": {"LocalAddress=0.0.0.0; LocalPort=123; OwningProcess=700; State=2"},
		"MSFT_NetTCPSetting":  {"DynamicPortRangeNumberOfPorts=28232; DynamicPortRangeStartPort=32768"},
		"Win32_QuickFixEngineering": {
			"Architecture=amd64; Held=false; HotFixID=openssl 3.5.1-1; Manager=dpkg; Package=openssl; PackageVersion=3.5.1-1; " +
				"State=installed",
			"Architecture=amd64; Held=false; HotFixID=nginx 1.26.3-4; Manager=dpkg; Package=nginx; PackageVersion=1.26.3-4; " +
				"State=half-configured",
			"Architecture=all; Held=true; HotFixID=held 2.0-1; Manager=dpkg; Package=held; PackageVersion=2.0-1; " +
				"State=installed",
		},
		"Win32_NTDomain": {
			"asking the host root/cimv2: SELECT Name FROM Win32_NTDomain: no such class: the host runs Linux, where nothing " +
				"answers Win32_NTDomain",
		},
	} {
		if d := cmp.Diff(want, lines(t, told, class(q))); d != "" {
			t.Errorf("%s (-want +got):\n%s", q, d)
		}
	}
	reboot := lines(t, told, host.Collector{Name: "pendingreboot"})
	if d := cmp.Diff([]string{`Part=linux; Reasons=["kernel 6.12.57+deb13-amd64"]; There=true`}, reboot); d != "" {
		t.Errorf("pendingreboot (-want +got):\n%s", d)
	}
	keys := strings.Join(lines(t, told, host.Collector{Name: "servicekeys"}), "\n")
	for _, want := range []string{
		`Delayed=false; Depends=["network"]; Name=nginx; Start=2; State=1; Trigger=false; Type=16`,
		`Delayed=false; Depends=[]; Name=cups; Start=2; State=1; Trigger=true; Type=16`,
	} {
		if !strings.Contains(keys, want) {
			t.Errorf("servicekeys: want %s in\n%s", want, keys)
		}
	}
}

// A part that failed costs its own questions alone, in the words of the host.
func TestEachPartFailsByItself(t *testing.T) {
	text, err := os.ReadFile("testdata/debian.txt")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		end  string
		is   error
		want string
	}{
		"not there": {"69 systemd does not run there", host.ErrNoClass, "systemd does not run there"},
		"denied":    {"1 cat: /x: Permission denied", host.ErrDenied, "Permission denied"},
		"too long":  {"124 ", nil, "more than 40 s"},
		"mute":      {"3 ", nil, "exit code 3, without a word"},
		"hostile":   {"1 \x1b[2Jfine", nil, "[2Jfine"},
	} {
		t.Run(name, func(t *testing.T) {
			broken := bytes.Replace(text, []byte("end units 0 "), []byte("end units "+c.end), 1)
			told, err := Read(Marks{"postpatch-X"}, broken)
			if err != nil {
				t.Fatal(err)
			}
			answers := told.Answers(everything())
			_, err = answers.To(class("Win32_Service"))
			if err == nil || c.is != nil && !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.want) ||
				strings.ContainsRune(err.Error(), '\x1b') {
				t.Errorf("got %v", err)
			}
			if _, err := answers.To(class("Win32_Volume")); err != nil {
				t.Errorf("another part: %v", err)
			}
		})
	}
}

func TestCutOff(t *testing.T) {
	text, err := os.ReadFile("testdata/debian.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, output := range [][]byte{
		nil, []byte("'sh' is not recognized"), text[:len(text)/2], bytes.TrimSuffix(text, []byte("done\n")),
	} {
		if _, err := Read(Marks{"postpatch-X"}, output); !errors.Is(err, ErrNoAnswers) {
			t.Errorf("%d bytes: got %v", len(output), err)
		}
	}
	if _, err := Read(Marks{"postpatch-Y"}, text); !errors.Is(err, ErrNoAnswers) {
		t.Errorf("another's marks: got %v", err)
	}
	// A list without its end is no list.
	broken := bytes.Replace(text, []byte("#postpatch-X end packages 0 \n"), nil, 1)
	told, err := Read(Marks{"postpatch-X"}, broken)
	if err != nil {
		t.Fatal(err)
	}
	got := lines(t, told, class("Win32_QuickFixEngineering"))
	if !strings.Contains(got[0], "told nothing of its packages") {
		t.Errorf("got %v", got)
	}
}

func TestOtherSystems(t *testing.T) {
	for kernel, windows := range map[string]bool{
		"Linux": false, "CYGWIN_NT-10.0-26100": true, "MINGW64_NT-10.0-20348": true, "MSYS_NT-10.0": true, "FreeBSD": false,
	} {
		told, err := Read(Marks{"postpatch-X"}, []byte("#postpatch-X begin system\nkernel="+kernel+
			"\n#postpatch-X end system 0 \n#postpatch-X done\n"))
		if err != nil || told.IsWindows() != windows {
			t.Errorf("%s: %v, %v", kernel, told.IsWindows(), err)
		}
		answers := told.Answers([]host.Question{class("Win32_Service")})
		if _, err := answers.To(class("Win32_Service")); kernel == "FreeBSD" && !errors.Is(err, host.ErrNoClass) {
			t.Errorf("%s: %v", kernel, err)
		}
	}
}

func TestOnlyWhatIsAskedIsRun(t *testing.T) {
	text, _ := Script([]host.Question{host.IdentityQuestion()})
	if !strings.Contains(text, "\nparts=\"system identity\"\n") {
		t.Errorf("got %.100q", text)
	}
	// A query of a suite's own has a condition that nobody here can judge.
	own := host.WQL{Class: "Win32_Service", Columns: []string{"Name"}, Where: "State='Running'", Most: 5}
	if text, _ := Script([]host.Question{own}); !strings.Contains(text, "\nparts=\"system\"\n") {
		t.Errorf("got %.100q", text)
	}
	if got := recorded(t).answer(own); !errors.Is(got.Err, host.ErrNoClass) {
		t.Errorf("got %v", got)
	}
}

func TestNewerKernel(t *testing.T) {
	for _, c := range []struct {
		running, want string
		installed     []string
	}{
		{"6.1.0-9-amd64", "6.1.0-10-amd64", []string{"6.1.0-9-amd64", "6.1.0-10-amd64"}},
		{"6.1.0-10-amd64", "", []string{"6.1.0-9-amd64", "6.1.0-10-amd64", "6.12.1-rt-amd64"}},
		{"5.14.0-503.11.1.el9_5.x86_64", "5.14.0-570.el9_6.x86_64", []string{
			"0-rescue-6f0c", "5.14.0-503.11.1.el9_5.x86_64", "5.14.0-570.el9_6.x86_64",
		}},
		{"6.8.0-45-generic", "", []string{"6.8.0-45-generic", "6.8.0-99-lowlatency"}},
		{"", "", nil},
	} {
		if got := newerKernel(c.running, c.installed); got != c.want {
			t.Errorf("%s of %q: got %q, want %q", c.running, c.installed, got, c.want)
		}
	}
}

// The script runs in the plain shell of this machine, and tells the truth about it.
func TestThisMachine(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("it is no Linux")
	}
	script, marks := Script(everything())
	cmd := exec.CommandContext(t.Context(), "sh")
	cmd.Stdin = strings.NewReader(script)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	told, err := Read(marks, out)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if kernel := told.Kernel(); kernel != "Linux" {
		t.Errorf("kernel %q", kernel)
	}
	answers := told.Answers(everything())
	for _, q := range []string{"Win32_OperatingSystem", "Win32_Volume", "Win32_Process", "MSFT_NetTCPSetting"} {
		if rows, err := answers.To(class(q)); err != nil || len(rows) == 0 {
			t.Errorf("%s: %v, %v", q, rows, err)
		}
	}
	name, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	if rows, err := answers.To(class("Win32_OperatingSystem")); err != nil || rows[0].Get("CSName").Text != name {
		t.Errorf("%s is called %v, %v", name, rows, err)
	}
}

func FuzzRead(f *testing.F) {
	text, err := os.ReadFile("testdata/debian.txt")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	const before = "#postpatch-X begin system\nkernel=Linux\n#postpatch-X end system 0\n"
	for part := range bytes.SplitSeq(text, []byte("\n\n")) {
		f.Add(slices.Concat([]byte(before), part, []byte("\n#postpatch-X done\n")))
	}
	f.Fuzz(func(t *testing.T, output []byte) {
		told, err := Read(Marks{"postpatch-X"}, output)
		if err != nil && !errors.Is(err, ErrNoAnswers) {
			t.Fatal(err)
		}
		answers := told.Answers(everything())
		for _, q := range everything() {
			rows, err := answers.To(q)
			if err != nil {
				continue
			}
			for _, row := range rows {
				for name, cell := range row {
					if strings.ContainsAny(cell.Text, "\x1b\n\r\x00") || len(cell.Text) > 2000 {
						t.Fatalf("%s: %q", name, cell.Text)
					}
				}
			}
		}
	})
}
