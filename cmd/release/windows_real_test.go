//go:build real && linux

package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/xml"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tc-hib/winres"
)

// exe takes the program out of a zip.
func (s snapshot) exe(t *testing.T, arch string) []byte {
	t.Helper()
	files := unzip(t, s.dist("postpatch_VERSION_windows_"+arch+".zip"))
	has(t, "the zip of "+arch, keys(files), "postpatch.exe", "LICENSE", "NOTICE", "README.md", "completions/postpatch.ps1")
	return files["postpatch.exe"]
}

// verified asks osslsigncode whether a file is signed by somebody whom a root vouches for.
func verified(t *testing.T, file, roots string) error {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "osslsigncode", "verify", "-CAfile", roots, "-in", file).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	return nil
}

// TestSnapshotIsSigned has another program verify what was signed, and refuse what was changed
// and what somebody else vouches for.
func TestSnapshotIsSigned(t *testing.T) {
	s := openSnapshot(t)
	roots, others := filepath.Join(s.out, "certificates", "ca.pem"), t.TempDir()
	says(t, "sh", "throwaway.sh", others)
	for _, arch := range []string{"amd64", "arm64"} {
		path := filepath.Join(t.TempDir(), "postpatch.exe")
		exe := s.exe(t, arch)
		msi := s.packages("postpatch_VERSION_windows_" + arch + ".msi")
		if err := os.WriteFile(path, exe, 0o755); err != nil {
			t.Fatal(err)
		}
		for _, file := range []string{path, msi} {
			if err := verified(t, file, roots); err != nil {
				t.Errorf("%s: %v", file, err)
			}
			if verified(t, file, filepath.Join(others, "ca.pem")) == nil {
				t.Errorf("%s: verified with a root that knows nothing of it", file)
			}
		}
		exe[len(exe)/2] ^= 1
		if err := os.WriteFile(path, exe, 0o755); err != nil {
			t.Fatal(err)
		}
		if verified(t, path, roots) == nil {
			t.Errorf("%s: changed, and verified all the same", arch)
		}
	}
}

// TestSnapshotHasOneExe finds the very bytes that were signed in every package of Windows.
func TestSnapshotHasOneExe(t *testing.T) {
	s := openSnapshot(t)
	for _, arch := range []string{"amd64", "arm64"} {
		want := sha256.Sum256(s.exe(t, arch))
		extracted := t.TempDir()
		msi := s.packages("postpatch_VERSION_windows_" + arch + ".msi")
		says(t, "msiextract", "-C", extracted, msi)
		programs, err := filepath.Glob(filepath.Join(extracted, "postpatch", "postpatch.exe"))
		if err != nil || len(programs) == 0 { // others than Debian's msiextract keep the folder above
			programs, err = filepath.Glob(filepath.Join(extracted, "*", "postpatch", "postpatch.exe"))
		}
		if err != nil || len(programs) != 1 {
			t.Fatalf("programs in the MSI of %s: %q, %v", arch, programs, err)
		}
		if sha256.Sum256(read(t, programs[0])) != want {
			t.Errorf("the MSI of %s has another program", arch)
		}
		machine := map[string]string{"amd64": "x64", "arm64": "Arm64"}[arch]
		if info := says(t, "msiinfo", "suminfo", msi); !strings.Contains(info, "Template: "+machine+";1033\n") {
			t.Errorf("the MSI of %s is for\n%s", arch, info)
		}
		environment := says(t, "msiinfo", "export", msi, "Environment")
		if !strings.Contains(environment, "Path\t=-*PATH\t[~];[INSTALLDIR]\tProgram") {
			t.Errorf("the MSI of %s leaves PATH alone:\n%s", arch, environment)
		}
	}
	files := unzip(t, s.packages("postpatch.VERSION.nupkg"))
	if sha256.Sum256(files["tools/postpatch.exe"]) != sha256.Sum256(s.exe(t, "amd64")) {
		t.Error("the package for Chocolatey has another program")
	}
	sum := fmt.Sprintf("%x", sha256.Sum256(files["tools/postpatch.exe"]))
	if !strings.Contains(string(files["tools/VERIFICATION.txt"]), sum) {
		t.Errorf("VERIFICATION.txt does not tell its sum:\n%s", files["tools/VERIFICATION.txt"])
	}
	has(t, "the package for Chocolatey", keys(files),
		"tools/LICENSE.txt", "tools/NOTICE.txt", "_rels/.rels", "[Content_Types].xml")
	var spec struct {
		Metadata struct {
			ID          string `xml:"id"`
			Version     string `xml:"version"`
			Authors     string `xml:"authors"`
			Description string `xml:"description"`
		} `xml:"metadata"`
	}
	if err := xml.Unmarshal(files["postpatch.nuspec"], &spec); err != nil {
		t.Fatal(err)
	}
	// What nuspec.xsd requires.
	if m := spec.Metadata; m.ID != "postpatch" || m.Version != s.version || m.Authors == "" || m.Description == "" {
		t.Errorf("nuspec: %+v", m)
	}
}

