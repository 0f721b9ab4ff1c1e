package main

import (
	"context"
	_ "embed"
	"encoding/xml"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/template"

	"github.com/google/uuid"
)

//go:embed postpatch.wxs
var wxs string

// upgradeCode says to Windows that all MSIs are of one program. It never changes.
const upgradeCode = "D7E0C2F4-6A0B-4C59-9B8B-8C6C2B0E9F11"

// writeMSI packs the exe for all users of a machine, with its folder in their PATH.
// Group policy and most tools of rollout take nothing but an MSI.
func writeMSI(ctx context.Context, exe program) error {
	numbers, err := numeric(exe.version)
	if err != nil {
		return err
	}
	codes := msiCodes(exe)
	source, err := fillWXS(exe, codes, fmt.Sprintf("%d.%d.%d", numbers[0], numbers[1], numbers[2]))
	if err != nil {
		return fmt.Errorf("making an MSI: %w", err)
	}
	if err := os.MkdirAll(exe.out, 0o755); err != nil {
		return fmt.Errorf("making an MSI: %w", err)
	}
	written := filepath.Join(exe.out, exe.name(".wxs"))
	if err := os.WriteFile(written, source, 0o644); err != nil {
		return fmt.Errorf("making an MSI: %w", err)
	}
	defer func() { _ = os.Remove(written) }() // nothing reads it again
	msi := filepath.Join(exe.out, exe.name(".msi"))
	if _, err := command(ctx, nil, "wixl", "--arch", "x64", "--output", msi, written); err != nil {
		return fmt.Errorf("making an MSI: %w", err)
	}
	if err := finishMSI(ctx, exe, msi, codes.Package); err != nil {
		return fmt.Errorf("making an MSI: %w", err)
	}
	return sign(ctx, exe, msi)
}

// codes are the names that Windows Installer knows things by.
type codes struct{ Product, Package, Component, Upgrade string }

// msiCodes are the same for the same version, so that installing it twice is repairing it.
func msiCodes(exe program) codes {
	family := uuid.MustParse(upgradeCode)
	named := func(name string) string {
		return strings.ToUpper(uuid.NewSHA1(family, []byte(name+" "+exe.arch)).String())
	}
	return codes{
		Product: named("product " + exe.version), Package: named("package " + exe.version),
		Component: named("program"), Upgrade: upgradeCode,
	}
}

// fillWXS names files from where wixl looks: the folder of what it is given, and nowhere
// else, which rules out absolute paths.
func fillWXS(exe program, codes codes, version string) ([]byte, error) {
	values := map[string]string{
		"Product": codes.Product, "Package": codes.Package, "Component": codes.Component, "Upgrade": codes.Upgrade,
		"Version": version, "Exe": exe.path, "Prepared": exe.prepared, "Licence": "LICENSE",
	}
	for _, name := range []string{"Exe", "Prepared", "Licence"} {
		path, err := relative(exe.out, values[name])
		if err != nil {
			return nil, err
		}
		var escaped strings.Builder
		if err := xml.EscapeText(&escaped, []byte(path)); err != nil {
			return nil, err
		}
		values[name] = escaped.String()
	}
	var out strings.Builder
	err := template.Must(template.New("wxs").Parse(wxs)).Execute(&out, values)
	return []byte(out.String()), err
}

func relative(folder, path string) (string, error) {
	from, err := filepath.Abs(folder)
	if err != nil {
		return "", err
	}
	to, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	return filepath.Rel(from, to)
}

// finishMSI adds what Debian's wixl has no words for: the machine's PATH, ARM,
// and a code of the package that is not made by chance.
func finishMSI(ctx context.Context, exe program, msi, packageCode string) error {
	for _, statement := range []string{
		"CREATE TABLE `Environment` (`Environment` CHAR(72) NOT NULL, `Name` CHAR(255) NOT NULL LOCALIZABLE, " +
			"`Value` CHAR(255) LOCALIZABLE, `Component_` CHAR(72) NOT NULL PRIMARY KEY `Environment`)",
		// = set it, - take it away with the program, * for the whole machine; [~] is what was there before.
		"INSERT INTO `Environment` (`Environment`, `Name`, `Value`, `Component_`) " +
			"VALUES ('Path', '=-*PATH', '[~];[INSTALLDIR]', 'Program')",
		// The numbers are those that Microsoft's schema of sequences gives these actions.
		"INSERT INTO `InstallExecuteSequence` (`Action`, `Sequence`) VALUES ('RemoveEnvironmentStrings', 3300)",
		"INSERT INTO `InstallExecuteSequence` (`Action`, `Sequence`) VALUES ('WriteEnvironmentStrings', 5200)",
	} {
		if _, err := command(ctx, nil, "msibuild", msi, "-q", statement); err != nil {
			return err
		}
	}
	machine := "x64"
	if exe.arch == "arm64" {
		machine = "Arm64"
	}
	_, err := command(ctx, nil, "msibuild", msi, "-s", "Installation Database", "The postpatch authors",
		machine+";1033", "{"+packageCode+"}")
	return err
}
