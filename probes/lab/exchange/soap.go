package exchange

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// The namespaces of EWS (MS-OXWSCORE 2.2).
const (
	nsSOAP     = "http://schemas.xmlsoap.org/soap/envelope/"
	nsMessages = "http://schemas.microsoft.com/exchange/services/2006/messages"
	nsTypes    = "http://schemas.microsoft.com/exchange/services/2006/types"
	nsErrors   = "http://schemas.microsoft.com/exchange/services/2006/errors"
)

// body reads a request, up to what IIS lets through.
func (v *visit) body() (data []byte, tooLarge bool) {
	data, err := io.ReadAll(http.MaxBytesReader(v.w, v.r.Body, maxRequest))
	limit := (*http.MaxBytesError)(nil)
	return data, errors.As(err, &limit)
}

// fault is an error of SOAP: nothing of the request was done.
type fault struct{ code, text, violation string }

// Error implements error.
func (f *fault) Error() string { return f.code + ": " + f.text }

// violates is a request that the schema does not allow.
func violates(format string) *fault {
	return &fault{"ErrorSchemaValidation", "The request failed schema validation: " + format, format}
}

// serveEWS answers in the directory of EWS.
func (v *visit) serveEWS() {
	path := strings.ToLower(v.r.URL.Path)
	switch {
	case path == "/ews/exchange.asmx" && v.r.Method == http.MethodPost:
		v.operate()
	case path == "/ews/exchange.asmx" && (v.r.Method == http.MethodGet || v.r.Method == http.MethodHead):
		v.page(http.StatusOK, "<HTML><HEAD><TITLE>Service</TITLE></HEAD><BODY><P class='heading1'>Service</P>"+
			"<P class='intro'>You have created a service.</P></BODY></HTML>")
	case path == "/ews/services.wsdl":
		v.send(http.StatusOK, "text/xml", `<?xml version="1.0" encoding="utf-8"?><wsdl:definitions `+
			`xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" targetNamespace="`+nsMessages+`"/>`)
	case path == "/ews/exchange.asmx":
		v.drain()
		v.w.Header().Set("Allow", "GET, HEAD, POST")
		v.page(http.StatusMethodNotAllowed, "")
	default:
		v.drain()
		v.page(http.StatusNotFound, "404 - File or directory not found.")
	}
}

// operate reads a request of SOAP 1.1 and answers it.
func (v *visit) operate() {
	kind, params, err := mime.ParseMediaType(v.r.Header.Get("Content-Type"))
	if charset := params["charset"]; err != nil || kind != "text/xml" || charset != "" && !strings.EqualFold(charset,
		"utf-8") {
		v.drain()
		v.page(http.StatusUnsupportedMediaType, "")
		return
	}
	data, tooLarge := v.body()
	if tooLarge {
		v.page(http.StatusNotFound, "404.13 - Content length too large.")
		return
	}
	root, err := parse(data)
	if err != nil {
		v.page(http.StatusBadRequest, "")
		return
	}
	body, err := v.call(root)
	v.w.Header().Set("Cache-Control", "private")
	if err != nil {
		why := &fault{code: "ErrorInternalServerError", text: "An internal server error occurred. The operation failed."}
		_ = errors.As(err, &why)
		v.send(http.StatusInternalServerError, "text/xml; charset=utf-8", v.envelope(why.write()))
		return
	}
	v.send(http.StatusOK, "text/xml; charset=utf-8", v.envelope(body))
}

// envelope is an answer with the server's build in its header (MS-OXWSCDATA 2.2.3.12).
func (v *visit) envelope(body string) string {
	numbers, _ := version(v.exchange)
	schema := "V2017_07_11"
	if numbers[1] == "0" {
		schema = "V2_23" // Exchange 2013
	}
	return `<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="` + nsSOAP + `"><s:Header><h:ServerVersionInfo ` +
		`MajorVersion="` + numbers[0] + `" MinorVersion="` + numbers[1] + `" MajorBuildNumber="` + numbers[2] +
		`" MinorBuildNumber="` + numbers[3] + `" Version="` + schema + `" xmlns:h="` + nsTypes + `" xmlns="` + nsTypes +
		`" xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"/></s:Header>` +
		`<s:Body xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema">` +
		body + `</s:Body></s:Envelope>`
}

func (f *fault) write() string {
	more := ""
	if f.violation != "" {
		more = `<t:MessageXml xmlns:t="` + nsTypes + `"><t:Violation>` + attribute(f.violation) +
			`</t:Violation></t:MessageXml>`
	}
	return `<s:Fault><faultcode xmlns:a="` + nsTypes + `">a:` + f.code + `</faultcode><faultstring xml:lang="en-US">` +
		attribute(f.text) + `</faultstring><detail><e:ResponseCode xmlns:e="` + nsErrors + `">` + f.code +
		`</e:ResponseCode><e:Message xmlns:e="` + nsErrors + `">` + attribute(f.text) + `</e:Message>` + more +
		`</detail></s:Fault>`
}

