package schema

// credentials is the schema of the operator's file of who goes to which host.
func credentials() object {
	entry := closed(object{
		"hosts": with(texts(), about("Hosts' names, or patterns with * and ?, in any case.")),
		"for": with(oneOrMany(with(object{"type": "string"},
			pattern(`^(winrm|ssh|sql|mail|ldap|smb|kerberos|snmp|radius|radius_user)$`,
				"winrm, ssh, sql, mail, ldap, smb, kerberos, snmp, radius or radius_user"))),
			about("The uses that it is for; winrm (or ssh) and sql unless given, as far as its proof can serve them.")),
		"user":              with(text(), about(`CORP\name, name@CORP.EXAMPLE.ORG, .\name or a plain name.`)),
		"password":          ref("secret", about("Where the password is kept; never the password itself.")),
		"token":             ref("secret", about("Where an access token of Entra ID for SQL Server is kept.")),
		"keytab":            with(text(), about("A Kerberos keytab's path.")),
		"ccache":            with(text(), about("A Kerberos ticket cache's path, as kinit makes it.")),
		"certificate":       certificate(),
		"current_user":      proven("Whoever runs postpatch, on Windows."),
		"managed_identity":  proven("The identity of the Azure machine; for sql alone."),
		"workload_identity": proven("The federated token of a pipeline or a pod; for sql alone."),
		"key":               sshKey(),
		"agent":             proven("The agent that holds the keys of who runs postpatch; for ssh alone."),
		"transport": with(words("winrm", "over WinRM; unless given", "ssh", "over SSH"),
			about("How the hosts are asked.")),
		"winrm": winRM(), "ssh": overSSH(), "sql": sqlServer(), "mail": mail(),
	}, "hosts")
	var proofs list
	for _, key := range []string{
		"password", "keytab", "ccache", "certificate", "current_user", "key", "agent", "token", "managed_identity",
		"workload_identity",
	} {
		proofs = append(proofs, requires(key))
	}
	entry["oneOf"] = proofs
	s := closed(object{"credentials": object{
		"type": "array", "minItems": 1, "items": entry, "description": "Who goes to which host; the best fit is taken.",
	}}, "credentials")
	s["title"] = "postpatch credentials"
	s["description"] = "Which user goes to which host: postpatch explain credentials."
	s["definitions"] = object{"secret": secret()}
	return s
}

func certificate() object {
	return with(closed(object{
		"cert": with(text(), about("The certificate's path, in PEM.")),
		"key":  with(text(), about("Its key's path, in PEM.")),
	}, "cert", "key"), about("A certificate that is shown in TLS, or that of an application in Entra ID."))
}

// truth is true or false, in quotes too.
func truth(text string) object {
	return object{"enum": list{true, false, "true", "false"}, "description": text}
}

func proven(text string) object {
	return object{"enum": list{true, "true"}, "description": text}
}

func winRM() object {
	return with(closed(object{
		"tls": truth("Connect with TLS."),
		"port": with(object{"type": list{"integer", "string"}, "minimum": 1, "maximum": 65535},
			pattern(`^\+?[0-9]+$`, "a port"),
			about("5986 with TLS, 5985 without, unless given.")),
		"auth": with(words(
			"negotiate", "Kerberos, else NTLM; unless given", "kerberos", "Kerberos alone", "ntlm", "NTLM alone",
			"basic", "the password itself, in TLS", "certificate", "a certificate, in TLS",
		), about("How the account logs on.")),
		"spn":         with(text(), about("The service's name for Kerberos, if it is not HTTP/ and the host's.")),
		"krb5_conf":   with(text(), about("A krb5.conf of its own.")),
		"ca_file":     with(text(), about("Trust the certificates that this file's ones have signed.")),
		"insecure":    truth("Do not check the server's certificate."),
		"allow_plain": truth("Basic without TLS: the password travels readable; for a lab."),
		"exchange": with(words(
			"remote", "at Exchange's own endpoint; unless given", "snapin", "by its snap-in, within the host's PowerShell",
		), about("How Exchange's commands are asked.")),
	}), about("How WinRM is entered."))
}

func sshKey() object {
	return with(closed(object{
		"file":        with(text(), about("The private key's path, in a format of OpenSSH.")),
		"passphrase":  ref("secret", about("Where the passphrase is kept that opens the key.")),
		"certificate": with(text(), about("The path of the key's certificate of OpenSSH.")),
	}, "file"), about("A private key of SSH."))
}

func overSSH() object {
	return with(closed(object{
		"port": with(object{"type": list{"integer", "string"}, "minimum": 1, "maximum": 65535},
			pattern(`^\+?[0-9]+$`, "a port"), about("22 unless given.")),
		"known_hosts": with(texts(), about("Files of hosts' keys; ~/.ssh/known_hosts and the system's unless given.")),
		"host_keys": with(texts(),
			about("The keys of the one host: SHA256:… as ssh-keygen -l prints it, or the line of a .pub file.")),
		"identity": with(text(), pattern(`^SHA256:[A-Za-z0-9+/]{43}$`, "SHA256:… as ssh-add -l prints it"),
			about("The one key of the agent that is shown.")),
	}), about("How SSH is entered."))
}

func sqlServer() object {
	return with(closed(object{
		"auth": with(words(
			"sql", "a SQL login", "negotiate", "Kerberos, else NTLM", "kerberos", "Kerberos alone", "ntlm", "NTLM alone",
			"entra", "Entra ID",
		), about("How the account logs in.")),
		"encrypt": object{
			"enum":        list{true, false, "true", "strict", "false", "disable"},
			"description": "true (all traffic; unless given), strict (TDS 8), false (the login alone), disable (nothing).",
		},
		"ca_file":  with(text(), about("Trust the certificates that this file's ones have signed.")),
		"pin":      with(text(), about("Trust one certificate: its SHA-256, or its file.")),
		"insecure": truth("Do not check the server's certificate."),
		"tls_min": object{
			"enum":        list{1.0, 1.1, 1.2, 1.3, "1.0", "1.1", "1.2", "1.3"},
			"description": "1.2 unless given; 1.0 and 1.1 for a server that is too old.",
		},
		"spn":             with(text(), about("The service's name, if it is not MSSQLSvc/ with the host's name and :port.")),
		"krb5_conf":       with(text(), about("A krb5.conf of its own.")),
		"channel_binding": truth("false leaves out what Extended Protection asks for."),
		"tenant":          with(text(), about("The tenant of Entra ID.")),
	}), about("How SQL Server is entered."))
}

func mail() object {
	return with(closed(object{
		"address": with(text(), about("The mailbox' own address; the user when that is one.")),
		"names":   with(texts(), about("What the certificate may be for instead of the host's name.")),
		"auth": with(words(
			"negotiate", "Kerberos, else NTLM; unless given", "kerberos", "Kerberos alone", "ntlm", "NTLM alone",
			"basic", "the password itself, in TLS",
		), about("How the account logs on over the web.")),
		"channel_binding": truth("false leaves out what Extended Protection asks for."),
		"krb5_conf":       with(text(), about("A krb5.conf of its own.")),
		"insecure":        truth("Show the password within TLS whatever the certificate: for a lab."),
		"allow_plain":     truth("And without TLS: for a lab."),
	}), about("How a test mailbox is entered."))
}
