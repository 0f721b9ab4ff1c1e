package packed

// cmdlets are the commands that scripts may use, each with the oldest Windows
// Server that has it. One that is not here is not used: whoever adds it has
// looked up which Windows has it, and that it changes nothing on the host.
// Sources: the compatibility profiles of PSScriptAnalyzer for 2012 (PowerShell 3)
// to 2019 (5.1), and the modules' reference.
func cmdlets() map[string]string {
	const (
		all    = "2012"
		module = "with its role's module"
	)
	return map[string]string{
		"ConvertFrom-Json":           all,
		"ForEach-Object":             all,
		"Get-ChildItem":              all,
		"Get-CimClass":               all,
		"Get-CimInstance":            all,
		"Get-Command":                all,
		"Get-Date":                   all,
		"Get-Item":                   all,
		"Get-ItemProperty":           all,
		"Get-Module":                 all,
		"Get-Service":                all,
		"Get-WinEvent":               all,
		"Group-Object":               all,
		"Import-Module":              all,
		"Invoke-CimMethod":           all,
		"Join-Path":                  all,
		"Measure-Object":             all,
		"New-Object":                 all,
		"New-TimeSpan":               all,
		"Out-Null":                   all,
		"Select-Object":              all,
		"Set-StrictMode":             all,
		"Test-ComputerSecureChannel": all, // and without -Repair
		"Sort-Object":                all,
		"Split-Path":                 all,
		"Test-Path":                  all,
		"Where-Object":               all,
		"Write-Output":               all,
	}
}
