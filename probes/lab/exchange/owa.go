package exchange

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"postpatch/probes/lab/estate"
)

// What OWA's front end takes of a form, and the sessions that it remembers.
const (
	maxForm     = 64 << 10
	maxSessions = 1000
)

// cookies are what a logon sets, and what every request then brings.
func cookies() []string { return []string{"cadata", "cadataTTL", "cadataKey", "cadataIV", "cadataSig"} }

// serveForms answers in owa and ecp, whose logon is the form of owa.
func (v *visit) serveForms() {
	_, text := version(v.exchange)
	v.w.Header()["X-OWA-Version"] = []string{text} // spelled as Exchange does
	if !slices.Contains(schemes(v.exchange, v.directory), estate.Forms) {
		if v.admit() {
			v.webApp()
		}
		return
	}
	path := strings.ToLower(v.r.URL.Path)
	switch {
	case path == "/owa/auth.owa":
		v.formLogon()
	case path == "/owa/auth/logon.aspx":
		v.logonPage()
	case path == "/owa/auth/errorfe.aspx":
		v.page(http.StatusInternalServerError,
			"<html><head><title>Error</title></head><body>Something went wrong</body></html>")
	case path == "/owa/auth/logoff.aspx", path == "/owa/logoff.owa":
		v.logoff()
	case strings.HasPrefix(path, "/owa/auth/"):
		v.page(http.StatusNotFound, "404 - File or directory not found.")
	default:
		v.application()
	}
}

// base is the server as the client calls it.
func (v *visit) base() string { return "https://" + v.r.Host }

// toLogon leads to the page to sign in, and from there back.
func (v *visit) toLogon(back, reason string) {
	query := "replaceCurrent=1&url=" + escape(back)
	if reason != "" {
		query = "url=" + escape(back) + "&reason=" + reason
	}
	v.w.Header().Set("Location", v.base()+"/owa/auth/logon.aspx?"+query)
	v.page(http.StatusFound, "")
}

// escape writes a query's value as .NET does, in small letters.
func escape(text string) string {
	var b strings.Builder
	for _, c := range []byte(text) {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-_.!*()", c) >= 0 {
			b.WriteByte(c)
			continue
		}
		fmt.Fprintf(&b, "%%%02x", c)
	}
	return b.String()
}

func (v *visit) logonPage() {
	numbers, _ := version(v.exchange)
	wrong := ""
	if v.r.URL.Query().Get("reason") == "2" {
		wrong = `<div id="signInErrorDiv" class="signInError" role="alert">` +
			`The user name or password you entered isn't correct. Try entering it again.</div>`
	}
	v.page(http.StatusOK, `<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.0 Transitional//EN">
<!-- {57A118C6-2DA9-419d-BE9A-F92B0F9A418B} -->
<html><head><title>Outlook</title>
<link rel="shortcut icon" href="/owa/auth/`+strings.Join(numbers[:3], ".")+`/themes/resources/favicon.ico"></head>
<body class="signInBg"><form action="/owa/auth.owa" method="POST" name="logonForm"
 enctype="application/x-www-form-urlencoded">
<input type="hidden" name="destination" value="`+attribute(v.destination(v.r.URL.Query().Get("url")))+`">
<input type="hidden" name="flags" value="4">
<input type="hidden" name="forcedownlevel" value="0">
<input id="username" name="username"><input id="password" name="password" type="password">
<input id="passwordText" name="passwordText" style="display: none;">
<input type="hidden" name="isUtf8" value="1">`+wrong+`</form></body></html>
`)
}

// destination is where a logon leads, which is never another server.
func (v *visit) destination(wanted string) string {
	u, err := url.Parse(wanted)
	if err != nil || wanted == "" || u.Host != "" && !strings.EqualFold(u.Host, v.r.Host) ||
		u.Scheme != "" && u.Scheme != "https" || !strings.HasPrefix(u.Path, "/") || strings.HasPrefix(wanted, "//") {
		return v.base() + "/owa/"
	}
	return wanted
}

// formLogon takes the form of the page to sign in.
func (v *visit) formLogon() {
	v.r.Body = http.MaxBytesReader(v.w, v.r.Body, maxForm)
	if v.r.Method != http.MethodPost || v.r.ParseForm() != nil || !v.r.PostForm.Has("username") {
		v.toLogon(v.base()+"/owa/", "0")
		return
	}
	form := v.r.PostForm
	to := v.destination(form.Get("destination"))
	a, right := v.logon(form.Get("username"), form.Get("password"))
	if !right {
		v.toLogon(to, "2")
		return
	}
	if v.exchange.AuthCertificate == "expired" {
		v.page(http.StatusInternalServerError, hmacError)
		return
	}
	v.startSession(a)
	v.w.Header().Set("Location", to)
	v.page(http.StatusFound, "")
}

