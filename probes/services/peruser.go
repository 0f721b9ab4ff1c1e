package services

import "strings"

// perUser tells the instances of per-user services, which get a new suffix at
// every sign-in: CDPUserSvc_1a2b3, where CDPUserSvc is a service too. Other
// products end names alike: Agent_2019.
func perUser(name string, has func(lower string) bool) bool {
	name = strings.ToLower(name)
	i := strings.LastIndexByte(name, '_')
	if i < 0 {
		return false
	}
	template, suffix := name[:i], name[i+1:]
	return len(suffix) >= 4 && len(suffix) <= 8 && strings.Trim(suffix, "0123456789abcdef") == "" &&
		isTemplate(template) && has(template)
}

// isTemplate knows the services of which Windows makes an instance for every
// user, in lower case. Source: Microsoft's "Per-user services in Windows", and
// what newer versions of Windows brought.
func isTemplate(name string) bool {
	switch name {
	case "bcastdvruserservice", "bluetoothuserservice", "captureservice", "cdpusersvc", "devicepickerusersvc",
		"devicesflowusersvc", "messagingservice", "onesyncsvc", "pimindexmaintenancesvc", "printworkflowusersvc",
		"unistoresvc", "userdatasvc", "wpnuserservice":
		return true
	case "aarsvc", "cbdhsvc", "consentuxusersvc", "credentialenrollmentmanagerusersvc",
		"deviceassociationbrokersvc", "udkusersvc", "npsmsvc", "p9rdrservice", "penservice",
		"webthreatdefusersvc":
		return true
	default:
		return false
	}
}
