package wsman

import (
	"errors"
	"fmt"
	"strconv"

	"postpatch/probes/lab/estate"
)

// fault is a SOAP fault with Windows' own number. It is an error of the client,
// returned to it.
type fault struct {
	action   string // which of the three fault actions
	receiver bool   // the server's fault, not the sender's
	subcode  string
	number   uint32
	reason   string
	detail   string // a fault detail URI's last word
	provider string // the provider that found it, "" for WinRM itself
	message  string // what the provider said
}

func (f *fault) Error() string { return fmt.Sprintf("%s (%d): %s", f.subcode, f.number, f.reason) }

const (
	wsmanFault   = nsWSMan + "/fault"
	addressFault = nsAddress + "/fault"
	enumFault    = nsEnum + "/fault"
)

// faultOf returns err as a fault; what is no fault is an internal error.
func faultOf(err error) *fault {
	if f, ok := errors.AsType[*fault](err); ok {
		return f
	}
	return &fault{
		action: wsmanFault, receiver: true, subcode: "w:InternalError", number: 1359,
		reason: "The WS-Management service cannot process the request. " + err.Error(),
	}
}

func (f *fault) reply(h estate.Host) reply {
	code, number := "s:Sender", strconv.FormatUint(uint64(f.number), 10)
	if f.receiver {
		code = "s:Receiver"
	}
	machine := escape(fqdn(h))
	inner := escape(f.reason) + " "
	if f.provider != "" {
		inner = `<f:ProviderFault provider="` + f.provider + `" path="%systemroot%\system32\` + library(f.provider) + `">` +
			`<f:WSManFault xmlns:f="` + nsFault + `" Code="` + number + `" Machine="` + machine + `"><f:Message>` +
			escape(f.message) + ` </f:Message></f:WSManFault></f:ProviderFault>`
	}
	subcode := f.subcode
	if subcode != "" {
		subcode = `<s:Subcode><s:Value>` + subcode + `</s:Value></s:Subcode>`
	}
	detail := ""
	if f.detail != "" {
		detail = `<w:FaultDetail>http://schemas.dmtf.org/wbem/wsman/1/wsman/faultDetail/` + f.detail + `</w:FaultDetail>`
	}
	if f.subcode == "" {
		code = "s:" + f.detail
		detail = ""
	}
	return reply{action: f.action, body: `<s:Fault><s:Code><s:Value>` + code + `</s:Value>` + subcode + `</s:Code>` +
		`<s:Reason><s:Text xml:lang="en-US">` + escape(f.reason) + ` </s:Text></s:Reason><s:Detail>` + detail +
		`<f:WSManFault xmlns:f="` + nsFault + `" Code="` + number + `" Machine="` + machine + `"><f:Message>` + inner +
		`</f:Message></f:WSManFault></s:Detail></s:Fault>`}
}

func invalidXML(err error) error {
	return &fault{
		action: wsmanFault, subcode: "w:SchemaValidationError", number: 2150858817,
		reason: "The SOAP XML in the message does not match the corresponding XML schema definition: " + err.Error() + ".",
	}
}

func versionMismatch() error {
	return &fault{
		action: addressFault, detail: "VersionMismatch", number: 2150858765,
		reason: "The envelope is of another SOAP version than 1.2.",
	}
}

func notUnderstood(header string) error {
	return &fault{
		action: addressFault, detail: "MustUnderstand", number: 2150858768,
		reason: "The header " + header + " must be understood and is not.",
	}
}

func headerRequired(header string) error {
	return &fault{
		action: addressFault, subcode: "a:MessageInformationHeaderRequired", number: 2150858769,
		reason: "A required header is missing: " + header + ".",
	}
}

func envelopeTooSmall() error {
	return &fault{
		action: wsmanFault, subcode: "w:EncodingLimit", number: 2150858878, detail: "MinimumEnvelopeLimit",
		reason: "The maximum envelope size of the request is too small; it must be 8192 or more.",
	}
}

func replyTooLarge() error {
	return &fault{
		action: wsmanFault, subcode: "w:EncodingLimit", number: 2150858824, detail: "MaxEnvelopeSizeExceeded",
		reason: "The response is larger than the maximum envelope size of the request.",
	}
}

func invalidTimeout() error {
	return &fault{
		action: wsmanFault, subcode: "w:InvalidTimeout", number: 2150858881,
		reason: "The operation timeout of the request is not a duration.",
	}
}

func timedOut() error {
	return &fault{
		action: wsmanFault, receiver: true, subcode: "w:TimedOut", number: 2150858793, detail: "OperationTimeout",
		reason: "The WS-Management service cannot complete the operation within the time specified in OperationTimeout.",
	}
}

func accessDenied() error {
	return &fault{action: wsmanFault, subcode: "w:AccessDenied", number: 5, reason: "Access is denied."}
}

func badAction(action string) error {
	return &fault{
		action: addressFault, subcode: "a:ActionNotSupported", number: 2150858753,
		reason: "The action is not supported by the service: " + action + ".",
	}
}

func badResource(uri string) error {
	return &fault{
		action: addressFault, subcode: "a:DestinationUnreachable", number: 2150858811, detail: "InvalidResourceURI",
		reason: "The resource URI (" + uri + ") was not found in the WS-Management catalog.",
	}
}

func badFilter(message string) error {
	return &fault{
		action: enumFault, subcode: "n:CannotProcessFilter", number: 2150858778,
		reason:   "The data source could not process the filter. The filter might be missing or it might be invalid.",
		provider: "WMI Provider", message: message,
	}
}

func noShell() error {
	return &fault{
		action: wsmanFault, subcode: "w:InvalidSelectors", number: 2150858843, detail: "UnexpectedSelectors",
		reason: "The request for the Windows Remote Shell with ShellId failed because the shell was not found on the server.",
	}
}

func quota(number uint32, what string) error {
	return &fault{
		action: wsmanFault, subcode: "w:QuotaLimit", number: number,
		reason: "The maximum number of concurrent " + what + " for this user has been exceeded.",
	}
}

func invalidParameter(what string) error {
	return &fault{
		action: wsmanFault, subcode: "w:InvalidParameter", number: 87,
		reason: "The parameter is incorrect: " + what + ".",
	}
}
