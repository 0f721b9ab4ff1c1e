//go:build real

package lab_test

import (
	"bufio"
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"postpatch/cmd/postpatch/realtest"
	"postpatch/probes/lab"
)

const mailServer = `
estate: exchange-clients
realm: CORP.TEST
hosts:
  ex01.corp.test:
    os: {domain: corp.test}
    smtp: {}
    mail: {imap: {plain: true}}
    exchange:
      protection: {mapi: allow}
      mailboxes:
        probe@corp.test:
          user: 'CORP\probe'
          password: Secret-1
          folders: [Projects/2026]
          messages:
            - {from: 'Boss <boss@corp.test>', subject: from the estate, body: "first line\r\nsecond line", age: 1h}
        other@corp.test: {password: Other-1}
`

// clients are programs of other people that visit one Exchange.
type clients struct {
	t      *testing.T
	lab    *lab.Lab
	folder string
	ca     string
	ports  map[string]string
}

func visitors(t *testing.T) *clients {
	t.Helper()
	c := &clients{t: t, lab: start(t, mailServer), folder: t.TempDir()}
	c.ca = c.file("ca.pem", string(c.lab.CA()))
	c.ports = c.lab.Routes()["ex01.corp.test"].Ports
	return c
}

func (c *clients) file(name, text string) string {
	c.t.Helper()
	path := filepath.Join(c.folder, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		c.t.Fatal(err)
	}
	return path
}

// need fails in CI, and skips elsewhere, when a program is not installed.
func need(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	return path
}

func (c *clients) run(env []string, name string, args ...string) string {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), 2*time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, name, args...)
	command.Env = append(slices.DeleteFunc(os.Environ(), func(pair string) bool {
		return strings.Contains(strings.ToLower(pair), "_proxy=")
	}), env...)
	out, err := command.CombinedOutput()
	if err != nil {
		c.t.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
	return string(out)
}

// curl visits the front end.
func (c *clients) curl(args ...string) string {
	c.t.Helper()
	return c.run([]string{"KRB5_CONFIG=" + filepath.Join(c.folder, "krb5.conf"), "KRB5CCNAME=" + filepath.Join(c.folder,
		"cc")},
		"curl", append([]string{
			"-sS", "--max-time", "30", "--cacert", c.ca, "--connect-to", "::" + c.ports["tcp/443"],
		}, args...)...)
}

const getFolder = `<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/" ` +
	`xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types" ` +
	`xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages"><soap:Body><m:GetFolder><m:FolderShape>` +
	`<t:BaseShape>Default</t:BaseShape></m:FolderShape><m:FolderIds><t:DistinguishedFolderId Id="inbox"/></m:FolderIds>` +
	`</m:GetFolder></soap:Body></soap:Envelope>`

// TestCurlVisitsExchange lets curl's NTLM, MIT's Kerberos, curl's Basic and a form
// with cookies in.
func TestCurlVisitsExchange(t *testing.T) {
	need(t, "curl")
	c := visitors(t)
	const site = "https://ex01.corp.test"
	ews := []string{"--http1.1", "-H", "Content-Type: text/xml", "-d", getFolder, site + "/EWS/Exchange.asmx"}
	c.file("krb5.conf", c.lab.Krb5Conf())
	need(t, "kinit")
	kinit := exec.CommandContext(t.Context(), "kinit", "probe@CORP.TEST")
	kinit.Env = append(os.Environ(), "KRB5_CONFIG="+filepath.Join(c.folder, "krb5.conf"), "KRB5CCNAME="+
		filepath.Join(c.folder, "cc"))
	kinit.Stdin = strings.NewReader("Secret-1\n")
	if out, err := kinit.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	jar := filepath.Join(c.folder, "jar")
	form := []string{
		"--data-urlencode", "destination=" + site + "/owa/", "-d", "flags=4", "-d", "forcedownlevel=0",
		"--data-urlencode", `username=CORP\probe`, "-d", "password=Secret-1", "-d", "isUtf8=1", "-L", "-c", jar, "-b", jar,
		site + "/owa/auth.owa",
	}
	for _, visit := range []struct {
		name, want string
		args       []string
	}{
		{"NTLM", "<t:DisplayName>Inbox</t:DisplayName>", append([]string{"--ntlm", "-u", `CORP\probe:Secret-1`}, ews...)},
		{"Kerberos", "<t:DisplayName>Inbox</t:DisplayName>", append([]string{"--negotiate", "-u", ":"}, ews...)},
		{"MAPI", "X-ResponseCode: 0\r\n", []string{
			"--http1.1", "--negotiate", "-u", ":", "-i", "-d", "", "-H", "Content-Type: application/mapi-http", "-H",
			"X-RequestType: PING",
			"-H", "X-RequestId: {C715155F-2BE8-44E0-BD34-2960067874C8}:1", site + "/mapi/emsmdb/",
		}},
		{"the form", "<title>Outlook</title>", form},
		{"its cookies", "<title>Exchange admin center</title>", []string{"-b", jar, site + "/ecp/"}},
		{"ActiveSync", "16.1", []string{"-i", "-X", "OPTIONS", "-u", "probe:Secret-1", site +
			"/Microsoft-Server-ActiveSync"}},
		{"Autodiscover", `"Url":"https://ex01.corp.test/EWS/Exchange.asmx"`, []string{
			site + "/autodiscover/autodiscover.json/v1.0/probe@corp.test?Protocol=Ews",
		}},
	} {
		if got := c.curl(visit.args...); !strings.Contains(got, visit.want) {
			t.Errorf("%s: want %s in\n%s", visit.name, visit.want, got)
		}
	}
	counted := c.lab.Stats("ex01.corp.test").Exchange
	if counted.Refused["probe@corp.test"] != 0 || counted.Requests["ews"] != 2 || counted.Requests["mapi"] != 1 {
		t.Errorf("counted %+v", counted)
	}
}

