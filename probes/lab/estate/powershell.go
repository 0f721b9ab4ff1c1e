package estate

import (
	"slices"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// Endpoint is a PowerShell session configuration, as Exchange's or one of JEA.
type Endpoint struct {
	// Path is where it lives: "/wsman", the default, is WinRM's own; another one
	// is a virtual directory of the web server on ports 80 and 443 (/PowerShell/).
	Path string `yaml:"path"`
	// Language is what scripts may do: "none" (the default) refuses them all.
	Language string `yaml:"language" oneof:"none,restricted,full"`
	// Denied keeps the account out of this configuration alone.
	Denied bool `yaml:"denied"`
	// SnapIn is of Microsoft.Exchange alone, whose commands a script on the host can run
	// by its snap-in, past the endpoint: "absent" is a host that has none, and with
	// "alone" no domain controller takes the account from the host, so that every
	// command fails.
	SnapIn string `yaml:"snapin" oneof:"absent,alone"`
	// Broken makes each pool go to the state Broken in place of Opened.
	Broken bool `yaml:"broken"`
	// Pieces cuts what is sent into fragments of so many bytes, each with a
	// Receive of its own; Windows' own size when 0.
	Pieces  int               `yaml:"pieces"`
	Cmdlets map[string]Cmdlet `yaml:"cmdlets"`
}

// Cmdlet is what one command of an endpoint takes and answers.
type Cmdlet struct {
	// Parameters are those beside the common ones, in the order of positions.
	Parameters []string `yaml:"parameters"`
	// Class is the cmdlet's .NET class, which stands in the ids of its errors; its
	// name when empty, as for a function.
	Class string `yaml:"class"`
	// Type is the .NET type of rows that are mappings; a custom object when empty.
	Type string `yaml:"type"`
	// Rows are what it outputs. A mapping is an object with properties. Within
	// one, a mapping with "enum" (and value, type) is a value of an enumeration,
	// one with "tag" and "text" is a primitive value of CLIXML ({tag: TS, text:
	// PT1.5S}), one with "string" (and type, properties) is an object that reads so.
	Rows []any `yaml:"rows"`
	// Error is an error beside the rows; Terminating makes it end the pipeline
	// before them.
	Error       string `yaml:"error"`
	ErrorID     string `yaml:"error_id"`  // before the class; the exception's name when empty
	Exception   string `yaml:"exception"` // .NET type; System.InvalidOperationException when empty
	Terminating bool   `yaml:"terminating"`
	// What is said before the rows.
	Warnings    []string `yaml:"warnings"`
	Verbose     []string `yaml:"verbose"`
	Progress    []string `yaml:"progress"`
	Information []string `yaml:"information"`
	// HostCall calls the client's host before the rows. ReadLine waits for an
	// answer.
	HostCall string        `yaml:"host_call" oneof:"SetShouldExit,WriteLine2,ReadLine"`
	Think    time.Duration `yaml:"think"`   // beside the host's
	Endless  bool          `yaml:"endless"` // runs until it is stopped, after its rows
	// Breaks is the state that the whole pool goes to while the cmdlet runs.
	Breaks string `yaml:"breaks" oneof:"broken,closed"`
	// Garbage sends what is no fragment in place of the rows: bytes of nothing, a
	// length that is too large, fragments out of order, broken XML, a message cut
	// short by its end.
	Garbage string `yaml:"garbage" oneof:"bytes,length,order,xml,short"`
}

// What Endpoint.SnapIn can be.
const (
	SnapInAbsent = "absent"
	SnapInAlone  = "alone"
)

// OnWeb says whether the endpoint is a virtual directory of the web server.
func (e Endpoint) OnWeb() bool { return e.Path != "" && !strings.EqualFold(e.Path, "/wsman") }

// At says whether the endpoint lives at a path of a URL; IIS minds neither case
// nor the slash at the end.
func (e Endpoint) At(path string) bool {
	own := e.Path
	if own == "" {
		own = "/wsman"
	}
	return strings.EqualFold(strings.TrimSuffix(own, "/"), strings.TrimSuffix(path, "/"))
}

// Directory says whether the host's web server has a PowerShell endpoint at a
// path; "" asks for any.
func (h Host) Directory(path string) bool {
	for _, e := range h.PowerShell {
		if e.OnWeb() && (path == "" || e.At(path)) {
			return true
		}
	}
	return false
}

// checkPowerShell looks at what the types of endpoints do not show.
func (p *parser) checkPowerShell(host *yaml.Node) {
	endpoints := child(host, "powershell")
	if endpoints == nil || endpoints.Kind != yaml.MappingNode {
		return
	}
	if child(host, "winrm") == nil {
		p.problemf(endpoints, "powershell: the host has no winrm, whose account opens its endpoints")
	}
	p.checkFold(endpoints)
	p.each(endpoints, func(name, endpoint *yaml.Node) {
		if strings.ContainsAny(name.Value, "/?#% ") {
			p.problemf(name, "powershell: %q is no name of a session configuration", name.Value)
		}
		if path := child(endpoint, "path"); path != nil && !strings.HasPrefix(path.Value, "/") {
			p.problemf(path, "path: want one that begins with /, got %q", path.Value)
		}
		if pieces := child(endpoint, "pieces"); pieces != nil && strings.HasPrefix(pieces.Value, "-") {
			p.problemf(pieces, "pieces: want a number of bytes, got %q", pieces.Value)
		}
		p.checkFold(child(endpoint, "cmdlets"))
		p.each(child(endpoint, "cmdlets"), func(name, cmdlet *yaml.Node) {
			if name.Value == "" || strings.ContainsAny(name.Value, " |;$(){}") {
				p.problemf(name, "cmdlets: %q is no name of a command", name.Value)
			}
			if rows := child(cmdlet, "rows"); rows != nil {
				p.checkProperty(rows)
			}
		})
	})
}

// checkFold finds names that PowerShell, which minds no case, cannot tell apart.
func (p *parser) checkFold(n *yaml.Node) {
	first := map[string]string{}
	p.each(n, func(name, _ *yaml.Node) {
		lower := strings.ToLower(name.Value)
		if other, double := first[lower]; double {
			p.problemf(name, "%q and %q are one to PowerShell", other, name.Value)
			return
		}
		first[lower] = name.Value
	})
}

// each visits the pairs of what is known to be a mapping, or nil.
func (p *parser) each(n *yaml.Node, visit func(key, value *yaml.Node)) {
	if n != nil && n.Kind == yaml.MappingNode {
		p.pairs(n, visit)
	}
}

// checkProperty looks at the mappings that are no custom objects, within rows.
func (p *parser) checkProperty(n *yaml.Node) {
	for _, special := range [][]string{{"enum", "value", "type"}, {"tag", "text"}, {"string", "type", "properties"}} {
		if child(n, special[0]) == nil {
			continue
		}
		p.each(n, func(key, _ *yaml.Node) {
			if !slices.Contains(special, key.Value) {
				p.problemf(key, "a value with %q has no %q: want one of %s", special[0], key.Value, strings.Join(special, ", "))
			}
		})
		if tag := child(n, "tag"); tag != nil && !slices.Contains(tags(), tag.Value) {
			p.problemf(tag, "tag: want one of %s, got %q", strings.Join(tags(), ", "), tag.Value)
		}
		return
	}
	for _, below := range n.Content {
		p.checkProperty(below)
	}
}

// tags are the primitive values of CLIXML (MS-PSRP 2.2.5.1).
func tags() []string {
	return []string{
		"S", "C", "B", "DT", "TS", "By", "SB", "U16", "I16", "U32", "I32", "U64", "I64", "Sg", "Db", "D", "BA", "G",
		"URI", "Version", "XD", "SBK", "SS",
	}
}
