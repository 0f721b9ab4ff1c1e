package winsvc

// Notes tell what of services needs what. Source of the service manager's permissions:
// Microsoft's "Service Security and Access Rights".
func Notes() []string {
	return []string{
		"WMI alone answers it; what is said of delayed, trigger and depends_on needs PowerShell on the host.",
		"Of Linux the services are systemd's: running is active, auto enabled or wanted by another, disabled masked.",
		"By default the service manager lists services over the network to administrators only.",
	}
}
