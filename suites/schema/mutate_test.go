package schema_test

import (
	"bytes"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"postpatch/probes/all"
)

// seeds are the files of the repository that the loader takes.
func seeds(t testing.TB, file string) [][]byte {
	t.Helper()
	files := corpus(t)
	var good [][]byte
	for _, path := range slices.Sorted(maps.Keys(files)) {
		if text := files[path]; len(text) < 8<<10 && accepts(t, file, path, text) {
			good = append(good, text)
		}
	}
	return good
}

// TestWhatIsAcceptedOfMutants changes the repository's own files at random: whatever the
// loader still takes, the schema has to take.
func TestWhatIsAcceptedOfMutants(t *testing.T) {
	for file, rounds := range map[string]int{"suite": 1500, "plan": 700} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			s, random := compiled(t, file, all.Kinds()), rand.New(rand.NewPCG(9, 5))
			all := seeds(t, file)
			var nodes []*yaml.Node // to be put in place of others
			for _, text := range all {
				nodes = append(nodes, walk(parsed(t, text))...)
			}
			accepted := 0
			for range rounds {
				doc := parsed(t, all[random.IntN(len(all))])
				for range 1 + random.IntN(2) {
					mutate(random, doc, nodes)
				}
				text, err := yaml.Marshal(doc)
				if err != nil || !accepts(t, file, "../../examples/a.yaml", text) {
					continue
				}
				accepted++
				if why := refused(s, text); why != "" {
					t.Fatalf("the loader takes it: %s\n%s", why, text)
				}
			}
			t.Logf("%d of %d", accepted, rounds)
			if accepted < rounds/20 {
				t.Errorf("only %d of %d mutants are accepted", accepted, rounds)
			}
		})
	}
}

func parsed(t testing.TB, text []byte) *yaml.Node {
	t.Helper()
	var doc yaml.Node
	if err := yaml.Unmarshal(bytes.TrimPrefix(text, []byte("\uFEFF")), &doc); err != nil {
		t.Fatal(err)
	}
	return &doc
}

// walk returns all nodes below a document, but its keys.
func walk(n *yaml.Node) []*yaml.Node {
	var all []*yaml.Node
	for i, child := range n.Content {
		if n.Kind != yaml.MappingNode || i%2 == 1 {
			all = append(append(all, child), walk(child)...)
		}
	}
	return all
}

func clone(n *yaml.Node) *yaml.Node {
	other := *n
	other.Content = nil
	for _, child := range n.Content {
		other.Content = append(other.Content, clone(child))
	}
	return &other
}

// mutate changes one node of a document.
func mutate(random *rand.Rand, doc *yaml.Node, nodes []*yaml.Node) {
	all := walk(doc)
	n := all[random.IntN(len(all))]
	scalar := func(value, tag string, style yaml.Style) {
		*n = yaml.Node{Kind: yaml.ScalarNode, Value: value, Tag: tag, Style: style}
	}
	switch random.IntN(9) {
	case 0: // a value from elsewhere
		*n = *clone(nodes[random.IntN(len(nodes))])
	case 1: // quoted or not: the same to the loader
		if n.Kind == yaml.ScalarNode {
			scalar(n.Value, "", []yaml.Style{0, yaml.DoubleQuotedStyle, yaml.SingleQuotedStyle}[random.IntN(3)])
		}
	case 2: // a list of one
		*n = yaml.Node{Kind: yaml.SequenceNode, Content: []*yaml.Node{clone(n)}}
	case 3: // one of a list
		if n.Kind == yaml.SequenceNode && len(n.Content) > 0 {
			*n = *n.Content[random.IntN(len(n.Content))]
		}
	case 4: // something left out
		if size := len(n.Content); size > 0 {
			at, step := random.IntN(size), 1
			if n.Kind == yaml.MappingNode {
				at, step = at&^1, 2
			}
			n.Content = slices.Delete(slices.Clone(n.Content), at, at+step)
		}
	case 5: // a key from elsewhere
		other := nodes[random.IntN(len(nodes))]
		if n.Kind == yaml.MappingNode && other.Kind == yaml.MappingNode && len(other.Content) > 1 {
			at := random.IntN(len(other.Content)) &^ 1
			n.Content = append(slices.Clone(n.Content), clone(other.Content[at]), clone(other.Content[at+1]))
		}
	case 6: // spaces, where the loader does not mind them
		if n.Kind == yaml.ScalarNode {
			scalar(" "+n.Value+" ", "!!str", yaml.DoubleQuotedStyle)
		}
	case 7: // the many ways to write what is no text
		words := strings.Fields("1 0 -3 1.5 true FALSE 5s 1h30m +5 012 1e3 .5h 2026-11-27 50% 7d no ~ .inf 0x1F 1_0 {{x}}")
		scalar(words[random.IntN(len(words))], "", 0)
	default: // nothing
		scalar("", "!!null", 0)
	}
}

