package main

import "gopkg.in/yaml.v3"

// topKeys are the keys of a file's mapping, however large what stands under them. It is
// not told where they cannot be read as they are written: in what is no mapping, or where
// one is merged in.
func topKeys(text []byte) (keys []string, told bool) {
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return nil, false
	}
	if len(doc.Content) == 0 {
		return nil, true
	}
	root := doc.Content[0]
	if root.Kind != yaml.MappingNode {
		return nil, false
	}
	for i := 0; i < len(root.Content); i += 2 {
		key := root.Content[i]
		if key.Kind != yaml.ScalarNode || key.ShortTag() != "!!str" {
			return nil, false
		}
		keys = append(keys, key.Value)
	}
	return keys, true
}
