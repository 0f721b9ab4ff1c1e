package exchange

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// The schemas of Autodiscover (MS-OXDSCLI 2.2.1).
const (
	nsRequest    = "http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006"
	nsMobile     = "http://schemas.microsoft.com/exchange/autodiscover/mobilesync/requestschema/2006"
	nsResponse   = "http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006"
	nsOutlook    = "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"
	nsMobileSync = "http://schemas.microsoft.com/exchange/autodiscover/mobilesync/responseschema/2006"
)

// serveAutodiscover answers in all versions of Autodiscover. That of JSON is for
// everybody.
func (v *visit) serveAutodiscover() {
	path := strings.ToLower(v.r.URL.Path)
	if path == "/autodiscover/autodiscover.json" || strings.HasPrefix(path, "/autodiscover/autodiscover.json/") {
		v.drain()
		v.autodiscoverJSON()
		return
	}
	if !v.admit() {
		return
	}
	switch path {
	case "/autodiscover/autodiscover.xml":
		v.autodiscoverXML()
	case "/autodiscover/autodiscover.svc":
		v.autodiscoverSOAP()
	default:
		v.drain()
		v.page(http.StatusNotFound, "404 - File or directory not found.")
	}
}

// autodiscoverJSON is version 2: where a mailbox's protocol is. The address stands
// in the path, or in the query.
func (v *visit) autodiscoverJSON() {
	query := map[string]string{}
	for name, values := range v.r.URL.Query() { // whose names mind no case
		query[strings.ToLower(name)] = values[0]
	}
	address := query["email"]
	rest := v.r.URL.Path[len("/autodiscover/autodiscover.json"):]
	if _, after, found := strings.Cut(strings.TrimPrefix(rest, "/"), "/"); found {
		address = after
	}
	urls := map[string]string{
		"activesync":     v.base() + "/Microsoft-Server-ActiveSync",
		"ews":            v.base() + "/EWS/Exchange.asmx",
		"autodiscoverv1": v.base() + "/Autodiscover/Autodiscover.xml",
		"rest":           v.base() + "/api",
	}
	names := []string{"ActiveSync", "AutodiscoverV1", "Ews", "Rest"}
	asked := query["protocol"]
	i := slices.IndexFunc(names, func(name string) bool { return strings.EqualFold(name, asked) })
	_, known := mailboxOf(v.exchange, address)
	switch {
	case asked == "":
		v.jsonError(http.StatusBadRequest, "MandatoryParameterMissing",
			"A valid value must be provided for the query parameter 'Protocol'")
	case i < 0:
		v.jsonError(http.StatusBadRequest, "InvalidProtocol", "The given protocol value '"+asked+
			"' is invalid. Supported values are '"+strings.Join(names, ",")+"'")
	case !strings.Contains(address, "@"):
		v.jsonError(http.StatusBadRequest, "InvalidUserId", "The given user id is invalid")
	case !known:
		v.jsonError(http.StatusNotFound, "UserNotFound", "The given user is not found")
	default:
		v.json(http.StatusOK, map[string]string{"Protocol": names[i], "Url": urls[strings.ToLower(names[i])]})
	}
}

func (v *visit) jsonError(status int, code, message string) {
	v.json(status, struct{ ErrorCode, ErrorMessage string }{code, message})
}

func (v *visit) json(status int, value any) {
	data, err := json.Marshal(value)
	if err != nil {
		panic(err) // of strings
	}
	v.send(status, "application/json; charset=utf-8", string(data))
}

// autodiscoverXML is version 1, plain old XML.
func (v *visit) autodiscoverXML() {
	root, ok := v.request()
	if !ok {
		return
	}
	request := root.child("Request")
	schema := request.child("AcceptableResponseSchema").value()
	switch {
	case root.local() != "Autodiscover" || root.name.Space != nsRequest && root.name.Space != nsMobile,
		request.child("EMailAddress").value() == "" && request.child("LegacyDN").value() == "", schema == "":
		v.poxError(nsResponse, "600", "Invalid Request")
		return
	case schema != nsOutlook && schema != nsMobileSync:
		v.poxError(nsResponse, "601", "Provider is not available")
		return
	}
	a, known := mailboxOf(v.exchange, request.child("EMailAddress").value())
	switch {
	case schema == nsMobileSync && known:
		v.pox(`<Response xmlns="` + nsMobileSync + `"><Culture>en:us</Culture><User><DisplayName>` + attribute(a.display()) +
			`</DisplayName><EMailAddress>` + attribute(a.address) + `</EMailAddress></User><Action><Settings><Server>` +
			`<Type>MobileSync</Type><Url>` + v.base() + `/Microsoft-Server-ActiveSync</Url><Name>` + v.base() +
			`/Microsoft-Server-ActiveSync</Name></Server></Settings></Action></Response>`)
	case !known:
		v.poxError(schema, "500", "The email address can't be found.")
	default:
		v.pox(v.outlook(a))
	}
}

// request reads a body of XML; what is none is an invalid request.
func (v *visit) request() (*element, bool) {
	body, tooLarge := v.body()
	if tooLarge {
		v.page(http.StatusNotFound, "404.13 - Content length too large.")
		return nil, false
	}
	root, err := parse(body)
	if err != nil {
		v.poxError(nsResponse, "600", "Invalid Request")
		return nil, false
	}
	return root, true
}

