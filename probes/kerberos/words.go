package kerberos

import (
	"fmt"
	"strings"

	"github.com/go-krb5/krb5/iana/errorcode"
	"github.com/go-krb5/krb5/iana/etypeID"
	"github.com/go-krb5/krb5/messages"

	"postpatch/probes/internal/reach"
)

// What readings say.
const (
	answered   = "answered"
	wantsProof = "pre-authentication required"
	offered    = "offered"
	missing    = "not offered"

	ok          = "ok"
	refused     = "refused"
	unavailable = "unavailable"

	granted    = "granted"
	otherRealm = "other realm"
	noCommon   = "no common encryption"
)

// kind is a kind of encryption.
type kind struct {
	name string
	id   int32
}

// reading is what the reading of the kind is called.
func (k kind) reading() string { return strings.ReplaceAll(k.name, "-", "_") }

func kinds() []kind {
	return []kind{
		{"aes256", etypeID.AES256_CTS_HMAC_SHA1_96},
		{"aes128", etypeID.AES128_CTS_HMAC_SHA1_96},
		{"rc4", etypeID.RC4_HMAC},
		{"aes256-sha2", etypeID.AES256_CTS_HMAC_SHA384_192},
		{"aes128-sha2", etypeID.AES128_CTS_HMAC_SHA256_128},
	}
}

func kindNames() []string {
	var names []string
	for _, k := range kinds() {
		names = append(names, k.name)
	}
	return names
}

func kindOf(name string) (kind, bool) {
	for _, k := range kinds() {
		if k.name == name {
			return k, true
		}
	}
	return kind{}, false
}

// nameOf is how a kind of encryption is called here.
func nameOf(id int32) string {
	for _, k := range kinds() {
		if k.id == id {
			return k.name
		}
	}
	return fmt.Sprintf("kind %d", id)
}

// answerTo is what an error of RFC 4120 7.5.9 means to who asks for a first ticket.
func answerTo(code int32) string {
	switch code {
	case errorcode.KDC_ERR_PREAUTH_REQUIRED:
		return wantsProof
	case errorcode.KDC_ERR_C_PRINCIPAL_UNKNOWN:
		return "unknown account"
	case errorcode.KDC_ERR_CLIENT_REVOKED, errorcode.KDC_ERR_NAME_EXP:
		return "account disabled"
	case errorcode.KDC_ERR_ETYPE_NOSUPP:
		return noCommon
	case errorcode.KDC_ERR_WRONG_REALM:
		return "wrong realm"
	case errorcode.KDC_ERR_SVC_UNAVAILABLE:
		return unavailable
	default:
		return errorNumber(code)
	}
}

// ticketTo is what it means to who asks for a ticket for a service.
func ticketTo(code int32) string {
	switch code {
	case errorcode.KDC_ERR_S_PRINCIPAL_UNKNOWN:
		return "unknown service"
	case errorcode.KDC_ERR_PRINCIPAL_NOT_UNIQUE:
		return "several accounts"
	case errorcode.KDC_ERR_ETYPE_NOSUPP:
		return noCommon
	case errorcode.KDC_ERR_SVC_UNAVAILABLE:
		return unavailable
	default:
		return errorNumber(code)
	}
}

func errorNumber(code int32) string { return fmt.Sprintf("error %d", code) }

// hint says in a word what to look after when the KDC says no; "" for nothing.
func hint(code int32) string {
	switch code {
	case errorcode.KDC_ERR_C_PRINCIPAL_UNKNOWN:
		return "the KDC knows no such account"
	case errorcode.KDC_ERR_S_PRINCIPAL_UNKNOWN:
		return "no account holds this name (setspn -Q looks for it)"
	case errorcode.KDC_ERR_PRINCIPAL_NOT_UNIQUE:
		return "several accounts hold this name (setspn -X finds them)"
	case errorcode.KDC_ERR_ETYPE_NOSUPP:
		return "the account has no key of a kind that was asked for, or the KDC lets none be used " +
			"(msDS-SupportedEncryptionTypes)"
	case errorcode.KDC_ERR_CLIENT_REVOKED:
		return "the account is disabled, expired or locked"
	case errorcode.KDC_ERR_KEY_EXPIRED:
		return "the password has expired"
	case errorcode.KDC_ERR_PREAUTH_FAILED, errorcode.KRB_AP_ERR_BAD_INTEGRITY:
		return "the password is wrong"
	case errorcode.KDC_ERR_POLICY:
		return "a policy keeps the account from logging in here and now"
	case errorcode.KRB_AP_ERR_SKEW:
		return "the clocks differ by more than Kerberos allows"
	case errorcode.KDC_ERR_WRONG_REALM:
		return "the KDC is one of another realm: write realm"
	case errorcode.KDC_ERR_SVC_UNAVAILABLE:
		return "the KDC is there and cannot serve: its directory is not up"
	default:
		return ""
	}
}

// because tells of an error in words: ours, the KDC's own, and the number.
func because(e messages.KRBError) string {
	text := fmt.Sprintf("error %d", e.ErrorCode)
	if said := reach.Printable(e.EText, 200); said != "" {
		text += fmt.Sprintf(" (%q)", said)
	}
	if h := hint(e.ErrorCode); h != "" {
		return h + "; " + text
	}
	return text
}