// hmacError is what ASP.NET shows where the Auth certificate is expired or gone.
const hmacError = `<!DOCTYPE html><html><head>
<title>ASSERT: HMACProvider.GetCertificates:protectionCertificates.Length&lt;1</title></head>
<body bgcolor="white"><span><H1>Server Error in '/owa' Application.<hr width=100% size=1 color=silver></H1>
<h2> <i>ASSERT: HMACProvider.GetCertificates:protectionCertificates.Length&lt;1</i> </h2></span>
<b> Exception Details: </b>Microsoft.Exchange.Diagnostics.ExAssertException: ` +
	`ASSERT: HMACProvider.GetCertificates:protectionCertificates.Length&lt;1<br><br></body></html>
`

// startSession sets the cookies of a logon, sealed as only this server can.
func (v *visit) startSession(a account) {
	session := v.token()
	v.mu.Lock()
	if len(v.sessions) >= maxSessions {
		clear(v.sessions)
	}
	if v.exchange.AuthCertificate != "split" { // nobody else can open what this server has sealed
		v.sessions[session] = a.address
	}
	v.mu.Unlock()
	for _, name := range cookies() {
		value := v.token()
		if name == "cadata" {
			value = session
		}
		v.w.Header().Add("Set-Cookie", name+"="+value+"; path=/; secure; HttpOnly")
	}
}

// token is as good as random.
func (v *visit) token() string {
	var b [30]byte
	_, _ = rand.Read(b[:]) // never fails
	return base64.StdEncoding.EncodeToString(b[:])
}

// session finds who a request's cookies belong to.
func (v *visit) session() (account, bool) {
	for _, name := range cookies() {
		if _, err := v.r.Cookie(name); err != nil {
			return account{}, false
		}
	}
	c, err := v.r.Cookie("cadata")
	if err != nil {
		return account{}, false
	}
	v.mu.Lock()
	address, known := v.sessions[c.Value]
	v.mu.Unlock()
	if !known {
		return account{}, false
	}
	return mailboxOf(v.exchange, address)
}

// application answers within a session, and leads everybody else to the logon.
func (v *visit) application() {
	a, known := v.session()
	if !known {
		v.drain()
		if _, err := v.r.Cookie("cadata"); err == nil {
			v.toLogon(v.base()+v.r.URL.Path, "0")
		} else if v.r.Method == http.MethodPost {
			v.w.WriteHeader(440) // Login Timeout, for scripts that follow no redirection
		} else {
			v.toLogon(v.base()+v.r.URL.Path, "")
		}
		return
	}
	if !v.enter(a) {
		v.page(http.StatusForbidden,
			"<html><head><title>Error</title></head><body>Your account has been disabled.</body></html>")
		return
	}
	v.webApp()
}

func (v *visit) webApp() {
	v.drain()
	path := strings.TrimSuffix(strings.ToLower(v.r.URL.Path), "/")
	if path != "/"+string(v.directory) && path != "/"+string(v.directory)+"/default.aspx" {
		v.page(http.StatusNotFound, "404 - File or directory not found.")
		return
	}
	v.w.Header().Add("Set-Cookie", "X-OWA-CANARY="+v.token()+"; path=/; secure")
	title := "Outlook"
	if v.directory == "ecp" {
		title = "Exchange admin center"
	}
	_, text := version(v.exchange)
	v.page(http.StatusOK, "<!DOCTYPE html>\n<html><head><title>"+title+"</title></head><body><!-- "+text+" -->"+
		`<div id="user">`+attribute(v.who.display())+"</div></body></html>\n")
}

func (v *visit) logoff() {
	if c, err := v.r.Cookie("cadata"); err == nil {
		v.mu.Lock()
		delete(v.sessions, c.Value)
		v.mu.Unlock()
	}
	for _, name := range cookies() {
		v.w.Header().Add("Set-Cookie", name+"=; path=/; expires=Thu, 01-Jan-1970 00:00:00 GMT; secure; HttpOnly")
	}
	v.toLogon(v.base()+"/owa/", "")
}
