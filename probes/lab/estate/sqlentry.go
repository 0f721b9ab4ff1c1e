package estate

// SQLWindows is how an instance takes Windows accounts.
type SQLWindows struct {
	User     string `yaml:"user"` // CORP\probe
	Password string `yaml:"password"`
	// NoLogin says that Windows knows the account, and the instance has no login for it.
	NoLogin bool `yaml:"no_login"`
	// Protection is Extended Protection: off when "".
	Protection string `yaml:"protection" oneof:"allowed,required"`
	// LostSPN says that the instance's names are no longer registered in the domain.
	LostSPN bool `yaml:"lost_spn"`
}

// SQLWire is what an instance's Windows can do of TLS.
type SQLWire struct {
	Newest         string `yaml:"newest" oneof:"1.0,1.1,1.2"` // version; 1.2 within TDS 7, 1.3 in TDS 8 when ""
	RSAKeyExchange bool   `yaml:"rsa_key_exchange"`           // and no other; wants an RSA key
}
