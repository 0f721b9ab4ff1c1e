package main

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/tc-hib/winres"
	"github.com/tc-hib/winres/version"
)

// manifest tells Windows what the program is ready for.
//
//go:embed postpatch.manifest
var manifest []byte

// addResources gives the exe its manifest, icon and version. Only releases have them: as
// an object to link they would lie among the sources and be of yesterday's version.
func addResources(_ context.Context, exe program) error {
	numbers, err := numeric(exe.version)
	if err != nil {
		return err
	}
	var resources winres.ResourceSet
	if err := resources.Set(winres.RT_MANIFEST, winres.ID(1), version.LangDefault, manifest); err != nil {
		return fmt.Errorf("adding the manifest: %w", err)
	}
	icon, err := winres.NewIconFromResizedImage(drawIcon(256), nil)
	if err != nil {
		return fmt.Errorf("drawing the icon: %w", err)
	}
	if err := resources.SetIcon(winres.Name("APPICON"), icon); err != nil {
		return fmt.Errorf("adding the icon: %w", err)
	}
	info := version.Info{FileVersion: numbers, ProductVersion: numbers, Timestamp: exe.made}
	info.Flags.Prerelease = strings.Contains(exe.version, "-")
	for key, value := range map[string]string{
		version.ProductName: "postpatch", version.ProductVersion: exe.version, version.FileVersion: exe.version,
		version.FileDescription: "Verifies Windows servers after patching",
		version.InternalName:    "postpatch", version.OriginalFilename: "postpatch.exe",
		version.CompanyName: "The postpatch authors", version.LegalCopyright: "Apache License 2.0",
	} {
		if err := info.Set(version.LangDefault, key, value); err != nil {
			return fmt.Errorf("adding the version: %w", err)
		}
	}
	resources.SetVersionInfo(info)
	plain, err := os.ReadFile(exe.path)
	if err != nil {
		return err
	}
	var done bytes.Buffer
	if err := resources.WriteToEXE(&done, bytes.NewReader(plain), winres.ForceCheckSum()); err != nil {
		return fmt.Errorf("adding resources: %w", err)
	}
	return os.WriteFile(exe.path, done.Bytes(), 0o755)
}

// numeric is what Windows knows of a semantic version: three numbers and a 0. It has no
// word for what comes before a release.
func numeric(semantic string) (numbers [4]uint16, err error) {
	core, _, _ := strings.Cut(semantic, "-")
	parts := strings.Split(core, ".")
	if len(parts) != 3 {
		return numbers, fmt.Errorf("version %q: want three numbers, as in 1.2.3 or 1.2.3-rc1", semantic)
	}
	for i, part := range parts {
		most := uint64(255) // what an MSI can say of the first two
		if i == 2 {
			most = 65535
		}
		n, err := strconv.ParseUint(part, 10, 16)
		if err != nil || n > most {
			return numbers, fmt.Errorf("version %q: %q is no number up to %d", semantic, part, most)
		}
		numbers[i] = uint16(n)
	}
	return numbers, nil
}
