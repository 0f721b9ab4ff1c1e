package main

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/template"
	"time"
)

//go:embed postpatch.nuspec
var nuspec string

const (
	contentTypes = `<?xml version="1.0" encoding="utf-8"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
  <Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
  <Default Extension="nuspec" ContentType="application/octet"/>
  <Default Extension="exe" ContentType="application/octet"/>
  <Default Extension="ps1" ContentType="application/octet"/>
  <Default Extension="txt" ContentType="application/octet"/>
</Types>
`
	relations = `<?xml version="1.0" encoding="utf-8"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">
  <Relationship Type="http://schemas.microsoft.com/packaging/2010/07/manifest" Target="/postpatch.nuspec" Id="R1"/>
</Relationships>
`
	verification = `VERIFICATION

The program in this package is the same file as in the zip of this version:
postpatch.exe %s, SHA-256 %x
Where it is signed, Get-AuthenticodeSignature postpatch.exe says by whom.
`
)

// writeNupkg packs the exe for Chocolatey, which puts a shim for each exe below tools/ into
// the PATH. The program is inside: nothing is downloaded while installing. Chocolatey has
// one package for all processors; Windows on ARM runs that of amd64.
func writeNupkg(_ context.Context, exe program) error {
	if exe.arch != "amd64" {
		return nil
	}
	var spec bytes.Buffer
	filled := template.Must(template.New("nuspec").Parse(nuspec))
	if err := filled.Execute(&spec, map[string]string{"Version": exe.version}); err != nil {
		return fmt.Errorf("making a package for Chocolatey: %w", err)
	}
	files := []packed{
		{"_rels/.rels", []byte(relations)},
		{"[Content_Types].xml", []byte(contentTypes)},
		{"postpatch.nuspec", spec.Bytes()},
	}
	for _, from := range [][2]string{
		{"tools/postpatch.exe", exe.path},
		{"tools/LICENSE.txt", "LICENSE"},
		{"tools/NOTICE.txt", filepath.Join(exe.prepared, "NOTICE")},
		{"tools/postpatch.completion.ps1", filepath.Join(exe.prepared, "completions", "postpatch.ps1")},
	} {
		content, err := os.ReadFile(from[1])
		if err != nil {
			return fmt.Errorf("making a package for Chocolatey: %w", err)
		}
		files = append(files, packed{from[0], content})
		if strings.HasSuffix(from[0], ".exe") {
			text := fmt.Sprintf(verification, exe.version, sha256.Sum256(content))
			files = append(files, packed{"tools/VERIFICATION.txt", []byte(text)})
		}
	}
	archive, err := zipped(files, exe.made)
	if err != nil {
		return fmt.Errorf("making a package for Chocolatey: %w", err)
	}
	return os.WriteFile(filepath.Join(exe.out, "postpatch."+exe.version+".nupkg"), archive, 0o644)
}

// packed is one file of an archive.
type packed struct {
	name    string
	content []byte
}

// zipped is an archive in which every file is of the same time, and so every time the same.
func zipped(files []packed, made time.Time) ([]byte, error) {
	var out bytes.Buffer
	archive := zip.NewWriter(&out)
	for _, file := range files {
		w, err := archive.CreateHeader(&zip.FileHeader{Name: file.name, Method: zip.Deflate, Modified: made})
		if err != nil {
			return nil, err
		}
		if _, err := w.Write(file.content); err != nil {
			return nil, err
		}
	}
	if err := archive.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
