package adcs

import (
	"encoding/asn1"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"time"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/gather"
	"postpatch/probes/internal/named"
	"postpatch/probes/internal/parts"
)

func listSpecs() []probes.ReadingSpec {
	return []probes.ReadingSpec{
		{
			Name: "crl_state", Type: fact.TypeText, Rule: fact.Rule{Op: fact.Ignore}, Severity: fact.Fail,
			Values: []string{"valid", "expired", "revoked", "none"},
			Keep:   "one of valid, expired",
			Doc:    "Of a certificate's revocation list: valid, expired, revoked; none of one that has another's key.",
		},
		{
			Name: "crl_next_update", Type: fact.TypeTime, Rule: fact.Rule{Op: fact.Ignore},
			Doc: "Until when its revocation lists are valid: the one that runs out first.",
		},
		{
			Name: "crl_left", Type: fact.TypeDuration, Rule: fact.Rule{Op: fact.Ignore}, Severity: fact.Fail,
			Expect: "> 0s", Doc: "How long that is still; below zero, it has run out.",
		},
		{
			Name: "crl_published", Type: fact.TypeTime, Rule: fact.Rule{Op: fact.Ignore},
			Doc: "Since when the newest of its revocation lists is valid.",
		},
		{
			Name: "publish_errors", Type: fact.TypeSet, Rule: fact.Rule{Op: fact.Subset}, Severity: fact.Fail, Keep: "empty",
			Doc: "Where a revocation list could not be published: LDAP, file, HTTP, FTP, store, URL, signature.",
		},
	}
}

// lists is what all revocation lists come to.
type lists struct {
	next, published time.Time
	errors          []string
}

// readLists reads the times of each list, and how it was published.
func readLists(r *gather.Reader, all parts.Parts, certificate host.Row, now time.Time) {
	rows, whole := all.Some("crl")
	told, known := readStates(r, rows)
	if !whole || !known || !toldAll(r, told, certificate) {
		return // the one that failed may be the one that runs out
	}
	valid := slices.DeleteFunc(slices.Clone(rows), func(row host.Row) bool {
		number, _ := gather.Number(row, "State")
		return listStates()[number] != isValid
	})
	if len(valid) == 0 {
		r.Failf("crl", "the authority has no valid revocation list")
		return
	}
	var sum lists
	for _, row := range valid {
		if err := sum.read(row); err != nil {
			r.Fail("crl", err)
			return
		}
	}
	r.Add("", "publish_errors", fact.SetOf(sum.errors...))
	r.Add("", "crl_published", fact.Time(sum.published))
	if !sum.next.IsZero() {
		r.Add("", "crl_next_update", fact.Time(sum.next))
		r.Add("", "crl_left", fact.Duration(sum.next.Sub(now).Truncate(time.Second)))
	}
}

// readStates tells how the list of each certificate stands, and of which ones that
// is told.
func readStates(r *gather.Reader, rows []host.Row) (told map[int64]bool, known bool) {
	told = map[int64]bool{}
	for _, row := range rows {
		index, isIndex := gather.Number(row, "Index")
		number, isState := gather.Number(row, "State")
		state := listStates()[number]
		if !isIndex || !isState || state == "" {
			r.Failf("crl", "a list with the index %q and the state %q",
				named.Within(row.Get("Index").Text, mostText), named.Within(row.Get("State").Text, mostText))
			return nil, false
		}
		if !told[index] {
			r.Add(fmt.Sprintf("certificate %d", index), "crl_state", fact.Text(state))
		}
		told[index] = true
	}
	return told, true
}

// toldAll says whether the host tells of the list of every certificate: those of all
// others say nothing of one that is left out.
func toldAll(r *gather.Reader, told map[int64]bool, certificate host.Row) bool {
	count, known := gather.Number(certificate, "Count")
	if !known || count < 1 {
		r.Failf("crl", "of %q certificates", named.Within(certificate.Get("Count").Text, mostText))
		return false
	}
	for index := max(0, count-mostCertificates); index < count; index++ {
		if !told[index] {
			r.Failf("crl", "the host tells nothing of the list of certificate %d", index)
			return false
		}
	}
	return true
}

// mostCertificates is of how many, the newest, the host tells.
const mostCertificates = 32

const isValid = "valid"

