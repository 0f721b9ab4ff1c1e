package estate

// LDAP is a directory: that of a domain controller.
type LDAP struct {
	// Ports are those it listens on, 389 when there are none. At 636 and 3269 TLS begins at
	// once; without a certificate every connection ends there.
	Ports []int `yaml:"ports"`
	TLS   *TLS  `yaml:"tls"`
	// User is the account that it takes, as CORP\name or name@realm, with Password.
	User     string `yaml:"user"`
	Password string `yaml:"password"`
	// RootDSE are attributes over those that it says of itself; one without values is not
	// there.
	RootDSE map[string][]string `yaml:"rootdse"`
	// Entries are what it holds: attributes by the distinguished name.
	Entries map[string]map[string][]string `yaml:"entries"`
	// Signing wants binds without TLS to be signed.
	Signing bool `yaml:"signing"`
	// Binding says whether a proof within TLS has to be bound to it; "" looks at none.
	Binding string `yaml:"binding" oneof:"allowed,required"`
	// Account is what every bind is refused with, as Windows writes it: "775" is locked.
	Account string `yaml:"account"`
	// StartTLS is "" where it works; otherwise it is declined.
	StartTLS string `yaml:"starttls" oneof:"refused"`
	Fault    Fault  `yaml:"fault"`
}
