package auth_test

import (
	"encoding/asn1"
	"strings"
	"testing"
	"time"

	"github.com/go-krb5/krb5/messages"
	"github.com/go-krb5/krb5/types"

	"postpatch/probes/host/winrm/auth"
)

// der is one element of DER with a length under 128 or of two bytes.
func der(tag byte, parts ...string) string {
	body := strings.Join(parts, "")
	if len(body) < 128 {
		return string([]byte{tag, byte(len(body))}) + body
	}
	return string([]byte{tag, 0x82, byte(len(body) >> 8), byte(len(body))}) + body
}

const (
	kerberosOID  = "\x06\x09\x2a\x86\x48\x86\xf7\x12\x01\x02\x02"
	microsoftOID = "\x06\x09\x2a\x86\x48\x82\xf7\x12\x01\x02\x02"
	ntlmOID      = "\x06\x0a\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a"
)

// response is a NegTokenResp of RFC 4178 4.2.2; what is empty is left out.
func response(state, mechanism, token, mic string) []byte {
	var parts []string
	for i, part := range []string{state, mechanism, token, mic} {
		if part != "" {
			parts = append(parts, der(0xa0+byte(i), part))
		}
	}
	return []byte(der(0xa1, der(0x30, parts...)))
}

func state(n byte) string { return der(0x0a, string(n)) }

func TestReadReply(t *testing.T) {
	token := der(0x60, kerberosOID, "\x02\x00the AP-REP")
	long := strings.Repeat("x", 300)
	for name, test := range map[string]struct {
		token              []byte
		kind               int
		message, mic, want string
	}{
		"in SPNEGO":              {response(state(0), kerberosOID, der(4, token), ""), 0x200, "the AP-REP", "", ""},
		"with Windows' own name": {response(state(0), microsoftOID, der(4, token), ""), 0x200, "the AP-REP", "", ""},
		"with a signature":       {response(state(0), kerberosOID, der(4, token), der(4, "the MIC")), 0x200, "the AP-REP", "the MIC", ""},
		"without state and name": {response("", "", der(4, token), ""), 0x200, "the AP-REP", "", ""},
		"without SPNEGO":         {[]byte(token), 0x200, "the AP-REP", "", ""},
		"an error":               {response(state(2), kerberosOID, der(4, der(0x60, kerberosOID, "\x03\x00the KRB-ERROR")), ""), 0x300, "the KRB-ERROR", "", ""},
		"a long token":           {[]byte(der(0x60, kerberosOID, "\x02\x00", long)), 0x200, long, "", ""},
		"no":                     {response(state(2), "", "", ""), 0, "", "", "rejects the proof and does not say why"},
		"not yet":                {response(state(1), kerberosOID, der(4, token), ""), 0x200, "", "", "ends the proof in state 1"},
		"another mechanism":      {response(state(0), ntlmOID, der(4, token), ""), 0, "", "", "chose the mechanism 1.3.6.1.4.1.311.2.2.10"},
		"another, inside":        {response(state(0), kerberosOID, der(4, der(0x60, ntlmOID, "\x02\x00")), ""), 0, "", "", "belongs to the mechanism 1.3.6.1.4.1.311.2.2.10"},
		"nothing inside":         {response(state(0), kerberosOID, "", ""), 0, "", "", "Kerberos token"},
		"our own":                {[]byte(der(0x60, kerberosOID, "\x01\x00the AP-REQ")), 0, "", "", "of type 0x0100"},
		"no type":                {[]byte(der(0x60, kerberosOID, "\x02")), 0, "", "", "it is empty"},
		"cut off":                {response(state(0), kerberosOID, der(4, token), "")[:20], 0, "", "", "SPNEGO token"},
		"followed":               {append(response(state(0), kerberosOID, der(4, token), ""), 0), 0, "", "", "bytes follow it"},
		"NTLM":                   {[]byte("NTLMSSP\x00\x02"), 0, "", "", "Kerberos token"},
		"huge":                   {make([]byte, 1<<17+1), 0, "", "", "over 131072"},
		"empty":                  {nil, 0, "", "", "Kerberos token"},
	} {
		t.Run(name, func(t *testing.T) {
			kind, message, mic, err := auth.ReadReply(test.token)
			if test.want != "" {
				if err == nil || !strings.Contains(err.Error(), test.want) {
					t.Errorf("got %v", err)
				}
				return
			}
			if err != nil || kind != test.kind || string(message) != test.message || string(mic) != test.mic {
				t.Errorf("%#x %q %q %v", kind, message, mic, err)
			}
		})
	}
}

func krbError(code int32, off time.Duration, text string) messages.KRBError {
	e := messages.NewKRBError(types.NewPrincipalName(2, "HTTP/web01"), "CORP.TEST", code, text)
	if off != 0 {
		e.STime = time.Now().Add(off)
	}
	return e
}

// TestHostRefuses puts a KRB-ERROR in the host's token.
func TestHostRefuses(t *testing.T) {
	e := krbError(41, 0, "")
	b, err := e.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	framed, err := auth.Frame(asn1.ObjectIdentifier{1, 2, 840, 113554, 1, 2, 2}, append([]byte{3, 0}, b...))
	if err != nil {
		t.Fatal(err)
	}
	if err := auth.Accept(framed); err == nil || !strings.Contains(err.Error(), "the host cannot read the ticket") {
		t.Errorf("got %v", err)
	}
	for _, bad := range [][]byte{framed[:20], []byte(der(0x60, kerberosOID, "\x03\x00\x7e\x01")), nil} {
		if err := auth.Accept(bad); err == nil {
			t.Errorf("%x passes", bad)
		}
	}
}

func FuzzReply(f *testing.F) {
	e := krbError(41, 0, "text")
	b, err := e.Marshal()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(response(state(0), kerberosOID, der(4, der(0x60, kerberosOID, "\x02\x00the AP-REP")), der(4, "the MIC")))
	f.Add(response(state(2), kerberosOID, der(4, der(0x60, kerberosOID, "\x03\x00", string(b))), ""))
	sealed := der(0x30, der(0xa0, "\x02\x01\x12"), der(0xa2, der(4, strings.Repeat("sealed", 10))))
	message := der(0x6f, der(0x30, der(0xa0, "\x02\x01\x05"), der(0xa1, "\x02\x01\x0f"), der(0xa2, sealed)))
	f.Add([]byte(der(0x60, kerberosOID, "\x02\x00", message)))
	f.Fuzz(func(t *testing.T, token []byte) {
		if err := auth.Accept(token); err == nil {
			t.Error("a proof that nobody can make")
		}
	})
}
