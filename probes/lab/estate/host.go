// Package estate describes the servers that a lab simulates, in each of the
// estate's named states.
package estate

import "time"

// Host is one simulated server in one state. What is nil does not listen.
type Host struct {
	Name    string   `yaml:"-"`
	Aliases []string `yaml:"aliases"` // other names that lead to it
	// Profile is what the host is built on: one of the estate's own profiles or
	// a built-in one, windows-server-2022.
	Profile string `yaml:"profile"`
	// Member makes the host answer what the estate does not tell as a plain and
	// healthy member server does: processes, shares, the network, its domain… and
	// roles that are not installed. The built-in profile sets it. What the estate
	// writes of a class or a collector stands in place of the member's, and of one
	// class of the network in place of all of them.
	Member bool `yaml:"member"`
	// Power is "on" (the default) or "off": nothing listens.
	Power string `yaml:"power" oneof:"on,off"`
	// Think is how long the host takes over each answer.
	Think    time.Duration      `yaml:"think"`
	WinRM    *WinRM             `yaml:"winrm"`
	SSH      *SSH               `yaml:"ssh"`
	Linux    *Linux             `yaml:"linux"`
	OS       OS                 `yaml:"os"`
	Services map[string]Service `yaml:"services"`
	// WMI holds instances of further classes: class, then rows of columns. A
	// class outside of root/cimv2 is written with its namespace in front:
	// "root/StandardCimv2:MSFT_NetAdapter". Rows of a class that the lab knows
	// are added to its own, or fill in its only one; a volume is known by Name.
	WMI map[string][]map[string]any `yaml:"wmi"`
	// Collectors holds what collectors other than registry answer: name, then
	// rows of columns. A name with arguments, as host.Collector writes them, goes
	// before the name alone. Without it servicekeys follows from Services, boots has
	// the starts that OS tells up to now, and firewall is as WMI's MSFT_NetFirewallProfile
	// sets it, else on.
	Collectors map[string][]map[string]any `yaml:"collectors"`
	// Refuses holds what the account may not ask, or what fails: a namespace, a
	// class with its namespace in front, or a collector, and in which words the host
	// refuses it; Windows' own for access denied when empty.
	Refuses map[string]string `yaml:"refuses"`
	// Prints holds what its PowerShell prints, by the text of a script that it is started
	// with; $env:COMPUTERNAME in it is the host's name, and a line's end follows. It runs
	// no other script but a few that people try first.
	Prints map[string]string `yaml:"prints"`
	// Registry holds keys ("HKLM\SOFTWARE\…") and their values.
	Registry map[string]map[string]any `yaml:"registry"`
	SQL      *SQL                      `yaml:"sql"`
	// Instances are further instances of SQL Server, by their names.
	Instances map[string]SQL `yaml:"instances"`
	// Browser is SQL Server Browser; it runs where there is a named instance.
	Browser  *Browser  `yaml:"browser"`
	DNS      *DNS      `yaml:"dns"`
	KDC      *KDC      `yaml:"kdc"`
	RPC      *RPC      `yaml:"rpc"`
	Mail     *Mail     `yaml:"mail"`
	HTTP     []Site    `yaml:"http"`
	SMTP     *SMTP     `yaml:"smtp"`
	LDAP     *LDAP     `yaml:"ldap"`
	SMB      *SMB      `yaml:"smb"`
	Exchange *Exchange `yaml:"exchange"`
	// PowerShell holds the session configurations, by name, that WinRM and the
	// web server offer; their account is WinRM's.
	PowerShell map[string]Endpoint `yaml:"powershell"`
	// TLS are further ports at which TLS begins at once.
	TLS      map[int]Secure   `yaml:"tls"`
	OCSP     *OCSP            `yaml:"ocsp"`
	NTP      *NTP             `yaml:"ntp"`
	SNMP     *SNMP            `yaml:"snmp"`
	RADIUS   *RADIUS          `yaml:"radius"`
	DHCP     *DHCP            `yaml:"dhcp"`
	RDP      *RDP             `yaml:"rdp"`
	Scripted map[int]Scripted `yaml:"scripted"` // ports that answer line by line
	// UDP are further ports of UDP, each with the text that it answers everything with;
	// an empty one sends back what came.
	UDP map[int]string `yaml:"udp"`
	// TCP are further open ports, each with the banner it sends.
	TCP map[int]string `yaml:"tcp"`
}

// Fault is the way in which a server misbehaves: "" not at all, "silent"
// accepts and says nothing, "garbage" answers nonsense, "error" answers the
// protocol's server error, "endless" never stops answering, "drop" closes at
// once, "refuse" does not listen.
type Fault string

// The faults.
const (
	Silent  Fault = "silent"
	Garbage Fault = "garbage"
	Error   Fault = "error"
	Endless Fault = "endless"
	Drop    Fault = "drop"
	Refuse  Fault = "refuse"
)

