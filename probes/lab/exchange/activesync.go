package exchange

import (
	"net/http"
	"strings"

	"github.com/google/uuid"
)

// serveActiveSync answers OPTIONS as MS-ASHTTP 2.2.4 has it, and refuses devices.
func (v *visit) serveActiveSync() {
	v.drain()
	numbers, _ := version(v.exchange)
	header := v.w.Header()
	header.Set("Cache-Control", "private")
	header["MS-Server-ActiveSync"] = []string{numbers[0] + "." + numbers[1]} // spelled as Exchange does
	switch v.r.Method {
	case http.MethodOptions:
		versions := "2.0,2.1,2.5,12.0,12.1,14.0,14.1"
		if numbers[1] != "0" { // 2013 has no 16
			versions += ",16.0,16.1"
		}
		header["MS-ASProtocolVersions"] = []string{versions}
		header["MS-ASProtocolCommands"] = []string{"Sync,SendMail,SmartForward,SmartReply,GetAttachment,GetHierarchy," +
			"CreateCollection,DeleteCollection,MoveCollection,FolderSync,FolderCreate,FolderDelete,FolderUpdate,MoveItems," +
			"GetItemEstimate,MeetingResponse,Search,Settings,Ping,ItemOperations,Provision,ResolveRecipients,ValidateCert"}
		header.Set("Public", "OPTIONS,POST")
		header.Set("Allow", "OPTIONS,POST")
		v.page(http.StatusOK, "")
	case http.MethodPost:
		header["X-MS-ASError"] = []string{"DeviceIdMissingOrInvalid"}
		v.page(http.StatusBadRequest, "")
	default:
		v.page(http.StatusNotImplemented, "")
	}
}

// serveOAB shows the manifest of the offline address book (MS-OXWOAB 2.2.4).
func (v *visit) serveOAB() {
	v.drain()
	id := v.oab()
	if !strings.EqualFold(v.r.URL.Path, "/oab/"+id+"/oab.xml") {
		v.page(http.StatusNotFound, "404 - File or directory not found.")
		return
	}
	const sha1Of = "8b0b3e5c4a1f7d2e9c6b5a4938271605f4e3d2c1"
	v.send(http.StatusOK, "text/xml", `<?xml version="1.0" encoding="utf-8"?>
<OAB><OAL id="`+id+`" dn="/o=First Organization/cn=addrlists/cn=oabs/cn=Default Offline Address Book"
 name="\Default Global Address List">
<Full seq="1" ver="32" size="4096" uncompressedsize="8192" SHA="`+sha1Of+`">`+id+`-data-1.lzx</Full>
<Template seq="1" ver="32" size="512" uncompressedsize="1024" SHA="`+sha1Of+`" langid="0409"
 type="windows">`+id+`-lng0409-1.lzx</Template>
</OAL></OAB>
`)
}

// oab is the address book's GUID.
func (v *visit) oab() string {
	if v.exchange.OAB != "" {
		return strings.ToLower(v.exchange.OAB)
	}
	return uuid.NewSHA1(uuid.NameSpaceDNS, []byte("oab."+strings.ToLower(v.host.Name))).String()
}
