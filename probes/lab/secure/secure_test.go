package secure_test

import (
	"encoding/base64"
	"errors"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"

	"postpatch/probes/lab/estate"
	"postpatch/probes/lab/secure"
)

// status tells what it was asked to make, in place of making it.
func status(serial *big.Int, status int, from time.Time) ([]byte, error) {
	if serial.Int64() == 13 {
		return nil, errors.New("unlucky")
	}
	old := ""
	if time.Since(from) > 24*time.Hour {
		old = " of long ago"
	}
	return []byte(map[int]string{ocsp.Good: "good", ocsp.Revoked: "revoked", ocsp.Unknown: "unknown"}[status] +
		" " + serial.String() + old), nil
}

// question is what a client asks of a serial number.
func question(t *testing.T, serial int64) []byte {
	t.Helper()
	der, err := (&ocsp.Request{
		HashAlgorithm: 5, IssuerNameHash: make([]byte, 32), IssuerKeyHash: make([]byte, 32), SerialNumber: big.NewInt(serial),
	}).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func TestResponder(t *testing.T) {
	asked := question(t, 7)
	get := "/ocsp/" + url.PathEscape(base64.StdEncoding.EncodeToString(asked))
	for name, tt := range map[string]struct {
		says         string
		method, path string
		body         []byte
		want         string
	}{
		"by POST":      {"", http.MethodPost, "/", asked, "good 7"},
		"by GET":       {"", http.MethodGet, get, nil, "good 7"},
		"revoked":      {"revoked", http.MethodPost, "/", asked, "revoked 7"},
		"unknown":      {"unknown", http.MethodPost, "/", asked, "unknown 7"},
		"long ago":     {"expired", http.MethodPost, "/", asked, "good 7 of long ago"},
		"later":        {"later", http.MethodPost, "/", asked, string(ocsp.TryLaterErrorResponse)},
		"nothing":      {"", http.MethodPost, "/", nil, string(ocsp.MalformedRequestErrorResponse)},
		"no base64":    {"", http.MethodGet, "/ocsp/*", nil, string(ocsp.MalformedRequestErrorResponse)},
		"another verb": {"", http.MethodPut, "/", asked, string(ocsp.MalformedRequestErrorResponse)},
		"no answer":    {"", http.MethodPost, "/", question(t, 13), string(ocsp.InternalErrorErrorResponse)},
	} {
		r := secure.NewResponder(func() estate.Host { return estate.Host{OCSP: &estate.OCSP{Status: tt.says}} }, status)
		seen := httptest.NewRecorder()
		r.ServeHTTP(seen, httptest.NewRequestWithContext(t.Context(), tt.method, tt.path, strings.NewReader(string(tt.body))))
		got, err := io.ReadAll(seen.Body)
		if err != nil || string(got) != tt.want {
			t.Errorf("%s: got %q, %v, want %q", name, got, err, tt.want)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
}
