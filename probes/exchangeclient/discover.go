package exchangeclient

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"postpatch/probes/fact"
	"postpatch/probes/internal/flatxml"
	"postpatch/probes/internal/webtalk"
)

// mostURLs is far more than Autodiscover has.
const mostURLs = 200

// outlookAsks is the question of Autodiscover in plain XML (MS-OXDSCLI 2.2.3).
const outlookAsks = `<?xml version="1.0" encoding="utf-8"?>
<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006"><Request>` +
	`<EMailAddress>%s</EMailAddress><AcceptableResponseSchema>` +
	`http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a</AcceptableResponseSchema>` +
	`</Request></Autodiscover>`

// autodiscover asks for the settings as Outlook does.
func (v *visit) autodiscover(ctx context.Context) error {
	mailbox := "nobody@example.org" // enough to be asked who is asking
	if v.Login {
		var err error
		if mailbox, err = v.mailbox(); err != nil {
			return err
		}
	}
	answer, goOn, err := v.ask(ctx, webtalk.Request{
		Method: http.MethodPost, Path: "/autodiscover/autodiscover.xml", Body: fmt.Sprintf(outlookAsks, mailbox),
		Header: http.Header{"Content-Type": {"text/xml; charset=utf-8"}, "X-Mapihttpcapability": {"1"}},
	})
	if err != nil || !goOn {
		return err
	}
	got, err := readSettings(answer.Body)
	if err != nil {
		return v.fails("no answer of Autodiscover: %v", err)
	}
	v.add("answer", fact.Text(clean(got.action)))
	switch {
	case got.action != "settings" && got.words != "":
		return v.fails("Autodiscover answers %s: %s", got.action, got.words)
	case got.action != "settings":
		return v.fails("Autodiscover has no settings for the mailbox and answers %s", got.action)
	case len(got.urls) == 0:
		return v.fails("the settings have no address in them")
	}
	v.add("urls", fact.SetOf(got.urls...))
	return v.works()
}

// settings are what Autodiscover says.
type settings struct {
	action, words string
	urls          []string
}

// readSettings reads the answer of Autodiscover in plain XML. An error of it comes as an
// action of that name.
func readSettings(body []byte) (settings, error) {
	all, err := flatxml.Read(body)
	if err != nil {
		return settings{}, err
	}
	var got settings
	var kind string // of the protocol whose flatxml.Elements are collected
	var urls []string
	for _, e := range all {
		switch {
		case e.Is("Account/Action"):
			got.action = e.Text
		case e.Is("Response/Error/ErrorCode"):
			got.action = "error " + e.Text
		case e.Is("Response/Error/Message"), e.Is("Account/RedirectAddr"), e.Is("Account/RedirectUrl"):
			got.words = e.Text
		case e.Is("Account/Protocol/Type"):
			kind = e.Text
		case e.Is("Account/Protocol"):
			if named := e.Attr("Type"); named != "" {
				kind = named
			}
			for _, url := range urls {
				got.urls = append(got.urls, clean(kind+" "+url))
			}
			kind, urls = "", nil
		case strings.HasPrefix(e.Text, "https://"), strings.HasPrefix(e.Text, "http://"):
			if at := protocolOf(e.Path); at >= 0 {
				urls = append(urls, strings.Join(e.Path[at+1:], "/")+" "+e.Text)
			}
		}
		if len(got.urls)+len(urls) > mostURLs {
			return settings{}, fmt.Errorf("the settings have over %d addresses", mostURLs)
		}
	}
	if got.action == "" {
		return settings{}, errors.New("the XML has no Action")
	}
	return got, nil
}

// protocolOf is where in a path the outer Protocol is; -1 for nowhere.
func protocolOf(path []string) int {
	for i := 1; i < len(path); i++ {
		if path[i] == "Protocol" && path[i-1] == "Account" {
			return i
		}
	}
	return -1
}

// autodiscover2 asks for single addresses, which nobody has to log on for.
func (v *visit) autodiscover2(ctx context.Context) error {
	mailbox, err := v.mailbox()
	if err != nil {
		return err
	}
	var urls []string
	for _, protocol := range []string{"AutodiscoverV1", "Ews", "ActiveSync"} {
		answer, err := v.talk.Ask(ctx, webtalk.Request{
			Method: http.MethodGet, Header: http.Header{"Accept": {"application/json"}},
			Path: "/autodiscover/autodiscover.json/v1.0/" + url.PathEscape(mailbox) + "?Protocol=" + protocol,
		})
		if err != nil {
			return err
		}
		if len(urls) == 0 {
			v.heard(answer)
		}
		if goOn, err := v.sound(answer); err != nil || !goOn {
			return err
		}
		address, err := readPointer(answer.Body, protocol)
		if err != nil {
			return v.fails("no answer of Autodiscover for %s: %v", protocol, err)
		}
		urls = append(urls, clean(protocol+" "+address))
	}
	v.add("urls", fact.SetOf(urls...))
	return v.works()
}

// readPointer reads an answer of Autodiscover in JSON.
func readPointer(body []byte, protocol string) (string, error) {
	var got struct {
		Protocol, URL, ErrorCode, ErrorMessage string
	}
	if err := json.Unmarshal(body, &got); err != nil {
		return "", fmt.Errorf("reading JSON: %w", err)
	}
	switch {
	case got.ErrorCode != "":
		return "", errors.New(clean(got.ErrorCode + ": " + got.ErrorMessage))
	case !strings.EqualFold(got.Protocol, protocol):
		return "", fmt.Errorf("it is about %q", clean(got.Protocol))
	case !strings.HasPrefix(got.URL, "https://"):
		return "", fmt.Errorf("it gives the address %q", clean(got.URL))
	}
	return got.URL, nil
}
