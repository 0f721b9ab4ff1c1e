package os_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes"
	"postpatch/probes/host"
	"postpatch/probes/os"
	"postpatch/probes/probetest"
)

// answers are a Server 2022's, as a session hands them over; change may spoil
// one of them.
func answers(probe probes.Probe, change func(i int, a host.Answer) host.Answer) host.Answers {
	recorded := []host.Answer{
		{Rows: []host.Row{{
			"Caption": {Text: "Microsoft Windows Server 2022 Standard"}, "BuildNumber": {Text: "20348"},
			"CSName": {Text: "SQL01"}, "LastBootUpTime": {Text: "2026-11-10T02:00:00.5Z"},
			"LocalDateTime": {Text: "2026-11-10T04:30:00.5Z"},
		}}},
		{Rows: []host.Row{{"UBR": {Text: "4294"}, "InstallationType": {Text: "Server Core"}, "EditionID": {Text: "ServerStandard"}}}},
		{Rows: []host.Row{{"UUID": {Text: "4C4C4544-0039-4A10-8052-B4C04F564433"}}}},
		{Rows: []host.Row{{"Id": {Text: "12"}, "Time": {Text: "2026-11-10T02:00:01.25Z"}}}},
		{Rows: []host.Row{{"Manufacturer": {Text: "VMware, Inc."}, "Model": {Text: "VMware7,1"}}}},
		{Rows: []host.Row{{"UEFISecureBootEnabled": {Text: "1"}}}},
	}
	var all host.Answers
	for i, q := range probe.(probes.Asker).Questions() {
		all.Put(q, change(i, recorded[i]))
	}
	return all
}

func observe(t *testing.T, change func(i int, a host.Answer) host.Answer) ([]string, error) {
	t.Helper()
	probe, err := os.Kind.Build(nil)
	if err != nil {
		t.Fatal(err)
	}
	readings, err := probe.Observe(t.Context(), probes.Target{Answers: answers(probe, change)})
	var got []string
	for _, r := range readings {
		got = append(got, r.Key.Name+"="+r.Value.String())
	}
	slices.Sort(got)
	return got, err
}

func TestKind(t *testing.T) {
	probetest.Run(t, probetest.Suite{Kind: os.Kind, Healthy: func(t *testing.T) probes.Target {
		probe, err := os.Kind.Build(nil)
		if err != nil {
			t.Fatal(err)
		}
		return probes.Target{Answers: answers(probe, unchanged)}
	}})
}

func unchanged(_ int, a host.Answer) host.Answer { return a }

func TestObserve(t *testing.T) {
	got, err := observe(t, unchanged)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"boot_time=2026-11-10T02:00:00Z", "boots=2026-11-10T02:00:01Z for a reason that is not logged",
		"build=20348.4294", "crashes=", "edition=ServerStandard", "install_type=Server Core",
		"machine=4c4c4544-0039-4a10-8052-b4c04f564433", "model=VMware, Inc. VMware7,1", "name=SQL01",
		"product=Microsoft Windows Server 2022 Standard", "secure_boot=on", "unclean_boots=", "uptime=2h30m0s",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("readings (-want +got):\n%s", d)
	}
}

func TestMachineWithoutUUID(t *testing.T) {
	for _, uuid := range []string{"00000000-0000-0000-0000-000000000000", "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF", ""} {
		got, err := observe(t, func(i int, a host.Answer) host.Answer {
			if i == 2 {
				return host.Answer{Rows: []host.Row{{"UUID": {Text: uuid}}}}
			}
			return a
		})
		if err != nil || slices.ContainsFunc(got, func(s string) bool { return s[:3] == "mac" }) {
			t.Errorf("UUID %q: got %v, %v", uuid, got, err)
		}
	}
}

func TestSecureBoot(t *testing.T) {
	for name, tt := range map[string]struct {
		rows []host.Row
		want string
	}{
		"on":                   {[]host.Row{{"UEFISecureBootEnabled": {Text: "1"}}}, "secure_boot=on"},
		"off":                  {[]host.Row{{"UEFISecureBootEnabled": {Text: "0"}}}, "secure_boot=off"},
		"a BIOS without a key": {nil, "secure_boot=unsupported"},
		"a key without a value": {
			[]host.Row{{"UEFISecureBootEnabled": {Null: true}}}, "secure_boot=unsupported",
		},
	} {
		got, err := observe(t, func(i int, a host.Answer) host.Answer {
			if i == 5 {
				return host.Answer{Rows: tt.rows}
			}
			return a
		})
		if err != nil || !slices.Contains(got, tt.want) {
			t.Errorf("%s: got %q, %v; want %q", name, got, err, tt.want)
		}
	}
}

// A build that lacks its revision must not be taken for observed: the readings
// that were made stay as evidence beside the error.
func TestPartAnswers(t *testing.T) {
	for name, change := range map[string]func(i int, a host.Answer) host.Answer{
		"the registry did not answer": func(i int, a host.Answer) host.Answer {
			if i == 1 {
				return host.Answer{Err: errors.New("access denied")}
			}
			return a
		},
		"no revision in the registry": func(i int, a host.Answer) host.Answer {
			if i == 1 {
				return host.Answer{Rows: []host.Row{{"UBR": {Null: true}}}}
			}
			return a
		},
		"a state of Secure Boot that is none": func(i int, a host.Answer) host.Answer {
			if i == 5 {
				return host.Answer{Rows: []host.Row{{"UEFISecureBootEnabled": {Text: "2"}}}}
			}
			return a
		},
		"no row": func(i int, a host.Answer) host.Answer {
			if i == 0 {
				return host.Answer{}
			}
			return a
		},
		"a boot time that is none": func(i int, a host.Answer) host.Answer {
			if i == 0 {
				return host.Answer{Rows: []host.Row{{"LastBootUpTime": {Text: "yesterday"}}}}
			}
			return a
		},
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := observe(t, change); err == nil {
				t.Errorf("no error; readings %v", got)
			}
		})
	}
}
