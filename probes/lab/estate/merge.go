package estate

import (
	"fmt"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// merge lays over on base: mappings key by key, everything else replaced. A
// null removes its key. Neither node is changed, and every node keeps its place
// in the file.
func merge(base, over *yaml.Node) *yaml.Node {
	if over.Kind != yaml.MappingNode {
		return over
	}
	if base == nil || base.Kind != yaml.MappingNode {
		base = &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	}
	merged := *base
	merged.Line, merged.Column = over.Line, over.Column
	merged.Content = append([]*yaml.Node(nil), base.Content...)
	at := make(map[string]int, len(merged.Content)/2)
	for i := 0; i+1 < len(merged.Content); i += 2 {
		at[merged.Content[i].Value] = i
	}
	for i := 0; i+1 < len(over.Content); i += 2 {
		key, value := over.Content[i], over.Content[i+1]
		j, found := at[key.Value]
		if found {
			merged.Content[j+1] = merge(merged.Content[j+1], value)
			continue
		}
		at[key.Value] = len(merged.Content)
		merged.Content = append(merged.Content, key, merge(nil, value))
	}
	kept := merged.Content[:0]
	for i := 0; i+1 < len(merged.Content); i += 2 {
		if merged.Content[i+1].ShortTag() != "!!null" {
			kept = append(kept, merged.Content[i], merged.Content[i+1])
		}
	}
	merged.Content = kept
	return &merged
}

// maxHosts keeps a slip of the pen in a range from filling the memory.
const maxHosts = 200_000

// expand returns the names that a host's key stands for: web[001-100] is a
// hundred, anything else is itself.
func expand(key string) ([]string, error) {
	head, rest, isRange := strings.Cut(key, "[")
	bounds, tail, closed := strings.Cut(rest, "]")
	if !isRange {
		return []string{key}, checkName(key)
	}
	low, high, dashed := strings.Cut(bounds, "-")
	first, err1 := strconv.ParseUint(low, 10, 31)
	last, err2 := strconv.ParseUint(high, 10, 31)
	if !closed || !dashed || err1 != nil || err2 != nil || last < first || last-first >= maxHosts {
		return nil, fmt.Errorf("want a range like web[001-100], got %q", key)
	}
	if len(low) > 10 {
		return nil, fmt.Errorf("range of %q: too many digits", key)
	}
	names := make([]string, 0, last-first+1)
	for n := first; n <= last; n++ {
		names = append(names, fmt.Sprintf("%s%0*d%s", head, len(low), n, tail))
	}
	return names, checkName(names[0])
}

// checkName lets through what can be a host name on a network.
func checkName(name string) error {
	fits := name != "" && len(name) <= 253 && !strings.HasPrefix(name, "-") && !strings.HasPrefix(name, ".")
	for _, r := range name {
		isPlain := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
		fits = fits && (isPlain || strings.ContainsRune("-._", r))
	}
	if !fits {
		return fmt.Errorf("%q is no host name", name)
	}
	return nil
}
