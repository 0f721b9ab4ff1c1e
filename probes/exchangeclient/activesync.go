package exchangeclient

import (
	"context"
	"net/http"
	"strings"

	"postpatch/probes/fact"
	"postpatch/probes/internal/flatxml"
	"postpatch/probes/internal/webtalk"
)

// activesync asks what phones may speak (MS-ASHTTP 2.2.3); no device is made by it.
func (v *visit) activesync(ctx context.Context) error {
	answer, goOn, err := v.ask(ctx, webtalk.Request{Method: http.MethodOptions, Path: "/Microsoft-Server-ActiveSync"})
	if err != nil || !goOn {
		return err
	}
	versions := listed(answer.Header.Get("MS-ASProtocolVersions"))
	if len(versions) == 0 || len(listed(answer.Header.Get("MS-ASProtocolCommands"))) == 0 {
		return v.fails("no answer of ActiveSync: it has no MS-ASProtocolVersions, or no MS-ASProtocolCommands")
	}
	v.add("versions", fact.SetOf(versions...))
	return v.works()
}

// listed are the members of a header's list.
func listed(text string) []string {
	const most = 100
	var all []string
	for part := range strings.SplitSeq(text, ",") {
		if part = clean(part); part != "" && len(all) < most {
			all = append(all, part)
		}
	}
	return all
}

// oab asks for the offline address book: its manifest where the check knows the GUID;
// otherwise it is enough that Exchange asks for a logon.
func (v *visit) oab(ctx context.Context) error {
	if v.OAB == "" || !v.Login {
		answer, _, err := v.alive(ctx, webtalk.Request{Method: http.MethodGet, Path: "/OAB/"})
		if err == nil && answer != nil && !v.has("state") {
			return v.fails("the address book's directory asks nobody for a logon")
		}
		return err
	}
	answer, goOn, err := v.ask(ctx, webtalk.Request{Method: http.MethodGet, Path: "/OAB/" + v.OAB + "/oab.xml"})
	if err != nil || !goOn {
		return err
	}
	all, err := flatxml.Read(answer.Body)
	switch {
	case err != nil:
		return v.fails("no manifest of an address book: %v", err)
	case !all[len(all)-1].Is("OAB") || len(all[len(all)-1].Path) != 1:
		return v.fails("no manifest of an address book: it has no OAB in it")
	}
	return v.works()
}
