package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// layer says what the packages whose path matches may import of ours.
type layer struct{ packages, mayUse string }

// layers are the arrows of the design, most particular first: a package belongs
// to the first layer that matches it. What matches none has no place in the house.
func layers() []layer {
	const views = `runner/report/\w+`
	return []layer{
		{`probes/fact`, ``},
		{`probes/host`, ``},
		{`probes/host/ldapframe`, ``}, // what an inventory and a kind share
		{`probes/host/rpcname`, ``},   // and a kind and the lab
		{`probes/host/packed`, `probes/host`},
		{`probes/host/winrm/auth`, `probes/host|probes/internal/kdc`},
		{`probes/host/winrm/markup`, ``},
		{`probes/host/winrm/psrp`, `probes/host|probes/host/winrm/markup`},
		{`probes/host/snapin`, `probes/host|probes/host/winrm/(psrp|markup)`},
		{`probes/host/winrm`, `probes/host|probes/host/(packed|snapin)|probes/host/winrm/(auth|psrp|markup)`},
		{`probes/host/winrm/winrmtest`, `probes/host|probes/host/packed`},
		{`probes/host/ssh/linux`, `probes/host|probes/host/winrm/markup`},
		{`probes/host/ssh`, `probes/host|probes/host/packed|probes/host/ssh/linux|probes/host/winrm/(markup|psrp)`},
		{`probes/host/local`, `probes/host|probes/host/(packed|snapin)|probes/host/winrm/psrp`},
		{`probes`, `probes/fact|probes/host`},
		{`probes/internal/kdc`, `probes/host`}, // what a session and kinds share
		{`probes/internal/\w+`, `probes|probes/fact|probes/host|probes/internal/\w+`},
		{`probes/probetest`, `probes|probes/fact|probes/host`},
		{`probes/lab(/\w+)?`, `probes|probes/fact|probes/host(/packed|/rpcname)?|probes/lab(/\w+)?`},
		{`probes/all`, `probes(/\w+)?`},
		{`probes/\w+`, `probes|probes/fact|probes/host(/ldapframe|/rpcname)?|probes/internal/\w+`}, // the kinds
		{`baseline`, `probes/fact`},
		{`baseline/bucket`, `baseline`},
		{`baseline/signing`, ``},
		{`suites/expect`, `probes/fact`},
		{`suites/layout`, ``},
		{`suites/assert`, `probes/fact|suites/expect`},
		{`suites/draft`, `probes/fact|baseline`},
		{`suites/inventory`, ``},
		{`suites/inventory/directory/directorytest`, ``},
		{`suites/inventory/directory`, `suites/inventory|probes/host(/ldapframe)?`},
		{`suites/(schema|reference)`, `probes|probes/fact`},
		{`suites`, `probes|probes/fact|probes/host|baseline|suites/expect|suites/assert|suites/inventory`},
		{`runner/report`, `probes/fact|baseline`},
		{`runner/report/fold`, `runner/report`},
		{views, `runner/report|runner/report/fold`},
		{`runner`, `probes|probes/fact|probes/host|suites|suites/expect|suites/assert|baseline|runner/report`},
		{`runner/runnertest`, `probes|probes/fact|probes/probetest|suites|baseline|runner|runner/report`},
		{`examples`, ``},
		{`cmd/postpatch/realtest(/wine)?`, ``},
		{`cmd/postpatch/realtest/winetest`, `cmd/postpatch/realtest/wine`},
		{`cmd/release`, ``}, // it runs the program, and knows nothing of it
		{`cmd/postpatch/fleetbench`, `probes|probes/host|probes/host/packed|probes/lab/swarm|runner/report`},
		{`cmd/postpatch`, `.*`},
	}
}

// wrongImport says what is wrong when a package imports another, both without
// the module's name in front; "" for nothing.
func wrongImport(pkg, imported string) string {
	for _, layer := range layers() {
		if !whole(layer.packages, pkg) {
			continue
		}
		if whole(layer.mayUse, imported) {
			return ""
		}
		return pkg + " must not import " + imported
	}
	return pkg + " belongs to no layer: give it one in layers"
}

func whole(pattern, text string) bool {
	return regexp.MustCompile(`^(?:` + pattern + `)$`).MatchString(text)
}

// TestLayers holds the arrows of the design. What tests import is free.
func TestLayers(t *testing.T) {
	const module = "postpatch/"
	var stderr bytes.Buffer
	list := exec.CommandContext(t.Context(), "go", "list", "-e", "-json=ImportPath,Imports", module+"...")
	list.Stderr = &stderr
	out, err := list.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, &stderr)
	}
	seen := 0
	for packages := json.NewDecoder(bytes.NewReader(out)); ; seen++ {
		var listed struct {
			ImportPath string
			Imports    []string
		}
		err := packages.Decode(&listed)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		pkg := strings.TrimPrefix(listed.ImportPath, module)
		for _, imported := range listed.Imports {
			if ours, isOurs := strings.CutPrefix(imported, module); isOurs {
				if wrong := wrongImport(pkg, ours); wrong != "" {
					t.Error(wrong)
				}
			}
		}
	}
	if seen < 10 {
		t.Errorf("go list named only %d packages", seen)
	}
}

func TestLayersBite(t *testing.T) {
	for pair, allowed := range map[[2]string]bool{
		{"probes/fact", "probes/host"}:                  false,
		{"probes", "probes/fact"}:                       true,
		{"probes/dns", "probes/internal/reach"}:         true,
		{"probes/dns", "probes/http"}:                   false,
		{"probes/dns", "suites"}:                        false,
		{"baseline", "probes"}:                          false,
		{"suites", "probes/all"}:                        false,
		{"runner", "probes/host/winrm"}:                 false,
		{"runner/report", "runner"}:                     false,
		{"runner/report/junit", "baseline"}:             false,
		{"runner/report/text", "runner/report/fold"}:    true,
		{"runner/report/fold", "runner/report/text"}:    false,
		{"probes/lab/web", "probes/lab/estate"}:         true,
		{"probes/lab", "probes/host/winrm"}:             false,
		{"probes/host/winrm", "probes"}:                 false,
		{"cmd/postpatch", "probes/all"}:                 true,
		{"cmd/release", "probes"}:                       false,
		{"somewhere/new", "probes/fact"}:                false,
		{"probes/all", "probes/dns"}:                    true,
		{"probes/dnsx/deep", "probes"}:                  false,
		{"suites/expect", "baseline"}:                   false,
		{"probes/host/packed", "probes/host"}:           true,
		{"probes/host/winrm", "probes/host/winrm/auth"}: true,
		{"probes/lab/wsman", "probes/host/winrm/auth"}:  false,
		{"probes/lab/wsman", "probes/lab/sub/deeps"}:    false,
	} {
		if got := wrongImport(pair[0], pair[1]); (got == "") != allowed {
			t.Errorf("%s -> %s: got %q, want allowed=%t", pair[0], pair[1], got, allowed)
		}
	}
}
