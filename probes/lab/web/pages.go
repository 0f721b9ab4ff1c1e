package web

import (
	"net/http"
	"strings"

	"github.com/google/uuid"

	"postpatch/probes/lab/conns"
	"postpatch/probes/lab/estate"
)

// serveHTTP answers one request as the host is now.
func (s *Server) serveHTTP(w http.ResponseWriter, r *http.Request) {
	v := s.view()
	if v.isPowerShell(r.URL.Path) && v.requestFault(r.URL.Path) == "" {
		s.powerShell.ServeHTTP(w, r) // which takes its own time
		return
	}
	if !conns.Wait(r.Context(), v.host.Think) {
		return
	}
	header := w.Header()
	header.Set("Server", "Microsoft-IIS/10.0")
	header.Set("X-Powered-By", "ASP.NET")
	directory, isExchange := v.directory(r.URL.Path)
	if isExchange {
		frontend, _, _ := strings.Cut(v.node(), ".")
		header["X-FEServer"] = []string{strings.ToUpper(frontend)} // spelled as Exchange does
		header["request-id"] = []string{uuid.NewString()}
	}
	if misbehave(w, r, v.requestFault(r.URL.Path)) {
		return
	}
	if v.site != nil {
		if page, found := v.page(r.URL.Path); found {
			show(w, page)
			return
		}
	}
	if isExchange {
		s.serveExchange(w, r, v, directory)
		return
	}
	if v.exchange != nil && r.URL.Path == "/" && s.port == exchangePort {
		w.Header().Set("Location", "https://"+r.Host+"/owa/")
		write(w, http.StatusFound, "")
		return
	}
	notFound(w)
}

// misbehave plays a fault in place of an answer. It reports false when there is
// none.
func misbehave(w http.ResponseWriter, r *http.Request, fault estate.Fault) bool {
	switch fault {
	case "":
		return false
	case estate.Silent:
		<-r.Context().Done()
	case estate.Error:
		write(w, http.StatusInternalServerError, "500 - Internal server error.")
		return true
	case estate.Endless:
		w.Header().Set("Content-Type", "text/html")
		conns.Endless(r.Context(), flusher{w}, []byte(strings.Repeat("<p>postpatch</p>\r\n", 200)))
	case Stall:
		w.Header().Set("Content-Type", "text/html")
		w.Header().Set("Content-Length", "1000")
		_, _ = flusher{w}.Write(nil)
		<-r.Context().Done()
	case estate.Garbage:
		garble(w)
	default: // drop
	}
	panic(http.ErrAbortHandler) // ends the connection, and the request alone in HTTP/2
}

// garble answers with what is no HTTP. HTTP/2 has no way to: its frames are not
// ours to break, so there the body is.
func garble(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		_, _ = flusher{w}.Write(conns.Noise(512))
		return
	}
	_, _ = conn.Write(conns.Noise(512))
	_ = conn.Close()
}

// flusher sends what is written at once.
type flusher struct{ http.ResponseWriter }

// Write implements io.Writer.
func (f flusher) Write(data []byte) (int, error) {
	n, err := f.ResponseWriter.Write(data)
	if err != nil {
		return n, err
	}
	return n, http.NewResponseController(f.ResponseWriter).Flush()
}

// page finds a page; IIS knows no upper and lower case in paths.
func (v view) page(path string) (estate.Page, bool) {
	for at, page := range v.site.Pages {
		if strings.EqualFold(at, path) {
			return page, true
		}
	}
	return estate.Page{}, false
}

func show(w http.ResponseWriter, page estate.Page) {
	w.Header().Set("Content-Type", "text/html")
	for name, value := range page.Headers {
		w.Header().Set(name, value)
	}
	w.WriteHeader(orOK(page.Status))
	_, _ = w.Write([]byte(page.Body)) // refused where the status allows no body
}

func orOK(status int) int {
	if status < 200 || status > 999 {
		return http.StatusOK
	}
	return status
}

// serveExchange answers below a virtual directory: its health page as managed
// availability makes it, and all else as Exchange does.
func (s *Server) serveExchange(w http.ResponseWriter, r *http.Request, v view, directory estate.Directory) {
	switch {
	case s.port == clearPort && directory != "powershell":
		write(w, http.StatusForbidden, "403.4 - Forbidden: SSL is required to view this resource.")
	case v.down(directory):
		write(w, http.StatusServiceUnavailable, "")
	case strings.EqualFold(r.URL.Path, "/"+string(directory)+"/healthcheck.htm"):
		write(w, http.StatusOK, "200 OK<br/>"+v.node())
	case directory == "powershell":
		w.Header()["WWW-Authenticate"] = []string{"Negotiate", "Kerberos"}
		write(w, http.StatusUnauthorized, "")
	case s.port == backEndPort:
		w.Header()["WWW-Authenticate"] = []string{"Negotiate", "NTLM"}
		write(w, http.StatusUnauthorized, "") // which lets in nobody but the front ends
	default:
		s.exchange.ServeDirectory(w, r, directory)
	}
}

func notFound(w http.ResponseWriter) {
	write(w, http.StatusNotFound, "404 - File or directory not found.")
}

// write sends a small page.
func write(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "text/html")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(body))
}
