package radius_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	layeh "layeh.com/radius"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/lab/labtest"
	"postpatch/probes/probetest"
	"postpatch/probes/radius"
)

const nps = `{radius: {secret: s3cret, users: {probe: swordfish, 'CORP\probe': swordfish}}}`

func secret(text string) host.Credential { return host.Credential{Password: host.NewSecret(text)} }

func account(user, password string) host.Credential {
	return host.Credential{User: user, Password: host.NewSecret(password)}
}

func with(t *testing.T, yaml string, user host.Credential) probes.Target {
	t.Helper()
	return labtest.With(labtest.Start(t, yaml),
		map[string]host.Credential{"radius": secret("s3cret"), "radius_user": user})
}

func TestKind(t *testing.T) {
	probetest.Run(t, probetest.Suite{
		Kind: radius.Kind, Args: map[string]any{},
		Healthy: func(t *testing.T) probes.Target { return with(t, nps, host.Credential{}) },
	})
}

func TestKindWithLogin(t *testing.T) {
	probetest.Run(t, probetest.Suite{
		Kind: radius.Kind, Args: map[string]any{"login": true},
		Healthy: func(t *testing.T) probes.Target { return with(t, nps, account("probe", "swordfish")) },
	})
}

func observe(t *testing.T, target probes.Target, args map[string]any) string {
	t.Helper()
	readings, err := probetest.Observe(t, radius.Kind, target, args)
	if err != nil {
		t.Fatal(err)
	}
	return texts(readings)
}

func texts(readings []fact.Reading) string {
	var got []string
	for _, r := range readings {
		if r.Key.Name != "latency" {
			got = append(got, r.Key.Name+"="+r.Value.String())
		}
	}
	return strings.Join(got, " ")
}

