package updates

// notes say whom the update agent answers. Source: Microsoft's page on using it from a
// remote computer.
func notes() []string {
	return []string{
		"WMI alone tells hotfixes and configmgr; history, wsus and missing need PowerShell on the host.",
		"History and missing want an administrator of the host: the update agent answers no others from afar.",
		"The update agent may refuse the catalogue of missing: offline over WinRM; then missing is unknown.",
	}
}
