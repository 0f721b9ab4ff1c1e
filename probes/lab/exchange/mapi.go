package exchange

import (
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// The codes of X-ResponseCode that this server has (MS-OXCMAPIHTTP 2.2.3.3.3).
const (
	mapiSuccess         = 0
	mapiUnknownFailure  = 1
	mapiInvalidVerb     = 2
	mapiInvalidPath     = 3
	mapiInvalidHeader   = 4
	mapiInvalidType     = 5
	mapiMissingHeader   = 7
	mapiContextNotFound = 10
	mapiInvalidBody     = 12
	mapiMissingCookie   = 13
)

// serveMAPI answers MAPI over HTTP. Every answer of the protocol has status 200:
// what went wrong is in a header.
func (v *visit) serveMAPI() {
	v.drain()
	path := strings.TrimSuffix(strings.ToLower(v.r.URL.Path), "/")
	known := path == "/mapi/emsmdb" || path == "/mapi/nspi"
	if v.r.Method == http.MethodGet && known {
		_, text := version(v.exchange)
		v.page(http.StatusOK, "<html><head><title>Exchange MAPI/HTTP Connectivity Endpoint</title></head><body>"+
			"<p>Exchange MAPI/HTTP Connectivity Endpoint</p><p>Version: "+text+"</p></body></html>")
		return
	}
	code := v.mapiCode(path)
	if !known {
		code = mapiInvalidPath
	}
	numbers, _ := version(v.exchange)
	header := v.w.Header()
	header.Set("Cache-Control", "private")
	for _, name := range []string{"X-RequestType", "X-RequestId", "X-ClientInfo"} {
		if value := v.r.Header.Get(name); value != "" {
			header[name] = []string{value} // as the client wrote it
		}
	}
	header["X-ServerApplication"] = []string{
		"Exchange/" + numbers[0] + "." + pad(numbers[1], 2) + "." + pad(numbers[2], 4) + "." + pad(numbers[3], 3),
	}
	header["X-ResponseCode"] = []string{strconv.Itoa(code)}
	if code != mapiSuccess {
		v.page(http.StatusOK, "<html><head><title>MAPI/HTTP error</title></head><body>"+
			"X-ResponseCode: "+strconv.Itoa(code)+"</body></html>")
		return
	}
	header["X-ExpirationInfo"] = []string{"900000"}
	header["X-PendingPeriod"] = []string{"15000"}
	// An answer without a body has these lines all the same (3.2.5.3).
	v.send(http.StatusOK, "application/mapi-http", "PROCESSING\r\nDONE\r\nX-ElapsedTime: 0\r\nX-StartTime: "+
		v.now().UTC().Format(time.RFC1123)+"\r\n\r\n")
}

// mapiCode looks at the headers that every request must have (2.2.2.1), then at
// what it asks for. A session that is more than a PING is not here.
func (v *visit) mapiCode(path string) int {
	if v.r.Method != http.MethodPost {
		return mapiInvalidVerb
	}
	kind, _, err := mime.ParseMediaType(v.r.Header.Get("Content-Type"))
	asked := v.r.Header.Get("X-RequestType")
	switch {
	case v.r.Header.Get("Content-Type") == "", asked == "", v.r.Header.Get("X-RequestId") == "":
		return mapiMissingHeader
	case err != nil || kind != "application/mapi-http" || !isRequestID(v.r.Header.Get("X-RequestId")):
		return mapiInvalidHeader
	}
	begins, others := "Connect", []string{"Execute", "Disconnect", "NotificationWait"}
	if strings.HasSuffix(path, "nspi") {
		begins, others = "Bind", []string{"Unbind", "GetMatches", "QueryRows", "ResolveNames", "DNToMId"}
	}
	switch {
	case strings.EqualFold(asked, "PING"):
		return mapiSuccess
	case strings.EqualFold(asked, begins):
		if v.r.ContentLength == 0 {
			return mapiInvalidBody
		}
		return mapiUnknownFailure
	}
	for _, other := range others {
		if strings.EqualFold(asked, other) {
			if v.r.Header.Get("Cookie") == "" {
				return mapiMissingCookie
			}
			return mapiContextNotFound
		}
	}
	return mapiInvalidType
}

// isRequestID says whether a text is a GUID in braces and a number after a colon
// (2.2.3.3.2).
func isRequestID(text string) bool {
	id, number, found := strings.Cut(text, ":")
	_, err := strconv.ParseUint(number, 10, 32)
	return found && err == nil && uuid.Validate(id) == nil
}

// pad writes a number in as many digits.
func pad(number string, digits int) string {
	return strings.Repeat("0", max(0, digits-len(number))) + number
}