// davMail starts DavMail in front of the lab's EWS, and returns where its IMAP and
// its SMTP are.
func (c *clients) davMail() (imap, smtp string) {
	c.t.Helper()
	java, keytool := need(c.t, "java"), need(c.t, "keytool")
	const jar = "/usr/share/davmail/davmail.jar" // of Debian's package
	if _, err := os.Stat(jar); err != nil {
		if os.Getenv("CI") == "true" {
			c.t.Fatal(err)
		}
		c.t.Skip(err)
	}
	trust := filepath.Join(c.folder, "trust.p12")
	c.run(nil, keytool, "-importcert", "-noprompt", "-alias", "lab", "-file", c.ca, "-keystore", trust, "-storetype",
		"PKCS12",
		"-storepass", "changeit")
	address, port, err := net.SplitHostPort(c.ports["tcp/443"])
	if err != nil {
		c.t.Fatal(err)
	}
	imap, smtp = freePort(c.t), freePort(c.t)
	lines := []string{
		"davmail.server=true", "davmail.mode=EWS", "davmail.url=https://ex01.corp.test:" + port + "/EWS/Exchange.asmx",
		"davmail.imapPort=" + imap, "davmail.smtpPort=" + smtp, "davmail.popPort=", "davmail.caldavPort=",
		"davmail.ldapPort=",
		"davmail.allowRemote=false", "davmail.bindAddress=127.0.0.1", "davmail.disableUpdateCheck=true",
		"davmail.enableProxy=false", "davmail.logFilePath=" + filepath.Join(c.folder, "davmail.log"),
		"log4j.logger.davmail=INFO",
	}
	ctx, cancel := context.WithCancel(c.t.Context())
	command := exec.CommandContext(ctx, java, "-Djava.awt.headless=true",
		"-Djdk.net.hosts.file="+c.file("hosts", address+" ex01.corp.test\n127.0.0.1 localhost\n"),
		"-Djavax.net.ssl.trustStore="+trust,
		"-Djavax.net.ssl.trustStorePassword=changeit", "-cp", jar, "davmail.DavGateway",
		c.file("davmail.properties", strings.Join(lines, "\n")+"\n"))
	out, err := command.StdoutPipe()
	if err != nil {
		c.t.Fatal(err)
	}
	command.Stderr = command.Stdout
	if err := command.Start(); err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() {
		cancel()
		_ = command.Wait() // killed
	})
	said := bufio.NewScanner(out)
	var all strings.Builder
	for said.Scan() {
		all.WriteString(said.Text() + "\n")
		if strings.Contains(said.Text(), "listening on") {
			go func() {
				for said.Scan() { // so that it can go on talking
				}
			}()
			return imap, smtp
		}
	}
	c.t.Fatalf("DavMail did not start: %v\n%s", said.Err(), all.String())
	return "", ""
}

