package winrm

import (
	"context"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/internal/flatxml"
	"postpatch/probes/internal/reach"
)

// identify asks who answers there (MS-WSMV 3.1.4.1); its header is empty.
const identify = `<?xml version="1.0" encoding="UTF-8"?>` +
	`<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" ` +
	`xmlns:wsmid="http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd"><s:Header/><s:Body><wsmid:Identify/>` +
	`</s:Body></s:Envelope>`

const (
	mostBody    = 64 << 10
	mostText    = 200
	mostSchemes = 16
)

// visit is one look at one port.
type visit struct {
	target  probes.Target
	item    string
	address string
	name    string // for TLS
	tls     bool
	found   []fact.Reading
}

func (v *visit) add(name string, value fact.Value) {
	v.found = append(v.found, probes.Read(v.item, name, value))
}

func (v *visit) because(format string, args ...any) {
	v.add("reason", fact.Text(reach.Printable(fmt.Sprintf(format, args...), 2*mostText)))
}

// run asks who is there, and then what an account has to do. What was read stands,
// whatever came then.
func (v *visit) run(ctx context.Context) error {
	got, err := v.post(ctx, true)
	if err != nil && got == nil {
		return v.unheard(ctx, err)
	}
	if got.TLS != nil {
		trust := reach.Trust{Name: v.name, Roots: v.target.Roots}
		v.found = append(v.found, reach.CertificateReadings(v.item, *got.TLS, trust, time.Now())...)
	}
	v.add("latency", fact.Duration(got.Latency))
	state, why := v.judge(got)
	v.add("state", fact.Text(state))
	if why != "" {
		v.because("%s", why)
	}
	if state != ready && state != wantsOne {
		return nil
	}
	if got.Status != http.StatusUnauthorized {
		if got, err = v.post(ctx, false); err != nil && got == nil {
			return fmt.Errorf("asking what an account has to do: %w", err)
		}
	}
	if schemes := schemesOf(got.Header); got.Status == http.StatusUnauthorized {
		v.add("schemes", fact.SetOf(schemes...))
	}
	return nil
}

// unheard tells of a port where nothing was heard.
func (v *visit) unheard(ctx context.Context, err error) error {
	err = reach.Cause(ctx, err)
	switch state := reach.State(err); {
	case state == reach.Refused, state == reach.Reset, state == reach.TLSFailed:
		v.add("state", fact.Text(state))
		if state == reach.TLSFailed {
			v.because("%s", err)
		}
		return nil
	case ctx.Err() == nil && strings.Contains(err.Error(), "malformed "): // net/http has no type for it
		v.add("state", fact.Text(stranger))
		v.because("what answers does not speak HTTP")
		return nil
	}
	return err
}

// post sends the question, as one without an account may ask it or as one that has one
// begins.
func (v *visit) post(ctx context.Context, anonymous bool) (*reach.Response, error) {
	u := url.URL{Scheme: "http", Host: v.address, Path: "/wsman"}
	if v.tls {
		u.Scheme = "https"
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), strings.NewReader(identify))
	if err != nil {
		return nil, err
	}
	r.Header.Set("User-Agent", "postpatch")
	r.Header.Set("Content-Type", "application/soap+xml;charset=UTF-8")
	if anonymous {
		r.Header.Set("WSMANIDENTIFY", "unauthenticated")
	}
	return reach.Fetch(ctx, v.target, reach.Request{HTTP: r, Address: v.address, Name: v.name, MaxBody: mostBody})
}

// judge says what answers, and why it is no WinRM that is ready.
func (v *visit) judge(got *reach.Response) (state, why string) {
	server := got.Header.Get("Server")
	saw := fmt.Sprintf("HTTP %d", got.Status)
	if server != "" {
		saw += " from " + reach.Printable(server, mostText)
	}
	ofWindows := strings.HasPrefix(server, "Microsoft-HTTPAPI")
	switch {
	case got.Status == http.StatusUnauthorized && (ofWindows || asksLikeWinRM(got)):
		return wantsOne, ""
	case got.Status == http.StatusNotFound && ofWindows:
		return stopped, saw + ": Windows listens there and WinRM does not: its service is stopped, or its prefix is not wsman"
	case got.Status == http.StatusServiceUnavailable && (ofWindows || server == ""):
		return unavailable, saw + ": WinRM is starting, stopping or overloaded"
	case got.Status != http.StatusOK:
		return stranger, saw
	}
	kind, _, _ := mime.ParseMediaType(got.Header.Get("Content-Type"))
	if kind != "application/soap+xml" {
		return stranger, fmt.Sprintf("%s, with %q", saw, reach.Printable(got.Header.Get("Content-Type"), mostText))
	}
	if err := v.introduce(got.Body); err != nil {
		return stranger, saw + ": " + err.Error()
	}
	return ready, ""
}

// asksLikeWinRM says whether what wants an account may be a WinRM that does not say of which
// server it is. Windows leaves that out where it is told to (DisableServerHeader), and says no
// more than the ways to log on, which IIS and proxies have, too, with a page for people.
func asksLikeWinRM(got *reach.Response) bool {
	if slices.ContainsFunc(got.Header.Values("WWW-Authenticate"), func(offer string) bool {
		return strings.Contains(offer, `realm="WSMAN"`)
	}) {
		return true
	}
	if got.Header.Get("Server") != "" || got.Header.Get("Via") != "" || len(got.Body) > 0 {
		return false
	}
	return slices.ContainsFunc(schemesOf(got.Header), func(scheme string) bool {
		return slices.Contains([]string{"negotiate", "kerberos", "credssp"}, strings.ToLower(scheme))
	})
}

// introduce reads who it says it is.
func (v *visit) introduce(body []byte) error {
	elements, err := flatxml.Read(body)
	if err != nil {
		return err
	}
	told := map[string]string{}
	for _, e := range elements {
		for path, name := range map[string]string{
			"IdentifyResponse/ProductVendor": "vendor", "IdentifyResponse/ProductVersion": "version",
			"IdentifyResponse/ProtocolVersion": "protocol",
		} {
			if _, double := told[name]; !double && e.Is("Envelope/Body/"+path) {
				told[name] = reach.Printable(e.Text, mostText)
			}
		}
	}
	if told["protocol"] == "" {
		return errors.New("its answer to Identify has no identity")
	}
	for _, name := range []string{"vendor", "version", "protocol"} {
		if told[name] != "" {
			v.add(name, fact.Text(told[name]))
		}
	}
	return nil
}

// schemesOf are the ways to log on that an answer offers.
func schemesOf(h http.Header) []string {
	var schemes []string
	for _, offer := range h.Values("WWW-Authenticate") {
		scheme, _, _ := strings.Cut(strings.TrimSpace(offer), " ")
		if scheme = strings.TrimSuffix(scheme, ","); scheme != "" && len(schemes) < mostSchemes {
			schemes = append(schemes, reach.Printable(scheme, 40))
		}
	}
	return schemes
}
