package webtalk

import "net/http"

// EWS is a question to Exchange's web services, as any version since 2013 understands it:
// question is what the body has, with the prefixes m: of messages and t: of types.
func EWS(question string) Request {
	return Request{
		Method: http.MethodPost, Path: "/EWS/Exchange.asmx",
		Header: http.Header{"Content-Type": {"text/xml; charset=utf-8"}, "Accept": {"text/xml"}},
		Body: `<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/" ` +
			`xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types" ` +
			`xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages"><soap:Header>` +
			`<t:RequestServerVersion Version="Exchange2013"/></soap:Header><soap:Body>` + question +
			`</soap:Body></soap:Envelope>`,
	}
}
