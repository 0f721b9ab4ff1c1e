package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"

	"postpatch/probes/host"
	"postpatch/probes/host/winrm/auth"
	"postpatch/suites"
)

// authority is Entra ID as far as an application asks it for a token.
func authority(t *testing.T, asked *atomic.Int32) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	var s *httptest.Server
	mux.HandleFunc("GET /shop/v2.0/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]string{
			"issuer": s.URL + "/shop/v2.0", "authorization_endpoint": s.URL + "/shop/authorize", "token_endpoint": s.URL + "/shop/oauth2/v2.0/token",
		})
	})
	mux.HandleFunc("POST /shop/oauth2/v2.0/token", func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		w.Header().Set("Content-Type", "application/json")
		if r.FormValue("client_secret") != "s3cret" {
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = fmt.Fprint(w, `{"error":"invalid_client",`+
				`"error_description": "AADSTS7000215: Invalid client secret provided.\r\nTrace ID: 1"}`)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{
			"access_token": "ey." + r.FormValue("client_id") + "." + r.FormValue("scope"), "token_type": "Bearer", "expires_in": 3600,
		})
	})
	s = httptest.NewTLSServer(mux)
	t.Cleanup(s.Close)
	return s
}

func TestAnApplicationOfEntraID(t *testing.T) {
	var asked atomic.Int32
	s := authority(t, &asked)
	j := job{logins: auth.NewLogins(), tokens: &entraTokens{options: azcore.ClientOptions{
		Transport: s.Client(), Cloud: cloud.Configuration{ActiveDirectoryAuthorityHost: s.URL},
	}}}
	settings := suites.SQLSettings{Auth: "entra", Encrypt: "true", Tenant: "shop"}
	way, err := sqlWay(j, host.Credential{User: "app", Password: host.NewSecret("s3cret")}, settings)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 { // a hundred databases ask for one token
		token, err := way.Entra(t.Context(), "shop.database.windows.net")
		if err != nil || !strings.HasPrefix(token.Reveal(), "ey.app.https://database.windows.net/.default") {
			t.Errorf("got %q, %v", token.Reveal(), err)
		}
	}
	if n := asked.Load(); n != 1 {
		t.Errorf("asked %d times for one token", n)
	}
	way, err = sqlWay(j, host.Credential{User: "app", Password: host.NewSecret("guess")}, settings)
	if err != nil {
		t.Fatal(err)
	}
	_, err = way.Entra(t.Context(), "shop.database.windows.net")
	const want = "getting a token of Entra ID for SQL Server: AADSTS7000215: Invalid client secret provided."
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestATokenIsForItsCloud(t *testing.T) {
	for server, want := range map[string]string{
		"sql01.corp.test": "https://database.windows.net/.default", "x.database.usgovcloudapi.net.": "https://database.usgovcloudapi.net/.default",
		"X.database.chinacloudapi.CN": "https://database.chinacloudapi.cn/.default",
	} {
		if _, scope := cloudOf(server); scope != want {
			t.Errorf("%s: %s", server, scope)
		}
	}
	way, err := sqlWay(job{tokens: new(entraTokens)}, host.Credential{Token: host.NewSecret("ey")},
		suites.SQLSettings{Auth: "entra", Identity: "token"})
	if err != nil {
		t.Fatal(err)
	}
	if token, err := way.Entra(t.Context(), "any"); token.Reveal() != "ey" || err != nil {
		t.Errorf("got %q, %v", token.Reveal(), err)
	}
}

// Three servers refuse an account's password; a fourth is not shown it.
func TestARefusedAccountIsShownToFewServers(t *testing.T) {
	j := job{logins: auth.NewLogins()}
	way, err := sqlWay(j, host.Credential{User: `CORP\probe`, Password: host.NewSecret("guess")},
		suites.SQLSettings{Auth: "ntlm"})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 4 {
		proof, err := way.Prove(t.Context(), host.SQLService{Host: fmt.Sprintf("sql%d", i)})
		if i == 3 {
			if !errors.Is(err, auth.ErrAccount) {
				t.Errorf("the fourth server: %v", err)
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		proof.Ended(host.Refused)
	}
}

// Where only Kerberos makes sure which server it is, negotiate does not fall to NTLM.
func TestOnlyKerberosFollowsASuite(t *testing.T) {
	j := job{logins: auth.NewLogins()}
	way, err := sqlWay(j, host.Credential{User: `CORP\probe`, Password: host.NewSecret("pw")},
		suites.SQLSettings{Auth: "negotiate"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = way.Prove(ctx, host.SQLService{Host: "sql01", OnlyKerberos: true})
	if err == nil || !strings.Contains(err.Error(), "realm") {
		t.Errorf("got %v, want that no realm is known", err)
	}
}
