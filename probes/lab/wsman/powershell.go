package wsman

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"postpatch/probes/lab/estate"
	"postpatch/probes/lab/psrp"
)

const (
	nsPowerShell = "http://schemas.microsoft.com/powershell"
	stopSignal   = "powershell/signal/crtl_c" // as MS-PSRP 3.1.5.3.9 spells it
	terminate    = nsShell + "/signal/terminate"
)

// directory is the key of a request's context that says which virtual directory
// of the web server it came through.
type directory struct{}

// Directories answers for the PowerShell endpoints that are virtual directories
// of the host's web server, as the WinRM extension of IIS does. The path of a
// request chooses the directory; everything else is as on the WinRM listeners.
func (s *Server) Directories() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		inside := r.WithContext(context.WithValue(r.Context(), directory{}, r.URL.Path))
		url := *r.URL
		url.Path = "/wsman"
		inside.URL = &url
		s.ServeHTTP(w, inside)
	})
}

func onWeb(ctx context.Context) bool { return ctx.Value(directory{}) != nil }

// powerShellResource returns the session configuration that a resource URI names.
func powerShellResource(uri string) (configuration string, found bool) {
	const prefix = nsPowerShell + "/"
	if len(uri) <= len(prefix) || !strings.EqualFold(uri[:len(prefix)], prefix) {
		return "", false
	}
	return uri[len(prefix):], true
}

// endpoint finds the session configuration at the path that the request came
// through; nil for none.
func (c *call) endpoint(ctx context.Context, configuration string) *estate.Endpoint {
	path, isWeb := ctx.Value(directory{}).(string)
	if !isWeb {
		path = "/wsman"
	}
	for name, e := range c.host.PowerShell {
		if strings.EqualFold(name, configuration) && e.At(path) {
			return &e
		}
	}
	return nil
}

// powerShell answers a message for a session configuration. One that is not
// there is the same to WinRM as any resource that is not: it is PowerShell that
// words it "cannot find the session configuration" for its user.
func (c *call) powerShell(ctx context.Context, configuration string) (reply, error) {
	if path, isWeb := ctx.Value(directory{}).(string); isWeb {
		c.url = strings.TrimSuffix(c.url, "/wsman") + path // as the client wrote it
	}
	e := c.endpoint(ctx, configuration)
	if e == nil {
		return reply{}, unknownConfiguration(c.resource)
	}
	if e.Denied {
		return reply{}, accessDenied()
	}
	switch c.action {
	case nsTransfer + "/Create":
		return c.createPool(*e)
	case nsTransfer + "/Delete":
		return c.deletePool()
	case nsShell + "/Command":
		return c.startPipeline()
	case nsShell + "/Receive":
		return c.receiveFragments(ctx)
	case nsShell + "/Send":
		return c.sendFragments()
	case nsShell + "/Signal":
		return c.signalPipeline()
	case nsShell + "/Disconnect", nsShell + "/Reconnect", nsShell + "/Connect":
		return reply{}, noDisconnect()
	default:
		return reply{}, badAction(c.action)
	}
}

// checkOptions looks at the OptionSet of a Create (MS-PSRP 3.2.5.3.1).
func (c *call) checkOptions() error {
	version, found := "", false
	if set := c.header.child(nsWSMan, "OptionSet"); set != nil {
		for _, option := range set.children {
			name := option.attr("Name")
			must := strings.EqualFold(option.attr("MustComply"), "true") || option.attr("MustComply") == "1"
			switch {
			case strings.EqualFold(name, "protocolversion"):
				version, found = strings.TrimSpace(option.text), true
			case must && !slices.Contains([]string{"WINRS_NOPROFILE", "WINRS_CODEPAGE"}, name):
				return pluginFault(2152991686, "The option "+name+" is not understood.")
			}
		}
	}
	switch {
	case !found:
		return pluginFault(2152991687, "The option protocolversion is missing.")
	case !psrp.AcceptsProtocol(version):
		return pluginFault(2152991685, fmt.Sprintf(`<PSProtocolVersionError ServerProtocolVersion="2.3" `+
			`ServerBuildVersion="10.0.%d.%d">The client speaks version %s of the protocol.</PSProtocolVersionError>`,
			c.host.OS.Build, c.host.OS.UBR, version))
	}
	return nil
}

func (c *call) createPool(e estate.Endpoint) (reply, error) {
	if err := c.checkOptions(); err != nil {
		return reply{}, err
	}
	request := c.body.child(nsShell, "Shell")
	if request == nil {
		return reply{}, invalidXML(errors.New("no Shell"))
	}
	if request.value(nsShell, "InputStreams") != "stdin pr" || request.value(nsShell, "OutputStreams") != "stdout" {
		return reply{}, pluginFault(2152991673, `The streams must be "stdin pr" and "stdout".`)
	}
	creation, err := base64.StdEncoding.DecodeString(request.value(nsPowerShell, "creationXml"))
	if err != nil || len(creation) == 0 {
		return reply{}, pluginFault(2152991684, "The creationXml is missing, or no base64.")
	}
	created := &pool{idle: shellIdle, resource: c.resource, commands: map[string]*psrp.Pipeline{}}
	if text := request.value(nsShell, "IdleTimeOut"); text != "" {
		idle, ok := parseDuration(text)
		if !ok {
			return reply{}, invalidParameter("IdleTimeOut")
		}
		created.idle = max(idle, minIdle)
	}
	created.Pool, err = psrp.Open(psrp.Config{Host: c.host, Endpoint: e, Room: c.fragmentRoom()}, creation)
	if err != nil {
		return reply{}, managedFault(err)
	}
	id, err := c.openPool(created, strings.ToUpper(request.attr("ShellId")))
	if err != nil {
		created.Close()
		return reply{}, err
	}
	return c.describePool(id, created), nil
}

