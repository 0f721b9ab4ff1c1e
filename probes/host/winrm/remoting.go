package winrm

import (
	"context"
	"fmt"
	"strings"

	"github.com/masterzen/simplexml/dom"
	"github.com/masterzen/winrm/soap"

	"postpatch/probes/host"
	"postpatch/probes/host/winrm/psrp"
)

const (
	powerShell   = "http://schemas.microsoft.com/powershell/"
	actCommand   = soap.NS_WIN_SHELL + "/Command"
	actReceive   = soap.NS_WIN_SHELL + "/Receive"
	actSend      = soap.NS_WIN_SHELL + "/Send"
	actSignal    = soap.NS_WIN_SHELL + "/Signal"
	actDelete    = soap.NS_TRANSFER + "/Delete"
	terminate    = soap.NS_WIN_SHELL + "/signal/terminate"
	idlePool     = "PT180S"
	oldEnvelope  = 150 << 10 // what the oldest servers take in one message
	onlyExchange = "Microsoft.Exchange"
)

// askCmdlets puts commands to the endpoints that they name, each of which gets a
// pool of its own: it runs in a process of its own there. What one endpoint
// answers says nothing about another, so each has its error in its answers; that
// of the first is returned too.
func (s *Session) askCmdlets(ctx context.Context, cmdlets []host.Cmdlet, answers *host.Answers) error {
	var first error
	for len(cmdlets) > 0 {
		var same, rest []host.Cmdlet
		for _, c := range cmdlets {
			if strings.EqualFold(c.Endpoint, cmdlets[0].Endpoint) {
				same = append(same, c)
			} else {
				rest = append(rest, c)
			}
		}
		if err := s.askEndpoint(ctx, same, answers); err != nil && first == nil {
			first = err
		}
		cmdlets = rest
	}
	return first
}

// askEndpoint puts commands to their one endpoint. An error is the answer to
// those that have no other.
func (s *Session) askEndpoint(ctx context.Context, cmdlets []host.Cmdlet, answers *host.Answers) error {
	endpoint := cmdlets[0].Endpoint
	way, err := s.wayTo(ctx, endpoint)
	asked := 0
	if err == nil {
		asked, err = way.askPool(ctx, cmdlets, answers)
	}
	if err == nil {
		return nil
	}
	err = fmt.Errorf("asking the endpoint %s: %w", endpoint, err)
	for _, c := range cmdlets[asked:] {
		answers.Put(c, host.Answer{Err: err})
	}
	return err
}

// wayTo returns the session that leads to an endpoint: this one, but for
// Exchange's, which lives in the web server of its host.
func (s *Session) wayTo(ctx context.Context, endpoint string) (*Session, error) {
	if !strings.EqualFold(endpoint, onlyExchange) {
		return s, nil
	}
	if s.exchange != nil {
		return s.exchange, nil
	}
	o := s.options
	o.path, o.Port = "/PowerShell/", 80
	if o.TLS {
		o.Port = 443
	}
	var err error
	s.exchange, err = open(ctx, o)
	return s.exchange, err
}

// pool is a runspace pool on the host, and the shell that it lives in there.
type pool struct {
	*psrp.Pool

	session  *Session
	resource string
	shell    string // as the host names it, escaped for XML
	created  bool   // the host has said so
}

// askPool opens a pool, runs every command in it, and says how many were
// answered.
func (s *Session) askPool(ctx context.Context, cmdlets []host.Cmdlet, answers *host.Answers) (int, error) {
	p := &pool{
		Pool:     psrp.New(psrp.Options{FragmentSize: psrp.FragmentSize(oldEnvelope)}),
		session:  s,
		resource: powerShell + cmdlets[0].Endpoint,
	}
	p.shell = escape(p.ID())
	before := s.transport.posted
	if err := p.open(ctx); err != nil {
		if p.created && !isKind(err, ShellGone) || s.transport.mayHaveDone(before, err) {
			s.tell(ctx, p.deletion())
		}
		return 0, err
	}
	defer func() { s.tell(ctx, p.deletion()) }()
	for i, c := range cmdlets {
		run, err := p.Pipeline(c.On(s.host))
		if err != nil {
			answers.Put(c, host.Answer{Err: err})
			continue
		}
		if err := p.run(ctx, run); err != nil {
			return i, fmt.Errorf("running %s: %w", c.Name, err)
		}
		answers.Put(c, run.Answer())
	}
	return len(cmdlets), nil
}

