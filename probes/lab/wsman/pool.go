package wsman

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"postpatch/probes/lab/psrp"
)

const (
	minIdle      = time.Minute
	envelopeHead = 2048 // of a reply, around its fragments
	streamItself = 256  // a Stream element around its content
)

// pool is a shell that runs PowerShell.
type pool struct {
	*psrp.Pool
	resource string
	idle     time.Duration
	used     time.Time
	commands map[string]*psrp.Pipeline
}

// fragmentRoom is how large a fragment may be that the reply has room for.
func (c *call) fragmentRoom() int { return (c.maxEnvelope - envelopeHead - streamItself) / 4 * 3 }

// roomForShell sees that the account may open another shell, of either sort; the
// caller holds the lock.
func (s *Server) roomForShell() error {
	open := s.live()
	for id, sh := range open.shells {
		if time.Since(sh.used) > sh.idle {
			delete(open.shells, id)
		}
	}
	for id, p := range open.pools {
		if time.Since(p.used) > p.idle {
			p.Close()
			delete(open.pools, id)
		}
	}
	if len(open.shells)+len(open.pools) >= maxShells {
		return quota(2150859173, "shells")
	}
	return nil
}

// openPool registers a pool, under the id that the client gave if it gave one.
func (c *call) openPool(created *pool, id string) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.roomForShell(); err != nil {
		return "", err
	}
	if id == "" {
		id = newUUID()
	}
	if c.sessions.pools[id] != nil || c.sessions.shells[id] != nil {
		return "", shellExists()
	}
	created.used = time.Now()
	c.sessions.pools[id] = created
	return id, nil
}

func (c *call) describePool(id string, created *pool) reply {
	client := c.client
	if address, _, err := net.SplitHostPort(client); err == nil {
		client = address
	}
	resource, id := escape(created.resource), escape(id)
	return reply{action: nsTransfer + "/CreateResponse", body: `<x:ResourceCreated><a:Address>` + escape(c.url) +
		`</a:Address><a:ReferenceParameters><w:ResourceURI>` + resource + `</w:ResourceURI><w:SelectorSet>` +
		`<w:Selector Name="ShellId">` + id + `</w:Selector></w:SelectorSet></a:ReferenceParameters></x:ResourceCreated>` +
		`<rsp:Shell xmlns:rsp="` + nsShell + `"><rsp:ShellId>` + id + `</rsp:ShellId><rsp:ResourceUri>` + resource +
		`</rsp:ResourceUri><rsp:Owner>` + escape(config(c.host).User) + `</rsp:Owner><rsp:ClientIP>` + escape(client) +
		`</rsp:ClientIP><rsp:ProcessId>4242</rsp:ProcessId>` +
		fmt.Sprintf(`<rsp:IdleTimeOut>PT%.3fS</rsp:IdleTimeOut>`, created.idle.Seconds()) +
		`<rsp:InputStreams>stdin pr</rsp:InputStreams><rsp:OutputStreams>stdout</rsp:OutputStreams>` +
		`<rsp:MaxIdleTimeOut>PT2147483.647S</rsp:MaxIdleTimeOut><rsp:Locale>en-US</rsp:Locale>` +
		`<rsp:DataLocale>en-US</rsp:DataLocale><rsp:CompressionMode>NoCompression</rsp:CompressionMode>` +
		`<rsp:ProfileLoaded>Yes</rsp:ProfileLoaded><rsp:Encoding>UTF8</rsp:Encoding><rsp:BufferMode>Block</rsp:BufferMode>` +
		`<rsp:State>Connected</rsp:State><rsp:ShellRunTime>P0DT0H0M0S</rsp:ShellRunTime>` +
		`<rsp:ShellInactivity>P0DT0H0M0S</rsp:ShellInactivity></rsp:Shell>`}
}

// pool finds the pool that the request selects.
func (c *call) pool() (*pool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.live().pools[strings.ToUpper(c.selectors["ShellId"])]
	if p == nil || time.Since(p.used) > p.idle || !strings.EqualFold(p.resource, c.resource) {
		return nil, noShell()
	}
	p.used = time.Now()
	return p, nil
}

// target finds the selected pool and, unless id is empty, one of its pipelines.
func (c *call) target(id string) (*pool, *psrp.Pipeline, error) {
	p, err := c.pool()
	if err != nil || id == "" {
		return p, nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	pipeline := p.commands[strings.ToUpper(id)]
	if pipeline == nil {
		return nil, nil, invalidParameter("CommandId")
	}
	return p, pipeline, nil
}

func (c *call) addPipeline(p *pool, id string, first []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case p.commands[id] != nil:
		return invalidParameter("CommandId")
	case len(p.commands) >= maxProcesses:
		return quota(2150859241, "commands of one shell")
	}
	pipeline, err := p.Start(first)
	if err != nil {
		return managedFault(err)
	}
	p.commands[id] = pipeline
	return nil
}

func (c *call) removePipeline(id string) {
	p, pipeline, err := c.target(id)
	if err != nil {
		return
	}
	pipeline.Close()
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(p.commands, strings.ToUpper(id))
}

func (c *call) deletePool() (reply, error) {
	p, err := c.pool()
	if err != nil {
		return reply{}, err
	}
	p.Close()
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.sessions.pools, strings.ToUpper(c.selectors["ShellId"]))
	return reply{action: nsTransfer + "/DeleteResponse"}, nil
}

// closePools ends what waits for pools of a boot that is over.
func (s *Server) closePools() {
	for _, p := range s.sessions.pools {
		p.Close()
	}
}

const powerShellProvider = "microsoft.powershell"

// library is the file of a provider.
func library(provider string) string {
	if provider == powerShellProvider {
		return "pwrshplugin.dll"
	}
	return "WsmWmiPl.dll"
}

// pluginFault is one of PowerShell's own: its numbers are those of its plugin for
// WinRM.
func pluginFault(number uint32, message string) error {
	return &fault{
		action: wsmanFault, receiver: true, subcode: "w:InternalError", number: number,
		reason:   "The WS-Management service cannot process the request: the plugin refused it.",
		provider: powerShellProvider, message: message,
	}
}

// managedFault is what went wrong within PowerShell.
func managedFault(err error) error {
	if errors.Is(err, psrp.ErrNotOpen) {
		return pluginFault(2152991676, "The runspace pool is not opened.")
	}
	return pluginFault(2152992672, "An exception occurred: "+err.Error()+".")
}

func unknownConfiguration(uri string) error {
	return &fault{
		action: addressFault, subcode: "a:DestinationUnreachable", number: 2150858811, detail: "InvalidResourceURI",
		reason: "The WS-Management service cannot process the request. The resource URI (" + uri + ") was not found in " +
			"the WS-Management catalog. The catalog contains the metadata that describes resources, or logical endpoints.",
	}
}

func shellExists() error {
	return &fault{
		action: wsmanFault, subcode: "w:InvalidParameter", number: 183,
		reason: "A shell with this ShellId exists already.",
	}
}

// aborted is what a Receive gets whose shell or command went away under it.
func aborted() error {
	return &fault{
		action: wsmanFault, receiver: true, subcode: "w:InternalError", number: 995,
		reason: "The I/O operation has been aborted because of either a thread exit or an application request.",
	}
}

func noDisconnect() error {
	return &fault{
		action: wsmanFault, subcode: "w:UnsupportedFeature", number: 50,
		reason: "The WS-Management service does not support disconnecting from this shell and connecting to it again.",
	}
}