// startPipeline runs a command with the first fragments of its CREATE_PIPELINE as
// its first argument.
func (c *call) startPipeline() (reply, error) {
	line := c.body.child(nsShell, "CommandLine")
	if line == nil {
		return reply{}, invalidXML(errors.New("no CommandLine"))
	}
	p, err := c.pool()
	if err != nil {
		return reply{}, err
	}
	first, err := base64.StdEncoding.DecodeString(line.value(nsShell, "Arguments"))
	if err != nil || len(first) == 0 {
		return reply{}, pluginFault(2152991684, "The first argument is missing, or no base64.")
	}
	id := strings.ToUpper(line.attr("CommandId"))
	if id == "" {
		id = newUUID()
	}
	if err := c.addPipeline(p, id, first); err != nil {
		return reply{}, err
	}
	return reply{action: nsShell + "/CommandResponse", body: `<rsp:CommandResponse xmlns:rsp="` + nsShell +
		`"><rsp:CommandId>` + escape(id) + `</rsp:CommandId></rsp:CommandResponse>`}, nil
}

// receiveFragments waits for what the pool, or one of its pipelines, sends, and
// tells of its end together with the last of it.
func (c *call) receiveFragments(ctx context.Context) (reply, error) {
	desired := c.body.child(nsShell, "Receive").child(nsShell, "DesiredStream")
	if desired == nil {
		return reply{}, invalidXML(errors.New("no DesiredStream"))
	}
	if strings.TrimSpace(desired.text) != "stdout" {
		return reply{}, pluginFault(2152991680, `The stream must be "stdout".`)
	}
	id := desired.attr("CommandId")
	p, pipeline, err := c.target(id)
	if err != nil {
		return reply{}, err
	}
	out, attribute := p.Outbox(), ""
	if pipeline != nil {
		out, attribute = pipeline.Outbox(), ` CommandId="`+escape(id)+`"`
	}
	patience, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	fragments, last, err := out.Receive(patience, c.fragmentRoom())
	switch {
	case errors.Is(err, psrp.ErrClosed):
		return reply{}, aborted()
	case err != nil && ctx.Err() == nil:
		return reply{}, timedOut()
	case err != nil:
		return reply{}, err
	case len(fragments) > 0 && len(fragments[0]) > c.fragmentRoom():
		return reply{}, replyTooLarge()
	}
	var body strings.Builder
	body.WriteString(`<rsp:ReceiveResponse xmlns:rsp="` + nsShell + `">`)
	for _, f := range fragments {
		body.WriteString(`<rsp:Stream Name="stdout"` + attribute + `>`)
		body.WriteString(base64.StdEncoding.EncodeToString(f) + `</rsp:Stream>`)
	}
	switch {
	case pipeline != nil && last:
		body.WriteString(`<rsp:CommandState` + attribute + ` State="` + nsShell +
			`/CommandState/Done"><rsp:ExitCode>0</rsp:ExitCode></rsp:CommandState>`)
	case pipeline != nil:
		body.WriteString(`<rsp:CommandState` + attribute + ` State="` + nsShell + `/CommandState/Running"/>`)
	}
	body.WriteString(`</rsp:ReceiveResponse>`)
	return reply{action: nsShell + "/ReceiveResponse", body: body.String()}, nil
}

func (c *call) sendFragments() (reply, error) {
	stream := c.body.child(nsShell, "Send").child(nsShell, "Stream")
	if stream == nil {
		return reply{}, invalidXML(errors.New("no Stream"))
	}
	if name := stream.attr("Name"); name != "stdin" && name != "pr" {
		return reply{}, pluginFault(2152991678, `The stream must be "stdin" or "pr".`)
	}
	p, pipeline, err := c.target(stream.attr("CommandId"))
	if err != nil {
		return reply{}, err
	}
	data, err := base64.StdEncoding.DecodeString(strings.TrimSpace(stream.text))
	if err != nil {
		return reply{}, pluginFault(2152991679, "The stream's content is no base64.")
	}
	if pipeline != nil {
		err = pipeline.Feed(data)
	} else {
		err = p.Feed(data)
	}
	if err != nil {
		return reply{}, managedFault(err)
	}
	return reply{action: nsShell + "/SendResponse", body: `<rsp:SendResponse xmlns:rsp="` + nsShell + `"/>`}, nil
}

// signalPipeline stops a pipeline, or forgets it; PowerShell takes every other
// signal and does nothing.
func (c *call) signalPipeline() (reply, error) {
	request := c.body.child(nsShell, "Signal")
	if request == nil {
		return reply{}, invalidXML(errors.New("no Signal"))
	}
	id := request.attr("CommandId")
	_, pipeline, err := c.target(id)
	if err != nil {
		return reply{}, err
	}
	if pipeline == nil {
		return reply{}, invalidParameter("CommandId")
	}
	switch code := request.value(nsShell, "Code"); {
	case code == stopSignal:
		pipeline.Stop()
	case strings.EqualFold(code, terminate):
		c.removePipeline(id)
	}
	return reply{action: nsShell + "/SignalResponse", body: `<rsp:SignalResponse xmlns:rsp="` + nsShell + `"/>`}, nil
}
