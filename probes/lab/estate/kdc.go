package estate

// KDC is a domain controller's Kerberos on port 88, by TCP and UDP, for the estate's
// realm. Its clock is the host's.
type KDC struct {
	Fault Fault `yaml:"fault"`
	TCP   Fault `yaml:"tcp"` // by TCP alone
	UDP   Fault `yaml:"udp"` // by UDP alone
	// Encryption are the kinds that it lets be used; all that accounts have keys of when
	// empty.
	Encryption []string `yaml:"encryption" oneof:"aes256,aes128,rc4"`
	// Users are further accounts of the domain, beside those that the hosts take.
	Users map[string]DomainUser `yaml:"users"`
}

// DomainUser is an account of the domain.
type DomainUser struct {
	Password string `yaml:"password"`
	// State is what keeps it from logging on; nothing when empty.
	State string `yaml:"state" oneof:"disabled,locked,expired,password-expired"`
	// Encryption are the kinds that it has keys of; aes256 and aes128 when empty.
	Encryption []string `yaml:"encryption" oneof:"aes256,aes128,rc4"`
	// SPNs are the services that run under it: "HTTP/web01.corp.test".
	SPNs []string `yaml:"spns"`
}

// On is what is wrong with a KDC over "tcp" or "udp"; "" for nothing.
func (k KDC) On(transport string) Fault {
	switch {
	case k.Fault != "":
		return k.Fault
	case transport == "udp":
		return k.UDP
	default:
		return k.TCP
	}
}

// RPC is the endpoint mapper on port 135, and what is registered with it.
type RPC struct {
	Fault Fault `yaml:"fault"`
	// Denied makes the mapper tell nothing to strangers, as the policy
	// RestrictRemoteClients does.
	Denied bool `yaml:"denied"`
	// Interfaces are those that are registered, by the names that rpc knows or their UUID:
	// "netlogon", "12345678-1234-abcd-ef00-01234567cffb".
	Interfaces map[string]Interface `yaml:"interfaces"`
}

// Interface is an interface of RPC, and the port it answers at.
type Interface struct {
	Port    int    `yaml:"port"`
	Version string `yaml:"version"` // 1.0 when empty
	// Lost says that it is not registered, although it answers.
	Lost bool `yaml:"lost"`
	// Fault is what is wrong with its port; error rejects whoever wants to call it.
	Fault Fault `yaml:"fault"`
}
