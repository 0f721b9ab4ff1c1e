package psrp

import (
	"fmt"
	"strings"
	"time"

	"postpatch/probes/lab/estate"
)

// category is an ErrorCategory of PowerShell.
type category struct {
	number int
	name   string
}

// failure is an error as PowerShell reports it.
type failure struct {
	message   string
	exception []string // .NET types, the most particular first
	id        string   // FullyQualifiedErrorId
	category  category
	target    string // the object that it is about; "" for none
	command   string // that it happened in; "" for none
}

func exceptions(own ...string) []string {
	return append(own, "System.Management.Automation.RuntimeException", "System.SystemException", "System.Exception",
		"System.Object")
}

func noScripts(script string) *failure {
	return &failure{
		message: "The syntax is not supported by this runspace. " +
			"This can occur if the runspace is in no-language mode.",
		exception: exceptions("System.Management.Automation.ParseException"),
		id:        "ScriptsNotAllowed", category: category{17, "ParserError"}, target: script,
	}
}

func noInterpreter(script string) *failure {
	return &failure{
		message: "The lab has no PowerShell that could run this script.", exception: exceptions(),
		id: "RuntimeException", category: category{0, "NotSpecified"}, target: script,
	}
}

func commandNotFound(name string) *failure {
	return &failure{
		message: "The term '" + name + "' is not recognized as the name of a cmdlet, function, script file, or operable " +
			"program. Check the spelling of the name, or if a path was included, verify that the path is correct and try again.",
		exception: exceptions("System.Management.Automation.CommandNotFoundException"),
		id:        "CommandNotFoundException", category: category{13, "ObjectNotFound"}, target: name,
	}
}

// badBinding is a parameter that does not fit: id is NamedParameterNotFound and
// the like.
func badBinding(message, id string, c cmdlet) *failure {
	return &failure{
		message:   message,
		exception: exceptions("System.Management.Automation.ParameterBindingException"),
		id:        id + "," + c.class(), category: category{5, "InvalidArgument"}, command: c.name,
	}
}

func stopped() *failure {
	return &failure{
		message:   "The pipeline has been stopped.",
		exception: exceptions("System.Management.Automation.PipelineStoppedException"),
		id:        "PipelineStopped", category: category{14, "OperationStopped"},
	}
}

func brokenPool() *failure {
	return &failure{
		message:   "The runspace pool went into a state from which it cannot be used any more.",
		exception: exceptions("System.Management.Automation.Remoting.PSRemotingDataStructureException"),
		id:        "RemoteRunspacePoolBroken", category: category{8, "InvalidOperation"},
	}
}

// own is the error that the estate gives a cmdlet.
func own(c cmdlet) *failure {
	exception := c.Exception
	if exception == "" {
		exception = "System.InvalidOperationException"
	}
	id := c.ErrorID
	if id == "" {
		id = exception[strings.LastIndexByte(exception, '.')+1:]
	}
	return &failure{
		message: c.Error, exception: []string{exception, "System.Exception", "System.Object"},
		id: id + "," + c.class(), category: category{0, "NotSpecified"}, command: c.name,
	}
}

// becomesFatal is what -ErrorAction Stop makes of an error.
func (f failure) becomesFatal() *failure {
	f.message = `The running command stopped because the preference variable "ErrorActionPreference" or common ` +
		"parameter is set to Stop: " + f.message
	return &f
}

// reason is the exception's name.
func (f *failure) reason() string {
	return f.exception[0][strings.LastIndexByte(f.exception[0], '.')+1:]
}

func (f *failure) targetType() string {
	if f.target == "" {
		return ""
	}
	return "String"
}

// categoryMessage is the line that PowerShell makes of a record's category.
func (f *failure) categoryMessage() string {
	return fmt.Sprintf("%s: (%s:%s) [%s], %s", f.category.name, f.target, f.targetType(), f.command, f.reason())
}