// listStates are the values of the property CRLSTATE. Source: MS-WCCE 3.2.1.4.3.2.20.
// A certificate that was renewed with its key has no list of its own.
func listStates() map[int64]string {
	return map[int64]string{1: "none", 2: "revoked", 3: isValid, 4: "expired"}
}

func (l *lists) read(row host.Row) error {
	index, _ := gather.Number(row, "Index")
	name := fmt.Sprintf("list %d", index)
	if gather.True(row, "Delta") {
		name = fmt.Sprintf("delta list %d", index)
	}
	status, known := gather.Number(row, "Status")
	if !known {
		return fmt.Errorf("%s has the status %q", name, named.Within(row.Get("Status").Text, mostText))
	}
	for _, e := range publishErrors() {
		if status&e.bit != 0 {
			l.errors = append(l.errors, name+": "+e.name)
		}
	}
	der, err := base64.StdEncoding.DecodeString(gather.Text(row, "Head"))
	if err != nil {
		return fmt.Errorf("%s is no base64", name)
	}
	this, next, err := times(der)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if this.After(l.published) {
		l.published = this
	}
	if !next.IsZero() && (l.next.IsZero() || next.Before(l.next)) {
		l.next = next
	}
	return nil
}

// publishError is one way in which publishing fails.
type publishError struct {
	bit  int64
	name string
}

// publishErrors are the flags CPF_… that tell errors; a publication that was put
// off because of one is none that was made.
func publishErrors() []publishError {
	return []publishError{
		{0x10, "store"},
		{0x20, "URL"},
		{0x80, "signature"},
		{0x100, "LDAP"},
		{0x200, "file"},
		{0x400, "FTP"},
		{0x800, "HTTP"},
		{0x1000, "LDAP, put off"},
		{0x2000, "file, put off"},
	}
}

var errNoList = errors.New("it is no revocation list")

// times reads the two times of a revocation list of which only the beginning is
// there: the rest, which may be megabytes, are the revoked certificates. Source:
// RFC 5280, 5.1.
func times(der []byte) (this, next time.Time, err error) {
	const sequence, integer = 0x30, 0x02
	for range 2 { // CertificateList, TBSCertList
		tag, start, _, ok := element(der)
		if !ok || tag != sequence {
			return this, next, errNoList
		}
		der = der[start:]
	}
	if tag, _, _, ok := element(der); ok && tag == integer { // the version
		if der, ok = skip(der); !ok {
			return this, next, errNoList
		}
	}
	for range 2 { // the algorithm, the issuer
		tag, _, _, ok := element(der)
		if !ok || tag != sequence {
			return this, next, errNoList
		}
		if der, ok = skip(der); !ok {
			return this, next, errNoList
		}
	}
	rest, err := asn1.Unmarshal(der[:min(len(der), longestTime)], &this)
	if err != nil {
		return this, next, errNoList
	}
	// A list without an end is allowed; then something else follows, its signature
	// at the least.
	der = der[min(len(der), longestTime)-len(rest):]
	tag, _, _, ok := element(der)
	if !ok {
		return this, next, errNoList
	}
	if tag == asn1.TagUTCTime || tag == asn1.TagGeneralizedTime {
		if _, err := asn1.Unmarshal(der[:min(len(der), longestTime)], &next); err != nil {
			return this, next, errNoList
		}
	}
	return this, next, nil
}

// longestTime is more than a time takes with its tag and length.
const longestTime = 64

// element reads a tag and a length of at most four bytes: where the content starts
// and where it ends, which may be beyond what is there.
func element(der []byte) (tag byte, start, end int, ok bool) {
	if len(der) < 2 {
		return 0, 0, 0, false
	}
	length, start := int(der[1]), 2
	if length >= 0x80 {
		bytes := length - 0x80
		if bytes == 0 || bytes > 4 || len(der) < 2+bytes {
			return 0, 0, 0, false
		}
		length = 0
		for _, b := range der[2 : 2+bytes] {
			length = length<<8 | int(b)
		}
		start += bytes
	}
	return der[0], start, start + length, true
}

// skip leaves an element out that is there as a whole.
func skip(der []byte) ([]byte, bool) {
	_, _, end, ok := element(der)
	if !ok || end < 0 || end > len(der) {
		return nil, false
	}
	return der[end:], true
}