func TestWhatServersSay(t *testing.T) {
	const (
		refusal = "state=answered answer=Access-Reject signed=true"
		refuses = " refuses=true"
	)
	login := func(more ...any) map[string]any {
		args := map[string]any{"login": true}
		for i := 0; i+1 < len(more); i += 2 {
			args[more[i].(string)] = more[i+1]
		}
		return args
	}
	right, wrong := account(`CORP\probe`, "swordfish"), account("probe", "trout")
	for name, tt := range map[string]struct {
		yaml string
		user host.Credential
		args map[string]any
		want string
	}{
		"nobody":           {nps, right, map[string]any{}, refusal + refuses},
		"who wants signed": {"{radius: {secret: s3cret, required: true}}", right, map[string]any{}, refusal + refuses},
		"an older one": {
			"{radius: {secret: s3cret, unsigned: true}}", right,
			map[string]any{},
			"state=answered answer=Access-Reject signed=false" + refuses,
		},
		"its status":        {"{radius: {secret: s3cret, status: true}}", right, map[string]any{"ask": "status"}, "state=answered answer=Access-Accept signed=true"},
		"another's answer":  {"{radius: {secret: s3cret, fault: error}}", right, map[string]any{}, "state=wrong secret"},
		"stopped":           {"{radius: {fault: refuse}}", right, map[string]any{}, "state=refused"},
		"an account":        {nps, right, login(), "state=answered answer=Access-Accept signed=true login=ok"},
		"an account by PAP": {nps, right, login("method", "pap"), "state=answered answer=Access-Accept signed=true login=ok"},
		"a wrong password":  {nps, wrong, login(), refusal + " reason=E=691 R=0 V=3 (wrong user or password) login=refused"},
		"one by PAP":        {nps, wrong, login("method", "pap"), refusal + " login=refused"},
	} {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff(tt.want, observe(t, with(t, tt.yaml, tt.user), tt.args)); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

// always answers every packet alike, and knows the secret.
func always(t *testing.T, code layeh.Code) probes.Target {
	t.Helper()
	target := probetest.Target(probetest.ServePackets(t, func(packet []byte) []byte {
		got, err := layeh.Parse(packet, []byte("s3cret"))
		if err != nil {
			return nil
		}
		answer, _ := got.Response(code).Encode() // of nothing but a head
		return answer
	}))
	return labtest.With(target, map[string]host.Credential{
		"radius": secret("s3cret"), "radius_user": account("probe", "swordfish"),
	})
}

func TestOddVerdicts(t *testing.T) {
	const odd, says = layeh.CodeAccountingResponse, "a logon with Accounting-Response"
	login := map[string]any{"login": true}
	for name, tt := range map[string]struct {
		code layeh.Code
		args map[string]any
		want string
		says string
	}{
		"it takes everybody": {layeh.CodeAccessAccept, nil, " refuses=false", ""},
		"it wants more":      {layeh.CodeAccessChallenge, nil, " refuses=true", ""},
		"more of an account": {layeh.CodeAccessChallenge, login, " login=challenged", ""},
		"it proves nothing":  {layeh.CodeAccessAccept, login, " login=unproved", ""},
		"no verdict":         {odd, nil, "", says},
		"none of an account": {odd, login, "", says},
		"what is no status":  {layeh.CodeAccessAccept, map[string]any{"ask": "status"}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			readings, err := probetest.Observe(t, radius.Kind, always(t, tt.code), tt.args)
			if (err != nil) != (tt.says != "") || err != nil && !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v", err)
			}
			if d := cmp.Diff("state=answered answer="+tt.code.String()+" signed=false"+tt.want, texts(readings)); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

// A wrong password is shown once.
func TestAWrongPasswordIsNotShownAgain(t *testing.T) {
	target := with(t, nps, account("probe", "trout"))
	args := map[string]any{"login": true}
	if first := observe(t, target, args); !strings.Contains(first, "login=refused") {
		t.Fatal(first)
	}
	got := observe(t, target, args)
	if !strings.HasPrefix(got, "login=refused reason=") || !strings.Contains(got, "not tried again lest it be locked") {
		t.Errorf("the second time: %s", got)
	}
}

func TestNotObserved(t *testing.T) {
	healthy := with(t, nps, host.Credential{})
	led := healthy
	led.Address = "127.0.0.1"
	other := labtest.With(healthy, map[string]host.Credential{"radius": secret("other")})
	for name, tt := range map[string]struct {
		target probes.Target
		args   map[string]any
		is     error
		says   string
	}{
		"no secret":       {labtest.With(healthy, nil), nil, probes.ErrNotTried, "no entry for radius"},
		"an empty one":    {labtest.With(healthy, map[string]host.Credential{"radius": {}}), nil, probes.ErrNotTried, "shared secret"},
		"led elsewhere":   {led, nil, probes.ErrNotTried, "the suite leads"},
		"another secret":  {other, nil, probes.ErrNoAnswer, "does not know as its client, or with another secret"},
		"NPS' status":     {healthy, map[string]any{"ask": "status"}, probes.ErrNoAnswer, "no answer"},
		"without account": {healthy, map[string]any{"login": true}, probes.ErrNotTried, "no user with a password"},
	} {
		t.Run(name, func(t *testing.T) {
			probe, err := radius.Kind.Build(tt.args)
			if err != nil {
				t.Fatal(err)
			}
			limit := time.Minute
			if errors.Is(tt.is, probes.ErrNoAnswer) { // however early the time ends
				limit = 200 * time.Millisecond
			}
			ctx, cancel := context.WithTimeout(t.Context(), limit)
			defer cancel()
			readings, err := probe.Observe(ctx, tt.target)
			if !errors.Is(err, tt.is) || !strings.Contains(err.Error(), tt.says) || len(readings) > 0 {
				t.Errorf("got %v, %v", readings, err)
			}
			if err != nil && (strings.Contains(err.Error(), "s3cret") || strings.Contains(err.Error(), "swordfish")) {
				t.Errorf("the error tells a secret: %v", err)
			}
		})
	}
}

func TestParameters(t *testing.T) {
	probetest.Refuses(t, radius.Kind, map[string]map[string]any{
		"no port": {"port": []int{}}, "another question": {"ask": "accounting"}, "another method": {"method": "chap"},
		"nobody": {"user": ""}, "no NAS": {"nas_identifier": ""}, "login at two": {"port": []int{1, 2}, "login": true},
		"a status with login": {"ask": "status", "login": true},
	})
}
