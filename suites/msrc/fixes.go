package msrc

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"
)

// Fix is the update that brings all fixes of a document to the hosts of one branch of
// builds.
type Fix struct {
	Reading string // of which kind and reading the builds are: "os.build"
	Where   string // a glob that readings of the branch fit: "20348.*"
	Build   string // the lowest that has all fixes, as the reading has it: "20348.4405"
	// Or are ranges and builds that have them, too: a hotpatch, or a branch that the
	// instance may change to; as a plan's to has them.
	Or       []string
	KBs      []string // of Build, sorted; mostly one
	Severity string   // of the worst vulnerability: critical, important, moderate, low; "" where it is not rated
	Released time.Time
	// Vulnerabilities is how many it fixes, Exploited of how many it is known that they
	// were exploited already.
	Vulnerabilities, Exploited int
	Hotpatch                   Hotpatch
	Products                   []string // by name, without "(Server Core installation)"
}

// Hotpatch is an update without a restart: it has a build of its own, below Build.
type Hotpatch struct {
	Build string
	KBs   []string
	// Lacks are the vulnerabilities that Build fixes and the document does not say of it.
	Lacks []string
}

// Left is what of the chosen products a plan cannot want.
type Left struct {
	Product string
	KBs     []string
	Why     string
}

// Fixes says what the document has for the products that are chosen by name, sorted by
// reading and build, and what had to be left out.
func (d *Document) Fixes(chosen func(product string) bool) ([]Fix, []Left) {
	g := gathering{doc: d, branches: map[branch]*gathered{}, left: map[leftKey]map[string]bool{}}
	for i, v := range d.vulnerabilities {
		for _, f := range v.fixes {
			for _, id := range f.products {
				if name := baseName(d.Products[id]); name != "" && chosen(d.Products[id]) {
					g.take(i, f, name)
				}
			}
		}
	}
	return g.fixes(), g.leftOut()
}

// baseName is a product without the words that make two of one.
func baseName(product string) string {
	return strings.TrimSpace(strings.ReplaceAll(product, "(Server Core installation)", ""))
}

// gathering goes through the fixes of a document.
type gathering struct {
	doc      *Document
	branches map[branch]*gathered
	left     map[leftKey]map[string]bool // KBs
}

type leftKey struct{ product, why string }

// gathered is what is found of one branch.
type gathered struct {
	kbs        map[Build]map[string]bool // of updates
	hotpatches map[Build]map[string]bool // their KBs
	fixed      map[int]bool              // vulnerabilities, by an update
	hotfixed   map[Build]map[int]bool    // vulnerabilities, by a hotpatch
	published  map[Build]time.Time       // the first day of what an update fixes
	products   map[string]bool
}

func (g *gathering) take(vulnerability int, f fix, product string) {
	k := kindOf(product)
	build, why := whyNot(k, product, f.build)
	subtype := strings.ToLower(f.subtype)
	switch {
	case strings.Contains(subtype, "servicing stack"): // whose build is none of Windows
	case why != "":
		put(g.left, leftKey{product, why}, f.kb)
	default:
		b := g.branches[build.branch(k)]
		if b == nil {
			b = &gathered{
				kbs: map[Build]map[string]bool{}, hotpatches: map[Build]map[string]bool{}, fixed: map[int]bool{},
				hotfixed: map[Build]map[int]bool{}, published: map[Build]time.Time{}, products: map[string]bool{},
			}
			g.branches[build.branch(k)] = b
		}
		b.products[product] = true
		if strings.Contains(subtype, "hotpatch") {
			put(b.hotpatches, build, f.kb)
			put(b.hotfixed, build, vulnerability)
			return
		}
		put(b.kbs, build, f.kb)
		b.fixed[vulnerability] = true
		on := g.doc.vulnerabilities[vulnerability].published
		if first := b.published[build]; !on.IsZero() && (first.IsZero() || on.Before(first)) {
			b.published[build] = on
		}
	}
}

// put adds to a set of a map of sets.
func put[K, V comparable](sets map[K]map[V]bool, of K, v V) {
	if sets[of] == nil {
		sets[of] = map[V]bool{}
	}
	sets[of][v] = true
}

// newest is the highest of the builds.
func newest[V any](builds map[Build]V) Build {
	return slices.MaxFunc(slices.Collect(maps.Keys(builds)), Build.Compare)
}

