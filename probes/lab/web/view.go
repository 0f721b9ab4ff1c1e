package web

import (
	"slices"
	"strings"

	"postpatch/probes/lab/estate"
	"postpatch/probes/lab/exchange"
)

// view is one port of a host in its present state: a site, Exchange, or both in
// one.
type view struct {
	host     estate.Host
	site     *estate.Site
	exchange *estate.Exchange
	tls      *estate.TLS // nil for plain HTTP
	// powerShell says that the port has virtual directories of PowerShell.
	powerShell bool
}

func (s *Server) view() view {
	v := view{host: s.host()}
	if v.host.Power == "off" {
		return v
	}
	for i := range v.host.HTTP {
		site := &v.host.HTTP[i]
		if site.Port == s.port || site.Port == 0 && s.port == defaultPort(*site) {
			v.site, v.tls = site, site.TLS
			break
		}
	}
	v.addExchange(s.port)
	v.powerShell = s.powerShell != nil && v.host.Directory("") && (s.port == exchangePort || s.port == 80)
	if v.powerShell && s.port == exchangePort && v.tls == nil && v.site == nil {
		v.tls = &estate.TLS{}
	}
	if v.tls != nil && len(v.tls.Names) == 0 {
		named := *v.tls
		named.Names = []string{v.host.Name}
		v.tls = &named
	}
	return v
}

// addExchange makes Exchange answer at its ports. Its back end has a certificate of
// the host's own name.
func (v *view) addExchange(port int) {
	if v.host.Exchange == nil || port != exchangePort && port != clearPort && port != backEndPort {
		return
	}
	v.exchange = v.host.Exchange
	if v.tls == nil && port == exchangePort {
		v.tls = v.exchange.TLS
	}
	if v.tls == nil && port != clearPort {
		v.tls = &estate.TLS{}
	}
}

func defaultPort(site estate.Site) int {
	if site.TLS != nil {
		return 443
	}
	return 80
}

// connFault is what is wrong with the port before any request: nothing listens
// here now, or the fault that all of the port has.
func (v view) connFault() estate.Fault {
	switch {
	case v.site != nil:
		return v.site.Fault
	case v.exchange != nil:
		return v.exchange.Fault
	case v.powerShell:
		return ""
	default:
		return estate.Drop
	}
}

// requestFault is what is wrong with one path.
func (v view) requestFault(path string) estate.Fault {
	if _, isExchange := v.directory(path); isExchange {
		if v.site == nil || v.site.Fault == "" {
			return v.exchange.Fault
		}
	}
	return v.connFault()
}

// directory returns Exchange's virtual directory that a path lies in.
func (v view) directory(path string) (estate.Directory, bool) {
	if v.exchange == nil {
		return "", false
	}
	return exchange.Directory(path)
}

// down says whether a virtual directory is out of service.
func (v view) down(directory estate.Directory) bool {
	return slices.ContainsFunc(v.exchange.Down, func(name string) bool {
		name = strings.Trim(name, "/")
		return strings.EqualFold(name, string(directory)) || directory == estate.ActiveSync && name == "activesync"
	})
}

// node is the server's name as its health pages show it.
func (v view) node() string {
	if v.exchange.Node != "" {
		return v.exchange.Node
	}
	return v.host.Name
}

// isPowerShell says whether a path is a virtual directory of PowerShell that is
// in service.
func (v view) isPowerShell(path string) bool {
	if !v.powerShell || !v.host.Directory(path) {
		return false
	}
	directory, isExchange := v.directory(path)
	return !isExchange || !v.down(directory)
}
