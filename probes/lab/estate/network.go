package estate

import "time"

// NTP is a time server on UDP port 123. It tells the host's clock.
type NTP struct {
	// Stratum is 3 when 0, and 0 where the server is unsynchronized.
	Stratum int `yaml:"stratum"`
	// Reference is what the time comes from: an address, or a clock's code with stratum 1;
	// 10.0.0.1 or LOCL when empty.
	Reference string `yaml:"reference"`
	// Unsynchronized is as Windows answers until it has got the time from anywhere.
	Unsynchronized bool `yaml:"unsynchronized"`
	// Kiss declines to give the time, with a code: RATE, DENY.
	Kiss string `yaml:"kiss"`
	// Offset is how far its clock is ahead of the host's own.
	Offset time.Duration `yaml:"offset"`
	Fault  Fault         `yaml:"fault"`
}

// SNMP is an agent on UDP port 161.
type SNMP struct {
	// Community is what version 2c wants, "public" when empty. Who has another is not answered.
	Community string `yaml:"community"`
	// Values are what it knows, by the object: "1.3.6.1.2.1.1.5.0: dc01". A text that begins
	// with a type in brackets is of that type: "[gauge] 7"; else it is a number or a text.
	Values map[string]string `yaml:"values"`
	Fault  Fault             `yaml:"fault"`
}

// RADIUS is a server on UDP port 1812, such as Windows' NPS.
type RADIUS struct {
	Secret string            `yaml:"secret"`
	Users  map[string]string `yaml:"users"` // and their passwords
	// Status makes it answer Status-Server, as NPS does not.
	Status bool `yaml:"status"`
	// Unsigned leaves the Message-Authenticator out of the answers, as before KB5040434.
	Unsigned bool `yaml:"unsigned"`
	// Required drops what comes without a Message-Authenticator.
	Required bool  `yaml:"required"`
	Fault    Fault `yaml:"fault"`
}

// DHCP is a server on UDP port 67. It knows every network.
type DHCP struct {
	Routers []string      `yaml:"routers"`
	DNS     []string      `yaml:"dns"`
	Domain  string        `yaml:"domain"`
	Lease   time.Duration `yaml:"lease"` // eight days when 0
	// Offers are the addresses that are free; "10.0.0.100" when there are none.
	Offers []string `yaml:"offers"`
	// Full has no address to offer, and is silent on DISCOVER.
	Full bool `yaml:"full"`
	// Unauthorised is silent on everything, as a server that the directory does not list.
	Unauthorised bool  `yaml:"unauthorised"`
	Fault        Fault `yaml:"fault"`
}

// RDP is Remote Desktop on TCP port 3389.
type RDP struct {
	// Security is what a client has to offer: nla, the default, tls, or rdp for one that
	// takes the protocol's own old encryption, too.
	Security string `yaml:"security" oneof:"nla,tls,rdp"`
	// TLS is the certificate; a self-signed one of the host's name when nil.
	TLS *TLS `yaml:"tls"`
	// NoCertificate answers that there is none, as after a renewal that failed.
	NoCertificate bool `yaml:"no_certificate"`
	// NoCredSSP ends the connection when CredSSP begins.
	NoCredSSP bool  `yaml:"no_credssp"`
	Fault     Fault `yaml:"fault"`
}

// Scripted is a port that answers line by line.
type Scripted struct {
	Greeting string            `yaml:"greeting"` // the first words; "" for none
	Answers  map[string]string `yaml:"answers"`  // by the line that came
	// StartTLS is the line after which TLS begins, once it was answered.
	StartTLS string `yaml:"starttls"`
	TLS      *TLS   `yaml:"tls"`
}