func (p *pool) open(ctx context.Context) error {
	text, err := p.session.post(ctx, p.creation())
	if err != nil {
		return err
	}
	id, err := readIdentity(text, shellID)
	if err != nil {
		return err
	}
	p.shell, p.created = id, true
	for n := 0; !p.Opened(); n++ {
		if n > maxReceives {
			return fmt.Errorf("not open after %d messages", maxReceives)
		}
		if _, err := p.receive(ctx, "", p.Feed); err != nil {
			return err
		}
	}
	return nil
}

// run carries one command out. Its error ends the pool; that the command failed
// is its answer.
func (p *pool) run(ctx context.Context, run *psrp.Pipeline) (err error) {
	id := escape(run.ID())
	defer func() {
		if err != nil && !isKind(err, ShellGone) {
			p.session.tell(ctx, p.signal(id))
		}
	}()
	text, err := p.session.post(ctx, p.command(id, run.Argument()))
	if err != nil {
		return err
	}
	if id, err = readIdentity(text, commandID); err != nil {
		return err
	}
	for _, fragment := range run.Rest() {
		if _, err := p.session.post(ctx, p.send(id, fragment)); err != nil {
			return err
		}
	}
	for n := 0; !run.Done(); n++ {
		if n > maxReceives {
			return fmt.Errorf("not done after %d messages", maxReceives)
		}
		done, err := p.receive(ctx, id, run.Feed)
		if err != nil {
			return err
		}
		if done {
			return run.End()
		}
	}
	return nil
}

// receive takes what the pool (command is empty) or a command has to say.
func (p *pool) receive(ctx context.Context, command string, feed func([]byte) error) (done bool, err error) {
	text, err := p.session.post(ctx, p.receiving(command))
	if isKind(err, TimedOut) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	got, err := readOutput(text)
	if err != nil {
		return false, err
	}
	return got.done, feed(got.stdout)
}

// begin starts a message about the pool.
func (p *pool) begin(action string) *soap.SoapMessage {
	return p.session.build(action, p.resource, func(h *soap.SoapHeader) { h.ShellId(p.shell) })
}

func (p *pool) creation() message {
	m := p.session.build(actCreate, p.resource, func(h *soap.SoapHeader) {
		// The library has no way to say MustComply, and escapes no attribute.
		h.AddOption(soap.NewHeaderOption(`protocolversion" MustComply="true`, psrp.ProtocolVersion))
	})
	shell := m.CreateBodyElement("Shell", soap.DOM_NS_WIN_SHELL)
	shell.SetAttr("ShellId", p.shell)
	m.CreateElement(shell, "IdleTimeOut", soap.DOM_NS_WIN_SHELL).SetContent(idlePool)
	m.CreateElement(shell, "InputStreams", soap.DOM_NS_WIN_SHELL).SetContent("stdin pr")
	m.CreateElement(shell, "OutputStreams", soap.DOM_NS_WIN_SHELL).SetContent("stdout")
	ours := dom.Namespace{Prefix: "ps", Uri: strings.TrimSuffix(powerShell, "/")}
	m.CreateElement(shell, "creationXml", ours).SetContent(p.Creation())
	return m
}

func (p *pool) command(id, argument string) message {
	m := p.begin(actCommand)
	line := m.CreateBodyElement("CommandLine", soap.DOM_NS_WIN_SHELL)
	line.SetAttr("CommandId", id)
	m.CreateElement(line, "Command", soap.DOM_NS_WIN_SHELL)
	m.CreateElement(line, "Arguments", soap.DOM_NS_WIN_SHELL).SetContent(argument)
	return m
}

func (p *pool) send(id, fragment string) message {
	m := p.begin(actSend)
	stream := m.CreateElement(m.CreateBodyElement("Send", soap.DOM_NS_WIN_SHELL), "Stream", soap.DOM_NS_WIN_SHELL)
	stream.SetAttr("Name", "stdin")
	stream.SetAttr("CommandId", id)
	stream.SetContent(fragment)
	return m
}

func (p *pool) receiving(command string) message {
	m := p.session.build(actReceive, p.resource, func(h *soap.SoapHeader) { h.ShellId(p.shell).Timeout(poll) })
	receive := m.CreateBodyElement("Receive", soap.DOM_NS_WIN_SHELL)
	desired := m.CreateElement(receive, "DesiredStream", soap.DOM_NS_WIN_SHELL)
	if command != "" {
		desired.SetAttr("CommandId", command)
	}
	desired.SetContent("stdout")
	return m
}

func (p *pool) signal(command string) message {
	m := p.begin(actSignal)
	signal := m.CreateBodyElement("Signal", soap.DOM_NS_WIN_SHELL)
	signal.SetAttr("CommandId", command)
	m.CreateElement(signal, "Code", soap.DOM_NS_WIN_SHELL).SetContent(terminate)
	return m
}

func (p *pool) deletion() message {
	m := p.begin(actDelete)
	m.NewBody()
	return m
}
