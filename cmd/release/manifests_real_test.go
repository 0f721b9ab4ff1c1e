//go:build real && linux

package main

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"
)

// TestSnapshotManifests reads what scoop and winget are told: fields that their schemas require,
// and the sums of the very archives.
func TestSnapshotManifests(t *testing.T) {
	s := openSnapshot(t)
	want := map[string]string{}
	for _, arch := range []string{"amd64", "arm64"} {
		name := s.named("postpatch_VERSION_windows_" + arch + ".zip")
		want[name] = fmt.Sprintf("%x", sha256.Sum256(read(t, s.dist(name))))
	}
	var scoop struct {
		Version, Homepage, License string
		Architecture               map[string]struct {
			URL, Hash string
			Bin       []string
		}
	}
	if err := json.Unmarshal(read(t, s.dist("scoop/postpatch.json")), &scoop); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for name, arch := range scoop.Architecture {
		got[filepath.Base(arch.URL)] = arch.Hash
		has(t, "scoop on "+name, arch.Bin, "postpatch.exe")
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("scoop: sums (-want +got):\n%s", diff)
	}
	if scoop.Version != s.version || scoop.Homepage == "" || scoop.License == "" {
		t.Errorf("scoop: %+v", scoop)
	}
	documents, err := filepath.Glob(s.dist("winget/manifests/*/*/*/*/*.yaml"))
	if err != nil || len(documents) != 3 {
		t.Fatalf("winget: %q, %v", documents, err)
	}
	required := map[string][]string{ // of each manifest.*.json of winget's
		"version":       {"DefaultLocale"},
		"installer":     {"Installers"},
		"defaultLocale": {"PackageLocale", "Publisher", "PackageName", "License", "ShortDescription"},
	}
	for _, document := range documents {
		var manifest map[string]any
		if err := yaml.Unmarshal(read(t, document), &manifest); err != nil {
			t.Fatal(err)
		}
		kind := fmt.Sprint(manifest["ManifestType"])
		for _, name := range append(required[kind], "ManifestVersion", "PackageIdentifier") {
			if manifest[name] == nil {
				t.Errorf("%s: no %s", document, name)
			}
		}
		if manifest["PackageVersion"] != s.version {
			t.Errorf("%s: version %v", document, manifest["PackageVersion"])
		}
		delete(required, kind)
		if kind == "installer" {
			wingetInstallers(t, read(t, document), want)
		}
	}
	if len(required) != 0 {
		t.Errorf("winget: nothing of %v", required)
	}
}

func wingetInstallers(t *testing.T, text []byte, want map[string]string) {
	t.Helper()
	var manifest struct {
		InstallerType string `yaml:"InstallerType"`
		Installers    []struct {
			Architecture         string `yaml:"Architecture"`
			NestedInstallerType  string `yaml:"NestedInstallerType"`
			InstallerURL         string `yaml:"InstallerUrl"`
			InstallerSHA256      string `yaml:"InstallerSha256"`
			NestedInstallerFiles []struct {
				RelativeFilePath string `yaml:"RelativeFilePath"`
			} `yaml:"NestedInstallerFiles"`
		} `yaml:"Installers"`
	}
	if err := yaml.Unmarshal(text, &manifest); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, installer := range manifest.Installers {
		got[filepath.Base(installer.InstallerURL)] = strings.ToLower(installer.InstallerSHA256)
		files := installer.NestedInstallerFiles
		if installer.NestedInstallerType != "portable" || len(files) != 1 || files[0].RelativeFilePath != "postpatch.exe" {
			t.Errorf("winget on %s: %+v", installer.Architecture, installer)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" || manifest.InstallerType != "zip" {
		t.Errorf("winget: type %q, sums (-want +got):\n%s", manifest.InstallerType, diff)
	}
}
