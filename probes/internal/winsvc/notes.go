package winsvc

// Notes tell what of services needs what. Source of the service manager's permissions:
// Microsoft's "Service Security and Access Rights".
func Notes() []string {
	return []string{
		"WMI alone answers it; what is said of delayed, trigger and depends_on needs PowerShell on the host.",
		"By default the service manager lists services over the network to administrators only.",
	}
}
