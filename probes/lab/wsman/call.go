package wsman

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"strings"

	"postpatch/probes/lab/estate"
)

// call is one message to be answered.
type call struct {
	*Server
	message

	host   estate.Host
	client string // address
	url    string // as the client wrote it
}

// handle answers a message after the host's think time, or with a timeout after
// the time that the client gave.
func (c *call) handle(ctx context.Context) (reply, error) {
	if c.action == identify {
		return identity(fmt.Sprintf("OS: %s SP: 0.0 Stack: 3.0", version(c.host))), nil
	}
	// A Receive takes as long as its command.
	if c.verb() != "Receive" {
		if err := wait(ctx, min(c.host.Think, c.timeout)); err != nil {
			return reply{}, err
		}
		if c.host.Think > c.timeout {
			return reply{}, timedOut()
		}
	}
	if config(c.host).Denied {
		return reply{}, accessDenied()
	}
	if configuration, found := powerShellResource(c.resource); found || onWeb(ctx) {
		return c.powerShell(ctx, configuration)
	}
	if c.action == nsTransfer+"/Get" {
		return c.get()
	}
	handlers := map[string]func(context.Context) (reply, error){
		nsEnum + "/Enumerate":  c.enumerate,
		nsEnum + "/Pull":       c.pull,
		nsEnum + "/Release":    c.release,
		nsTransfer + "/Create": c.createShell,
		nsTransfer + "/Delete": c.deleteShell,
		nsShell + "/Command":   c.command,
		nsShell + "/Receive":   c.receive,
		nsShell + "/Send":      c.send,
		nsShell + "/Signal":    c.signal,
	}
	handler := handlers[c.action]
	if handler == nil {
		return reply{}, badAction(c.action)
	}
	isWMI := strings.HasPrefix(strings.ToLower(c.resource), wmiResource)
	forWMI := strings.HasPrefix(c.action, nsEnum)
	if forWMI && !isWMI || !forWMI && c.resource != shellResource {
		return reply{}, badResource(c.resource)
	}
	return handler(ctx)
}

func identity(product string) reply {
	return reply{bare: true, body: `<wsmid:IdentifyResponse xmlns:wsmid="` + nsIdentity + `"><wsmid:ProtocolVersion>` +
		nsWSMan + `</wsmid:ProtocolVersion><wsmid:ProductVendor>Microsoft Corporation</wsmid:ProductVendor>` +
		`<wsmid:ProductVersion>` + escape(product) + `</wsmid:ProductVersion></wsmid:IdentifyResponse>`}
}

// identifyAnyone answers Identify to a client without credentials, which is
// told nothing of the system.
func (s *Server) identifyAnyone(w http.ResponseWriter, r *http.Request) {
	body, ok := s.read(w, r)
	if !ok {
		return
	}
	m, err := parseMessage(body)
	if err != nil || m.action != identify {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	s.count(func(stats *Stats) {
		if stats.Messages == nil {
			stats.Messages = map[string]int{}
		}
		stats.Messages[identify]++
	})
	(&channel{ResponseWriter: w}).write(http.StatusOK, envelope(identity("OS: 0.0.0 SP: 0.0 Stack: 3.0"), ""))
}

// version is the version of the host's Windows: 10.0.20348.
func version(h estate.Host) string {
	switch build := h.OS.Build; {
	case build >= 10000:
		return fmt.Sprintf("10.0.%d", build)
	case build >= 9600:
		return fmt.Sprintf("6.3.%d", build)
	default:
		return fmt.Sprintf("6.2.%d", build)
	}
}

// computer is the host's name as Windows itself knows it.
func computer(h estate.Host) string {
	name, _, _ := strings.Cut(h.Name, ".")
	return strings.ToUpper(name)
}

// domain is the host's domain, from its name where the estate does not say.
func domain(h estate.Host) string {
	_, rest, _ := strings.Cut(h.Name, ".")
	return cmp.Or(h.OS.Domain, rest)
}

func fqdn(h estate.Host) string {
	if domain(h) == "" {
		return computer(h)
	}
	return computer(h) + "." + domain(h)
}
