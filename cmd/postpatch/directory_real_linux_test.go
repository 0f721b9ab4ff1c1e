//go:build real

package main

import (
	"strings"
	"testing"
	"time"

	"postpatch/cmd/postpatch/realtest"
	"postpatch/probes"
	"postpatch/probes/host"
	"postpatch/probes/host/winrm/auth"
	"postpatch/probes/ldap"
	"postpatch/probes/probetest"
)

// controller is the way to a Samba as the operator has it, with the domain's administrator.
func controller(t *testing.T, s *realtest.Samba, user, password string) probes.Target {
	t.Helper()
	routes := probes.Routes{
		realtest.SambaHost: {Address: realtest.SambaAddress}, realtest.SambaDomain: {Address: realtest.SambaAddress},
	}
	target := probetest.Routed(realtest.SambaHost, routes)
	target.Roots = s.Roots
	j := job{routes: routes, krb5Conf: s.Krb5Conf, logins: auth.NewLogins()}
	target.Accounts = j.logins.Accounts()
	target.Credential = func(use string) (host.Credential, error) {
		c := host.Credential{User: user, Password: host.NewSecret(password)}
		var err error
		c.Prove, err = proveWay(j, c, use)
		return c, err
	}
	return target
}

// TestRealDirectory asks a domain controller by every port and bind, and then one with one
// fault after the other.
func TestRealDirectory(t *testing.T) {
	if !realtest.OwnNetwork(t) {
		return
	}
	const upn = realtest.SambaUser + "@" + realtest.SambaRealm
	samba := realtest.StartSamba(t)
	good := controller(t, samba, upn, realtest.SambaPassword)
	all := []int{389, 636, 3268, 3269}
	for _, tt := range []struct {
		args map[string]any
		want []string
	}{
		{map[string]any{"port": all}, []string{
			"389 state=ready", "389 synchronized=true", "389 global_catalog=true", "389 dns_host=DC1.corp.test",
			"389 domain=DC=corp,DC=test", "389 site=Default-First-Site-Name", "389 domain_level=4", "389 dc_level=4",
			"389 mechanisms=GSS-SPNEGO, GSSAPI, NTLM", "636 state=ready", "636 certificate=valid", "3268 state=ready",
			"3269 certificate=valid",
		}},
		{map[string]any{"starttls": true}, []string{"389 starttls=offered", "389 certificate=valid"}},
		{map[string]any{"bind": "simple", "port": []int{636}}, []string{"636 bind=ok", "636 bound_by=simple"}},
		{map[string]any{"bind": "simple", "starttls": true}, []string{"389 bind=ok", "389 bound_by=simple"}},
		{map[string]any{"bind": "kerberos"}, []string{"389 bind=ok", "389 bound_by=Kerberos"}},
		{map[string]any{"bind": "negotiate", "port": []int{636}}, []string{"636 bind=ok", "636 bound_by=Kerberos"}},
		{map[string]any{"bind": "ntlm"}, []string{"389 bind=ok", "389 bound_by=NTLM"}},
		{map[string]any{"bind": "ntlm", "port": []int{3269}}, []string{"3269 bind=ok", "3269 bound_by=NTLM"}},
		{map[string]any{
			"bind": "negotiate", "filter": "(objectClass=computer)", "key": "sAMAccountName",
			"attributes": []string{"dNSHostName", "userAccountControl", "objectSid"},
		}, []string{
			"389 entries=1", "entry/DC1$ present=true", "entry/DC1$/dNSHostName value=DC1.corp.test",
			"entry/DC1$/userAccountControl number=532480",
		}},
	} {
		has(t, observed(t, ldap.Kind, good, tt.args), tt.want)
	}
	probe, err := ldap.Kind.Build(map[string]any{"filter": "(objectClass=computer)"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := probe.Observe(t.Context(), good); err == nil || !strings.Contains(err.Error(), "bind first") {
		t.Errorf("a search by nobody: %v", err)
	}
	bad := controller(t, samba, upn, "wrong")
	has(t, observed(t, ldap.Kind, bad, map[string]any{"bind": "simple", "port": []int{636}}), []string{
		"636 bind=refused", "636 reason=the password is wrong: refused: 80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, data 52e, v1db1",
	})
	samba.Tool(t, "user", "create", "leaver", "Swordfish-1")
	samba.Tool(t, "user", "disable", "leaver")
	gone := controller(t, samba, "leaver@"+realtest.SambaRealm, "Swordfish-1")
	has(t, observed(t, ldap.Kind, gone, map[string]any{"bind": "ntlm"}), []string{"389 bind=refused"})

	samba.Stop(t)
	samba.SetCertificate(t, time.Now().Add(-time.Hour))
	samba.Clock = "+10m"
	samba.Start(t)
	good.Roots = samba.Roots
	late := observed(t, ldap.Kind, good, map[string]any{"port": []int{636}})
	has(t, late, []string{"636 certificate=expired", "636 state=ready"})
	if all := strings.Join(late, "\n"); !strings.Contains(all, "636 skew=9m5") && !strings.Contains(all, "636 skew=10m") {
		t.Errorf("of a clock that is ten minutes off: %q", late)
	}
}
