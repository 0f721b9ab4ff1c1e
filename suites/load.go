package suites

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"postpatch/probes"
)

// Load reads suites. There is a Set only where there is no problem; the
// problems are those of all files, in the order of their places.
func Load(files []string, kinds []probes.Kind) (*Set, []Problem) {
	return Library{Kinds: kinds}.Load(files)
}

// Load reads suites, and what they use.
func (lib Library) Load(files []string) (*Set, []Problem) {
	l := newLoader(lib)
	defer l.close()
	l.readAll(files)
	return l.finish()
}

// LoadBytes reads one suite from memory; file is its name in problems.
func LoadBytes(file string, data []byte, kinds []probes.Kind) (*Set, []Problem) {
	return Library{Kinds: kinds}.LoadBytes(file, data)
}

// LoadBytes reads one suite from memory, and what it uses.
func (lib Library) LoadBytes(file string, data []byte) (*Set, []Problem) {
	l := newLoader(lib)
	defer l.close()
	l.suite(reader{file: file, found: l.found}, data)
	return l.finish()
}

// loader holds what is known of all files.
type loader struct {
	kinds   map[string]probes.Kind
	list    []probes.Kind
	names   []string // of the kinds
	found   *problems
	set     Set
	entries []*suiteEntries
	suites  map[string]string // a suite's name, in lower case, and its place
	hosts   map[string]*sharedHost
	order   []*sharedHost
	lib     Library
	trees   map[string]*tree // of what is used, by their folders
	built   *tree            // of the program's own packs
	docs    map[string]document
	effort
}

// suiteEntries is one suite as read, before its checks are built.
type suiteEntries struct {
	reader
	suite   Suite
	timeout time.Duration
	vars    map[string]string
	hosts   []hostEntry
	checks  []*checkEntry
	effort
	// distinct are the checks as built; one that asks the same of several hosts is
	// there once.
	distinct []*Check
	strange  bool      // a check's kind is not known
	compare  []written // what the suite says of the readings of all its checks
	waivers  []Waiver
	ids      map[string]*checkEntry // by the check's id, in lower case
	above    []written              // what those who use it say beside compare
	declared map[string]variable    // of a pack
	locked   bool                   // all its checks are
	usedAt   *used                  // nil where the operator has named it
	uses     []*used
	lists    []*listEntry
	byName   map[string]int    // hosts, by their names in lower case; nil where there is no list
	whyUnset map[string]string // variables of lists that have no value
}

func newLoader(lib Library) *loader {
	l := &loader{
		kinds: map[string]probes.Kind{}, list: lib.Kinds, found: &problems{}, suites: map[string]string{},
		hosts: map[string]*sharedHost{}, lib: lib, trees: map[string]*tree{},
		built: &tree{files: lib.Built, dir: builtIn}, docs: map[string]document{}, effort: newEffort(),
	}
	for _, k := range lib.Kinds {
		l.kinds[k.Name] = k
		l.names = append(l.names, k.Name)
	}
	return l
}

// bytes reads the reader's file, and no more of it than a file may have.
func (r reader) bytes() ([]byte, bool) {
	f, err := os.Open(r.file)
	if err != nil {
		r.at(0, 0, "", reason(err))
		return nil, false
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()           // of the file that is read, whatever its name leads to by now
	if err == nil && info.IsDir() { // which Windows tells in words of its own
		r.at(0, 0, "", "reading the file: is a directory")
		return nil, false
	}
	if r.trust != nil {
		if err == nil {
			err = r.trust(info)
		}
		if err != nil {
			r.at(0, 0, "", err.Error())
			return nil, false
		}
	}
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		r.at(0, 0, "", reason(err))
		return nil, false
	}
	return data, true
}

// reason says why a file cannot be read, without its name.
func reason(err error) string {
	if errors.Is(err, fs.ErrNotExist) {
		return "there is no such file"
	}
	if pathErr := (*fs.PathError)(nil); errors.As(err, &pathErr) {
		return fmt.Sprintf("reading the file: %v", pathErr.Err)
	}
	return fmt.Sprintf("reading the file: %v", err)
}

