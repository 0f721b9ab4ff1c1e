package estate

// SMB is a file server on port 445.
type SMB struct {
	// Shares are what it shares: by the share's name, by a file's path with \ in it, what is
	// in the file. A path that ends in \ is a folder.
	Shares map[string]map[string]string `yaml:"shares"`
	// Gone are shares whose folder is not there any more, and Denied those that the account
	// may not open.
	Gone   []string `yaml:"gone"`
	Denied []string `yaml:"denied"`
	// User is the account that it takes, as CORP\name or name@realm, with Password.
	User     string `yaml:"user"`
	Password string `yaml:"password"`
	// Dialect is the newest that it speaks, 3.1.1 when it says nothing.
	Dialect string `yaml:"dialect" oneof:"2.0.2,2.1,3.0,3.0.2,3.1.1"`
	// Signing is required of a domain controller; offered where it says nothing.
	Signing string `yaml:"signing" oneof:"offered,required"`
	// Cipher is the one that it chooses when it is offered, AES-128-GCM when it says nothing.
	Cipher string `yaml:"cipher" oneof:"none,AES-128-CCM,AES-128-GCM,AES-256-CCM,AES-256-GCM"`
	// Logon is what every account is answered: it is locked out, disabled or has expired, or the
	// server has no logon servers, no trust of its domain, or a stale key that fits no ticket;
	// no ntlm declines NTLM's first message. As a guest it lets in whom it does not know; open
	// is none that knows the account's password, and it says so by no word.
	Logon string `yaml:"logon" oneof:"locked out,disabled,expired,no logon servers,no trust,stale key,no ntlm,guest,open"`
	Fault Fault  `yaml:"fault"`
}