// TestSnapshotHasResources reads back what Windows would show of the file.
func TestSnapshotHasResources(t *testing.T) {
	s := openSnapshot(t)
	for _, arch := range []string{"amd64", "arm64"} {
		resources, err := winres.LoadFromEXE(bytes.NewReader(s.exe(t, arch)))
		if err != nil {
			t.Fatal(err)
		}
		found := map[winres.ID]int{}
		resources.Walk(func(kind, _ winres.Identifier, _ uint16, data []byte) bool {
			if id, isID := kind.(winres.ID); isID {
				found[id]++
				if id == winres.RT_MANIFEST && !bytes.Equal(data, manifest) {
					t.Errorf("%s: another manifest: %s", arch, data)
				}
			}
			return true
		})
		if found[winres.RT_MANIFEST] != 1 || found[winres.RT_VERSION] != 1 || found[winres.RT_GROUP_ICON] != 1 {
			t.Errorf("%s: %v", arch, found)
		}
	}
}

// TestSnapshotInstalls has Wine's installer take the MSI and remove it again. Wine is no
// Windows: that Windows takes it, too, nobody has seen here. The program itself is not run:
// Debian's Wine lacks a library that every program of Go's asks for.
func TestSnapshotInstalls(t *testing.T) {
	s := openSnapshot(t)
	if _, err := exec.LookPath("wine"); err != nil {
		if _, ci := os.LookupEnv("CI"); ci {
			t.Fatal(err)
		}
		t.Skip("no Wine here")
	}
	home := t.TempDir()
	environment := append(os.Environ(),
		"HOME="+home, "WINEPREFIX="+filepath.Join(home, "wine"), "WINEDEBUG=-all", "DISPLAY=")
	wine := func(args ...string) string {
		said, err := os.Create(filepath.Join(home, "said")) // a pipe would be held by what goes on in the background
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = said.Close() }() // it is read by its name
		cmd := exec.CommandContext(t.Context(), "wine", args...)
		cmd.Env, cmd.Stdout, cmd.Stderr = environment, said, said
		if err := cmd.Run(); err != nil {
			t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, read(t, said.Name()))
		}
		return string(read(t, said.Name()))
	}
	t.Cleanup(func() { // the servers of this folder, and no others
		end := exec.Command("wineserver", "--kill", "--wait") //nolint:noctx // the test's context is done by now
		end.Env = environment
		_ = end.Run() // it fails where none is left
	})
	msi := s.packages("postpatch_VERSION_windows_amd64.msi")
	wine("wineboot", "--init")
	wine("msiexec", "/i", msi, "/qn")
	installed := filepath.Join(home, "wine", "drive_c", "Program Files", "postpatch", "postpatch.exe")
	if sha256.Sum256(read(t, installed)) != sha256.Sum256(s.exe(t, "amd64")) {
		t.Error("another program was installed")
	}
	if path := wine("cmd", "/c", "echo %PATH%"); !strings.Contains(path, `C:\Program Files\postpatch`) {
		t.Errorf("its folder is not in PATH: %s", path)
	}
	wine("msiexec", "/x", msi, "/qn")
	if _, err := os.Stat(installed); !os.IsNotExist(err) {
		t.Errorf("removed, and still there: %v", err)
	}
	if path := wine("cmd", "/c", "echo %PATH%"); strings.Contains(path, "postpatch") {
		t.Errorf("removed, and its folder is still in PATH: %s", path)
	}
}