// versions are the schemas that clients may ask for (MS-OXWSCDATA 2.2.3.11).
func versions() []string {
	return []string{
		"Exchange2007", "Exchange2007_SP1", "Exchange2009", "Exchange2010", "Exchange2010_SP1", "Exchange2010_SP2",
		"Exchange2012", "Exchange2013", "Exchange2013_SP1", "Exchange2015", "Exchange2016", "V2015_10_05", "V2016_01_06",
		"V2016_04_13", "V2016_07_13", "V2016_10_10", "V2017_01_07", "V2017_04_14", "V2017_07_11",
	}
}

// call finds the operation that a request is for, and does it.
func (v *visit) call(root *element) (string, error) {
	if root.name.Local != "Envelope" || root.name.Space != nsSOAP {
		return "", violates("The root element must be the Envelope of SOAP 1.1.")
	}
	header, body := root.child("Header"), root.child("Body")
	if body == nil || body.name.Space != nsSOAP || len(body.under) != 1 {
		return "", violates("The element 'Body' must have one child.")
	}
	if asked := header.child("RequestServerVersion"); asked != nil && !slices.Contains(versions(), asked.attr("Version")) {
		return "", &fault{code: "ErrorInvalidServerVersion", text: "The specified server version is invalid."}
	}
	if header.child("ExchangeImpersonation") != nil {
		return "", &fault{
			code: "ErrorImpersonateUserDenied",
			text: "The account does not have permission to impersonate the requested user.",
		}
	}
	request := body.under[0]
	op, known := operations()[request.name.Local]
	if !known || request.name.Space != nsMessages {
		return "", violates("The element 'Body' in namespace '" + nsSOAP + "' has invalid child element '" +
			request.name.Local + "' in namespace '" + request.name.Space + "'.")
	}
	if err := op.fits(request); err != nil {
		return "", err
	}
	v.count(func(s *Stats) { s.Operations[request.name.Local]++ })
	v.store.Lock()
	defer v.store.Unlock()
	c := &call{visit: v, name: request.name.Local}
	return op.run(c, request)
}

// operation is one of EWS'.
type operation struct {
	// parts are its elements in their order; one with a question mark may be missing,
	// and one of several is written with bars.
	parts string
	attrs string // that must be there
	run   func(*call, *element) (string, error)
}

// fits holds a request to the operation's schema.
func (o operation) fits(request *element) error {
	for name := range strings.FieldsSeq(o.attrs) {
		if request.attr(name) == "" {
			return violates("The required attribute '" + name + "' is missing.")
		}
	}
	rest := request.under
	for part := range strings.FieldsSeq(o.parts) {
		name, optional := strings.CutSuffix(part, "?")
		if len(rest) > 0 && rest[0].name.Space == nsMessages && slices.Contains(strings.Split(name, "|"),
			rest[0].name.Local) {
			rest = rest[1:]
			continue
		}
		if !optional {
			return violates("The element '" + request.name.Local + "' has incomplete content: want '" + name +
				"', line " + strconv.Itoa(request.line) + ".")
		}
	}
	if len(rest) > 0 {
		return violates("The element '" + request.name.Local + "' has invalid child element '" + rest[0].name.Local +
			"' in namespace '" + rest[0].name.Space + "'.")
	}
	return nil
}

// call is one operation under way.
type call struct {
	*visit
	name string
}

// trouble is what became of one item of a request, when it is not its success.
type trouble struct{ code, text string }

// Error implements error.
func (t *trouble) Error() string { return t.code + ": " + t.text }

// response is the answer for one item of a request: its content, or why there is
// none.
func (c *call) response(content string, why error) string {
	name := c.name + "ResponseMessage"
	if why == nil {
		return `<m:` + name + ` ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode>` + content + `</m:` + name +
			`>`
	}
	t := &trouble{"ErrorInternalServerError", "An internal server error occurred. The operation failed."}
	_ = errors.As(why, &t)
	return `<m:` + name + ` ResponseClass="Error"><m:MessageText>` + attribute(t.text) +
		`</m:MessageText><m:ResponseCode>` +
		t.code + `</m:ResponseCode><m:DescriptiveLinkKey>0</m:DescriptiveLinkKey>` + content + `</m:` + name + `>`
}

// answer puts the answers for all items together.
func (c *call) answer(responses ...string) string {
	return `<m:` + c.name + `Response xmlns:m="` + nsMessages + `" xmlns:t="` + nsTypes + `"><m:ResponseMessages>` +
		strings.Join(responses, "") + `</m:ResponseMessages></m:` + c.name + `Response>`
}
