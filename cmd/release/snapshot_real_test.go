//go:build real && linux

package main

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// snapshot is what snapshot.sh has left in out/: these tests take its packages apart with
// the tools of those who will install them.
type snapshot struct {
	out, version string
}

func openSnapshot(t *testing.T) snapshot {
	t.Helper()
	out, err := filepath.Abs("../../out")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(out, "dist", "metadata.json"))
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("no snapshot to look at: %v", err)
		}
		t.Skipf("no snapshot to look at; task release:snapshot makes one: %v", err)
	}
	var metadata struct{ Version string }
	if err := json.Unmarshal(text, &metadata); err != nil || metadata.Version == "" {
		t.Fatalf("%v in %s", err, text)
	}
	return snapshot{out: out, version: metadata.Version}
}

func (s snapshot) dist(name string) string { return filepath.Join(s.out, "dist", s.named(name)) }

func (s snapshot) packages(name string) string {
	return filepath.Join(s.out, "packages", s.named(name))
}

// named puts the version where the name has VERSION.
func (s snapshot) named(name string) string { return strings.ReplaceAll(name, "VERSION", s.version) }

// says runs a program that has to succeed and returns all that it wrote.
func says(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// runs has the packed program tell its version.
func (s snapshot) runs(t *testing.T, program string) {
	t.Helper()
	want := "postpatch " + s.version + " (go1."
	for _, args := range []string{"version", "--version"} {
		if got := says(t, program, args); !strings.HasPrefix(got, want) {
			t.Errorf("%s %s says %q, want %q…", filepath.Base(program), args, got, want)
		}
	}
}

// unzip reads an archive whole.
func unzip(t *testing.T, path string) map[string][]byte {
	t.Helper()
	archive, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = archive.Close() }() // it was only read
	files := map[string][]byte{}
	for _, entry := range archive.File {
		text, err := content(entry)
		if err != nil {
			t.Fatalf("%s in %s: %v", entry.Name, path, err)
		}
		files[entry.Name] = text
	}
	return files
}

// has tells which files are missing.
func has(t *testing.T, what string, names []string, want ...string) {
	t.Helper()
	for _, name := range want {
		if !slices.Contains(names, name) {
			t.Errorf("%s has no %s, but %q", what, name, names)
		}
	}
}