// record writes the failure as Windows PowerShell 5.1 does (MS-PSRP 2.2.3.15).
func (f *failure) record() *object {
	thrown := f.exception[0] + ": " + f.message
	exception := &object{types: f.exception, text: &thrown, props: []member{
		{"ErrorRecord", f.message},
		{"WasThrownFromThrowStatement", false},
		{"Message", f.message},
		{"Data", &object{
			types: []string{"System.Collections.ListDictionaryInternal", "System.Object"}, holds: aDictionary,
		}},
		{"InnerException", nil},
		{"TargetSite", nil},
		{"StackTrace", nil},
		{"HelpLink", nil},
		{"Source", "System.Management.Automation"},
		{"HResult", -2146233087},
	}}
	notes := []member{{"writeErrorStream", true}, {"Exception", exception}}
	if f.target == "" {
		notes = append(notes, member{"TargetObject", nil})
	} else {
		notes = append(notes, member{"TargetObject", f.target})
	}
	invocation := (*object)(nil)
	if f.command != "" {
		invocation = f.invocation()
		notes = append(notes, member{"FullyQualifiedErrorId", f.id}, member{"InvocationInfo", invocation})
	} else {
		notes = append(notes, member{"FullyQualifiedErrorId", f.id}, member{"InvocationInfo", nil})
	}
	notes = append(notes,
		member{"ErrorCategory_Category", f.category.number}, member{"ErrorCategory_Activity", f.command},
		member{"ErrorCategory_Reason", f.reason()}, member{"ErrorCategory_TargetName", f.target},
		member{"ErrorCategory_TargetType", f.targetType()},
		member{"ErrorCategory_Message", f.categoryMessage()},
		member{"SerializeExtendedInfo", invocation != nil},
	)
	if invocation != nil {
		notes = append(notes, extended(invocation)...)
	}
	return &object{
		types: []string{"System.Management.Automation.ErrorRecord", "System.Object"}, text: &f.message, notes: notes,
	}
}

// invocation is where in a pipeline of commands, not of a script, it happened.
func (f *failure) invocation() *object {
	text := "System.Management.Automation.InvocationInfo"
	return &object{
		types: []string{text, "System.Object"}, text: &text,
		props: []member{
			{"MyCommand", f.command},
			{"BoundParameters", &object{
				types: []string{
					"System.Management.Automation.PSBoundParametersDictionary",
					"System.Collections.Generic.Dictionary`2[[System.String, mscorlib, Version=4.0.0.0, " +
						"Culture=neutral, PublicKeyToken=b77a5c561934e089],[System.Object, mscorlib, " +
						"Version=4.0.0.0, Culture=neutral, PublicKeyToken=b77a5c561934e089]]", "System.Object",
				}, holds: aDictionary,
			}},
			{"UnboundArguments", listOf("System.Collections.ArrayList", nil)},
			{"ScriptLineNumber", 0},
			{"OffsetInLine", 0},
			{"HistoryId", int64(1)},
			{"ScriptName", ""},
			{"Line", ""},
			{"PositionMessage", ""},
			{"PSScriptRoot", ""},
			{"PSCommandPath", nil},
			{"InvocationName", f.command},
			{"PipelineLength", 0},
			{"PipelinePosition", 0},
			{"ExpectingInput", false},
			{"CommandOrigin", "Internal"},
			{"DisplayScriptPosition", nil},
		},
	}
}

// extended repeats the invocation in the record itself; what is an object there
// is a reference here.
func extended(invocation *object) []member {
	var notes []member
	for _, p := range invocation.props {
		switch p.name {
		case "MyCommand", "DisplayScriptPosition":
		case "CommandOrigin":
			notes = append(notes, member{
				"InvocationInfo_CommandOrigin",
				enumOf("System.Management.Automation.CommandOrigin", "Internal", 1),
			})
		default:
			notes = append(notes, member{"InvocationInfo_" + p.name, p.value})
		}
	}
	return append(notes,
		member{"InvocationInfo_PipelineIterationInfo", listOf("System.Int32[]", nil)},
		member{"SerializeExtent", false}, member{"PSMessageDetails", nil})
}

func listOf(kind string, items []any) *object {
	types := []string{kind, "System.Object"}
	if strings.HasSuffix(kind, "[]") {
		types = []string{kind, "System.Array", "System.Object"}
	}
	return &object{types: types, list: items, holds: aList}
}