// TestFaultsThatBothRefuse plants faults of structure into the repository's own suites.
func TestFaultsThatBothRefuse(t *testing.T) {
	s, good := compiled(t, "suite", all.Kinds()), seeds(t, "suite")
	for name, plant := range faults() {
		t.Run(name, func(t *testing.T) {
			random, planted := rand.New(rand.NewPCG(9, 6)), 0
			for _, i := range random.Perm(len(good)) {
				doc := parsed(t, good[i])
				planting := false
				for range 40 { // each goes another way through the suite
					if planting = plant(random, doc.Content[0]); planting {
						break
					}
				}
				if !planting {
					continue
				}
				if planted++; planted > 12 {
					break
				}
				text, err := yaml.Marshal(doc)
				if err != nil {
					t.Fatal(err)
				}
				if accepts(t, "suite", "../../examples/a.yaml", text) {
					t.Fatalf("the loader takes it:\n%s", text)
				}
				if refused(s, text) == "" {
					t.Fatalf("the schema takes it:\n%s", text)
				}
			}
			if planted == 0 {
				t.Error("no suite has a place for it")
			}
		})
	}
}

// fault plants one below the top of a suite; false where it has no place for it.
type fault func(random *rand.Rand, top *yaml.Node) bool

func faults() map[string]fault {
	in := func(path ...string) func(*rand.Rand, *yaml.Node) *yaml.Node {
		return func(random *rand.Rand, n *yaml.Node) *yaml.Node { return below(random, n, path) }
	}
	unknown := func(where func(*rand.Rand, *yaml.Node) *yaml.Node) fault {
		return func(random *rand.Rand, top *yaml.Node) bool {
			n := where(random, top)
			if n == nil || n.Kind != yaml.MappingNode {
				return false
			}
			n.Content = append(n.Content, text("wheather"), text("sunny"))
			return true
		}
	}
	becomes := func(where func(*rand.Rand, *yaml.Node) *yaml.Node, source string) fault {
		return func(random *rand.Rand, top *yaml.Node) bool {
			n := where(random, top)
			if n == nil {
				return false
			}
			var doc yaml.Node
			if err := yaml.Unmarshal([]byte(source), &doc); err != nil {
				panic(err)
			}
			*n = *doc.Content[0]
			return true
		}
	}
	return map[string]fault{
		"an unknown key on top":      unknown(in()),
		"an unknown key of a check":  unknown(in("checks", "*")),
		"an unknown key of a host":   unknown(in("hosts", "*")),
		"an unknown parameter":       unknown(in("checks", "*", "kind")),
		"an unknown reading":         unknown(in("checks", "*", "expect")),
		"an unknown form":            becomes(in("checks", "*", "expect", "*"), "{wheather: a}"),
		"an unknown rule":            becomes(in("checks", "*", "compare", "*"), "{rul: same}"),
		"an unknown reading's rule":  unknown(in("checks", "*", "compare")),
		"a list for the suite":       becomes(in(), "[a, b]"),
		"a list for a name":          becomes(in("suite"), "[a]"),
		"nothing for a name":         becomes(in("suite"), "~"),
		"a mapping for the checks":   becomes(in("checks"), "{ping: {}}"),
		"no checks":                  becomes(in("checks"), "[]"),
		"a text for a check":         becomes(in("checks", "*"), "ping"),
		"an unknown kind":            becomes(in("checks", "*"), "{wheather: {}}"),
		"no kind":                    becomes(in("checks", "*"), "{why: so}"),
		"a list for an expectation":  becomes(in("checks", "*", "expect"), "[running]"),
		"an empty expectation":       becomes(in("checks", "*", "expect"), "{}"),
		"nothing for a predicate":    becomes(in("checks", "*", "expect", "*"), "~"),
		"an empty list of values":    becomes(in("checks", "*", "expect", "*"), "[]"),
		"a list in a form":           becomes(in("checks", "*", "expect", "*"), "{not: [a]}"),
		"two forms":                  becomes(in("checks", "*", "expect", "*"), "{not: a, matches: b}"),
		"a list for a comparison":    becomes(in("checks", "*", "compare"), "[same]"),
		"an unknown severity":        becomes(in("checks", "*", "compare", "*"), "{severity: grave}"),
		"a mapping for a why":        becomes(in("checks", "*", "why"), "{because: so}"),
		"a list for a timeout":       becomes(in("checks", "*", "timeout"), "[5s]"),
		"a number for a timeout":     becomes(in("timeout"), "30"),
		"a mapping for hosts":        becomes(in("hosts"), "{name: a}"),
		"no hosts":                   becomes(in("hosts"), "[]"),
		"a host without a name":      becomes(in("hosts", "*"), "{address: 10.0.0.1}"),
		"a list for variables":       becomes(in("vars"), "[a]"),
		"a mapping for waivers":      becomes(in("waivers"), "{waive: os.build}"),
		"a waiver without a reason":  becomes(in("waivers", "*"), "{waive: os.build, until: 2026-12-31}"),
		"a waiver of no such kind":   becomes(in("waivers", "*"), "{waive: wheather.rain, until: 2026-12-31, reason: x}"),
		"a waiver until some day":    becomes(in("waivers", "*"), "{waive: os.build, until: tomorrow, reason: x}"),
		"a required parameter less":  becomes(in("checks", "*"), "{cim: {class: Win32_Share}}"),
		"a short form that is none":  becomes(in("checks", "*"), "{cim: Win32_Share}"),
		"a text for a number":        becomes(in("checks", "*"), "{ping: {count: three}}"),
		"a list for a number":        becomes(in("checks", "*"), "{ping: {count: [3]}}"),
		"a word for a duration":      becomes(in("checks", "*"), "{ping: {wait: long}}"),
		"a word for a truth":         becomes(in("checks", "*"), "{http: {url: /, follow: yes}}"),
		"a word that is none":        becomes(in("checks", "*"), "{http: {url: /, method: POST}}"),
		"a list where there is none": becomes(in("checks", "*"), "{os: [a]}"),
		"from where nobody can ask":  becomes(in("checks", "*"), "{os: {}, from: host}"),
		"an id of two kinds":         becomes(in("checks", "*"), "{os: {}, ping: {}, id: both}"),
		"a key of a plan":            unknownKey("must_change"),
	}
}

func unknownKey(name string) fault {
	return func(_ *rand.Rand, top *yaml.Node) bool {
		top.Content = append(top.Content, text(name), text("x"))
		return true
	}
}

func text(s string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Value: s} }

// below goes down a path of keys: * is any element or value, and kind that of a check.
func below(random *rand.Rand, n *yaml.Node, path []string) *yaml.Node {
	for _, key := range path {
		var found []*yaml.Node
		for i, child := range n.Content {
			if n.Kind != yaml.MappingNode {
				if key == "*" {
					found = append(found, child)
				}
				continue
			}
			if i%2 == 1 && (key == "*" || n.Content[i-1].Value == key || key == "kind" && isKind(n.Content[i-1].Value)) {
				found = append(found, child)
			}
		}
		if len(found) == 0 {
			return nil
		}
		n = found[random.IntN(len(found))]
	}
	return n
}

func isKind(name string) bool {
	for _, k := range all.Kinds() {
		if k.Name == name {
			return true
		}
	}
	return false
}
