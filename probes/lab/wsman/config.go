package wsman

import (
	"slices"
	"strconv"
	"strings"

	"postpatch/probes/lab/estate"
)

const configResource = "http://schemas.microsoft.com/wbem/wsman/1/config"

// setting is one line of WinRM's configuration, or a section of lines.
type setting struct {
	name, value string
	lines       []setting
}

// get answers WS-Transfer's Get. Of the resources that have one on Windows, only
// WinRM's own configuration is here; it is for administrators.
func (c *call) get() (reply, error) {
	rest, is := strings.CutPrefix(strings.ToLower(c.resource), configResource)
	if !is {
		return reply{}, badAction(c.action)
	}
	if config(c.host).Limited {
		return reply{}, accessDenied()
	}
	section := configuration(c.host)
	if name := strings.TrimPrefix(rest, "/"); name != "" {
		i := slices.IndexFunc(section.lines, func(s setting) bool {
			return s.lines != nil && strings.EqualFold(s.name, name)
		})
		if i < 0 {
			return reply{}, badResource(c.resource)
		}
		section = section.lines[i]
	}
	var b strings.Builder
	b.WriteString(`<cfg:` + section.name + ` xmlns:cfg="` + configResource + escape(rest) + `" xml:lang="en-US">`)
	for _, line := range section.lines {
		line.write(&b)
	}
	b.WriteString(`</cfg:` + section.name + `>`)
	return reply{action: nsTransfer + "/GetResponse", body: b.String()}, nil
}

func (s setting) write(b *strings.Builder) {
	b.WriteString(`<cfg:` + s.name + `>` + escape(s.value))
	for _, line := range s.lines {
		line.write(b)
	}
	b.WriteString(`</cfg:` + s.name + `>`)
}

// configuration is what `winrm get winrm/config` shows (MS-WSMV 2.2.4.10), with
// the values of a fresh Windows Server 2012 and what the estate makes of them.
func configuration(h estate.Host) setting {
	const most = "4294967295"
	c := config(h)
	offers := func(way string) string { return strconv.FormatBool(c.Offers(way)) }
	is := func(name, value string) setting { return setting{name: name, value: value} }
	set := func(name, value string) setting {
		if chosen, found := c.Config[estate.Setting(name)]; found {
			value = chosen
		}
		return is(name, value)
	}
	cbt := map[string]string{"": "Relaxed", "relaxed": "Relaxed", "strict": "Strict", "none": "None"}[c.CBT]
	ports := setting{name: "DefaultPorts", lines: []setting{is("HTTP", "5985"), is("HTTPS", "5986")}}
	// Basic without TLS is what the estate's plain listener takes.
	plain := strconv.FormatBool(c.Plain)
	return setting{name: "Config", lines: []setting{
		set("MaxEnvelopeSizekb", strconv.Itoa(maxEnvelope>>10)), set("MaxTimeoutms", "60000"), set("MaxBatchItems", "32000"),
		set("MaxProviderRequests", most),
		{name: "Client", lines: []setting{
			is("NetworkDelayms", "5000"), is("URLPrefix", "wsman"), is("AllowUnencrypted", "false"),
			{name: "Auth", lines: []setting{
				is("Basic", "true"), is("Digest", "true"), is("Kerberos", "true"), is("Negotiate", "true"),
				is("Certificate", "true"), is("CredSSP", "false"),
			}},
			ports, is("TrustedHosts", ""),
		}},
		{name: "Service", lines: []setting{
			is("RootSDDL", "O:NSG:BAD:P(A;;GA;;;BA)(A;;GR;;;IU)S:P(AU;FA;GA;;;WD)(AU;SA;GXGW;;;WD)"),
			set("MaxConcurrentOperations", most), set("MaxConcurrentOperationsPerUser", "1500"),
			set("EnumerationTimeoutms", "240000"), set("MaxConnections", "300"),
			set("MaxPacketRetrievalTimeSeconds", "120"), set("AllowUnencrypted", plain),
			{name: "Auth", lines: []setting{
				set("Basic", strconv.FormatBool(c.Offers("basic") && (c.Plain || c.TLS))), set("Kerberos", offers("kerberos")),
				set("Negotiate", offers("negotiate")), set("Certificate", offers("certificate")), set("CredSSP", "false"),
				set("CbtHardeningLevel", cbt),
			}},
			ports, is("IPv4Filter", "*"), is("IPv6Filter", "*"), is("EnableCompatibilityHttpListener", "false"),
			is("EnableCompatibilityHttpsListener", "false"), is("CertificateThumbprint", ""),
			set("AllowRemoteAccess", "true"),
		}},
		{name: "Winrs", lines: []setting{
			set("AllowRemoteShellAccess", "true"), set("IdleTimeout", strconv.FormatInt(shellIdle.Milliseconds(), 10)),
			set("MaxConcurrentUsers", "10"), set("MaxShellRunTime", "2147483647"),
			set("MaxProcessesPerShell", strconv.Itoa(maxProcesses)), set("MaxMemoryPerShellMB", "1024"),
			set("MaxShellsPerUser", strconv.Itoa(maxShells)),
		}},
	}}
}
