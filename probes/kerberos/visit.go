package kerberos

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-krb5/krb5/iana/errorcode"
	"github.com/go-krb5/krb5/iana/patype"
	"github.com/go-krb5/krb5/types"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/internal/kdc"
	"postpatch/probes/internal/reach"
)

// visit is one look at one KDC.
type visit struct {
	probe

	target  probes.Target
	address string // "host:port"
	realm   string
	account string
	reasons []string
	found   []fact.Reading
}

func (v *visit) add(item, name string, value fact.Value) {
	v.found = append(v.found, probes.Read(item, name, value))
}

func (v *visit) because(text string) { v.reasons = append(v.reasons, text) }

// run asks by each transport, then by one that works for everything else.
func (v *visit) run(ctx context.Context) ([]fact.Reading, error) {
	by, err := v.reached(ctx)
	if by != "" {
		err = errors.Join(err, v.further(ctx, by))
	}
	if len(v.reasons) > 0 {
		v.add("", "reason", fact.Text(strings.Join(reach.Unique(v.reasons), "; ")))
	}
	return v.found, err
}

// reached asks by each transport at the same time, and returns the first that works.
func (v *visit) reached(ctx context.Context) (by string, err error) {
	limit := reach.Patience(ctx)
	answers := make([]answer, len(v.Transports))
	readings, err := reach.Each(v.Transports, func(transport string) ([]fact.Reading, error) {
		within, cancel := context.WithTimeout(ctx, limit)
		defer cancel()
		got, err := v.ask(within, transport, v.ids())
		switch state := reach.State(err); {
		case err == nil:
			answers[slices.Index(v.Transports, transport)] = got
			return []fact.Reading{
				probes.Read(transport, "state", fact.Text(answered)),
				probes.Read(transport, "latency", fact.Duration(got.latency)),
			}, nil
		case ctx.Err() != nil:
			return nil, reach.Cause(ctx, err)
		case state == "", state == reach.TLSFailed:
			return nil, fmt.Errorf("by %s: %w", transport, err)
		default:
			return []fact.Reading{probes.Read(transport, "state", fact.Text(state))}, nil
		}
	})
	var best answer
	for i, transport := range v.Transports {
		got := answers[i]
		if got.refusal == nil && got.ticket == nil {
			continue
		}
		if by == "" || best.tooLong() {
			by, best = transport, got
		}
	}
	if by != "" {
		v.found = append(v.found, readings...)
		v.add("", "state", fact.Text(answered))
		v.tell(best)
	} else if first := slices.IndexFunc(readings, isState); first >= 0 && err == nil {
		v.add("", "state", readings[first].Value) // each by itself says no more
	}
	return by, err
}

func isState(r fact.Reading) bool { return r.Key.Name == "state" }

// ids are the kinds of encryption that are asked for, all at once.
func (v *visit) ids() []int32 {
	all := make([]int32, 0, len(v.kinds))
	for _, k := range v.kinds {
		all = append(all, k.id)
	}
	if len(all) == 0 {
		return kdc.Strongest()
	}
	return all
}

// tell reads what the KDC says.
func (v *visit) tell(got answer) {
	if got.refusal == nil {
		v.add("", "answer", fact.Text("ticket"))
		return
	}
	if got.told {
		v.add("", "skew", fact.Duration(got.skew.Abs().Round(time.Millisecond)))
		if got.skew.Abs() > kdc.MostSkew {
			v.because(apart(got.skew))
		}
	}
	if got.tooLong() {
		v.because("the answer is too long for UDP, and TCP does not answer")
		return
	}
	word := answerTo(got.refusal.ErrorCode)
	v.add("", "answer", fact.Text(word))
	if word != wantsProof {
		v.because(fmt.Sprintf("a ticket for %q: %s", v.account, because(*got.refusal)))
	}
	if got.refusal.ErrorCode == errorcode.KDC_ERR_C_PRINCIPAL_UNKNOWN && v.Account == "" {
		v.because("where the host is no member of the realm, write account")
	}
}

// apart says by how much the KDC's clock differs from ours.
func apart(skew time.Duration) string {
	which := "ahead of"
	if skew < 0 {
		which = "behind"
	}
	return fmt.Sprintf("the KDC's clock is %s %s this machine's", skew.Abs().Round(time.Second), which)
}

// further asks for each kind of encryption by itself, and logs in.
func (v *visit) further(ctx context.Context, by string) error {
	for _, k := range v.kinds {
		got, err := v.ask(ctx, by, []int32{k.id})
		if err != nil {
			return fmt.Errorf("asking for %s: %w", k.name, err)
		}
		if got.decides() {
			v.add("", k.reading(), fact.Text(offers(got.has(k))))
		}
	}
	if v.Login {
		return v.logIn(ctx)
	}
	return nil
}

func offers(has bool) string {
	if has {
		return offered
	}
	return missing
}

// hinted says whether the KDC says how to make a key of a kind.
func hinted(methods types.PADataSequence, id int32) bool {
	if slices.ContainsFunc(kdc.Hints(methods), func(e types.ETypeInfo2Entry) bool { return e.EType == id }) {
		return true
	}
	for _, method := range methods {
		if method.PADataType != patype.PA_ETYPE_INFO {
			continue
		}
		var info types.ETypeInfo // of older kinds
		err := kdc.Guard(func() (err error) { info, err = method.GetETypeInfo(); return err })
		if err == nil && slices.ContainsFunc(info, func(e types.ETypeInfoEntry) bool { return e.EType == id }) {
			return true
		}
	}
	return false
}