// freePort is one that nothing else on this machine gets until the test ends.
func freePort(t *testing.T) string {
	t.Helper()
	_, port, err := net.SplitHostPort(realtest.FreeAddress(t))
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// TestDavMailReadsAMailbox puts DavMail between curl's IMAP and the lab's EWS: it
// lists, reads, saves, and sends to somebody whose mail the lab's own IMAP shows.
// What came by the lab's SMTP is there, too.
func TestDavMailReadsAMailbox(t *testing.T) {
	need(t, "curl")
	c := visitors(t)
	imap, smtp := c.davMail()
	message := c.file("message", "From: probe@corp.test\r\nTo: other@corp.test\r\nSubject: by DavMail\r\n\r\nhello\r\n")
	probe := []string{"--user", "probe@corp.test:Secret-1"}
	curl := func(url string, args ...string) string {
		t.Helper()
		return c.run(nil, "curl", append([]string{"-sS", "--max-time", "60", url}, args...)...)
	}
	at := "imap://127.0.0.1:" + imap
	curl("smtp://"+c.ports["tcp/25"], "--mail-from", "a@else.test", "--mail-rcpt", "probe@corp.test", "--upload-file",
		message)
	for want, got := range map[string]string{
		`"Projects/2026"`:          curl(at+"/", probe...),
		"Subject: from the estate": curl(at+"/INBOX;MAILINDEX=1", probe...),
		"Subject: by DavMail":      curl(at+"/INBOX;MAILINDEX=2", probe...),
		"* STATUS \"Drafts\" (":    curl(at, append(probe, "-X", `STATUS "Drafts" (MESSAGES UIDNEXT)`)...),
		"* SEARCH 1 2":             curl(at+"/INBOX", append(probe, "-X", "SEARCH ALL")...),
		`\Flagged))`:               curl(at+"/INBOX", append(probe, "-X", `STORE 1 +FLAGS (\Flagged)`)...),
	} {
		if !strings.Contains(got, want) {
			t.Errorf("want %s in\n%s", want, got)
		}
	}
	curl(at+"/Projects", append(probe, "--upload-file", message)...)
	if got := curl(at+"/Projects;MAILINDEX=1", probe...); !strings.Contains(got, "Subject: by DavMail") {
		t.Errorf("saved: %q", got)
	}
	curl("smtp://127.0.0.1:"+smtp, append(probe, "--login-options", "AUTH=LOGIN", "--mail-from", "probe@corp.test",
		"--mail-rcpt", "other@corp.test", "--upload-file",
		message)...)
	if got := curl("imap://"+c.ports["tcp/143"]+"/INBOX;MAILINDEX=1", "--user",
		"other@corp.test:Other-1"); !strings.Contains(
		got, "Subject: by DavMail") {
		t.Errorf("arrived: %q", got)
	}
	counted := c.lab.Stats("ex01.corp.test").Exchange
	if counted.Operations["FindItem"] == 0 || counted.Operations["GetItem"] == 0 ||
		counted.Refused["probe@corp.test"] != 0 {
		t.Errorf("counted %+v", counted)
	}
}

// pythonScript drives EWS with exchangelib, which does not know where the lab is.
const pythonScript = `
import os, socket, sys
address, port, ca = sys.argv[1:4]
os.environ['REQUESTS_CA_BUNDLE'] = ca
real = socket.getaddrinfo
def here(host, number, *more, **named):
    if host == 'ex01.corp.test':
        host, number = address, int(port)
    return real(host, number, *more, **named)
socket.getaddrinfo = here
import exchangelib as x
who = x.Credentials('CORP\\probe', 'Secret-1')
config = x.Configuration(server='ex01.corp.test', auth_type=x.NTLM, credentials=who)
account = x.Account('probe@corp.test', config=config, autodiscover=False, access_type=x.DELEGATE)
print(account.version.build)
for m in account.inbox.all().order_by('datetime_received'):
    print('read', m.subject, m.sender.email_address, repr(m.text_body))
print('folders', '2026' in account.root.tree())
m = x.Message(account=account, folder=account.sent, subject='by exchangelib', body='hello',
              to_recipients=['other@corp.test'])
m.send_and_save()
print('sent', [i.subject for i in account.sent.all()])
i = account.inbox.get(subject='from the estate')
i.is_read = True
i.save()
i.move(account.trash)
print('moved', [i.subject for i in account.trash.all()], account.inbox.all().count())
try:
    x.Account('other@corp.test', config=config, autodiscover=False, access_type=x.DELEGATE).inbox
except x.errors.EWSError as e:
    print('other', type(e).__name__)
`

func TestPythonReadsAMailbox(t *testing.T) {
	python := os.Getenv("POSTPATCH_EXCHANGELIB_PYTHON")
	if python == "" {
		if os.Getenv("CI") == "true" {
			t.Fatal("exchangelib is not installed: POSTPATCH_EXCHANGELIB_PYTHON names no Python that has it")
		}
		t.Skip("set POSTPATCH_EXCHANGELIB_PYTHON to a Python that has exchangelib")
	}
	c := visitors(t)
	address, port, err := net.SplitHostPort(c.ports["tcp/443"])
	if err != nil {
		t.Fatal(err)
	}
	// Python has MD4 from OpenSSL, which has put it aside.
	legacy := c.file("openssl.cnf",
		"openssl_conf = all\n[all]\nproviders = both\n[both]\ndefault = on\nlegacy = on\n[on]\nactivate = 1\n")
	got := c.run([]string{"OPENSSL_CONF=" + legacy}, python, c.file("client.py", pythonScript), address, port, c.ca)
	for _, want := range []string{
		"15.2.1748.10", `read from the estate boss@corp.test 'first line\r\nsecond line'`, "folders True",
		"sent ['by exchangelib']",
		"moved ['from the estate'] 0", "other ErrorAccessDenied",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("want %s in\n%s", want, got)
		}
	}
}