func (l *loader) suite(r reader, data []byte) {
	r.source = Decoded(data)
	root := r.document(data)
	r.parsed = nil // most of its nodes need not stay
	if root == nil {
		return
	}
	top, ok := r.object(root, "the suite")
	if !ok {
		return
	}
	if r.another(top, "a suite", "suite", "checks") {
		return
	}
	r.known(top, "the suite", suiteKeys()...)
	s := &suiteEntries{reader: r, ids: map[string]*checkEntry{}, vars: map[string]string{}, effort: l.effort}
	s.whyUnset = map[string]string{}
	s.suite.File = r.file
	s.suite.Digest = digest(data)
	l.name(s, top)
	s.head(top)
	s.notify(top)
	l.readHosts(s, top)
	l.readBody(s, top)
	if e, found := top.get("waivers"); found {
		s.waivers, s.dry = r.waivers(e.value, l.list), false // they are held against what is built
	}
	l.entries = append(l.entries, s)
	l.set.Suites = append(l.set.Suites, s.suite)
}

// suiteKeys are the keys at the top of a suite.
func suiteKeys() []string {
	return []string{
		"suite", "owner", "vars", "hosts", "use", "override", "disable", "checks", "timeout", "compare", "waivers", "locked",
		"notify",
	}
}

// head reads what a suite says before its checks.
func (s *suiteEntries) head(top object) {
	if e, found := top.get("owner"); found {
		s.suite.Owner, _ = s.text(e.value, "owner")
	}
	if e, found := top.get("timeout"); found {
		if d, ok := s.duration(e.value, "timeout"); ok {
			s.timeout = d
		}
	}
	if e, found := top.get("vars"); found {
		s.variables(e.value)
	}
	if e, found := top.get("locked"); found {
		s.locked = s.isTrue(e.value, "locked")
	}
}

// readBody reads a suite's checks: what it uses first, then what it says of these, then
// its own.
func (l *loader) readBody(s *suiteEntries, top object) {
	l.readCompare(s, top)
	l.readUses(s, top)
	l.readOverlays(s, top)
	l.readChecks(s, top)
	s.unused()
	for _, c := range s.checks { // of what it uses, too, once it has said its own of that
		c.locked = c.locked || s.locked && s.usedAt != nil
	}
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

func (l *loader) name(s *suiteEntries, top object) {
	e, found := top.get("suite")
	if !found {
		s.hintf(top.node, "begin the file with: suite: its-name", "the suite has no name")
		return
	}
	name, ok := s.text(e.value, "suite")
	if !ok {
		return
	}
	if !isName(name) || name != strings.ToLower(name) {
		s.hintf(e.value, suggestName(name), "suite: want small letters, digits, '.', '_' and '-', got %q", shorten(name, 80))
		return
	}
	if _, hosts := top.get("hosts"); !hosts && l.lib.Lone { // a pack's checks are named after who uses it
		s.suite.Name = name
		return
	}
	if place, taken := l.suites[name]; taken {
		s.hintf(e.value, "rename one of them", "there is another suite %q at %s", name, place)
		return
	}
	l.suites[name] = s.place(e.value)
	s.suite.Name = name
}

func suggestName(name string) string {
	name = strings.ToLower(strings.Join(strings.Fields(name), "-"))
	if !isName(name) {
		return ""
	}
	return "write " + name
}

// vars reads a mapping of names to scalars.
func (r reader) vars(n *yaml.Node, what string) map[string]string {
	o, _ := r.object(n, what)
	vars := map[string]string{}
	for _, e := range o.entries {
		if !isVariable(e.name()) {
			r.errorf(e.key, "%s: want a name of letters, digits and '_', got %q", what, e.name())
			continue
		}
		if namesSecret(e.name()) {
			r.secret = true
			r.hintf(e.key, ownFileHint, "%s: %q: what stands in a suite is shown in reports, so no secret can", what, e.name())
		}
		value, ok := r.text(e.value, what+"."+e.name())
		if ok && strings.Contains(value, "{{") {
			r.errorf(e.value, "%s.%s: a template cannot stand in a variable", what, e.name())
		}
		vars[e.name()] = value
	}
	return vars
}

func isVariable(s string) bool {
	return isName(s) && !strings.ContainsAny(s, ".-") && (s[0] < '0' || s[0] > '9')
}

// finish builds all checks and returns the set, unless something is wrong.
func (l *loader) finish() (*Set, []Problem) {
	l.askDirectories()
	l.mergeHosts()
	l.buildAll()
	for _, s := range l.entries {
		l.waive(s)
	}
	if list := l.found.sorted(); len(list) > 0 {
		return nil, list
	}
	for _, h := range l.order {
		l.set.Hosts = append(l.set.Hosts, h.Host)
	}
	set := l.set // alone: the files' nodes need not stay
	return &set, nil
}
