package junit_test

import (
	"strings"
	"testing"

	"postpatch/runner/report"
	"postpatch/runner/report/junit"
)

// Whether a host has rebooted is a property of it, and where nobody asks there is none.
func TestRebootIsAProperty(t *testing.T) {
	for words, want := range map[string]string{
		"rebooted twice: \x1b[2J<a>": `<property name="reboot" value="rebooted twice: `, "": "",
	} {
		var b strings.Builder
		h := junit.New(&b, junit.Options{})
		reboot := report.Reboot{State: report.Rebooted, Words: words}
		for _, err := range []error{
			h.Start(report.Run{Command: "verify", Name: "n"}), h.Host(report.Host{Host: "h", Reboot: reboot}),
			h.Finish(report.Summary{}),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
		text := b.String()
		if !strings.Contains(text, want) || strings.Contains(text, `name="reboot"`) != (want != "") ||
			strings.ContainsAny(text, "\x1b") || strings.Contains(text, "<a>") {
			t.Errorf("%q: %s", words, text)
		}
	}
}
