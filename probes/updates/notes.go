package updates

// notes say whom the update agent answers. Source: Microsoft's page on using it from a
// remote computer.
func notes() []string {
	return []string{
		"WMI alone tells hotfixes and configmgr; history, wsus and missing need PowerShell on the host.",
		"Of Linux dpkg or rpm tells packages, in the part hotfixes; nobody else is asked there.",
		"History and missing want an administrator of the host: the update agent answers no others from afar.",
		"The update agent may refuse the catalogue of missing: offline over WinRM; then missing is unknown.",
	}
}
