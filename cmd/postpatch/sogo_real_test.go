//go:build real

package main

import (
	"bytes"
	"crypto/tls"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/cmd/postpatch/realtest"
	"postpatch/probes"
	"postpatch/probes/exchangeclient"
	"postpatch/probes/host"
	"postpatch/probes/probetest"
)

// TestRealActiveSync takes the question for phones to SOGo, with the right password and
// with a wrong one, which SOGo gets to see once.
func TestRealActiveSync(t *testing.T) {
	const name, user, right = "sogo.corp.test", "probe@corp.test", "swordfish"
	mail := realtest.StartMail(t, "mx.corp.test", user, right)
	sogo := realtest.StartSOGo(t, mail.IMAP, name, [2]string{user, right})
	target := probetest.Routed(name, probes.Routes{name: {
		Address: "127.0.0.1", Ports: map[string]string{"tcp/443": sogo.Addr},
	}})
	target.Roots = sogo.Roots
	password := right
	target.Credential = func(string) (host.Credential, error) {
		return host.Credential{User: user, Password: host.NewSecret(password), Mail: &host.Mail{Auth: "basic"}}, nil
	}
	args := map[string]any{"endpoint": []string{"activesync"}}
	has(t, observed(t, exchangeclient.Kind, target, args), []string{
		" certificate=valid", "activesync state=ok", "activesync auth=Basic", "activesync status=200",
		"activesync versions=12.0, 12.1, 14.0, 14.1, 2.5",
	})
	if folders := folderSync(t, sogo, user, right); !strings.Contains(folders, "INBOX") {
		t.Errorf("SOGo has no mailbox for phones, and the probe says ok: %q", folders)
	}

	password = "wrong"
	refused := []string{"activesync state=login refused", "activesync status=401"}
	for range 2 {
		has(t, observed(t, exchangeclient.Kind, target, args), refused)
	}
	const first = "OPTIONS - 401" // asks how to log on
	want := []string{first, "OPTIONS " + user + " 200", "POST " + user + " 200", first, "OPTIONS " + user + " 401", first}
	if diff := cmp.Diff(want, sogo.Users(t)); diff != "" {
		t.Errorf("what SOGo was asked (-want +got):\n%s", diff)
	}
}

// folderSync asks as a new phone for the folders, in WBXML: FolderSync, SyncKey 0.
func folderSync(t *testing.T, sogo *realtest.SOGo, user, password string) string {
	t.Helper()
	body := []byte("\x03\x01\x6a\x00\x00\x07\x56\x52\x030\x00\x01\x01")
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://"+sogo.Addr+
		"/Microsoft-Server-ActiveSync?Cmd=FolderSync&User="+user+"&DeviceId=probe&DeviceType=probe", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.SetBasicAuth(user, password)
	request.Header.Set("Content-Type", "application/vnd.ms-sync.wbxml")
	request.Header.Set("MS-ASProtocolVersion", "14.1")
	client := &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: sogo.Roots}, DisableKeepAlives: true,
	}}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(response.Body, 1<<16))
	if err != nil {
		t.Fatal(err)
	}
	return string(answer)
}
