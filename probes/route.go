package probes

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
)

// Routes sends connections to other places than their names say, as curl's
// --connect-to does: through a tunnel, to a lab. The key is a host name, in
// lower case; a name that is not in it is looked up and dialled as it stands.
type Routes map[string]Route

// Elsewhere is the name of the route of all names that have none. Where its address is
// empty they lead nowhere, so that nobody outside is asked.
const Elsewhere = "*"

// Route is where one name is really reached.
type Route struct {
	Address string            `json:"address"`         // an IP address
	Ports   map[string]string `json:"ports,omitempty"` // "tcp/443" to "127.0.0.1:40443"
}

// Dial connects to address ("host:port") over "tcp" or "udp", by the routes.
func (r Routes) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	name, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("dialling %q: %w", address, err)
	}
	var dialer net.Dialer
	route, found := r.find(name)
	if !found {
		return dialer.DialContext(ctx, network, address)
	}
	if to, found := route.Ports[strings.TrimRight(network, "46")+"/"+port]; found {
		return dialer.DialContext(ctx, network, to)
	}
	if route.Address == "" {
		return nil, nowhere(name)
	}
	return dialer.DialContext(ctx, network, net.JoinHostPort(route.Address, port))
}

// Resolve returns the IP address of a name, by the routes.
func (r Routes) Resolve(ctx context.Context, name string) (netip.Addr, error) {
	if route, found := r.find(name); found {
		if route.Address == "" {
			return netip.Addr{}, nowhere(name)
		}
		name = route.Address
	}
	if addr, err := netip.ParseAddr(name); err == nil {
		return addr, nil
	}
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", name)
	if err != nil {
		return netip.Addr{}, err
	}
	return addrs[0].Unmap(), nil
}

func (r Routes) find(name string) (Route, bool) {
	if route, found := r[strings.ToLower(strings.TrimSuffix(name, "."))]; found {
		return route, true
	}
	route, found := r[Elsewhere]
	if addr, err := netip.ParseAddr(name); err == nil && addr.IsLoopback() && route.Address == "" {
		return Route{}, false
	}
	return route, found
}

// nowhere is what a resolver says of a name that it does not know.
func nowhere(name string) error {
	return &net.DNSError{Err: "no host of that name or address is in the lab", Name: name, IsNotFound: true}
}