func (v *visit) pox(response string) {
	v.w.Header().Set("Cache-Control", "private")
	v.send(http.StatusOK, "text/xml; charset=utf-8", `<?xml version="1.0" encoding="utf-8"?>`+"\r\n"+
		`<Autodiscover xmlns="`+nsResponse+`">`+response+`</Autodiscover>`)
}

// poxError is an error, which comes with status 200.
func (v *visit) poxError(schema, code, message string) {
	v.pox(`<Response xmlns="` + schema + `"><Error Time="` + v.now().UTC().Format("15:04:05.0000000") +
		`" Id="3163904718"><ErrorCode>` + code + `</ErrorCode><Message>` + message +
		`</Message><DebugData /></Error></Response>`)
}

// legacyDN is the mailbox's name of old.
func legacyDN(a account) string {
	_, name := a.user()
	return "/o=First Organization/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)/cn=Recipients/cn=" + name
}

// mailboxID is what stands for the server's name since Exchange 2013.
func mailboxID(a account) string {
	_, domain, _ := strings.Cut(a.address, "@")
	return mailboxGUID(a.address) + "@" + domain
}

func mailboxGUID(address string) string {
	return uuid.NewSHA1(uuid.NameSpaceDNS, []byte(address)).String()
}

// outlook are the settings of a mailbox for Outlook. MAPI over HTTP is told only to
// who says that he knows it.
func (v *visit) outlook(a account) string {
	base, full := v.base(), attribute(mailboxID(a))
	name, _, _ := strings.Cut(v.r.Host, ":")
	urls := `<ASUrl>` + base + `/EWS/Exchange.asmx</ASUrl><OOFUrl>` + base + `/EWS/Exchange.asmx</OOFUrl>` +
		`<OABUrl>` + base + `/OAB/` + v.oab() + `/</OABUrl><EwsUrl>` + base + `/EWS/Exchange.asmx</EwsUrl>` +
		`<EmwsUrl>` + base + `/EWS/Exchange.asmx</EmwsUrl><EcpUrl>` + base + `/owa/</EcpUrl>`
	protocols := `<Protocol><Type>EXCH</Type><Server>` + full + `</Server><ServerDN>/o=First Organization/ou=Exchange ` +
		`Administrative Group (FYDIBOHF23SPDLT)/cn=Configuration/cn=Servers/cn=` + full + `</ServerDN><ServerVersion>` +
		v.serverVersion() + `</ServerVersion>` + urls + `<ServerExclusiveConnect>off</ServerExclusiveConnect></Protocol>` +
		`<Protocol><Type>EXPR</Type><Server>` + attribute(name) + `</Server><SSL>On</SSL><AuthPackage>Ntlm</AuthPackage>` +
		urls +
		`<ServerExclusiveConnect>on</ServerExclusiveConnect></Protocol>` +
		`<Protocol><Type>WEB</Type><Internal><OWAUrl AuthenticationMethod="Basic, Fba">` + base + `/owa/</OWAUrl>` +
		`<Protocol><Type>EXCH</Type><ASUrl>` + base + `/EWS/Exchange.asmx</ASUrl></Protocol></Internal></Protocol>`
	if v.r.Header.Get("X-MapiHttpCapability") == "1" {
		id := "?MailboxId=" + full
		protocols += `<Protocol Type="mapiHttp" Version="1"><MailStore><InternalUrl>` + base + `/mapi/emsmdb/` + id +
			`</InternalUrl><ExternalUrl>` + base + `/mapi/emsmdb/` + id +
			`</ExternalUrl></MailStore><AddressBook><InternalUrl>` +
			base + `/mapi/nspi/` + id + `</InternalUrl><ExternalUrl>` + base + `/mapi/nspi/` + id +
			`</ExternalUrl></AddressBook></Protocol>`
	}
	return `<Response xmlns="` + nsOutlook + `"><User><DisplayName>` + attribute(a.display()) +
		`</DisplayName><LegacyDN>` +
		attribute(legacyDN(a)) + `</LegacyDN><AutoDiscoverSMTPAddress>` + attribute(a.address) +
		`</AutoDiscoverSMTPAddress><DeploymentId>` + mailboxGUID(v.host.Name) + `</DeploymentId></User><Account>` +
		`<AccountType>email</AccountType><Action>settings</Action><MicrosoftOnline>False</MicrosoftOnline>` +
		protocols + `</Account></Response>`
}

// serverVersion is the build as EXCH tells it, in hexadecimal (MS-OXDSCLI 2.2.4.1.1.2.6.46).
func (v *visit) serverVersion() string {
	numbers, _ := version(v.exchange)
	n := func(i int) uint32 {
		var value uint32
		for _, digit := range numbers[i] {
			value = value*10 + uint32(digit-'0')
		}
		return value
	}
	const digits = "0123456789ABCDEF"
	packed := 0x70000000 | n(0)<<22&0x0fc00000 | n(1)<<16&0x003f0000 | 0x8000 | n(2)&0x7fff
	text := make([]byte, 8)
	for i := range text {
		text[i] = digits[packed>>(28-4*i)&0xf]
	}
	return string(text)
}

// utc writes a time as XML has it.
func utc(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }
