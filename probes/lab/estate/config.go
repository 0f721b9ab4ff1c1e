package estate

import (
	"fmt"
	"slices"
	"strings"
)

// Setting is a line of WinRM's configuration by the name that
// `winrm get winrm/config` gives it. Of the names that are there twice, the
// service's own is meant.
type Setting string

// settings are those that an estate can set.
func settings() []string {
	return []string{
		"MaxEnvelopeSizekb", "MaxTimeoutms", "MaxBatchItems", "MaxProviderRequests", "MaxConcurrentOperations",
		"MaxConcurrentOperationsPerUser", "EnumerationTimeoutms", "MaxConnections", "MaxPacketRetrievalTimeSeconds",
		"AllowUnencrypted", "Basic", "Kerberos", "Negotiate", "Certificate", "CredSSP", "CbtHardeningLevel",
		"AllowRemoteAccess", "AllowRemoteShellAccess", "IdleTimeout", "MaxConcurrentUsers", "MaxShellRunTime",
		"MaxProcessesPerShell", "MaxMemoryPerShellMB", "MaxShellsPerUser",
	}
}

// checkSetting says what is wrong with a setting's name; "" for nothing.
func checkSetting(name string) string {
	if slices.Contains(settings(), name) {
		return ""
	}
	return fmt.Sprintf("want a setting of WinRM: one of %s; got %q", strings.Join(settings(), ", "), name)
}
