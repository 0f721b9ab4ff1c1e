package packed

import (
	"slices"
	"strings"
	"testing"
)

// cmdlet is what scripts may use of a command.
type cmdlet struct {
	since  string   // the oldest Windows Server that has it, with these parameters
	params []string // without what asks another host or changes this one
}

// cmdletTable are the commands that scripts may use: since which Windows Server,
// and their parameters there. What is not here is not used: whoever adds it has
// looked up which Windows has it, and that it changes nothing on the host. Source:
// the profiles of PSScriptAnalyzer 1.19's compatibility rules for Windows Server
// 2012 (PowerShell 3), 2012 R2 (4), 2016 and 2019 (5.1); of roles, their modules'
// reference.
const cmdletTable = `
Add-PSSnapin               2012 Name
Add-Type                   2012 AssemblyName Path
Compare-Object             2012 CaseSensitive DifferenceObject IncludeEqual PassThru Property ReferenceObject
ConvertFrom-Json           2012 InputObject
ForEach-Object             2012 Begin End InputObject MemberName Process
Get-Acl                    2012 Audit InputObject LiteralPath Path
Get-AuthenticodeSignature  2012 FilePath LiteralPath
Get-BitLockerVolume        2012 MountPoint
Get-ChildItem              2012 Attributes Directory Exclude File Filter Force Include LiteralPath Name Path Recurse
Get-CimAssociatedInstance  2012 Association InputObject KeyOnly Namespace OperationTimeoutSec ResultClassName
Get-CimClass               2012 ClassName Namespace OperationTimeoutSec
Get-CimInstance            2012 ClassName Filter InputObject KeyOnly Namespace OperationTimeoutSec Property Query
Get-Command                2012 CommandType Module Name Noun Verb
Get-Content                2012 Encoding LiteralPath Path Raw Tail TotalCount
Get-Date                   2012 Date
Get-DhcpServerSetting      2012
Get-DhcpServerv4Binding    2012 InterfaceAlias
Get-DhcpServerv4Failover   2012 Name ScopeId
Get-DhcpServerv4Scope      2012 ScopeId
Get-DhcpServerv4ScopeStatistics 2012 Failover ScopeId
Get-DhcpServerv4Statistics 2012
Get-HotFix                 2012 Id
Get-Item                   2012 Force LiteralPath Path Stream
Get-ItemProperty           2012 LiteralPath Name Path
Get-Module                 2012 ListAvailable Name
Get-NetFirewallProfile     2012 All Name PolicyStore
Get-NetFirewallRule        2012 Action All Direction Enabled Group Name PolicyStore
Get-Process                2012 Id Name
Get-PSSnapin               2012 Name Registered
Get-Random                 2012 Maximum Minimum
Get-ScheduledTask          2012 TaskName TaskPath
Get-ScheduledTaskInfo      2012 InputObject TaskName TaskPath
Get-Service                2012 DisplayName Name
Get-SmbShare               2012 IncludeHidden Name ScopeName Special
Get-WindowsFeature         2012 Name
Get-WinEvent               2012 FilterHashtable FilterXPath FilterXml ListLog ListProvider LogName MaxEvents Oldest
Group-Object               2012 AsString CaseSensitive InputObject NoElement Property
Import-Module              2012 DisableNameChecking Name
Invoke-CimMethod           2012 Arguments CimClass ClassName InputObject MethodName Namespace OperationTimeoutSec Query
Join-Path                  2012 ChildPath Path
Measure-Object             2012 Average InputObject Maximum Minimum Property Sum
New-Object                 2012 ArgumentList ComObject Property Strict TypeName
New-TimeSpan               2012 Days End Hours Minutes Seconds Start
Out-Null                   2012 InputObject
Select-Object              2012 ExpandProperty First Index InputObject Last Property Skip Unique
Set-StrictMode             2012 Version
Sort-Object                2012 CaseSensitive Descending InputObject Property Unique
Split-Path                 2012 Leaf LiteralPath NoQualifier Parent Path Qualifier
Test-ComputerSecureChannel 2012 Server
Test-Path                  2012 LiteralPath Path PathType
Where-Object               2012 EQ FilterScript GE GT In InputObject LE LT Like Match NE NotIn NotLike Property Value
Write-Output               2012 InputObject
`

// cmdlets reads the table. Every cmdlet has the common parameters of PowerShell 3.
func cmdlets() map[string]cmdlet {
	table := map[string]cmdlet{}
	for line := range strings.Lines(strings.TrimSpace(cmdletTable)) {
		fields := strings.Fields(line)
		params := append(fields[2:], "ErrorAction", "ErrorVariable", "OutVariable", "WarningAction", "WarningVariable")
		table[fields[0]] = cmdlet{since: fields[1], params: params}
	}
	return table
}

// TestCmdletsChangeNothing holds the table itself to the rule.
func TestCmdletsChangeNothing(t *testing.T) {
	pure := []string{
		"Add-PSSnapin", "Add-Type", "ForEach-Object", "Invoke-CimMethod", "New-Object", "New-TimeSpan", "Out-Null", "Set-StrictMode",
	}
	var names []string
	for line := range strings.Lines(strings.TrimSpace(cmdletTable)) {
		names = append(names, strings.Fields(line)[0])
	}
	caseless := func(a, b string) int { return strings.Compare(strings.ToLower(a), strings.ToLower(b)) }
	if !slices.IsSortedFunc(names, caseless) {
		t.Error("the table is not sorted")
	}
	for _, name := range names {
		if why := refusal(name); !slices.Contains(pure, name) && !strings.HasPrefix(why, "is not among") {
			t.Errorf("%s %s", name, why)
		}
	}
	for name, c := range cmdlets() {
		if !strings.HasPrefix(c.since, "20") {
			t.Errorf("%s: %q is no Windows Server", name, c.since)
		}
		for _, param := range c.params {
			if slices.Contains([]string{"ComputerName", "CimSession", "Credential", "Repair", "TypeDefinition"}, param) {
				t.Errorf("%s -%s is none of reading this host", name, param)
			}
		}
	}
}
