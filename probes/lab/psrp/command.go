package psrp

import (
	"fmt"
	"slices"
	"strings"
)

// request is what CREATE_PIPELINE asks for (MS-PSRP 2.2.2.10).
type request struct {
	takesInput bool
	nullHost   bool
	statements [][]command
}

// command is one command of a pipeline (MS-PSRP 2.2.3.12).
type command struct {
	name     string
	isScript bool
	args     []argument
}

// argument is one parameter; a positional one has no name (MS-PSRP 2.2.3.13).
type argument struct {
	name  string
	value *value
}

// need returns a property that a message must have, of one of the tags.
func (v *value) need(name string, tags ...string) (*value, error) {
	if v == nil || v.tag != "Obj" {
		return nil, fmt.Errorf("the property %s is missing: the value is no object", name)
	}
	found := v.members[name]
	if found == nil {
		return nil, fmt.Errorf("the property %s is missing", name)
	}
	if !slices.Contains(tags, found.tag) {
		return nil, fmt.Errorf("the property %s is a %s, not a %s", name, found.tag, strings.Join(tags, " or a "))
	}
	return found, nil
}

// needAll sees that the properties are there: "Name:B,Nil".
func (v *value) needAll(properties ...string) error {
	for _, property := range properties {
		name, tags, _ := strings.Cut(property, ":")
		if _, err := v.need(name, strings.Split(tags, ",")...); err != nil {
			return err
		}
	}
	return nil
}

// flag is the value of a Boolean property that is known to be there.
func (v *value) flag(name string) bool { return v.members[name].text == "true" }

// readRequest reads the request of a client that speaks a version of the protocol.
func readRequest(data []byte, version string) (request, error) {
	root, err := readValue(data)
	if err != nil {
		return request{}, err
	}
	needed := []string{
		"NoInput:B", "ApartmentState:Obj", "RemoteStreamOptions:Obj", "AddToHistory:B", "HostInfo:Obj", "PowerShell:Obj",
	}
	if accepts(version, "2.2") { // before it, there was none
		needed = append(needed, "IsNested:B")
	}
	if err := root.needAll(needed...); err != nil {
		return request{}, err
	}
	host, shell := root.members["HostInfo"], root.members["PowerShell"]
	if err := checkHost(host); err != nil {
		return request{}, err
	}
	if err := shell.needAll("Cmds:Obj", "IsNested:B", "History:S,Nil", "RedirectShellErrorOutputPipe:B"); err != nil {
		return request{}, err
	}
	r := request{takesInput: !root.flag("NoInput"), nullHost: host.flag("_isHostNull")}
	lists := []*value{shell}
	// More than one statement are all in ExtraCmds; Cmds repeats one of them.
	if extra := shell.members["ExtraCmds"]; extra != nil && len(extra.items) > 0 {
		lists = extra.items
	}
	for _, list := range lists {
		statement, err := readStatement(list)
		if err != nil {
			return request{}, err
		}
		r.statements = append(r.statements, statement)
	}
	return r, nil
}

// checkHost looks at HostInfo (MS-PSRP 2.2.3.14).
func checkHost(host *value) error {
	return host.needAll("_isHostNull:B", "_isHostUINull:B", "_isHostRawUINull:B", "_useRunspaceHost:B")
}

func readStatement(v *value) ([]command, error) {
	list, err := v.need("Cmds", "Obj")
	if err != nil {
		return nil, err
	}
	if len(list.items) == 0 {
		return nil, fmt.Errorf("the pipeline has no commands")
	}
	commands := make([]command, 0, len(list.items))
	for _, item := range list.items {
		c, err := readCommand(item)
		if err != nil {
			return nil, err
		}
		commands = append(commands, c)
	}
	return commands, nil
}

func readCommand(v *value) (command, error) {
	err := v.needAll("Cmd:S", "IsScript:B", "UseLocalScope:B,Nil", "MergeMyResult:Obj", "MergeToResult:Obj",
		"MergePreviousResults:Obj", "Args:Obj")
	if err != nil {
		return command{}, err
	}
	c := command{name: v.members["Cmd"].text, isScript: v.flag("IsScript")}
	for _, item := range v.members["Args"].items {
		name, err := item.need("N", "S", "Nil")
		if err != nil {
			return command{}, err
		}
		if item.members["V"] == nil {
			return command{}, fmt.Errorf("the property V is missing")
		}
		// A dash in front and a colon behind belong to the syntax.
		plain := strings.TrimSuffix(strings.TrimPrefix(name.text, "-"), ":")
		c.args = append(c.args, argument{plain, item.members["V"]})
	}
	return c, nil
}
