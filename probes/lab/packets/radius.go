package packets

import (
	"bytes"
	"crypto/hmac"
	"crypto/md5"
	"strings"

	"layeh.com/radius"
	"layeh.com/radius/rfc2759"
	"layeh.com/radius/rfc2865"
	"layeh.com/radius/rfc2869"
	"layeh.com/radius/vendors/microsoft"

	"postpatch/probes/lab/estate"
)

// NewRADIUS answers RADIUS as NPS does: PAP and MS-CHAPv2, silence to whoever has another
// secret, and no Status-Server unless the estate says so.
func NewRADIUS(host func() estate.Host) *Server {
	return newServer(host, func(h estate.Host, packet []byte) ([]byte, estate.Fault) {
		if h.RADIUS == nil {
			return nil, estate.Drop
		}
		return decide(*h.RADIUS, packet), h.RADIUS.Fault
	})
}

// decide makes the answer; nil for silence.
func decide(r estate.RADIUS, packet []byte) []byte {
	secret := []byte(r.Secret)
	got, err := radius.Parse(packet, secret)
	if err != nil || !admits(r, got, secret) {
		return nil
	}
	var reply *radius.Packet
	switch got.Code {
	case radius.CodeStatusServer:
		if !r.Status {
			return nil
		}
		reply = got.Response(radius.CodeAccessAccept)
	case radius.CodeAccessRequest:
		reply = judge(r, got)
	default:
		return nil
	}
	if r.Fault == estate.Error { // whom another server knows by another secret
		reply.Secret = []byte("another")
	}
	return signed(reply, !r.Unsigned)
}

// admits says whether the packet's Message-Authenticator is right, where it has to be there.
func admits(r estate.RADIUS, got *radius.Packet, secret []byte) bool {
	mac, err := rfc2869.MessageAuthenticator_Lookup(got)
	if err != nil {
		return !r.Required && got.Code != radius.CodeStatusServer
	}
	claimed := bytes.Clone(mac)
	if rfc2869.MessageAuthenticator_Set(got, make([]byte, md5.Size)) != nil {
		return false
	}
	unsigned, err := got.MarshalBinary()
	return err == nil && hmac.Equal(claimed, digest(unsigned, secret))
}

func digest(packet, secret []byte) []byte {
	mac := hmac.New(md5.New, secret)
	_, _ = mac.Write(packet)
	return mac.Sum(nil)
}

// signed are the bytes of an answer, by RFC 2869, 5.14: the authenticator of the request
// stands in it while it is signed.
func signed(reply *radius.Packet, sign bool) []byte {
	if sign {
		if rfc2869.MessageAuthenticator_Set(reply, make([]byte, md5.Size)) != nil {
			return nil
		}
		unsigned, err := reply.MarshalBinary()
		if err != nil || rfc2869.MessageAuthenticator_Set(reply, digest(unsigned, reply.Secret)) != nil {
			return nil
		}
	}
	encoded, err := reply.Encode()
	if err != nil {
		return nil
	}
	return encoded
}

// judge lets a user in, or not.
func judge(r estate.RADIUS, got *radius.Packet) *radius.Packet {
	user := rfc2865.UserName_GetString(got)
	password, known := r.Users[user]
	challenge, response := microsoft.MSCHAPChallenge_Get(got), microsoft.MSCHAP2Response_Get(got)
	if len(challenge) == 16 && len(response) == 50 {
		return judgeMSCHAP(got, user, password, known)
	}
	if known && rfc2865.UserPassword_GetString(got) == password {
		return got.Response(radius.CodeAccessAccept)
	}
	return got.Response(radius.CodeAccessReject)
}

func judgeMSCHAP(got *radius.Packet, user, password string, known bool) *radius.Packet {
	challenge, response := microsoft.MSCHAPChallenge_Get(got), microsoft.MSCHAP2Response_Get(got)
	ident, ours := response[:1], response[2:18]
	name := []byte(user[strings.LastIndexByte(user, '\\')+1:])
	want, err := rfc2759.GenerateNTResponse(challenge, ours, name, []byte(password))
	if !known || err != nil || !bytes.Equal(want, response[26:50]) {
		reply := got.Response(radius.CodeAccessReject)
		_ = microsoft.MSCHAPError_Set(reply, append(bytes.Clone(ident), "E=691 R=0 V=3"...)) // it fits
		return reply
	}
	proof, err := rfc2759.GenerateAuthenticatorResponse(challenge, ours, want, name, []byte(password))
	if err != nil {
		return got.Response(radius.CodeAccessReject)
	}
	reply := got.Response(radius.CodeAccessAccept)
	_ = microsoft.MSCHAP2Success_Set(reply, append(bytes.Clone(ident), proof...)) // it fits
	return reply
}
