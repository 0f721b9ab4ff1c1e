package linux

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"postpatch/probes/host"
)

// packages are the rows of Win32_QuickFixEngineering: what is installed, with its version,
// and of what dpkg did not end to install how far it is.
func packages(t Told) ([]host.Row, error) {
	lines, err := t.of(partPackages)
	if err != nil {
		return nil, err
	}
	if len(lines) < 2 {
		return nil, errors.New("reading the packages: the host named none")
	}
	manager := lines[0]
	if manager != "dpkg" && manager != "rpm" {
		return nil, fmt.Errorf("reading the packages: %.40q is no package manager", manager)
	}
	var rows []host.Row
	for _, line := range lines[1:] {
		fields := strings.Split(line, "\t")
		if len(fields) != 4 || len(fields[0]) < 2 || fields[1] == "" {
			return nil, fmt.Errorf("reading the packages: got %.80q", line)
		}
		state := packageState(fields[0])
		if state == "" || fields[1] == "gpg-pubkey" { // a key is a package to rpm
			continue
		}
		rows = append(rows, host.Row{
			"HotFixID": text(fields[1] + " " + fields[3]), "Manager": text(manager), "Package": text(fields[1]),
			"Architecture": text(fields[2]), "PackageVersion": text(fields[3]), "State": text(state),
			"Held": truth(fields[0][0] == 'h'),
		})
	}
	return rows, nil
}

// packageState reads dpkg's abbreviation: what was wanted, what is, and whether it is in
// error. It is empty for what is not there any more.
func packageState(abbreviation string) string {
	if len(abbreviation) > 2 && abbreviation[2] == 'R' {
		return "must be reinstalled"
	}
	switch abbreviation[1] {
	case 'i':
		return "installed"
	case 'U':
		return "unpacked"
	case 'F':
		return "half-configured"
	case 'H':
		return "half-installed"
	case 'W':
		return "waits for a trigger"
	case 't':
		return "has a trigger pending"
	default: // n, c
		return ""
	}
}

// pendingReboot is one row more than Windows has: the distribution's own word, or a kernel
// that is newer than the one that runs. Where neither can be told, that is said.
func pendingReboot(t Told) ([]host.Row, error) {
	lines, err := t.of(partReboot)
	if err != nil {
		return nil, err
	}
	var required, packages, kernels []string
	current, restarting := "", ""
	for _, line := range lines {
		word, value, _ := strings.Cut(line, " ")
		switch word {
		case "running":
			current = value
		case "required":
			required = append(required, value)
		case "package":
			packages = append(packages, value)
		case "kernel":
			kernels = append(kernels, value)
		case "restarting":
			restarting = value
		}
	}
	row := host.Row{"Part": text("linux")}
	var reasons []string
	reasons = append(reasons, required...)
	for _, name := range packages {
		reasons = append(reasons, "package "+name)
	}
	if newer := newerKernel(current, kernels); newer != "" {
		reasons = append(reasons, "kernel "+newer)
	}
	if restarting == "1" {
		reasons = append(reasons, "needs-restarting")
	}
	if len(reasons) == 0 && restarting != "0" && !slices.Contains(kernels, current) {
		row["Error"] = text("the host has no kernel of its own in /boot and no needs-restarting: nothing tells")
		return []host.Row{row}, nil
	}
	row["There"], row["Reasons"] = truth(len(reasons) > 0), list(reasons)
	return []host.Row{row}, nil
}

// newerKernel is the newest of the kernels of the same flavour that is newer than the one
// that runs.
func newerKernel(current string, all []string) string {
	newest := current
	for _, k := range all {
		if flavour(k) == flavour(current) && compareVersions(k, newest) > 0 {
			newest = k
		}
	}
	if newest == current {
		return ""
	}
	return newest
}

// flavour are the words of a kernel's release: "cloud-amd64" of
// "6.12.43+deb13-cloud-amd64", and none of Red Hat's "5.14.0-503.el9.x86_64".
func flavour(release string) string {
	words := strings.Split(release, "-")
	return strings.Join(slices.DeleteFunc(words, func(w string) bool {
		return w == "" || !unicode.IsLetter(rune(w[0]))
	}), "-")
}

// compareVersions compares digits by their value and all else by its characters.
func compareVersions(a, b string) int {
	for a != "" && b != "" {
		var partA, partB string
		partA, a = leading(a)
		partB, b = leading(b)
		if isDigits(partA) && isDigits(partB) {
			partA, partB = strings.TrimLeft(partA, "0"), strings.TrimLeft(partB, "0")
			if len(partA) != len(partB) {
				return len(partA) - len(partB)
			}
		}
		if c := strings.Compare(partA, partB); c != 0 {
			return c
		}
	}
	return len(a) - len(b)
}

func isDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// leading cuts off the digits, or all up to the next ones.
func leading(s string) (part, rest string) {
	digit := unicode.IsDigit(rune(s[0]))
	i := strings.IndexFunc(s, func(r rune) bool { return unicode.IsDigit(r) != digit })
	if i <= 0 {
		return s, ""
	}
	return s[:i], s[i:]
}
