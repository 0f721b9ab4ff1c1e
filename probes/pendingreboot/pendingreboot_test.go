package pendingreboot_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes"
	"postpatch/probes/host"
	"postpatch/probes/pendingreboot"
	"postpatch/probes/probetest"
)

func TestKind(t *testing.T) { probetest.RunRecorded(t, pendingreboot.Kind, "everything.json", nil) }

func TestObserve(t *testing.T) {
	for file, want := range map[string][]string{
		"nothing.json": {
			" servicing_pending=false", " servicing_in_progress=false", " servicing_packages=false",
			" windows_update=false", " configmgr_hard=false", " file_renames=", " update_exe=false", " computer_rename=",
			" domain_join=false", " configmgr=false", " servicing_file=false", " server_manager=false",
			" configuring=false", " configuring_what=",
		},
		"everything.json": {
			" servicing_pending=true", " servicing_in_progress=true", " servicing_packages=true",
			" windows_update=true", " configmgr_hard=true",
			` file_renames=delete C:\Windows\Temp\setup.tmp, delete \\fs01\tools\old.exe, ` +
				`rename C:\Program Files\Agent\new.dll to C:\Program Files\Agent\agent.dll`,
			" update_exe=true", " computer_rename=SRV02", " domain_join=true", " configmgr=true",
			" servicing_file=true", " server_manager=true", " configuring=true",
			" configuring_what=servicing is at the work of the reboot, setup has not ended, setup's last part has not ended",
		},
	} {
		t.Run(file, func(t *testing.T) {
			readings, err := probetest.Load(t, pendingreboot.Kind, file, nil).Observe(nil)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want, probetest.Texts(readings)); d != "" {
				t.Errorf("readings (-want +got):\n%s", d)
			}
		})
	}
}

// What cannot be read is no "false": it is named, and the rest is there.
func TestWhatCannotBeReadIsNamed(t *testing.T) {
	readings, err := probetest.Load(t, pendingreboot.Kind, "odd.json", nil).Observe(nil)
	const wrong = "reading servicing_pending, configuring, configuring_what: " +
		"Der angeforderte Registrierungszugriff ist unzulässig.; " +
		"configmgr_hard, configmgr: Anbieterladefehler; update_exe: Flags: want a number, got \"drei\"; " +
		"servicing_file: There: want true or false, got \"vielleicht\""
	if err == nil || err.Error() != wrong {
		t.Errorf("error %v, want %s", err, wrong)
	}
	want := []string{
		" servicing_in_progress=false", " servicing_packages=false", " windows_update=false",
		" file_renames=delete C:\\a'; Remove-Item \"x\"\n$(calc)", " computer_rename=",
		" domain_join=false", " server_manager=false",
	}
	if d := cmp.Diff(want, probetest.Texts(readings)); d != "" {
		t.Errorf("readings (-want +got):\n%s", d)
	}
}

// what answers every question alike.
func what(t *testing.T, args map[string]any, answer host.Answer) ([]string, error) {
	t.Helper()
	probe, err := pendingreboot.Kind.Build(args)
	if err != nil {
		t.Fatal(err)
	}
	var answers host.Answers
	for _, q := range probe.(probes.Asker).Questions() {
		answers.Put(q, answer)
	}
	readings, err := probetest.Observe(t, pendingreboot.Kind, probes.Target{Answers: answers}, args)
	return probetest.Texts(readings), err
}

func TestAHostThatAnswersNothing(t *testing.T) {
	refused := errors.New("no PowerShell")
	got, err := what(t, nil, host.Answer{Err: refused})
	if len(got) != 0 || !errors.Is(err, refused) || strings.Count(err.Error(), refused.Error()) != 1 {
		t.Errorf("got %v, %v; want one error that names the cause once", got, err)
	}
	// Every Windows has its names and its Session Manager, whatever else it lacks.
	if got, err := what(t, nil, host.Answer{}); err == nil || len(got) != 9 {
		t.Errorf("no keys at all: got %v, %v", got, err)
	}
	if got, err := what(t, nil, host.Answer{Rows: []host.Row{{}, {}}}); err == nil {
		t.Errorf("two rows for a key: got %v", got)
	}
}

func TestExcept(t *testing.T) {
	except := []string{
		"computer_rename", "server_manager", "file_renames", "configmgr", "configmgr_hard", "servicing_file",
	}
	got, err := what(t, map[string]any{"except": except}, host.Answer{})
	want := []string{
		" servicing_pending=false", " servicing_in_progress=false", " servicing_packages=false",
		" windows_update=false", " update_exe=false", " domain_join=false", " configuring=false", " configuring_what=",
	}
	if d := cmp.Diff(want, got); d != "" || err != nil {
		t.Errorf("readings (-want +got), %v:\n%s", err, d)
	}
	every := []string{}
	for _, r := range pendingreboot.Kind.Readings {
		every = append(every, r.Name)
	}
	for _, bad := range [][]string{{"cbs"}, every, {"update_exe", "update_exe"}} {
		var field *probes.FieldError
		if _, err := pendingreboot.Kind.Build(map[string]any{"except": bad}); !errors.As(err, &field) {
			t.Errorf("except %v: got %v, want a FieldError", bad, err)
		}
	}
}

