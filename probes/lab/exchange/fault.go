package exchange

import (
	"cmp"
	"net/http"
	"strings"
	"time"

	"postpatch/probes/lab/conns"
	"postpatch/probes/lab/estate"
)

// misbehave plays the directory's fault, and says whether that was all.
func (v *visit) misbehave() bool {
	fault, _ := estate.Of(v.exchange.Faults, v.directory)
	if fault == estate.WebSlow && !conns.Wait(v.r.Context(), cmp.Or(v.exchange.Slow, 30*time.Second)) {
		panic(http.ErrAbortHandler)
	}
	if fault == "" || fault == estate.WebSlow {
		return false
	}
	v.drain() // whoever still sends does not read
	switch fault {
	case estate.WebLoginPage:
		delete(v.w.Header(), "X-FEServer") // the page is the proxy's
		v.page(http.StatusOK, loginPage)
	case estate.WebElsewhere:
		to := cmp.Or(v.exchange.Elsewhere, "https://sso.example.test/adfs/ls/")
		v.w.Header().Set("Location", to+"?wa=wsignin1.0&wctx="+string(v.directory))
		v.page(http.StatusFound, "")
	case estate.WebBomb:
		v.send(http.StatusOK, "text/xml; charset=utf-8", bomb())
	case estate.WebDeep:
		v.send(http.StatusOK, "text/xml; charset=utf-8", strings.Repeat("<a>", 100_000))
	case estate.WebUnheard:
		v.challenge()
	case estate.WebTimeout:
		v.page(http.StatusGatewayTimeout, "")
	case estate.WebCutShort:
		v.w.Header().Set("Content-Type", "text/xml; charset=utf-8")
		v.w.Header().Set("Content-Length", "4096")
		_, _ = v.w.Write([]byte(`<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="`))
		v.abort()
	default:
		v.asServer(estate.Fault(fault))
	}
	return true
}

// asServer plays a fault that every server has.
func (v *visit) asServer(fault estate.Fault) {
	switch fault {
	case estate.Silent:
		<-v.r.Context().Done()
	case estate.Error:
		v.page(http.StatusInternalServerError, "<h2>500 - Internal server error.</h2>")
		return
	case estate.Endless:
		v.w.Header().Set("Content-Type", "text/xml; charset=utf-8")
		conns.Endless(v.r.Context(), v.flusher(), []byte("<a>"+strings.Repeat("postpatch ", 300)+"</a>\r\n"))
	case estate.Garbage:
		if conn, _, err := http.NewResponseController(v.w).Hijack(); err == nil {
			_, _ = conn.Write(conns.Noise(512))
			_ = conn.Close()
			return
		}
		_, _ = v.w.Write(conns.Noise(512))
	case "stall":
		v.w.Header().Set("Content-Length", "1000")
		_, _ = v.flusher().Write(nil)
		<-v.r.Context().Done()
	default: // drop
	}
	v.abort()
}

func (v *visit) abort() {
	_ = http.NewResponseController(v.w).Flush()
	panic(http.ErrAbortHandler)
}

// flusher sends what is written at once.
type flusher struct{ http.ResponseWriter }

func (v *visit) flusher() flusher { return flusher{v.w} }

// Write implements io.Writer.
func (f flusher) Write(data []byte) (int, error) {
	n, err := f.ResponseWriter.Write(data)
	if err != nil {
		return n, err
	}
	return n, http.NewResponseController(f.ResponseWriter).Flush()
}

// loginPage is what a reverse proxy shows in place of the server, with 200.
const loginPage = `<!DOCTYPE html><html><head><title>Sign in to continue</title></head><body>
<form method="post" action="https://sso.example.test/login"><input name="username">
<input type="password" name="password"><input type="submit"></form></body></html>
`

// bomb is an answer whose entities come to gigabytes where they are followed.
func bomb() string {
	var b strings.Builder
	b.WriteString("<?xml version=\"1.0\"?>\n<!DOCTYPE a [\n<!ENTITY l0 \"lol\">\n")
	for i := range 10 {
		from := "&l" + string(rune('0'+i)) + ";"
		name := "l" + string(rune('1'+i))
		if i == 9 {
			name = "bang"
		}
		b.WriteString("<!ENTITY " + name + ` "` + strings.Repeat(from, 10) + "\">\n")
	}
	b.WriteString("]>\n<s:Envelope " +
		"xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body>&bang;</s:Body></s:Envelope>")
	return b.String()
}
