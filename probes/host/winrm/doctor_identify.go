package winrm

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strings"

	"postpatch/probes/host/winrm/markup"

	"github.com/masterzen/winrm/soap"
)

// identifyRequest asks what answers there; its header is empty (MS-WSMV 3.1.4.1).
const identifyRequest = `<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="` + soap.NS_SOAP_ENV +
	`" xmlns:wsmid="` + nsIdentity + `"><s:Header/><s:Body><wsmid:Identify/></s:Body></s:Envelope>`

// identify is the step "identify": is it WinRM that answers? It is asked without
// an account, which Windows allows to whoever says so in a header.
func (x *examiner) identify(ctx context.Context) Step {
	got, err := x.talk(ctx, []byte(identifyRequest), map[string]string{"WSMANIDENTIFY": "unauthenticated"})
	switch {
	case err != nil && x.TLS && x.demandsCertificate(err):
		return wantsCertificate(err)
	case err != nil && isStrange(err):
		return x.stranger(nil, "an answer that is not HTTP: "+clean(deepest(err).Error()))
	case err != nil:
		return broken("identify", x.session.transport.explain(ctx, err, 0))
	case got.status == http.StatusUnauthorized:
		return Step{
			State: Note, Saw: "it wants an account before it says who it is",
			Cause: "a listener that does not know WSMANIDENTIFY, or a proxy in front of it",
			Cure:  "none is needed, if the logon works",
		}
	}
	kind, _, _ := mime.ParseMediaType(got.header.Get("Content-Type"))
	if got.status != http.StatusOK || kind != "application/soap+xml" {
		return x.stranger(got, fmt.Sprintf("HTTP %d, %s", got.status, kindOf(got)))
	}
	who, err := readWho(string(got.body))
	if err != nil {
		return x.stranger(got, clean(err.Error()))
	}
	return Step{Saw: who.String()}
}

func kindOf(got *reply) string {
	if kind := got.header.Get("Content-Type"); kind != "" {
		return clean(kind)
	}
	return "without content"
}

// isStrange says whether what came is no HTTP. net/http has no type for all of it.
func isStrange(err error) bool {
	return strings.Contains(err.Error(), "malformed ") || errors.Is(err, errUninvited)
}

// stranger words that something else than WinRM answers.
func (x *examiner) stranger(got *reply, saw string) Step {
	step := Step{
		State: Failed, Saw: saw, Cause: "what answers is not WinRM",
		Cure: "on the host, netstat -abn tells who has the port; check the port in the credentials file",
	}
	if got == nil {
		if x.Port == 5986 && !x.TLS {
			step.Cause, step.Cure = "5986 is the port of the https listener", "write winrm: {tls: true} in the credentials file"
		}
		return step
	}
	server := clean(got.header.Get("Server"))
	body := bytes.ToLower(got.body[:min(len(got.body), 4<<10)])
	switch {
	case bytes.Contains(body, []byte("http request to an https server")),
		bytes.Contains(body, []byte("plain http request")):
		step.Cause = "the listener on this port wants TLS"
		step.Cure = "write winrm: {tls: true} in the credentials file"
	case strings.HasPrefix(server, "Microsoft-HTTPAPI") && got.status == http.StatusNotFound:
		step.Cause = "Windows listens there and WinRM does not: its service is stopped, or its prefix is not wsman"
		step.Cure = "run on the host: Get-Service WinRM, and winrm enumerate winrm/config/listener"
	case strings.HasPrefix(server, "Microsoft-HTTPAPI") && got.status == http.StatusServiceUnavailable:
		step.Cause = "the service WinRM is starting, stopping or overloaded"
		step.Cure = "try again in a minute, then Restart-Service WinRM on the host"
	case got.status >= http.StatusInternalServerError:
		step.Cause = "what answers fails by itself"
		step.Cure = "Restart-Service WinRM on the host; its log Microsoft-Windows-WinRM/Operational tells more"
	}
	if server != "" {
		step.Saw += ", from " + server
	}
	return step
}

// whoever is what Identify tells of a server.
type whoever struct{ vendor, version string }

// String leaves out what Windows hides from strangers.
func (w whoever) String() string {
	version := strings.TrimPrefix(w.version, "OS: 0.0.0 SP: 0.0 ")
	if w.vendor == "" {
		return "WS-Management, " + version
	}
	return strings.TrimSpace(w.vendor + ", " + version)
}

// readWho reads the answer to Identify.
func readWho(text string) (whoever, error) {
	var who whoever
	found := false
	err := readEnvelope(text, func(r *markup.Reader, response xml.StartElement) error {
		if response.Name.Local != "IdentifyResponse" {
			return fmt.Errorf("%q is no answer to Identify", clean(response.Name.Local))
		}
		found = true
		return r.Children(func(element xml.StartElement) error {
			text, err := r.Text()
			switch element.Name.Local {
			case "ProductVendor":
				who.vendor = clean(text)
			case "ProductVersion":
				who.version = clean(text)
			}
			return err
		})
	})
	if err == nil && !found {
		err = &Fault{Kind: NotWSMan, Reason: "an answer to Identify without an identity"}
	}
	return who, err
}
