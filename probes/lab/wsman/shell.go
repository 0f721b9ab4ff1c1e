package wsman

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"
)

const (
	shellResource = nsShell + "/cmd"
	maxShells     = 30    // MaxShellsPerUser
	maxProcesses  = 25    // MaxProcessesPerShell
	maxVariable   = 32767 // characters of an environment variable
	shellIdle     = 2 * time.Hour
)

// shell is an open WinRS shell.
type shell struct {
	env      map[string]string
	idle     time.Duration
	used     time.Time
	commands map[string]*process
}

func (c *call) createShell(context.Context) (reply, error) {
	request := c.body.child(nsShell, "Shell")
	if request == nil {
		return reply{}, invalidXML(errors.New("no Shell"))
	}
	created := &shell{env: map[string]string{}, idle: shellIdle, used: time.Now(), commands: map[string]*process{}}
	if text := request.value(nsShell, "IdleTimeOut"); text != "" {
		idle, ok := parseDuration(text)
		if !ok {
			return reply{}, invalidParameter("IdleTimeOut")
		}
		created.idle = max(idle, time.Minute)
	}
	if block := request.child(nsShell, "Environment"); block != nil {
		for _, variable := range block.children {
			if len(variable.text) > maxVariable || variable.attr("Name") == "" {
				return reply{}, invalidParameter("Environment")
			}
			created.env[strings.ToUpper(variable.attr("Name"))] = variable.text
		}
	}
	// Since API version 1.1 (Server 2012) a client may name its shell.
	id, err := c.openShell(created, strings.ToUpper(request.attr("ShellId")))
	if err != nil {
		return reply{}, err
	}
	id = escape(id)
	user, client := escape(config(c.host).User), c.client
	if address, _, err := net.SplitHostPort(client); err == nil {
		client = address
	}
	return reply{action: nsTransfer + "/CreateResponse", body: `<x:ResourceCreated><a:Address>` + escape(c.url) +
		`</a:Address><a:ReferenceParameters><w:ResourceURI>` + shellResource + `</w:ResourceURI><w:SelectorSet>` +
		`<w:Selector Name="ShellId">` + id + `</w:Selector></w:SelectorSet></a:ReferenceParameters></x:ResourceCreated>` +
		`<rsp:Shell xmlns:rsp="` + nsShell + `"><rsp:ShellId>` + id + `</rsp:ShellId><rsp:ResourceUri>` + shellResource +
		`</rsp:ResourceUri><rsp:Owner>` + user + `</rsp:Owner><rsp:ClientIP>` + client + `</rsp:ClientIP>` +
		fmt.Sprintf(`<rsp:IdleTimeOut>PT%.3fS</rsp:IdleTimeOut>`, created.idle.Seconds()) +
		`<rsp:InputStreams>stdin</rsp:InputStreams><rsp:OutputStreams>stdout stderr</rsp:OutputStreams>` +
		`<rsp:ShellRunTime>P0DT0H0M0S</rsp:ShellRunTime>` +
		`<rsp:ShellInactivity>P0DT0H0M0S</rsp:ShellInactivity></rsp:Shell>`}, nil
}

func (c *call) openShell(created *shell, id string) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	open := c.live().shells
	if err := c.roomForShell(); err != nil {
		return "", err
	}
	if id == "" {
		id = newUUID()
	}
	if open[id] != nil || c.sessions.pools[id] != nil {
		return "", shellExists()
	}
	open[id] = created
	return id, nil
}

// withShell calls use with the shell that the request selects, under the lock.
func (c *call) withShell(use func(id string, sh *shell) error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	open := c.live().shells
	id := strings.ToUpper(c.selectors["ShellId"])
	sh := open[id]
	if sh == nil || time.Since(sh.used) > sh.idle {
		return noShell()
	}
	sh.used = time.Now()
	return use(id, sh)
}

func (c *call) deleteShell(context.Context) (reply, error) {
	err := c.withShell(func(id string, _ *shell) error {
		delete(c.sessions.shells, id)
		return nil
	})
	return reply{action: nsTransfer + "/DeleteResponse"}, err
}

