package psrp

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"postpatch/probes/host"
	"postpatch/probes/host/winrm/markup"
)

// errQuestion is wrapped by a question that cannot be put.
var errQuestion = errors.New("a command that cannot be asked")

// ProtocolVersion is what we speak (MS-PSRP 2.2.2.1): PowerShell 5's. WS-Man's
// Create names it in the option protocolversion, which must be complied with.
const ProtocolVersion = "2.3"

// capability is the SESSION_CAPABILITY message's data.
func capability() []byte {
	var e encoder
	e.properties("", func() {
		e.primitive("Version", "protocolversion", ProtocolVersion)
		e.primitive("Version", "PSVersion", "2.0")
		e.primitive("Version", "SerializationVersion", "1.1.0.1")
	})
	return e.bytes()
}

// initPool is the INIT_RUNSPACEPOOL message's data (MS-PSRP 2.2.2.2): one
// runspace and no host to call back to.
func initPool() []byte {
	var e encoder
	e.properties("", func() {
		e.number("MinRunspaces", 1)
		e.number("MaxRunspaces", 1)
		e.enum("PSThreadOptions", "System.Management.Automation.Runspaces.PSThreadOptions", "Default", 0)
		e.apartment()
		e.hostInfo()
		e.null("ApplicationArguments")
	})
	return e.bytes()
}

func (e *encoder) apartment() {
	e.enum("ApartmentState", "System.Threading.ApartmentState", "Unknown", 2)
}

// hostInfo says that there is nobody to ask (MS-PSRP 2.2.3.14).
func (e *encoder) hostInfo() {
	e.properties("HostInfo", func() {
		for _, name := range []string{"_isHostNull", "_isHostUINull", "_isHostRawUINull", "_useRunspaceHost"} {
			e.boolean(name, true)
		}
	})
}

// pipelineOf is the CREATE_PIPELINE message's data (MS-PSRP 2.2.2.10): one
// command by name, no input, nothing kept in a history.
func pipelineOf(q host.Cmdlet, server version) ([]byte, error) {
	if err := check(q); err != nil {
		return nil, err
	}
	var e encoder
	e.properties("", func() {
		e.boolean("NoInput", true)
		e.apartment()
		e.enum("RemoteStreamOptions", "System.Management.Automation.RemoteStreamOptions", "0", 0)
		e.boolean("AddToHistory", false)
		e.hostInfo()
		e.properties("PowerShell", func() {
			e.boolean("IsNested", false)
			e.null("ExtraCmds")
			e.list("Cmds", psObjects(), func() { e.command(q, server) })
			e.null("History")
			e.boolean("RedirectShellErrorOutputPipe", false)
		})
		e.boolean("IsNested", false)
	})
	return e.bytes(), nil
}

func psObjects() []string {
	return []string{
		"System.Collections.Generic.List`1[[System.Management.Automation.PSObject, " +
			"System.Management.Automation, Version=1.0.0.0, Culture=neutral, PublicKeyToken=31bf3856ad364e35]]",
		"System.Object",
	}
}

// check refuses what PowerShell would read as a positional argument or not at
// all, and what would bring no answer.
func check(q host.Cmdlet) error {
	switch {
	case strings.TrimSpace(q.Name) == "":
		return fmt.Errorf("%w: it has no name", errQuestion)
	case len(q.Properties) == 0:
		return fmt.Errorf("%w: %q has no properties to read", errQuestion, q.Name)
	}
	for _, name := range slices.Concat(slices.Sorted(maps.Keys(q.Params)), q.Switches) {
		if name == "" || strings.HasPrefix(name, "-") || strings.ContainsFunc(name, markup.IsControl) {
			return fmt.Errorf("%w: %q has a parameter %q: want a name without a dash", errQuestion, q.Name, name)
		}
	}
	return nil
}

// command is one Command with its arguments (MS-PSRP 2.2.3.12). The merge
// settings of later protocol versions are unknown properties to earlier ones.
func (e *encoder) command(q host.Cmdlet, server version) {
	e.properties("", func() {
		e.text("Cmd", q.Name)
		e.boolean("IsScript", false)
		e.null("UseLocalScope")
		merges := []string{"MergeMyResult", "MergeToResult", "MergePreviousResults"}
		if !server.less(version{2, 2}) {
			merges = append(merges, "MergeError", "MergeWarning", "MergeVerbose", "MergeDebug")
		}
		if !server.less(version{2, 3}) {
			merges = append(merges, "MergeInformation")
		}
		for _, name := range merges {
			e.enum(name, "System.Management.Automation.Runspaces.PipelineResultTypes", "None", 0)
		}
		e.list("Args", psObjects(), func() {
			for _, name := range slices.Sorted(maps.Keys(q.Params)) {
				e.argument(name, q.Params[name])
			}
			for _, name := range slices.Sorted(slices.Values(q.Switches)) {
				e.argument(name, []string{"$true"})
			}
		})
	})
}

// argument is one parameter (MS-PSRP 2.2.3.13). A switch has the value true, as
// PowerShell's own client gives it.
func (e *encoder) argument(name string, values []string) {
	e.properties("", func() {
		e.text("N", name)
		if len(values) == 1 {
			e.value("V", values[0])
			return
		}
		e.list("V", []string{"System.Object[]", "System.Array", "System.Object"}, func() {
			for _, value := range values {
				e.value("", value)
			}
		})
	})
}

func (e *encoder) value(name, value string) {
	switch strings.ToLower(value) {
	case "$null":
		e.null(name)
	case "$true", "$false":
		e.boolean(name, strings.EqualFold(value, "$true"))
	default:
		e.text(name, value)
	}
}
