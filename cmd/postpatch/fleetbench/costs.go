//go:build linux

package fleetbench

import (
	"cmp"
	"os"
	"slices"
	"strings"

	"github.com/google/pprof/profile"
)

// Cost is what one part of the program took.
type Cost struct {
	Part  string  `json:"part"`
	Share float64 `json:"share"` // of the whole
}

// mostCosts is how many are told.
const mostCosts = 12

// costs names the largest costs of a profile. Each sample belongs to what was
// working there: the first function from the inside that is not the language's
// runtime, with the function of ours that called it; what has none of either is the
// runtime's own, which is mostly the collection of garbage.
func costs(file, of string) ([]Cost, error) {
	content, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer func() { _ = content.Close() }()
	p, err := profile.Parse(content)
	if err != nil {
		return nil, err
	}
	index := max(0, slices.IndexFunc(p.SampleType, func(t *profile.ValueType) bool { return t.Type == of }))
	sums, total := map[string]int64{}, int64(0)
	for _, s := range p.Sample {
		sums[partOf(s)] += s.Value[index]
		total += s.Value[index]
	}
	var all []Cost
	for part, sum := range sums {
		all = append(all, Cost{part, float64(sum) / float64(max(1, total))})
	}
	slices.SortFunc(all, func(a, b Cost) int { return cmp.Or(cmp.Compare(b.Share, a.Share), cmp.Compare(a.Part, b.Part)) })
	return all[:min(len(all), mostCosts)], nil
}

const ours = "postpatch/"

func partOf(s *profile.Sample) string {
	pkg, caller := "", ""
	for _, location := range s.Location {
		for _, line := range location.Line {
			if line.Function == nil {
				continue
			}
			name := line.Function.Name
			if pkg == "" && !strings.HasPrefix(name, "runtime.") && !strings.HasPrefix(name, "internal/runtime") {
				pkg = packageOf(name)
			}
			if caller == "" && (strings.HasPrefix(name, ours) || strings.HasPrefix(name, "main.")) {
				caller = strings.TrimPrefix(name, ours)
			}
		}
	}
	switch {
	case pkg == "":
		return "runtime"
	case caller == "", strings.HasPrefix(caller, strings.TrimPrefix(pkg, ours)+"."):
		return cmp.Or(caller, pkg)
	default:
		return pkg + " for " + caller
	}
}

// packageOf is the package of a function as profiles write it.
func packageOf(name string) string {
	folder, rest := "", name
	if i := strings.LastIndexByte(name, '/'); i >= 0 {
		folder, rest = name[:i+1], name[i+1:]
	}
	pkg, _, _ := strings.Cut(rest, ".")
	return folder + pkg
}