// OS is the machine and its Windows.
type OS struct {
	Caption     string    `yaml:"caption"` // Microsoft Windows Server 2022 Standard
	Build       int       `yaml:"build"`   // 20348
	UBR         int       `yaml:"ubr"`     // 4294
	InstallType string    `yaml:"install"` // Server, Server Core
	Edition     string    `yaml:"edition"` // ServerStandard
	Boot        time.Time `yaml:"boot"`
	// Clock is how far the host's clock is ahead of the lab's; a clock that is set moves
	// the boot time with it, and the uptime not.
	Clock time.Duration `yaml:"clock"`
	// Up is how long it has been running when the estate is loaded, in place of Boot.
	Up time.Duration `yaml:"up"`
	// Boots are the starts up to Boot that the estate's states have, oldest first.
	Boots  []time.Time `yaml:"-"`
	UUID   string      `yaml:"uuid"` // SMBIOS UUID; made from the name when empty
	Domain string      `yaml:"domain"`
}

// Service is one Windows service, in Win32_Service's words.
type Service struct {
	Display  string `yaml:"display"`
	State    string `yaml:"state" oneof:"Running,Stopped,Paused,Start Pending,Stop Pending,Continue Pending,Pause Pending"`
	Mode     string `yaml:"mode" oneof:"Auto,Manual,Disabled,Boot,System"`
	Delayed  bool   `yaml:"delayed"` // DelayedAutoStart
	Account  string `yaml:"account"`
	Path     string `yaml:"path"`
	ExitCode int    `yaml:"exit_code"`
	// SpecificExitCode is the service's own code, beside exit code 1066.
	SpecificExitCode int    `yaml:"specific_exit_code"`
	Type             string `yaml:"type"` // Own Process, Share Process
	PID              int    `yaml:"pid"`  // of a running service; made from the name when 0
	// Trigger says that the service is started by a trigger.
	Trigger bool `yaml:"trigger"`
	// DependsOn are the services that have to run before it.
	DependsOn []string `yaml:"depends_on"`
}

// DNS is a name server on port 53, UDP and TCP.
type DNS struct {
	// Records are in zone file form: "www.corp.test. 300 IN A 10.0.0.5".
	Records []string `yaml:"records"`
	// Rcodes answers these names with an error code: SERVFAIL, REFUSED…
	Rcodes map[string]string `yaml:"rcodes"`
	// Truncate makes every UDP answer truncated, so that a client asks over TCP.
	Truncate bool `yaml:"truncate"`
	// Beyond are records that it finds by asking others; without the key it asks nobody.
	Beyond []string `yaml:"beyond"`
	// Forwarders that are dead leave it what it has kept, and SERVFAIL for all other names.
	Forwarders string `yaml:"forwarders" oneof:"dead"`
	// Signed are its zones by DNSSEC, with signatures that are valid, or have expired.
	Signed string `yaml:"signed" oneof:"valid,expired"`
	// NoEDNS refuses EDNS as an old server does, with FORMERR.
	NoEDNS bool  `yaml:"no_edns"`
	Fault  Fault `yaml:"fault"`
}

// Site is a web server on one port.
type Site struct {
	Port  int             `yaml:"port"` // 80, or 443 with TLS
	TLS   *TLS            `yaml:"tls"`
	Pages map[string]Page `yaml:"pages"`
	Fault Fault           `yaml:"fault" oneof:"silent,garbage,error,endless,drop,refuse,stall"`
}

// Page is what a path answers.
type Page struct {
	Status  int               `yaml:"status"` // 200 when 0
	Headers map[string]string `yaml:"headers"`
	Body    string            `yaml:"body"`
}

// TLS describes the certificate of a listener, signed by the lab's own CA.
type TLS struct {
	Names   []string      `yaml:"names"`   // DNS names; the host's name when empty
	Expires time.Duration `yaml:"expires"` // from now; a year when 0; negative is expired
	// SelfSigned and NegativeSerial are what SQL Server makes for itself; RSA is the kind of key.
	SelfSigned     bool `yaml:"self_signed"`
	NegativeSerial bool `yaml:"negative_serial"`
	RSA            bool `yaml:"rsa"`
	// OCSP is the address of a responder that the certificate names: "http://ca01/".
	OCSP string `yaml:"ocsp"`
}

// SMTP is a mail server.
type SMTP struct {
	Banner     string   `yaml:"banner"` // after "220 "
	Extensions []string `yaml:"extensions"`
	TLS        *TLS     `yaml:"tls"` // with STARTTLS
	// Greeting replaces the 220 line: "421 4.3.2 Service not active".
	Greeting string `yaml:"greeting"`
	// Ports are those it listens on, 25 when there are none. At 465 TLS begins at once.
	Ports []int `yaml:"ports"`
	// Envelope is what MAIL FROM is answered instead: "452 4.3.1 Insufficient system
	// resources".
	Envelope string `yaml:"envelope"`
	Fault    Fault  `yaml:"fault"`
}
