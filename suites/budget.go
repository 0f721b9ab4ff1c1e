package suites

import (
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"postpatch/probes/fact"
)

// clock is how a time of day is written.
const clock = "15:04"

// budgets reads how long commands may take.
func (r reader) budgets(n *yaml.Node) map[string]Budget {
	o, ok := r.object(n, "budget")
	if ok && len(o.entries) == 0 {
		r.hintf(n, `leave it out, or write: budget: {verify: "04:30"}`, "budget: says nothing")
	}
	r.known(o, "budget", "capture", "verify")
	all := map[string]Budget{}
	for _, e := range o.entries {
		all[e.name()] = r.budget(e.value, "budget."+e.name())
	}
	return all
}

func (r reader) budget(n *yaml.Node, what string) Budget {
	text, ok := r.text(n, what)
	if !ok {
		return Budget{}
	}
	if !strings.Contains(text, ":") {
		return Budget{For: r.span(n, what, within{time.Second, 7 * day})}
	}
	at, err := time.Parse(clock, strings.TrimSpace(text))
	if err != nil {
		r.errorf(n, "%s: want a time of day like 04:30, or a time like 45m, got %s", what, r.describe(n))
		return Budget{}
	}
	return Budget{At: at.Format(clock)}
}

// passes reads what is asked of passes beside the plan itself.
func (r reader) passes(n *yaml.Node) map[Pass]Reboot {
	const sketch = "passes: {late: {reboot: required}}"
	o, ok := r.object(n, "passes")
	if ok && len(o.entries) == 0 {
		r.hintf(n, "leave it out, or write: "+sketch, "passes: says nothing")
	}
	var names []string
	for _, p := range Passes() {
		names = append(names, string(p))
	}
	r.known(o, "passes", names...)
	all := map[Pass]Reboot{}
	for _, e := range o.entries {
		what := "passes." + e.name()
		if Pass(e.name()) == PassEarly {
			r.hintf(e.key, "write reboot: at the top of the plan", "%s: before it there is no pass, only the baseline", what)
			continue
		}
		if !slices.Contains(names, e.name()) {
			continue
		}
		pass, ok := r.object(e.value, what)
		if !ok {
			continue
		}
		r.known(pass, what, "reboot")
		said, found := pass.get("reboot")
		if !found {
			r.hintf(e.key, "write "+sketch, "%s: says nothing", what)
			continue
		}
		all[Pass(e.name())] = r.reboot(said.value, what+".reboot")
	}
	return all
}

// precheck reads what has to be so before the patch.
func (r reader) precheck(n *yaml.Node) (p Precheck) {
	o, ok := r.object(n, "precheck")
	if ok && len(o.entries) == 0 {
		r.hintf(n, "leave it out, or write: precheck: {free: 10 GiB}", "precheck: asks for nothing")
	}
	r.known(o, "precheck", "free", "backup", "restore_test")
	age := within{time.Hour, 10 * 365 * day}
	if e, found := o.get("free"); found {
		p.Free = r.bytesFree(e.value, "precheck.free")
	}
	if e, found := o.get("backup"); found {
		p.Backup = r.span(e.value, "precheck.backup", age)
	}
	if e, found := o.get("restore_test"); found {
		p.RestoreTest = r.span(e.value, "precheck.restore_test", age)
	}
	return p
}

func (r reader) bytesFree(n *yaml.Node, what string) int64 {
	const most = 64 << 40
	text, ok := r.text(n, what)
	if !ok {
		return 0
	}
	size, ok := fact.Bytes(strings.TrimSpace(text))
	switch {
	case !ok:
		r.errorf(n, "%s: want a size like 10 GiB, got %s", what, r.describe(n))
	case size == 0 || size > most:
		r.errorf(n, "%s: want more than 0 and at most 64 TiB, got %s", what, r.describe(n))
	default:
		return size
	}
	return 0
}

// store reads what keeps the runs. A folder is relative to the plan's.
func (r reader) store(n *yaml.Node) string {
	text, ok := r.text(n, "store")
	if !ok {
		return ""
	}
	text = strings.TrimSpace(text)
	scheme, _, isURL := strings.Cut(text, "://")
	if !isURL {
		path := filepath.FromSlash(text)
		if !filepath.IsAbs(path) {
			path = filepath.Join(filepath.Dir(r.file), path)
		}
		return path
	}
	u, err := url.Parse(text)
	switch {
	case err != nil:
		r.at(n.Line, n.Column, "", "store: it is no URL")
	case u.User != nil:
		r.secret = true
		r.hintf(n, "they come from the provider's own environment variables or files",
			"store: no user or password belongs into its URL")
	case !slices.Contains([]string{"file", "s3", "azblob"}, scheme):
		r.hintf(n, "postpatch explain store", "store: want a folder, s3://NAME or azblob://NAME, got %s", r.describe(n))
	case u.Host == "" && u.Path == "":
		r.errorf(n, "store: want %s, got %s", fmt.Sprintf("%s://NAME", scheme), r.describe(n))
	default:
		return text
	}
	return ""
}