// A value that has grown for years must not make the reading too large to keep,
// and the same files are listed whatever their order.
func TestManyRenamesAreCutOff(t *testing.T) {
	list := func(from, step int) []string {
		var all []string
		for i := range 10_000 {
			all = append(all, fmt.Sprintf(`\??\C:\Windows\Temp\%05d.tmp`, from+step*i), "")
		}
		return all
	}
	read := func(list []string) string {
		t.Helper()
		keys := map[string]any{"except": []string{"configmgr", "configmgr_hard", "servicing_file"}}
		got, err := what(t, keys, host.Answer{Rows: []host.Row{{
			"PendingFileRenameOperations": {List: list}, "PendingFileRenameOperations2": {Null: true},
			"ComputerName": {Text: "SRV01"},
		}}})
		if err == nil {
			for _, text := range got {
				if strings.HasPrefix(text, " file_renames=") {
					return text
				}
			}
		}
		t.Fatalf("got %.200v, %v", got, err)
		return ""
	}
	up, down := read(list(0, 1)), read(list(9_999, -1))
	if len(up) > 64<<10 || up != down || !strings.Contains(up, " more") || !strings.Contains(up, "00000.tmp") {
		t.Errorf("%d bytes, the same in another order: %v: %.200s", len(up), up == down, up)
	}
}

// What the client of Configuration Manager says counts, and what it does not say
// is no "no".
func TestConfigurationManager(t *testing.T) {
	except := []string{}
	for _, r := range pendingreboot.Kind.Readings {
		if !strings.HasPrefix(r.Name, "configmgr") {
			except = append(except, r.Name)
		}
	}
	row := func(there, result, pending, hard string) []host.Row {
		return []host.Row{{
			"Part": {Text: "configmgr"}, "There": {Text: there}, "ReturnValue": {Text: result},
			"RebootPending": {Text: pending}, "IsHardRebootPending": {Text: hard},
		}}
	}
	for name, tt := range map[string]struct {
		rows    []host.Row
		want    []string
		wantErr string
	}{
		"no client":     {row("false", "", "", ""), []string{" configmgr_hard=false", " configmgr=false"}, ""},
		"nothing waits": {row("true", "0", "false", "false"), []string{" configmgr_hard=false", " configmgr=false"}, ""},
		"one can be put off": {
			row("True", "0", "True", "False"), []string{" configmgr_hard=false", " configmgr=true"}, "",
		},
		"one cannot":   {row("true", "0", "true", "true"), []string{" configmgr_hard=true", " configmgr=true"}, ""},
		"it failed":    {row("true", "2147500037", "false", "false"), nil, `ReturnValue "2147500037"`},
		"half a word":  {row("true", "0", "true", ""), []string{" configmgr=true"}, "configmgr_hard: IsHardRebootPending"},
		"nothing said": {nil, nil, "the host told nothing of it"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := what(t, map[string]any{"except": except}, host.Answer{Rows: tt.rows})
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("readings (-want +got):\n%s", d)
			}
			if tt.wantErr == "" && err != nil || tt.wantErr != "" && (err == nil || !strings.Contains(err.Error(), tt.wantErr)) {
				t.Errorf("error %v, want %q in it", err, tt.wantErr)
			}
		})
	}
}

// What waits for a reboot is not being configured: a host says of itself that it is at
// it, or has work and does not wait.
func TestConfiguring(t *testing.T) {
	const pending, inProgress, packages = "RebootPending", "RebootInProgress", "PackagesPending"
	const session, setup = "Exclusive", "Setup"
	for name, tt := range map[string]struct {
		there []string
		want  string
	}{
		"nothing":                          {nil, ""},
		"a reboot is to come":              {[]string{pending, packages, session}, ""},
		"a session of no reboot":           {[]string{session}, "a servicing session has not ended"},
		"packages after the reboot":        {[]string{packages}, "packages are being installed or removed"},
		"the work of the reboot":           {[]string{inProgress}, "servicing is at the work of the reboot"},
		"the work, and another is to come": {[]string{inProgress, pending, packages}, "servicing is at the work of the reboot"},
		"setup":                            {[]string{setup}, "setup has not ended"},
	} {
		t.Run(name, func(t *testing.T) {
			probe, err := pendingreboot.Kind.Build(nil)
			if err != nil {
				t.Fatal(err)
			}
			var answers host.Answers
			for _, q := range probe.(probes.Asker).Questions() {
				var a host.Answer
				for _, key := range tt.there {
					switch text := q.String(); {
					case strings.Contains(text, "Servicing") && strings.Contains(text, key):
						a.Rows = []host.Row{{"Exclusive": {Text: "1"}}}
					case key == setup && strings.Contains(text, "OOBEInProgress"):
						a.Rows = []host.Row{{"SystemSetupInProgress": {Text: "1"}, "OOBEInProgress": {Text: "0"}}}
					}
				}
				answers.Put(q, a)
			}
			readings, _ := probe.Observe(t.Context(), probes.Target{Answers: answers}) // of the others, which lack their keys
			got := map[string]string{}
			for _, r := range readings {
				got[r.Key.Name] = r.Value.String()
			}
			if got["configuring_what"] != tt.want || got["configuring"] != fmt.Sprint(tt.want != "") {
				t.Errorf("configuring %s: %q, want %q", got["configuring"], got["configuring_what"], tt.want)
			}
		})
	}
}
