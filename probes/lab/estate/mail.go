package estate

import "time"

// Mail are the mailboxes of a host, which SMTP delivers into and IMAP and POP3 show.
type Mail struct {
	// Users are the mailboxes' addresses, by which one logs in, and their passwords.
	Users map[string]string `yaml:"users"`
	TLS   *TLS              `yaml:"tls"`  // the certificate; of the host's name when nil
	IMAP  *Post             `yaml:"imap"` // on 143 with STARTTLS and on 993
	POP3  *Post             `yaml:"pop3"` // on 110 with STLS and on 995
	// Delay is how long a message is under way.
	Delay time.Duration `yaml:"delay"`
	// Mark is what a gateway writes ahead of the subjects of messages: "[EXTERNAL] ".
	Mark string `yaml:"mark"`
	// Fate is what becomes of messages instead of their delivery: they are lost, or
	// come back to a sender who is here.
	Fate string `yaml:"fate" oneof:"lost,bounced"`
}

// Post is a server that shows mailboxes.
type Post struct {
	// Greeting replaces the whole first line: "* BYE not now", or any bytes.
	Greeting string `yaml:"greeting"`
	// StartTLS is "" where it works; otherwise it is not offered, refused when it is
	// asked for, or followed by something said ahead of TLS.
	StartTLS string `yaml:"starttls" oneof:"absent,refused,injected"`
	// Plain lets clients log in without TLS.
	Plain bool `yaml:"plain"`
	// Login is what every login is answered instead: "NO [UNAVAILABLE] later", or
	// "-ERR [SYS/TEMP] later".
	Login string `yaml:"login"`
	Fault Fault  `yaml:"fault"`
}
