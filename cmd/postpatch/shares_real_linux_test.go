//go:build real

package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"postpatch/cmd/postpatch/realtest"
	"postpatch/probes/smb"
)

// TestRealShares opens the shares of a domain controller, and again when they are gone.
func TestRealShares(t *testing.T) {
	if !realtest.OwnNetwork(t) {
		return
	}
	samba := realtest.StartSamba(t)
	const policy = `SYSVOL\corp.test\Policies\{31B2F340-016D-11D2-945F-00C04FB984F9}\GPT.INI`
	good := controller(t, samba, realtest.SambaNetBIOS+`\`+realtest.SambaUser, realtest.SambaPassword)
	shares := map[string]any{"share": []string{"SYSVOL", "NETLOGON", "nothing"}, "file": []string{policy, `SYSVOL\no.txt`}}
	has(t, observed(t, smb.Kind, good, nil), []string{
		"445 state=ready", "445 dialect=3.1.1", "445 signing=required", "445 encryption=AES-128-GCM", "445 dfs=true",
	})
	has(t, observed(t, smb.Kind, good, shares), []string{
		"445 login=ok", "SYSVOL share=open", "NETLOGON share=open", "nothing share=missing", policy + " file=read",
		`SYSVOL\no.txt file=missing`,
	})
	byTicket := controller(t, samba, realtest.SambaUser+"@"+realtest.SambaRealm, realtest.SambaPassword)
	has(t, observed(t, smb.Kind, byTicket, shares), []string{
		"445 login=ok", "445 proved_by=Kerberos", "SYSVOL share=open", policy + " file=read",
	})
	bad := controller(t, samba, realtest.SambaNetBIOS+`\`+realtest.SambaUser, "wrong")
	has(t, observed(t, smb.Kind, bad, shares), []string{"445 login=refused"})
	samba.Tool(t, "user", "create", "leaver", "Swordfish-1")
	samba.Tool(t, "user", "disable", "leaver")
	gone := controller(t, samba, realtest.SambaNetBIOS+`\leaver`, "Swordfish-1")
	shares["login"] = "ntlm"
	has(t, observed(t, smb.Kind, byTicket, shares), []string{"445 login=ok", "445 proved_by=NTLM", "SYSVOL share=open"})
	refused := observed(t, smb.Kind, gone, shares)
	has(t, refused, []string{"445 login=refused"})
	if !slices.ContainsFunc(refused, func(s string) bool { return strings.Contains(s, "the account is disabled") }) {
		t.Errorf("it does not say why: %q", refused)
	}
	if err := os.Rename(filepath.Join(samba.Sysvol, "corp.test", "scripts"), samba.Sysvol+".away"); err != nil {
		t.Fatal(err)
	}
	has(t, observed(t, smb.Kind, good, shares), []string{"SYSVOL share=open", "NETLOGON share=missing"})
}
