package psrp

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"postpatch/probes/lab/estate"
)

// Call is a command that a script on the host runs with the product's snap-in, in a
// runspace of its own.
type Call struct {
	Name       string
	Properties []string            // that the script takes of each object
	Params     map[string][]string // each value with its type in front: "S text", "B true", "N"
}

// Written is what the script writes of a command.
type Written struct{ Stream, Text string }

// What the script takes of one command.
const (
	mostObjects    = 5000
	mostCharacters = 4_000_000
)

// Run answers a call as the collector snapin does: every object is one document as
// PSSerializer writes it. It says how long that took. What the endpoint is to remoting
// (who may open it, in what pieces it sends) does not count here; a command that is
// endless takes longer than any patience.
func Run(e estate.Endpoint, c Call) (written []Written, took time.Duration, err error) {
	l := &local{objects: mostObjects, characters: mostCharacters}
	if !regexp.MustCompile(`(?i)^((get|test)-\w+|invoke-monitoringprobe)$`).MatchString(c.Name) {
		l.fail(thrown("it may change something"))
		return l.written, 0, nil
	}
	asked := command{name: c.Name}
	for _, name := range slices.Sorted(maps.Keys(c.Params)) {
		v, err := typed(c.Params[name])
		if err != nil {
			return nil, 0, err
		}
		asked.args = append(asked.args, argument{name, v})
	}
	if !slices.ContainsFunc(slices.Collect(maps.Keys(e.Cmdlets)), func(name string) bool {
		return strings.EqualFold(name, c.Name)
	}) {
		return []Written{{"missing", ""}}, 0, nil
	}
	bound, failed := bind(e, asked)
	if failed == nil && e.SnapIn == estate.SnapInAlone {
		failed = noDirectory(bound)
	}
	if failed != nil {
		l.fail(failed)
		return l.written, 0, nil
	}
	l.run(bound, c.Properties)
	if bound.Endless {
		return nil, 1 << 62, nil
	}
	return l.written, bound.Think, nil
}

// local is one command that runs so.
type local struct {
	objects, characters int // that are left to it
	written             []Written
}

func (l *local) run(c cmdlet, properties []string) {
	if c.HostCall == "ReadLine" {
		l.fail(nobodyToAsk(c))
		return
	}
	failed := (*failure)(nil)
	if c.Error != "" && c.action != "silentlycontinue" && c.action != "ignore" || c.Terminating {
		failed = own(c)
	}
	if c.Terminating {
		l.fail(failed)
		return
	}
	for _, row := range c.Rows {
		if !l.write("output", picked(rowOf(row, c.Type), properties)) {
			return
		}
	}
	if c.Garbage != "" {
		l.written = append(l.written, Written{"output", `<Objs><Obj RefId="0"><MS><S N="Name">cut`})
	}
	switch {
	case failed != nil && c.action == "stop":
		l.fail(failed.becomesFatal())
		return
	case failed != nil && !l.write("error", failed.told()):
		return
	}
	l.written = append(l.written, Written{"done", ""})
}

// write is false when the script has had enough: it ends the command.
func (l *local) write(stream string, v any) bool {
	text := document(v)
	l.objects--
	l.characters -= len(text)
	switch {
	case l.objects < 0:
		l.fail(thrown(fmt.Sprintf("more than %d objects", mostObjects)))
		return false
	case l.characters < 0:
		l.fail(thrown(fmt.Sprintf("more than %d characters", mostCharacters)))
		return false
	}
	l.written = append(l.written, Written{stream, text})
	return true
}

func (l *local) fail(why *failure) {
	l.written = append(l.written, Written{"failed", document(why.told())})
}

// picked is an object with the properties that the script takes of it. What is a list
// or a plain value stays whole; null is left out of the output by PowerShell itself, and
// is null here.
func picked(v any, properties []string) any {
	o, isObject := v.(*object)
	if !isObject || o.base != nil || o.holds == aList {
		return v
	}
	shown := &object{types: customObject()}
	for _, name := range properties {
		for _, m := range slices.Concat(o.props, o.notes) {
			if strings.EqualFold(m.name, name) {
				shown.notes = append(shown.notes, m)
			}
		}
	}
	return shown
}

// told is what the script tells of an error record.
func (f *failure) told() *object {
	return &object{types: customObject(), notes: []member{
		{"FullyQualifiedErrorId", f.id},
		{"ErrorCategory_Category", f.category.number},
		{"ErrorCategory_Reason", f.reason()},
		{"ErrorCategory_TargetName", f.target},
		{"ErrorCategory_Message", f.categoryMessage()},
		{"ErrorDetails_Message", ""},
		{"Exception", &object{types: f.exception, notes: []member{{"Message", f.message}}}},
	}}
}

// document writes a value as PSSerializer does: indented, and in a root of its own.
func document(v any) string {
	const root = `<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04">`
	text := root + string(serialize(v)) + `</Objs>`
	var b strings.Builder
	last := ""
	for tag := range strings.SplitAfterSeq(text, ">") {
		// What is empty keeps its end on its line, as what has a text does.
		begun := strings.HasPrefix(last, "<") && !strings.HasPrefix(last, "</") && !strings.HasSuffix(last, "/>")
		if last != "" && strings.HasPrefix(tag, "<") && (!begun || !strings.HasPrefix(tag, "</")) {
			b.WriteString("\r\n  ")
		}
		b.WriteString(tag)
		last = tag
	}
	return b.String()
}

// typed reads the values of a parameter.
func typed(values []string) (*value, error) {
	all := make([]*value, 0, len(values))
	for _, text := range values {
		kind, rest, _ := strings.Cut(text, " ")
		switch {
		case text == "N":
			all = append(all, &value{tag: "Nil"})
		case text == "B true", text == "B false", strings.HasPrefix(text, "S "):
			all = append(all, &value{tag: kind, text: rest})
		default:
			return nil, fmt.Errorf("a value without its type: %q", text)
		}
	}
	if len(all) == 1 {
		return all[0], nil
	}
	return &value{tag: "Obj", members: map[string]*value{}, items: all}, nil
}

// thrown is an error of the script itself.
func thrown(text string) *failure {
	return &failure{
		message: text, exception: exceptions(), id: text, category: category{14, "OperationStopped"}, target: text,
	}
}

// nobodyToAsk is what a command gets that wants to ask a person something.
func nobodyToAsk(c cmdlet) *failure {
	return &failure{
		message: "A command that prompts the user failed because the host program or the command type does not support " +
			"user interaction.",
		exception: []string{"System.Management.Automation.Host.HostException", "System.Exception", "System.Object"},
		id:        "HostFunctionNotImplemented," + c.class(), category: category{19, "NotImplemented"}, command: c.name,
	}
}

// noDirectory is what Exchange's commands say of a logon that no domain controller takes
// from this host: one that came over the network and may not be delegated.
func noDirectory(c cmdlet) *failure {
	const space = "Microsoft.Exchange.Data.Directory."
	return &failure{
		message: "An Active Directory error 0x52 occurred when trying to check the suitability of server 'localhost'. " +
			"Error: 'Active directory response: A local error occurred.'",
		exception: []string{space + "SuitabilityDirectoryException", "System.Exception", "System.Object"},
		id:        space + "SuitabilityDirectoryException," + c.class(), category: category{0, "NotSpecified"},
		command: c.name,
	}
}
