//go:build real

package junit_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"postpatch/runner/report"
	"postpatch/runner/report/junit"
)

// unnamed is a run that has nothing to say of itself.
func unnamed(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	h := junit.New(&b, junit.Options{})
	if err := errors.Join(h.Start(report.Run{}), h.Host(report.Host{}), h.Finish(report.Summary{})); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestSchema asks xmllint whether what we write is what Jenkins' schema says.
func TestSchema(t *testing.T) {
	mixed, err := os.ReadFile(filepath.Join("testdata", "mixed.xml"))
	if err != nil {
		t.Fatal(err)
	}
	var all []report.Host
	for _, o := range report.Outcomes() {
		h := hostile("\x01\x1b[31m]]>\xff\ufffe<&\"'\r\n\t日本", o)
		all = append(all, h, report.Host{Host: "a", Unreachable: "no", Checks: h.Checks}, report.Host{Host: "b"})
	}
	for name, data := range map[string][]byte{
		"a night": mixed, "hostile texts": written(t, all...), "no host": written(t), "no name": unnamed(t),
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "out.xml")
			if err := os.WriteFile(file, data, 0o600); err != nil {
				t.Fatal(err)
			}
			schema := filepath.Join("testdata", "jenkins-junit.xsd")
			cmd := exec.CommandContext(t.Context(), "xmllint", "--noout", "--nonet", "--schema", schema, file)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("xmllint (of Debian's libxml2-utils): %v\n%s", err, out)
			}
		})
	}
}
