//go:build real

package kerberos_test

import (
	"encoding/asn1"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"postpatch/probes/lab/kerberos"
)

// mechToken takes the mechanism's token out of a NegTokenInit (RFC 4178 4.2.1).
func mechToken(token []byte) ([]byte, error) {
	var spnego struct {
		OID  asn1.ObjectIdentifier
		Init struct {
			Types []asn1.ObjectIdentifier `asn1:"explicit,tag:0"`
			Flags asn1.BitString          `asn1:"explicit,optional,tag:1"`
			Token []byte                  `asn1:"explicit,tag:2"`
		} `asn1:"explicit,tag:0"`
	}
	_, err := asn1.UnmarshalWithParams(token, &spnego, "application,tag:0")
	return spnego.Init.Token, err
}

// negTokenResp wraps the answer of a mechanism that is done.
func negTokenResp(token []byte) ([]byte, error) {
	return asn1.MarshalWithParams(struct {
		Inner struct {
			State     asn1.Enumerated       `asn1:"explicit,tag:0"`
			Mechanism asn1.ObjectIdentifier `asn1:"explicit,tag:1"`
			Token     []byte                `asn1:"explicit,tag:2"`
		}
	}{struct {
		State     asn1.Enumerated       `asn1:"explicit,tag:0"`
		Mechanism asn1.ObjectIdentifier `asn1:"explicit,tag:1"`
		Token     []byte                `asn1:"explicit,tag:2"`
	}{0, asn1.ObjectIdentifier{1, 2, 840, 113554, 1, 2, 2}, token}}, "tag:1,class:context")
}

// negotiate answers who comes with a token by name.
func negotiate(s *kerberos.Service) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		text, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Negotiate ")
		raw, err := base64.StdEncoding.DecodeString(text)
		if err != nil || text == "" {
			w.Header().Set("WWW-Authenticate", "Negotiate")
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		a := s.Acceptor(nil)
		token, err := mechToken(raw)
		var out []byte
		if err == nil {
			out, _, err = a.Accept(token)
		}
		if err == nil {
			out, err = negTokenResp(out)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusUnauthorized)
			return
		}
		w.Header().Set("WWW-Authenticate", "Negotiate "+base64.StdEncoding.EncodeToString(out))
		_, _ = fmt.Fprint(w, a.User())
	}
}

func TestCurl(t *testing.T) {
	k, m := estate(t, "")
	need(t, "curl", "curl", "-V")
	server := httptest.NewServer(negotiate(service(t, k, kerberos.Relaxed, nil)))
	defer server.Close()
	port := server.URL[strings.LastIndex(server.URL, ":")+1:]
	args := []string{
		"-s", "-S", "-f", "--noproxy", "*", "--resolve", "web1.corp.test:" + port + ":127.0.0.1", "--negotiate", "-u", ":",
		"http://web1.corp.test:" + port + "/",
	}
	if got := m.must(t, "", "curl", args...); got != "probe@CORP.TEST" {
		t.Errorf("got %q", got)
	}
	m.must(t, "", "kdestroy")
	if got, ok := m.run(t, "", "curl", args...); ok {
		t.Errorf("without a ticket: %q", got)
	}
}