func enumOf(kind, name string, number int) *object {
	return &object{
		types: []string{kind, "System.Enum", "System.ValueType", "System.Object"}, text: &name, base: number,
	}
}

// said is a warning or the like (MS-PSRP 2.2.2.22 to 24): kind is Warning or
// Verbose.
func said(kind, text string) *object {
	const space = "System.Management.Automation."
	return &object{
		types: []string{space + kind + "Record", space + "InformationalRecord", "System.Object"}, text: &text,
		notes: []member{
			{"InformationalRecord_Message", text}, {"InformationalRecord_SerializeInvocationInfo", false},
		},
	}
}

// progress is MS-PSRP 2.2.2.25.
func progress(activity string) *object {
	return &object{notes: []member{
		{"Activity", activity},
		{"ActivityId", 0},
		{"StatusDescription", "Processing"},
		{"CurrentOperation", nil},
		{"ParentActivityId", -1},
		{"PercentComplete", -1},
		{"Type", enumOf("System.Management.Automation.ProgressRecordType", "Processing", 0)},
		{"SecondsRemaining", -1},
	}}
}

// information is MS-PSRP 2.2.2.26.
func information(text, computer string, boot time.Time) *object {
	return &object{notes: []member{
		{"MessageData", text},
		{"Source", "Write-Information"},
		{"TimeGenerated", boot},
		{"Tags", listOf("System.Collections.ArrayList", nil)},
		{"User", "NT AUTHORITY\\SYSTEM"},
		{"Computer", computer},
		{"ProcessId", uint32(4242)},
		{"NativeThreadId", uint32(4243)},
		{"ManagedThreadId", uint32(7)},
	}}
}

// hostCall is MS-PSRP 2.2.2.27; calls that return nothing have the id -100.
func hostCall(method string) *object {
	number, id, args := 11, int64(1), []any{}
	switch method {
	case "SetShouldExit":
		number, id, args = 6, -100, []any{1}
	case "WriteLine2":
		number, id, args = 16, -100, []any{"said to the host"}
	}
	return &object{notes: []member{
		{"ci", id},
		{"mi", enumOf("System.Management.Automation.Remoting.RemoteHostMethodId", method, number)},
		{"mp", listOf("System.Collections.ArrayList", args)},
	}}
}

// capability is the server's SESSION_CAPABILITY (MS-PSRP 3.2.5.4.1.2).
func capability(version string) *object {
	return &object{notes: []member{
		{"protocolversion", primitive{"Version", version}},
		{"PSVersion", primitive{"Version", "2.0"}},
		{"SerializationVersion", primitive{"Version", serializationVersion}},
	}}
}

// privateData is APPLICATION_PRIVATE_DATA (MS-PSRP 2.2.2.13) as 5.1 fills it in.
func privateData(os estate.OS) *object {
	version := func(text string) primitive { return primitive{"Version", text} }
	build := fmt.Sprintf("%d.%d", os.Build, os.UBR)
	compatible := []any{}
	for _, v := range []string{"1.0", "2.0", "3.0", "4.0", "5.0", "5.1." + build} {
		compatible = append(compatible, version(v))
	}
	dictionary := []string{
		"System.Management.Automation.PSPrimitiveDictionary", "System.Collections.Hashtable", "System.Object",
	}
	table := &object{types: dictionary, holds: aDictionary, pairs: [][2]any{
		{"PSVersion", version("5.1." + build)},
		{"PSEdition", "Desktop"},
		{"PSCompatibleVersions", listOf("System.Version[]", compatible)},
		{"CLRVersion", version("4.0.30319.42000")},
		{"BuildVersion", version("10.0." + build)},
		{"WSManStackVersion", version("3.0")},
		{"PSRemotingProtocolVersion", version(protocolVersion)},
		{"SerializationVersion", version(serializationVersion)},
	}}
	return &object{notes: []member{{"ApplicationPrivateData", &object{
		types: dictionary, holds: aDictionary, pairs: [][2]any{{"PSVersionTable", table}},
	}}}}
}
