package udp_test

import (
	"net"
	"strings"
	"testing"
	"testing/synctest"

	"postpatch/probes"
	"postpatch/probes/lab/labtest"
	"postpatch/probes/probetest"
	"postpatch/probes/udp"
)

func TestKind(t *testing.T) {
	probetest.Run(t, probetest.Suite{
		Kind: udp.Kind, Args: map[string]any{"port": []int{7, 1434}, "send": "x", "match": "x|SQL01"},
		Healthy: func(t *testing.T) probes.Target { return labtest.Start(t, `{udp: {7: "", 1434: "ServerName;SQL01"}}`) },
	})
}

func TestAnswers(t *testing.T) {
	target := labtest.Start(t, `{udp: {7: ""}}`)
	for name, tt := range map[string]struct {
		args map[string]any
		want string
	}{
		"an echo":       {map[string]any{"send": `a\x00\r\nä`, "match": `^a\x00\r\nä$`}, `state=answered matches=true answer=a\x00\r\nä size=6`},
		"in hex":        {map[string]any{"hex": "61 00ff", "match": `\xff$`}, `state=answered matches=true answer=a\x00\xff size=3`},
		"another":       {map[string]any{"send": "a", "match": "^b"}, "state=answered matches=false answer=a size=1"},
		"no matter":     {map[string]any{"send": "a"}, "state=answered answer=a size=1"},
		"nothing heard": {map[string]any{}, "state=answered answer= size=0"},
	} {
		tt.args["port"] = []int{7}
		readings, err := probetest.Observe(t, udp.Kind, target, tt.args)
		var got []string
		for _, r := range readings {
			if r.Key.Name != "latency" {
				got = append(got, r.Key.Name+"="+r.Value.String())
			}
		}
		if strings.Join(got, " ") != tt.want || err != nil {
			t.Errorf("%s: %s, %v", name, strings.Join(got, " "), err)
		}
	}
}

func TestSilenceAndRefusal(t *testing.T) {
	is := func(t *testing.T, target probes.Target, port int, want string) {
		t.Helper()
		readings, err := probetest.Observe(t, udp.Kind, target, map[string]any{"port": []int{port}})
		if err != nil || len(readings) != 1 || readings[0].Value.String() != want {
			t.Errorf("%s: %v, %v", want, readings, err)
		}
	}
	is(t, labtest.Start(t, "{ntp: {fault: refuse}}"), 123, "refused")
	synctest.Test(t, func(t *testing.T) {
		is(t, probetest.InMemory(map[string]func(net.Conn){"udp/7": probetest.Mute}), 7, "no answer")
	})
}

func TestParameters(t *testing.T) {
	port := []int{7}
	probetest.Refuses(t, udp.Kind, map[string]map[string]any{
		"no port": {"port": []int{}}, "both": {"port": port, "send": "a", "hex": "61"}, "no hex": {"port": port, "hex": "6"},
		"half a pattern": {"port": port, "match": "("}, "a backslash": {"port": port, "send": `\`},
		"too long": {"port": port, "send": strings.Repeat("x", 1401)},
	})
}
