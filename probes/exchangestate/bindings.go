package exchangestate

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"postpatch/probes/fact"
	"postpatch/probes/internal/exchangehost"
	"postpatch/probes/internal/named"
)

// certificate is one that the server has.
type certificate struct {
	thumbprint string
	subject    string
	selfSigned string // true or false, or empty where it is not told
	services   []string
	key        bool
	begun      bool
	ends       time.Time
	days       int64
}

// authSubject is that of every Auth certificate, as setup and Microsoft's instructions
// make it.
const authSubject = "Microsoft Exchange Server Auth Certificate"

// name is what a renewal leaves as it is: the common name, or else the thumbprint.
func (c certificate) name() string {
	for part := range strings.SplitSeq(c.subject, ",") {
		key, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		if strings.EqualFold(key, "CN") {
			return cmp.Or(named.Within(strings.Trim(value, `"`), exchangehost.MostName), c.thumbprint)
		}
	}
	return c.thumbprint
}

// inUse are the certificates that a service uses of those that are enabled for it. IIS is
// bound to each of them. Of the others one stays enabled when another takes its place:
// they choose by name, of several the newest that is valid, and one that the server signed
// itself only where there is no other. Every Auth certificate is enabled for SMTP, which
// uses none. Source: Microsoft, "Selection of Inbound STARTTLS Certificates".
func inUse(all []certificate, service string, auth []string) []certificate {
	enabled := slices.DeleteFunc(slices.Clone(all), func(c certificate) bool {
		return !slices.Contains(c.services, service)
	})
	if service == "IIS" {
		return enabled
	}
	return slices.DeleteFunc(slices.Clone(enabled), func(c certificate) bool {
		isAuth := slices.Contains(auth, c.thumbprint) || strings.EqualFold(c.name(), authSubject)
		return isAuth && service == "SMTP" || slices.ContainsFunc(enabled, c.replacedBy)
	})
}

// replacedBy says whether another one has taken its place.
func (c certificate) replacedBy(other certificate) bool {
	return other.key && other.begun && other.ends.After(c.ends) && c.subject != "" &&
		strings.EqualFold(c.subject, other.subject) && c.selfSigned == other.selfSigned
}

// bindings makes readings of each service that has a certificate, and of each certificate
// that it uses; of two of one name the first to end. What is not whole names nothing that
// could look gone.
func (v visit) bindings(all []certificate, auth []string, whole bool) {
	for _, service := range []string{"IIS", "SMTP", "IMAP", "POP"} {
		if v.probe.leaves(service) {
			continue
		}
		item := "certificate/" + service
		used := inUse(all, service, auth)
		slices.SortFunc(used, func(a, b certificate) int {
			return cmp.Or(strings.Compare(named.Fold(a.name()), named.Fold(b.name())), cmp.Compare(a.days, b.days))
		})
		var bound []string
		for i, c := range used {
			bound = append(bound, c.thumbprint)
			if twin := i > 0 && named.Fold(used[i-1].name()) == named.Fold(c.name()); !twin && !v.probe.leaves(c.name()) {
				v.Add(item+"/"+c.name(), "days_left", fact.Int(c.days))
			}
		}
		if len(bound) > 0 && whole {
			v.Add(item, "bound", fact.SetOf(bound...))
		}
	}
}
