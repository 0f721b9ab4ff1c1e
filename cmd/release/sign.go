package main

import (
	"context"
	"fmt"
	"os"
)

// signExe signs the exe itself.
func signExe(ctx context.Context, exe program) error { return sign(ctx, exe, exe.path) }

// sign puts an Authenticode signature into an exe or an MSI. Without a certificate it
// leaves the file as it is, as when a snapshot is made to look at.
func sign(ctx context.Context, exe program, path string) error {
	if len(exe.sign) == 0 {
		return nil
	}
	before, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("signing %s: %w", path, err)
	}
	signed := path + ".signed"
	args := append([]string{"sign"}, exe.sign...)
	args = append(args, "-h", "sha256", "-n", "postpatch", "-in", path, "-out", signed)
	if _, err := command(ctx, nil, "osslsigncode", args...); err != nil {
		return fmt.Errorf("signing %s: %w", path, err)
	}
	if err := os.Chmod(signed, before.Mode()); err != nil {
		return fmt.Errorf("signing %s: %w", path, err)
	}
	if err := os.Rename(signed, path); err != nil {
		return fmt.Errorf("signing %s: %w", path, err)
	}
	return nil
}
