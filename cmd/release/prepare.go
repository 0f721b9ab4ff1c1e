package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"os"
	"path/filepath"
)

// prepare writes NOTICE, completions/ and man/ into a folder, anew. The program itself
// writes its completions and pages, so that they are of what is packed.
func prepare(ctx context.Context, exe program) error {
	dir := exe.prepared
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("preparing a release: %w", err)
	}
	for _, folder := range []string{"completions", "man"} {
		if err := os.MkdirAll(filepath.Join(dir, folder), 0o755); err != nil {
			return fmt.Errorf("preparing a release: %w", err)
		}
	}
	scratch, err := os.MkdirTemp("", "release-")
	if err != nil {
		return fmt.Errorf("preparing a release: %w", err)
	}
	defer func() { _ = os.RemoveAll(scratch) }() // it lies in the system's folder of such
	program := filepath.Join(scratch, "postpatch.exe")
	if err := buildHere(ctx, exe, program); err != nil {
		return fmt.Errorf("preparing a release: %w", err)
	}
	for shell, name := range map[string]string{
		"bash": "postpatch.bash", "zsh": "_postpatch", "fish": "postpatch.fish", "powershell": "postpatch.ps1",
	} {
		script, err := command(ctx, nil, program, "completion", shell)
		if err != nil {
			return fmt.Errorf("writing the completion of %s: %w", shell, err)
		}
		if err := os.WriteFile(filepath.Join(dir, "completions", name), script, 0o644); err != nil {
			return fmt.Errorf("writing the completion of %s: %w", shell, err)
		}
	}
	dated := fmt.Sprintf("SOURCE_DATE_EPOCH=%d", exe.made.Unix())
	if err := writeMan(ctx, dated, program, filepath.Join(dir, "man")); err != nil {
		return fmt.Errorf("writing man pages: %w", err)
	}
	notice, err := notice(ctx, []string{"windows", "linux", "darwin"})
	if err != nil {
		return fmt.Errorf("gathering licences: %w", err)
	}
	return os.WriteFile(filepath.Join(dir, "NOTICE"), notice, 0o644)
}

// buildHere builds the program for this machine, as the release will, so that the packages
// that were compiled are taken again.
func buildHere(ctx context.Context, exe program, path string) error {
	_, err := command(ctx, []string{"CGO_ENABLED=0"}, "go", "build", "-trimpath",
		"-ldflags", "-s -w -X main.version="+exe.version, "-o", path, "./cmd/postpatch")
	return err
}

// writeMan packs each page, as packages of Linux want them.
func writeMan(ctx context.Context, dated, program, dir string) error {
	if _, err := command(ctx, []string{dated}, program, "man", dir); err != nil {
		return err
	}
	pages, err := filepath.Glob(filepath.Join(dir, "*.1"))
	if err != nil || len(pages) == 0 {
		return fmt.Errorf("%d pages in %s: %w", len(pages), dir, err)
	}
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			return err
		}
		var packed bytes.Buffer
		w := gzip.NewWriter(&packed) // with no time in it: the same page is the same bytes
		if _, err := w.Write(text); err != nil {
			return err
		}
		if err := w.Close(); err != nil {
			return err
		}
		if err := os.WriteFile(page+".gz", packed.Bytes(), 0o644); err != nil {
			return err
		}
		if err := os.Remove(page); err != nil {
			return err
		}
	}
	return nil
}
