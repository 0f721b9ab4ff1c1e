package suites

import (
	"io/fs"
	"path"
	"strings"

	"gopkg.in/yaml.v3"
)

// Pack is what a reader wants to know of a suite that others use.
type Pack struct {
	Name  string    // by which it is used
	About string    // the comment at its top
	Vars  []PackVar // in their order
	Uses  []string  // names and paths
}

// PackVar is a variable that a pack declares.
type PackVar struct {
	Name, Doc, Default string
	Required           bool // it has no default, neither there nor where it is used
}

// Packs reads the packs of a folder, in the order of their names. Only a file that cannot
// be read is an error; what stands in it, lint tells.
func Packs(folder fs.FS) ([]Pack, error) {
	files, err := fs.Glob(folder, "*"+packEnds)
	if err != nil {
		return nil, err
	}
	var all []Pack
	for _, file := range files {
		data, err := location{&tree{files: folder}, file}.read()
		if err != nil {
			return nil, err
		}
		all = append(all, packOf(strings.TrimSuffix(path.Base(file), packEnds), data))
	}
	return all, nil
}

func packOf(name string, data []byte) Pack {
	p := Pack{Name: name}
	r := reader{found: &problems{}}
	root := r.document(data)
	if root == nil {
		return p
	}
	top, _ := r.object(root, "the suite")
	p.About = topComment(string(data))
	if e, found := top.get("vars"); found {
		vars, _ := r.object(e.value, "vars")
		for _, v := range vars.entries {
			v := r.packVar(v)
			v.Required = v.Required && !strings.Contains(string(data), "{{ "+v.Name+" | default ")
			p.Vars = append(p.Vars, v)
		}
	}
	if e, found := top.get("use"); found {
		for _, n := range r.oneOrMany(e.value, "use") {
			if o, ok := r.object(n, ""); ok && n.Kind == yaml.MappingNode {
				e, _ := o.get("suite")
				n = e.value
			}
			if n != nil && n.Kind == yaml.ScalarNode {
				p.Uses = append(p.Uses, n.Value)
			}
		}
	}
	return p
}

func (r reader) packVar(e entry) PackVar {
	v := PackVar{Name: e.name()}
	if e.value.Kind != yaml.MappingNode {
		v.Default = e.value.Value
		return v
	}
	o, _ := r.object(e.value, "")
	if doc, found := o.get("doc"); found {
		v.Doc, _ = r.sentence(doc.value, "")
	}
	given, found := o.get("default")
	if v.Required = !found; found {
		v.Default = given.value.Value
	}
	return v
}

// topComment is the comment that a file begins with, without its marks.
func topComment(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		comment, is := strings.CutPrefix(line, "#")
		if !is {
			break
		}
		if strings.HasPrefix(strings.TrimSpace(comment), "yaml-language-server:") {
			continue
		}
		b.WriteString(comment)
	}
	return b.String()
}