func (c *call) command(context.Context) (reply, error) {
	line := c.body.child(nsShell, "CommandLine")
	if line == nil {
		return reply{}, invalidXML(errors.New("no CommandLine"))
	}
	words := []string{line.value(nsShell, "Command")}
	for _, argument := range line.children {
		if argument.name.Local == "Arguments" {
			words = append(words, strings.TrimSpace(argument.text))
		}
	}
	id := newUUID()
	if asked := strings.ToUpper(line.attr("CommandId")); asked != "" {
		id = asked
	}
	err := c.withShell(func(_ string, sh *shell) error {
		switch {
		case len(sh.commands) >= maxProcesses:
			return quota(2150859241, "commands of one shell")
		case sh.commands[id] != nil:
			return invalidParameter("CommandId")
		}
		p := c.start(c.host, sh.env, strings.Join(words, " "))
		c.stats.Printed += len(p.stdout)
		sh.commands[id] = p
		return nil
	})
	return reply{action: nsShell + "/CommandResponse", body: `<rsp:CommandResponse xmlns:rsp="` + nsShell +
		`"><rsp:CommandId>` + escape(id) + `</rsp:CommandId></rsp:CommandResponse>`}, err
}

// process finds a command of the selected shell.
func (c *call) process(id string) (*process, error) {
	var p *process
	err := c.withShell(func(_ string, sh *shell) error {
		if p = sh.commands[strings.ToUpper(id)]; p == nil {
			return invalidParameter("CommandId")
		}
		return nil
	})
	return p, err
}

func (c *call) send(context.Context) (reply, error) {
	var id string
	if request := c.body.child(nsShell, "Send"); request.child(nsShell, "Stream") != nil {
		id = request.child(nsShell, "Stream").attr("CommandId")
	}
	_, err := c.process(id) // none of our commands reads its standard input
	return reply{action: nsShell + "/SendResponse", body: `<rsp:SendResponse xmlns:rsp="` + nsShell + `"/>`}, err
}

// signal ends a command, whatever the signal: terminate, ctrl_c or ctrl_break.
func (c *call) signal(context.Context) (reply, error) {
	request := c.body.child(nsShell, "Signal")
	if request == nil {
		return reply{}, invalidXML(errors.New("no Signal"))
	}
	if request.value(nsShell, "Code") == "" {
		return reply{}, invalidXML(errors.New("no Code"))
	}
	id := request.attr("CommandId")
	_, err := c.process(id)
	if err == nil {
		err = c.withShell(func(_ string, sh *shell) error {
			delete(sh.commands, strings.ToUpper(id))
			return nil
		})
	}
	return reply{action: nsShell + "/SignalResponse", body: `<rsp:SignalResponse xmlns:rsp="` + nsShell + `"/>`}, err
}

// receive hands out what the command wrote. What a command leaves at its end
// comes in one reply, and that it ended in the next.
func (c *call) receive(ctx context.Context) (reply, error) {
	var id, streams string
	if desired := c.body.child(nsShell, "Receive").child(nsShell, "DesiredStream"); desired != nil {
		id, streams = desired.attr("CommandId"), desired.text
	}
	p, err := c.process(id)
	if err != nil {
		return reply{}, err
	}
	if left := time.Until(p.ready); left > 0 {
		if err := wait(ctx, min(left, c.timeout)); err != nil {
			return reply{}, err
		}
		if left > c.timeout {
			return reply{}, timedOut()
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	var body strings.Builder
	body.WriteString(`<rsp:ReceiveResponse xmlns:rsp="` + nsShell + `">`)
	output := p.next(strings.Fields(streams), id, c.room())
	if output != "" {
		body.WriteString(output + `<rsp:CommandState CommandId="` + escape(id) + `" State="` + nsShell +
			`/CommandState/Running"/>`)
	} else {
		for stream := range strings.FieldsSeq(streams) {
			body.WriteString(`<rsp:Stream Name="` + escape(stream) + `" CommandId="` + escape(id) + `" End="true"/>`)
		}
		body.WriteString(`<rsp:CommandState CommandId="` + escape(id) + `" State="` + nsShell + `/CommandState/Done">`)
		fmt.Fprintf(&body, `<rsp:ExitCode>%d</rsp:ExitCode></rsp:CommandState>`, p.exit)
	}
	body.WriteString(`</rsp:ReceiveResponse>`)
	return reply{action: nsShell + "/ReceiveResponse", body: body.String()}, nil
}
