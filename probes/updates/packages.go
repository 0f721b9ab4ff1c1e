package updates

import (
	"regexp"
	"strings"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/gather"
	"postpatch/probes/internal/named"
)

// packageSpecs are of Linux. What a patch brings is its own business, as with Windows'
// updates; a package that was not installed to its end is no host that is whole.
func packageSpecs() []probes.ReadingSpec {
	ignore := fact.Rule{Op: fact.Ignore}
	return []probes.ReadingSpec{
		{
			Name: "packages", Type: fact.TypeSet, Rule: ignore,
			Doc: "Of Linux: the installed packages, each with its version, such as openssl 3.0.17-1; for a plan's must_change.",
		},
		{
			Name: "package_names", Type: fact.TypeSet, Rule: fact.Rule{Op: fact.Superset}, Severity: fact.Note,
			Doc: "The same without versions, and without kernels, whose names have one: here one shows that was removed.",
		},
		{
			Name: "broken_packages", Type: fact.TypeSet, Rule: fact.Rule{Op: fact.Subset}, Severity: fact.Fail,
			Doc: "Packages that dpkg has not installed to their end: unpacked, half-configured, half-installed and others.",
		},
		{
			Name: "held_packages", Type: fact.TypeSet, Rule: fact.Rule{Op: fact.SameText}, Severity: fact.Note,
			Doc: "Packages that dpkg is told to keep as they are, which no update reaches.",
		},
	}
}

// ofLinux are the rows of a package manager; none on Windows.
func ofLinux(answers host.Answers) []host.Row {
	rows, err := answers.To(hotfixes())
	if err != nil || len(rows) == 0 || gather.Text(rows[0], "Manager") == "" {
		return nil
	}
	return rows
}

func readPackages(r *gather.Reader, rows []host.Row) {
	kernel := regexp.MustCompile(`^(linux-(image|headers|modules|tools|buildinfo)|kernel)(-.*)?$`)
	var all, names, broken, held []string
	for _, row := range rows {
		name := named.Short(gather.Text(row, "Package"), mostName)
		version := named.Short(gather.Text(row, "PackageVersion"), mostName)
		if name == "" {
			r.Failf("packages", "a row without a name")
			return
		}
		all = append(all, name+" "+version)
		if !kernel.MatchString(name) || !strings.ContainsAny(name, "0123456789") {
			names = append(names, name)
		}
		if state := gather.Text(row, "State"); state != "installed" {
			broken = append(broken, name+": "+named.Short(state, mostName))
		}
		if gather.True(row, "Held") {
			held = append(held, name)
		}
	}
	r.Add("", "packages", fact.SetOf(all...))
	r.Add("", "package_names", fact.SetOf(names...))
	r.Add("", "broken_packages", fact.SetOf(broken...))
	r.Add("", "held_packages", fact.SetOf(held...))
}