func keys(files map[string][]byte) (names []string) {
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestSnapshotIsSummed has sha256sum check every file that is handed out.
func TestSnapshotIsSummed(t *testing.T) {
	s := openSnapshot(t)
	folder, sums := t.TempDir(), s.dist("postpatch_VERSION_SHA256SUMS")
	var summed []string
	for line := range strings.Lines(string(read(t, sums))) {
		_, name, _ := strings.Cut(strings.TrimSpace(line), "  ")
		summed = append(summed, name)
		for _, from := range []string{"dist", "packages"} {
			path := filepath.Join(s.out, from, name)
			if _, err := os.Stat(path); err == nil {
				if err := os.Symlink(path, filepath.Join(folder, name)); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	check := exec.CommandContext(t.Context(), "sha256sum", "--check", "--strict", sums)
	check.Dir = folder
	if out, err := check.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	has(t, "the list of sums", summed,
		s.named("postpatch_VERSION_windows_amd64.zip"), s.named("postpatch_VERSION_windows_arm64.zip"),
		s.named("postpatch_VERSION_windows_amd64.msi"), s.named("postpatch_VERSION_windows_arm64.msi"),
		s.named("postpatch.VERSION.nupkg"), s.named("postpatch_VERSION_linux_amd64.tar.gz"),
		s.named("postpatch_VERSION_windows_amd64.cdx.json"), s.named("postpatch_VERSION_linux_amd64.cdx.json"))
	for _, suffix := range []string{"_amd64.deb", ".x86_64.rpm"} {
		if !slices.ContainsFunc(summed, func(name string) bool { return strings.HasSuffix(name, suffix) }) {
			t.Errorf("no sum of a *%s: %q", suffix, summed)
		}
	}
}

// TestSnapshotListsItsParts compares each SBOM with what the linker wrote into the program.
func TestSnapshotListsItsParts(t *testing.T) {
	s := openSnapshot(t)
	for target, program := range map[string]string{
		"linux_amd64":   "unix_linux_amd64_v1/postpatch",
		"windows_amd64": "windows_windows_amd64_v1/postpatch.exe",
	} {
		var parts struct {
			BOMFormat  string
			Components []struct{ PURL string }
		}
		if err := json.Unmarshal(read(t, s.dist("postpatch_VERSION_"+target+".cdx.json")), &parts); err != nil {
			t.Fatal(err)
		}
		if parts.BOMFormat != "CycloneDX" {
			t.Errorf("%s: an SBOM of format %q", target, parts.BOMFormat)
		}
		var listed []string
		for _, part := range parts.Components {
			name, _, _ := strings.Cut(part.PURL, "?")
			listed = append(listed, name)
		}
		modules := 0
		notice := string(read(t, filepath.Join(s.out, "prepared", "NOTICE")))
		for line := range strings.Lines(says(t, "go", "version", "-m", s.dist(program))) {
			fields := strings.Fields(line)
			if len(fields) < 3 || fields[0] != "dep" {
				continue
			}
			modules++
			has(t, "the SBOM of "+target, listed, fmt.Sprintf("pkg:golang/%s@%s", fields[1], fields[2]))
			if !strings.Contains(notice, "\n"+fields[1]+" "+fields[2]+"\n") {
				t.Errorf("NOTICE has no licence of %s %s", fields[1], fields[2])
			}
		}
		if modules < 50 {
			t.Errorf("%s: go version names %d modules", target, modules)
		}
	}
}

// TestSnapshotForLinux installs the deb and the rpm with dpkg and rpm into folders of their
// own, runs what came, and takes it away again.
func TestSnapshotForLinux(t *testing.T) {
	s := openSnapshot(t)
	for name, test := range map[string]struct {
		pattern, completions string
		install, remove      func(root, file string) []string
	}{
		"deb": {
			"*_amd64.deb", "usr/share/zsh/vendor-completions/_postpatch",
			func(root, file string) []string {
				return []string{"dpkg", "--root=" + root, "--force-depends", "-i", file}
			},
			func(root, _ string) []string { return []string{"dpkg", "--root=" + root, "--purge", "postpatch"} },
		},
		"rpm": {
			"*.x86_64.rpm", "usr/share/zsh/site-functions/_postpatch",
			func(root, file string) []string {
				return []string{"rpm", "--root", root, "--force-debian", "--nodeps", "-i", file}
			},
			func(root, _ string) []string {
				return []string{"rpm", "--root", root, "--force-debian", "-e", "postpatch"}
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			files, err := filepath.Glob(s.dist(test.pattern))
			if err != nil || len(files) != 1 {
				t.Fatalf("%q, %v", files, err)
			}
			root := t.TempDir()
			for _, folder := range []string{"info", "updates"} {
				if err := os.MkdirAll(filepath.Join(root, "var/lib/dpkg", folder), 0o755); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.WriteFile(filepath.Join(root, "var/lib/dpkg/status"), nil, 0o644); err != nil {
				t.Fatal(err)
			}
			install := test.install(root, files[0])
			says(t, install[0], install[1:]...)
			program := filepath.Join(root, "usr/bin/postpatch")
			s.runs(t, program)
			for _, path := range []string{
				test.completions, "usr/share/bash-completion/completions/postpatch",
				"usr/share/fish/vendor_completions.d/postpatch.fish", "usr/share/doc/postpatch/NOTICE",
				"usr/share/man/man1/postpatch.1.gz", "usr/share/man/man1/postpatch-verify.1.gz",
			} {
				if info, err := os.Stat(filepath.Join(root, path)); err != nil || info.Size() == 0 {
					t.Errorf("%s: %v", path, err)
				}
			}
			says(t, "bash", "-n", filepath.Join(root, "usr/share/bash-completion/completions/postpatch"))
			page := says(t, "gzip", "-dc", filepath.Join(root, "usr/share/man/man1/postpatch-verify.1.gz"))
			if !strings.Contains(page, `"postpatch `+s.version+`"`) {
				t.Errorf("a man page of another version:\n%.200s", page)
			}
			remove := test.remove(root, files[0])
			says(t, remove[0], remove[1:]...)
			if _, err := os.Stat(program); !os.IsNotExist(err) {
				t.Errorf("removed, and still there: %v", err)
			}
		})
	}
}

// TestSnapshotAsContainer reads the image as a registry would, and runs its program.
func TestSnapshotAsContainer(t *testing.T) {
	s := openSnapshot(t)
	layout, root := t.TempDir(), t.TempDir()
	says(t, "tar", "-C", layout, "-xf", s.dist("postpatch_VERSION_oci.tar"))
	blob := func(digest string, into any) string {
		path := filepath.Join(layout, "blobs", strings.Replace(digest, ":", "/", 1))
		text := read(t, path)
		if sum := fmt.Sprintf("sha256:%x", sha256.Sum256(text)); sum != digest {
			t.Fatalf("%s has the sum %s", digest, sum)
		}
		if into != nil {
			if err := json.NewDecoder(bytes.NewReader(text)).Decode(into); err != nil {
				t.Fatal(err)
			}
		}
		return path
	}
	type descriptor struct {
		Digest   string
		Platform struct{ OS, Architecture string }
	}
	var top, images struct{ Manifests []descriptor }
	if err := json.Unmarshal(read(t, filepath.Join(layout, "index.json")), &top); err != nil || len(top.Manifests) != 1 {
		t.Fatalf("%v, %+v", err, top)
	}
	blob(top.Manifests[0].Digest, &images)
	at := slices.IndexFunc(images.Manifests, func(d descriptor) bool {
		return d.Platform.OS == "linux" && d.Platform.Architecture == "amd64"
	})
	if at < 0 {
		t.Fatalf("no image of linux/amd64: %+v", images)
	}
	var image struct {
		Config descriptor
		Layers []descriptor
	}
	blob(images.Manifests[at].Digest, &image)
	var config struct {
		Config struct {
			User       string
			Entrypoint []string
			Labels     map[string]string
		}
	}
	blob(image.Config.Digest, &config)
	if config.Config.User != "65532:65532" || config.Config.Labels["org.opencontainers.image.version"] != s.version {
		t.Errorf("made to run as %+v", config.Config)
	}
	for _, layer := range image.Layers {
		says(t, "tar", "-C", root, "-xf", blob(layer.Digest, nil))
	}
	s.runs(t, filepath.Join(root, config.Config.Entrypoint[0]))
	for _, path := range []string{"etc/ssl/certs/ca-certificates.crt", "usr/share/zoneinfo.zip"} {
		if info, err := os.Stat(filepath.Join(root, path)); err != nil || info.Mode().Perm() != 0o644 || info.Size() == 0 {
			t.Errorf("%s: %v, %v", path, info, err)
		}
	}
}
