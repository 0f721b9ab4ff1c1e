package estate

import (
	"cmp"
	"maps"
	"reflect"
	"strings"
	"time"
)

// Exchange is the web side of an Exchange server: its virtual directories on
// ports 443, 444 and 80, and the mailboxes behind them.
type Exchange struct {
	TLS *TLS `yaml:"tls"`
	// Version is the build that the protocols tell: 15.2.1748.10, Exchange 2019 CU15,
	// when empty.
	Version string `yaml:"version"`
	// Down are the virtual directories that answer 503: owa, ews, mapi…
	Down []string `yaml:"down"`
	// Node replaces the host's name wherever the server names itself, as behind a
	// load balancer that leads elsewhere.
	Node  string `yaml:"node"`
	Fault Fault  `yaml:"fault" oneof:"silent,garbage,error,endless,drop,refuse,stall"`
	// Mailboxes are by their primary addresses: probe@corp.test.
	Mailboxes map[string]Mailbox `yaml:"mailboxes"`
	// Auth replaces what a virtual directory takes; without, Exchange's defaults.
	Auth map[Directory][]Scheme `yaml:"auth"`
	// Protection is Extended Protection where it is not as Exchange 2019 CU14 and later
	// set it: required for owa, ecp, mapi and rpc, allowed for ews, oab and activesync.
	Protection map[Directory]Protection `yaml:"protection"`
	// Bridged says that a load balancer ends TLS with a certificate of its own in front
	// of the server: no channel binding can be right.
	Bridged bool `yaml:"bridged"`
	// Lockout is how many wrong passwords in a row lock an account; 0 for any number.
	Lockout int `yaml:"lockout"`
	// AuthCertificate is the state of Exchange's own certificate, which signs the
	// cookies of OWA and ECP: expired answers every right logon with HTTP 500, split is
	// another one than on the other servers, so that logons lead back to their page.
	AuthCertificate string `yaml:"auth_certificate" oneof:"expired,split"`
	// Faults are what becomes of single virtual directories.
	Faults map[Directory]WebFault `yaml:"faults"`
	// Elsewhere is where the fault of that name leads; https://sso.example.test/adfs/ls/
	// when empty.
	Elsewhere string `yaml:"elsewhere"`
	// Slow is how long the fault of that name takes; half a minute when 0.
	Slow time.Duration `yaml:"slow"`
	// OAB is the GUID of the offline address book; made from the host's name when empty.
	OAB string `yaml:"oab"`
}

// Mailbox is one of Exchange's mailboxes and its account.
type Mailbox struct {
	// User is the account, as CORP\probe or probe; the part of the address before @
	// when empty.
	User     string `yaml:"user"`
	Password string `yaml:"password"` // "lab" when empty
	Display  string `yaml:"display"`
	// Folders are those beside the well-known ones; "Projects/2026" lies in Projects.
	Folders  []string `yaml:"folders"`
	Messages []Letter `yaml:"messages"`
	// Disabled are the virtual directories that the account may not use, as
	// Set-CASMailbox switches them off.
	Disabled []Directory `yaml:"disabled"`
	// Dismounted says that the mailbox's database is.
	Dismounted bool `yaml:"dismounted"`
}

// Letter is a message that lies in a mailbox from the beginning.
type Letter struct {
	Folder  string        `yaml:"folder"` // inbox when empty; a well-known name or one of Folders
	From    string        `yaml:"from"`
	To      string        `yaml:"to"`
	Subject string        `yaml:"subject"`
	Body    string        `yaml:"body"`
	Age     time.Duration `yaml:"age"`
	Read    bool          `yaml:"read"`
}

// Directory is a virtual directory of Exchange, without slashes, in lower case.
type Directory string

// Directories are those of a mailbox server's front end.
func Directories() []Directory {
	return []Directory{
		"owa", "ecp", "ews", "mapi", "oab", "rpc", "autodiscover", ActiveSync, "powershell",
	}
}

// ActiveSync is the directory that has a name and a short one in estates.
const ActiveSync Directory = "microsoft-server-activesync"

// Scheme is a way to authenticate at a virtual directory.
type Scheme string

// The schemes.
const (
	Negotiate Scheme = "negotiate"
	NTLM      Scheme = "ntlm"
	Basic     Scheme = "basic"
	Forms     Scheme = "forms"
)

// Protection is a setting of Extended Protection.
type Protection string

// The settings.
const (
	Unprotected Protection = "none"
	Allowed     Protection = "allow"
	Required    Protection = "require"
)

// WebFault is what becomes of a virtual directory's requests.
type WebFault string

// The faults, beside those of every server.
const (
	WebLoginPage WebFault = "login-page" // a proxy's own page to sign in, with 200
	WebElsewhere WebFault = "elsewhere"  // a redirection to another host
	WebBomb      WebFault = "bomb"       // XML whose entities never end
	WebDeep      WebFault = "deep"       // XML of a hundred thousand levels
	WebCutShort  WebFault = "cut"        // half of an answer, then the end of the connection
	WebSlow      WebFault = "slow"       // the right answer, late
	WebUnheard   WebFault = "unheard"    // 401 whatever the client sends
	WebTimeout   WebFault = "timeout"    // 504, as where no back end answers
)

// Of finds the value for a virtual directory among those of an estate.
func Of[T any](values map[Directory]T, directory Directory) (value T, found bool) {
	value, found = values[directory]
	if !found && directory == ActiveSync {
		value, found = values["activesync"]
	}
	return value, found
}

// withMailboxes makes Exchange's mailboxes those of the host's other protocols, too,
// unless Mail names them itself.
func (h Host) withMailboxes() Host {
	if h.Exchange == nil || len(h.Exchange.Mailboxes) == 0 {
		return h
	}
	m := Mail{}
	if h.Mail != nil {
		m = *h.Mail
	}
	users := maps.Clone(m.Users)
	if users == nil {
		users = map[string]string{}
	}
	for address, box := range h.Exchange.Mailboxes {
		if _, named := users[address]; !named {
			users[address] = cmp.Or(box.Password, "lab")
		}
	}
	m.Users, h.Mail = users, &m
	return h
}

// exchangeWords are the values that a type of this file has; "" for another type.
func exchangeWords(t reflect.Type) string {
	switch t {
	case reflect.TypeFor[Directory]():
		words := []string{"activesync"}
		for _, directory := range Directories() {
			words = append(words, string(directory))
		}
		return strings.Join(words, ",")
	case reflect.TypeFor[Scheme]():
		return "negotiate,ntlm,basic,forms"
	case reflect.TypeFor[Protection]():
		return "none,allow,require"
	case reflect.TypeFor[WebFault]():
		return "silent,garbage,error,endless,drop,stall,login-page,elsewhere,bomb,deep,cut,slow,unheard,timeout"
	default:
		return ""
	}
}
