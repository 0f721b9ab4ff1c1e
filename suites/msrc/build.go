package msrc

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Build is a product's version of four numbers, such as 10.0.20348.4405.
type Build [4]uint32

// parseBuild reads one; what has other parts, as a Linux package's, is none.
func parseBuild(s string) (b Build, ok bool) {
	parts := strings.Split(s, ".")
	if len(parts) != len(b) {
		return b, false
	}
	for i, part := range parts {
		n, err := strconv.ParseUint(part, 10, 31)
		if err != nil || part[0] == '+' {
			return b, false
		}
		b[i] = uint32(n)
	}
	return b, true
}

// Compare orders builds.
func (b Build) Compare(o Build) int { return slices.Compare(b[:], o[:]) }

// String is the build with all its parts.
func (b Build) String() string { return fmt.Sprintf("%d.%d.%d.%d", b[0], b[1], b[2], b[3]) }

// kind is what sort of product a build is of.
type kind int

const (
	other kind = iota
	windows
	sql
	exchange
)

func kindOf(product string) kind {
	name := strings.ToLower(product)
	switch {
	case strings.Contains(name, "sql server"):
		return sql
	case strings.Contains(name, "exchange server"):
		return exchange
	case strings.HasPrefix(name, "windows "), strings.HasPrefix(name, "azure stack hci"):
		return windows
	default:
		return other
	}
}

// branch is a line of builds, each of which has all fixes of those before it: all builds
// of one version of Windows, the cumulative updates of one SQL Server, or its builds that
// got security fixes alone.
type branch struct {
	kind  kind
	major [2]uint32
	third uint32 // of SQL Server the thousands alone
}

func (b Build) branch(k kind) branch {
	third := b[2]
	if k == sql {
		third /= 1000
	}
	return branch{k, [2]uint32{b[0], b[1]}, third}
}

// reading is what a plan calls the reading that has such builds.
func (b branch) reading() string {
	if b.kind == sql {
		return "sql.version"
	}
	return "os.build"
}

// where is the glob that all readings of the branch fit, and none of another.
func (b branch) where() string {
	if b.kind == sql {
		return fmt.Sprintf("%d.%d.%d???.*", b.major[0], b.major[1], b.third)
	}
	return fmt.Sprintf("%d.*", b.third)
}

// last is more than any build of the branch, as the reading has it.
func (b branch) last() string {
	return fmt.Sprintf("%d.%d.%d999.99999", b.major[0], b.major[1], b.third)
}

// as is a build as the reading has it: of Windows, build and revision.
func (b branch) as(build Build) string {
	if b.kind == sql {
		return build.String()
	}
	return fmt.Sprintf("%d.%d", build[2], build[3])
}

// known are the builds of the server versions by what their names begin with; a longer
// name stands before a shorter one.
func known() []struct {
	name  string
	build uint32
} {
	return []struct {
		name  string
		build uint32
	}{
		{"windows server 2025", 26100},
		{"windows server 2022, 23h2 edition", 25398},
		{"windows server 2022", 20348},
		{"windows server 2019", 17763},
		{"windows server 2016", 14393},
	}
}

// whyNot says why a build of a product is nothing that a plan could want; "" for one
// that is.
func whyNot(k kind, product, said string) (b Build, why string) {
	b, ok := parseBuild(said)
	switch {
	case k == exchange, k == other:
		return b, "no kind of check reads its build"
	case said == "":
		return b, "the document names no fixed build"
	case !ok:
		return b, fmt.Sprintf("its fixed build is no build: %.60q", said)
	case k == sql && (b[0] < 10 || b[2] < 1000 || b[2] > 9999):
		return b, fmt.Sprintf("its fixed build is none of SQL Server: %s", b)
	case k == windows && (b[0] != 10 || b[1] != 0):
		return b, "whether the registry's revision follows its builds is not known: want its KB in updates.hotfixes"
	case k == windows:
		name := strings.ToLower(product)
		for _, version := range known() {
			if strings.HasPrefix(name, version.name) {
				if version.build != b[2] {
					return b, fmt.Sprintf("its fixed build is of another Windows: %s", b)
				}
				break
			}
		}
	}
	return b, ""
}