func (g *gathering) fixes() []Fix {
	all := slices.SortedFunc(maps.Keys(g.branches), func(a, b branch) int {
		return cmp.Or(cmp.Compare(a.kind, b.kind), slices.Compare(a.major[:], b.major[:]), cmp.Compare(a.third, b.third))
	})
	var fixes []Fix
	for _, b := range all {
		if f, ok := g.fix(b); ok {
			fixes = append(fixes, f)
		}
	}
	return fixes
}

// fix sums a branch up.
func (g *gathering) fix(b branch) (f Fix, ok bool) {
	found := g.branches[b]
	if len(found.kbs) == 0 { // a hotpatch alone says nothing of hosts that get none
		for build, kbs := range found.hotpatches {
			g.left[leftKey{"hotpatch " + b.as(build), "the document has no update beside it"}] = kbs
		}
		return f, false
	}
	top := newest(found.kbs)
	f = Fix{
		Reading: b.reading(), Where: b.where(), Build: b.as(top), KBs: named(found.kbs[top]),
		Released: g.doc.Released, Products: slices.Sorted(maps.Keys(found.products)),
	}
	// What was published before the month is a vulnerability of old; an update that came
	// out of its turn is told to be as old as what it fixes.
	if on := found.published[top]; on.After(f.Released) {
		f.Released = on
	}
	worst := severity(0)
	for i := range found.fixed {
		v := g.doc.vulnerabilities[i]
		f.Vulnerabilities++
		if v.exploited {
			f.Exploited++
		}
		worst = max(worst, v.worst(func(id string) bool {
			return found.products[baseName(g.doc.Products[id])]
		}))
	}
	f.Severity = worst.String()
	g.hotpatchOf(&f, b, top)
	if b.kind == sql {
		g.changesBranch(&f, b)
	}
	return f, true
}

// worst is how a vulnerability is rated for the products in question.
func (v vulnerability) worst(of func(id string) bool) severity {
	worst := v.severity[""]
	for id, s := range v.severity {
		if id != "" && of(id) {
			worst = max(worst, s)
		}
	}
	return worst
}

// hotpatchOf adds the newest hotpatch. Only its own build has it: an update of the month
// before may have a higher one.
func (g *gathering) hotpatchOf(f *Fix, b branch, top Build) {
	found := g.branches[b]
	if len(found.hotpatches) == 0 {
		return
	}
	build := newest(found.hotpatches)
	f.Hotpatch = Hotpatch{Build: b.as(build), KBs: named(found.hotpatches[build])}
	for i := range found.fixed {
		if !found.hotfixed[build][i] {
			f.Hotpatch.Lacks = append(f.Hotpatch.Lacks, g.doc.vulnerabilities[i].cve)
		}
	}
	slices.Sort(f.Hotpatch.Lacks)
	if build.Compare(top) < 0 {
		f.Or = append(f.Or, b.as(build))
	}
}

// changesBranch lets a SQL Server that got security fixes alone change to the cumulative
// updates, whose builds are higher and have fixes of their own.
func (g *gathering) changesBranch(f *Fix, b branch) {
	var ranges []string
	for to, found := range g.branches {
		if to.kind == b.kind && to.major == b.major && to.third > b.third && len(found.kbs) > 0 {
			ranges = append(ranges, "between "+to.as(newest(found.kbs))+" and "+to.last())
		}
	}
	slices.Sort(ranges)
	f.Or = append(f.Or, ranges...)
}

// To is what the reading has to be, each of which is enough, as a plan's to has it.
func (f Fix) To() []string {
	own := ">= " + f.Build
	if f.Reading == "sql.version" && len(f.Or) > 0 { // which would not stay within the branch
		at, _, _ := strings.Cut(f.Where, "???.*")
		own = "between " + f.Build + " and " + at + "999.99999"
	}
	return append([]string{own}, f.Or...)
}

func (g *gathering) leftOut() []Left {
	var all []Left
	for key, kbs := range g.left {
		all = append(all, Left{key.product, named(kbs), key.why})
	}
	slices.SortFunc(all, func(a, b Left) int {
		return cmp.Or(cmp.Compare(a.Product, b.Product), cmp.Compare(a.Why, b.Why))
	})
	return all
}

// named are the KBs that have a number.
func named(kbs map[string]bool) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(kbs)), func(kb string) bool { return kb == "" })
}
