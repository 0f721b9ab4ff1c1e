package winrm

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const shownConfig = `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Header/><s:Body>` +
	`<cfg:Config xmlns:cfg="http://schemas.microsoft.com/wbem/wsman/1/config" xml:lang="en-US">` + "\n " +
	`<cfg:MaxEnvelopeSizekb>500</cfg:MaxEnvelopeSizekb><cfg:Service><cfg:Auth><cfg:Basic>false</cfg:Basic></cfg:Auth>` +
	`<cfg:MaxConnections>3</cfg:MaxConnections><cfg:IPv6Filter/></cfg:Service><cfg:Winrs>` +
	`<cfg:AllowRemoteShellAccess>false</cfg:AllowRemoteShellAccess></cfg:Winrs></cfg:Config></s:Body></s:Envelope>`

func TestReadConfig(t *testing.T) {
	got, err := readConfig(shownConfig)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"MaxEnvelopeSizekb": "500", "Service/Auth/Basic": "false", "Service/MaxConnections": "3",
		"Winrs/AllowRemoteShellAccess": "false",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	step := judgeConfig(got)
	if step.State != Note || step.Saw != "500 kB an envelope, 3 connections" ||
		step.Cause != "MaxConnections is 3, 300 is usual; AllowRemoteShellAccess is false, so PowerShell cannot be asked" ||
		step.Cure != `winrm set winrm/config/service @{MaxConnections="300"}; `+
			`winrm set winrm/config/winrs @{AllowRemoteShellAccess="true"}` {
		t.Errorf("judged %+v", step)
	}
	step = judgeConfig(map[string]string{
		"Winrs/MaxShellsPerUser": "0", "Winrs/MaxProcessesPerShell": "0", "Winrs/MaxMemoryPerShellMB": "0",
	})
	if step.State != OK || step.Saw != "any number of shells, any number of processes a shell, any number of MB a shell" {
		t.Errorf("limits of 0: %+v", step)
	}
	step = judgeConfig(map[string]string{"Winrs/MaxConcurrentUsers": "0", "Service/MaxConnections": "0"})
	if step.State != Note || !strings.Contains(step.Cause, "MaxConnections is 0, 300 is usual; MaxConcurrentUsers is 0") {
		t.Errorf("0 where it means none: %+v", step)
	}
	if step := judgeConfig(map[string]string{"MaxTimeoutms": "-1"}); step.State != OK || step.Saw == "" {
		t.Errorf("nothing to judge: %+v", step)
	}
}

func TestReadConfigRefuses(t *testing.T) {
	body := func(text string) string {
		return `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>` + text + `</s:Body></s:Envelope>`
	}
	for name, text := range map[string]string{
		"no XML":       "hello",
		"no body":      `<Envelope><Header/></Envelope>`,
		"another body": body("<EnumerateResponse/>"),
		"empty":        body("<Config/>"),
		"cut off":      shownConfig[:300],
		"deep":         body("<Config>" + strings.Repeat("<a>", 100)),
		"many":         body("<Config>" + manySettings(maxSettings+1) + "</Config>"),
	} {
		if got, err := readConfig(text); err == nil {
			t.Errorf("%s: read %v", name, got)
		}
	}
}

func manySettings(n int) string {
	var b strings.Builder
	for i := range n {
		name := "s" + strings.Repeat("x", i)
		b.WriteString("<" + name + ">1</" + name + ">")
	}
	return b.String()
}

func TestReadIdentityRefuses(t *testing.T) {
	for _, text := range []string{
		"", "<html/>", strings.ReplaceAll(identified, "IdentifyResponse", "Other"), identified[:200],
		`<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body/></s:Envelope>`,
	} {
		if got, err := readWho(text); err == nil {
			t.Errorf("%q: read %v", text, got)
		}
	}
	if got := (whoever{version: "1.9.1"}).String(); got != "WS-Management, 1.9.1" {
		t.Errorf("without a vendor: %q", got)
	}
}

func TestReadLanguage(t *testing.T) {
	for text, want := range map[string][2]string{
		"FullLanguage 5.1.20348.4294\r\n": {"FullLanguage", "5.1.20348.4294"},
		"motd\nConstrainedLanguage 5.1\n": {"ConstrainedLanguage", "5.1"},
		"FullLanguage \r\n":               {}, // PowerShell 1
		"NoLanguage":                      {},
		"":                                {},
		"FullLanguage 5.1; <b>":           {},
		strings.Repeat("x", 5000) + "\nFullLanguage 5\n": {},
	} {
		mode, version, ok := readLanguage([]byte(text))
		if mode != want[0] || version != want[1] || ok != (want[0] != "") {
			t.Errorf("%.40q: %q, %q, %t", text, mode, version, ok)
		}
	}
}

func FuzzExamined(f *testing.F) {
	f.Add(shownConfig)
	f.Add(identified)
	f.Add("FullLanguage 5.1.20348.4294\r\n")
	f.Add(strings.ReplaceAll(shownConfig, "500", "99999999999999999999"))
	f.Add(`<Envelope><Body><Config><a>&#x1b;[31m</a></Config></Body></Envelope>`)
	f.Fuzz(func(t *testing.T, text string) {
		if config, err := readConfig(text); err == nil {
			step := judgeConfig(config)
			if step.Saw == "" || len(config) > maxSettings || step.Saw != clean(step.Saw) && len(step.Saw) < 400 {
				t.Errorf("%d settings, %q", len(config), step.Saw)
			}
		}
		if who, err := readWho(text); err == nil && who.vendor != clean(who.vendor) {
			t.Errorf("%q", who)
		}
		if _, version, ok := readLanguage([]byte(text)); ok && strings.Trim(version, "0123456789.") != "" {
			t.Errorf("version %q", version)
		}
	})
}
