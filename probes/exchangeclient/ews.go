package exchangeclient

import (
	"context"
	"errors"
	"strings"

	"postpatch/probes/fact"
	"postpatch/probes/internal/flatxml"
	"postpatch/probes/internal/webtalk"
)

// getInbox asks for the account's own inbox (MS-OXWSFOLD 3.1.4.6).
const getInbox = `<m:GetFolder><m:FolderShape><t:BaseShape>IdOnly</t:BaseShape></m:FolderShape>` +
	`<m:FolderIds><t:DistinguishedFolderId Id="inbox"/></m:FolderIds></m:GetFolder>`

// ews opens the account's inbox.
func (v *visit) ews(ctx context.Context) error {
	answer, goOn, err := v.ask(ctx, webtalk.EWS(getInbox))
	if err != nil || !goOn {
		return err
	}
	got, err := readEWS(answer.Body)
	if err != nil {
		return v.fails("no answer of EWS: %v", err)
	}
	if got.build != "" {
		v.add("build", fact.Text(got.build))
	}
	v.add("answer", fact.Text(clean(got.code)))
	if got.code != "NoError" || got.class != "Success" {
		return v.fails("EWS answers %s: %s", got.code, got.words)
	}
	return v.works()
}

// ewsAnswer is what EWS says to one question.
type ewsAnswer struct{ class, code, words, build string }

// readEWS reads the answer to GetFolder. A fault of SOAP has a code, too.
func readEWS(body []byte) (ewsAnswer, error) {
	all, err := flatxml.Read(body)
	if err != nil {
		return ewsAnswer{}, err
	}
	var got ewsAnswer
	for _, e := range all {
		switch {
		case e.Is("Header/ServerVersionInfo"):
			got.build = buildOf(e)
		case e.Is("ResponseMessages/GetFolderResponseMessage"):
			got.class = e.Attr("ResponseClass")
		case e.Is("GetFolderResponseMessage/ResponseCode"), e.Is("detail/ResponseCode"):
			got.code = e.Text
		case e.Is("GetFolderResponseMessage/MessageText"), e.Is("Fault/faultstring"):
			got.words = e.Text
		}
	}
	if got.code == "" && got.words == "" {
		return ewsAnswer{}, errors.New("the XML has no ResponseCode")
	}
	return got, nil
}

// buildOf is the build of a ServerVersionInfo; "" where it is not one.
func buildOf(e flatxml.Element) string {
	var parts []string
	for _, name := range []string{"MajorVersion", "MinorVersion", "MajorBuildNumber", "MinorBuildNumber"} {
		part := e.Attr(name)
		if part == "" || len(part) > 6 || strings.Trim(part, "0123456789") != "" {
			return ""
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, ".")
}
