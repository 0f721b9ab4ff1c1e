package exchange

import (
	"net/http"
	"strings"
)

const (
	nsAutodiscover = "http://schemas.microsoft.com/exchange/2010/Autodiscover"
	nsAddressing   = "http://www.w3.org/2005/08/addressing"
)

// autodiscoverSOAP answers GetUserSettings (MS-OXWSADISC 3.1.4.3).
func (v *visit) autodiscoverSOAP() {
	if v.r.Method != http.MethodPost {
		v.page(http.StatusOK, "<HTML><HEAD><TITLE>Autodiscover Service</TITLE></HEAD><BODY></BODY></HTML>")
		return
	}
	data, tooLarge := v.body()
	root, err := parse(data)
	request := root.path("Body", "GetUserSettingsRequestMessage", "Request")
	if tooLarge || err != nil || request == nil {
		v.send(http.StatusInternalServerError, "text/xml; charset=utf-8", v.envelope(
			(&fault{code: "ErrorInvalidRequest", text: "The request is invalid."}).write()))
		return
	}
	asked := root.path("Header", "RequestedServerVersion").value()
	if asked == "" {
		v.settings("InvalidServerVersion", "The RequestedServerVersion header is missing or invalid.", "")
		return
	}
	var users strings.Builder
	for _, user := range request.child("Users").children() {
		users.WriteString(v.userSettings(user.child("Mailbox").value(), request.child("RequestedSettings").children()))
	}
	v.settings("NoError", "No error.", users.String())
}

func (v *visit) settings(code, message, users string) {
	numbers, _ := version(v.exchange)
	v.send(http.StatusOK, "text/xml; charset=utf-8", `<s:Envelope xmlns:s="`+nsSOAP+`" xmlns:a="`+
		nsAddressing+`"><s:Header>`+
		`<a:Action s:mustUnderstand="1">`+nsAutodiscover+`/Autodiscover/GetUserSettingsResponse</a:Action>`+
		`<h:ServerVersionInfo xmlns:h="`+
		nsAutodiscover+`" xmlns:i="http://www.w3.org/2001/XMLSchema-instance"><h:MajorVersion>`+
		numbers[0]+`</h:MajorVersion><h:MinorVersion>`+numbers[1]+`</h:MinorVersion><h:MajorBuildNumber>`+numbers[2]+
		`</h:MajorBuildNumber><h:MinorBuildNumber>`+numbers[3]+`</h:MinorBuildNumber><h:Version>Exchange2015</h:Version>`+
		`</h:ServerVersionInfo></s:Header><s:Body><GetUserSettingsResponseMessage xmlns="`+nsAutodiscover+`"><Response `+
		`xmlns:i="http://www.w3.org/2001/XMLSchema-instance"><ErrorCode>`+code+`</ErrorCode><ErrorMessage>`+message+
		`</ErrorMessage><UserResponses>`+
		users+`</UserResponses></Response></GetUserSettingsResponseMessage></s:Body></s:Envelope>`)
}

func (v *visit) userSettings(address string, asked []*element) string {
	a, known := mailboxOf(v.exchange, address)
	if !known {
		return `<UserResponse><ErrorCode>InvalidUser</ErrorCode><ErrorMessage>Invalid user: '` + attribute(address) +
			`'</ErrorMessage><RedirectTarget i:nil="true"/><UserSettingErrors/><UserSettings/></UserResponse>`
	}
	numbers, _ := version(v.exchange)
	ews := v.base() + "/EWS/Exchange.asmx"
	values := map[string]string{
		"UserDisplayName": a.display(), "UserDN": legacyDN(a), "AutoDiscoverSMTPAddress": a.address,
		"InternalEwsUrl": ews, "ExternalEwsUrl": ews,
		"EwsSupportedSchemas": "Exchange2007, Exchange2007_SP1, Exchange2010, " +
			"Exchange2010_SP1, Exchange2010_SP2, Exchange2013, Exchange2013_SP1, Exchange2015, Exchange2016",
		"CasVersion":            numbers[0] + "." + pad(numbers[1], 2) + "." + pad(numbers[2], 4) + "." + pad(numbers[3], 3),
		"InternalMailboxServer": mailboxID(a), "InternalOABUrl": v.base() + "/OAB/" + v.oab() + "/",
		"ActiveDirectoryServer": "", "MobileMailboxPolicy": "",
	}
	var found, missing strings.Builder
	for _, setting := range asked {
		name := setting.value()
		if value := values[name]; value != "" {
			found.WriteString(`<UserSetting i:type="StringSetting"><Name>` + name + `</Name><Value>` + attribute(value) +
				`</Value></UserSetting>`)
			continue
		}
		missing.WriteString(`<UserSettingError><ErrorCode>SettingIsNotAvailable</ErrorCode><ErrorMessage>Setting '` +
			attribute(name) + `' is not available.</ErrorMessage><SettingName>` + attribute(name) +
			`</SettingName></UserSettingError>`)
	}
	return `<UserResponse><ErrorCode>NoError</ErrorCode><ErrorMessage>No error.</ErrorMessage>` +
		`<RedirectTarget i:nil="true"/>` +
		`<UserSettingErrors>` + missing.String() + `</UserSettingErrors><UserSettings>` + found.String() +
		`</UserSettings></UserResponse>`
}
