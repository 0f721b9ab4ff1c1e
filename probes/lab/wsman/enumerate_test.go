package wsman_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestReplies(t *testing.T) {
	tests := map[string]string{
		"singleton": enumerate("SELECT LastBootUpTime,LocalDateTime,Caption,Version,CSDVersion,MUILanguages" +
			" FROM Win32_OperatingSystem"),
		"whole_instance": message(strings.Replace(wmi, "*", "Win32_ComputerSystemProduct", 1), enum+"Enumerate", largest,
			`<n:Enumerate><w:OptimizeEnumeration/></n:Enumerate>`),
		"subclass":   enumerate("SELECT * FROM Win32_Service WHERE Name = 'termservice'"),
		"no_rows":    enumerate("SELECT Name FROM Win32_Service WHERE Name = 'none'"),
		"first_item": enumerate("SELECT Name,State FROM win32_service"),
		"hotfix":     enumerate("select * from Win32_QuickFixEngineering where HotFixID='KB5042578'"),
		"not_optimized": message(wmi, enum+"Enumerate", "", `<n:Enumerate>`+wql+
			`SELECT Name FROM Win32_ComputerSystem</w:Filter></n:Enumerate>`),
		"own_class": message("http://schemas.microsoft.com/wbem/wsman/1/wmi/root/StandardCimv2/*", enum+"Enumerate", "",
			`<n:Enumerate><w:OptimizeEnumeration/>`+wql+`SELECT * FROM MSFT_NetAdapter</w:Filter></n:Enumerate>`),
		"loose_class": enumerate("SELECT Anything FROM Acme_Empty"),
	}
	for name, body := range tests {
		t.Run(name, func(t *testing.T) { golden(t, name, newBench(t).ok(t, body)) })
	}
}

// Windows answers an enumeration with one item first, and then with as many as
// fit into half of the envelope.
func TestPulls(t *testing.T) {
	b := newBench(t)
	total := len(b.host.Load().Services)
	for _, limit := range []int{8192, 20000, 150000, 5_000_000} {
		header := fmt.Sprintf(`<w:MaxEnvelopeSize>%d</w:MaxEnvelopeSize>`, limit)
		reply := b.ok(t, enumerate("SELECT Name,DisplayName,PathName,State FROM Win32_Service"))
		if n := strings.Count(reply, "<w:XmlFragment"); n != 1 {
			t.Fatalf("the first reply has %d items", n)
		}
		items, pulls := 1, 0
		for !strings.Contains(reply, "EndOfSequence") {
			reply = b.ok(t, pull(part(reply, "<n:EnumerationContext>", "<"), header))
			pulls++
			items += strings.Count(reply, "<w:XmlFragment")
			if len(reply) > min(limit, 512000)/2+200 {
				t.Errorf("limit %d: a pull of %d bytes", limit, len(reply))
			}
			if strings.Contains(reply, "<w:Items") {
				t.Error("a pull answers in the namespace of Enumerate")
			}
		}
		if items != total {
			t.Errorf("limit %d: got %d of %d services", limit, items, total)
		}
		if many := limit < 100000; many != (pulls > 1) {
			t.Errorf("limit %d: %d pulls", limit, pulls)
		}
	}
}

func TestPullTakesOneWhenNotAsked(t *testing.T) {
	b := newBench(t)
	reply := b.ok(t, enumerate("SELECT Name FROM Win32_Service"))
	context := part(reply, "<n:EnumerationContext>", "<")
	body := `<n:Pull><n:EnumerationContext>` + context + `</n:EnumerationContext></n:Pull>`
	if n := strings.Count(b.ok(t, message(wmi, enum+"Pull", "", body)), "<w:XmlFragment"); n != 1 {
		t.Errorf("got %d items", n)
	}
}

func TestContextsEnd(t *testing.T) {
	query := enumerate("SELECT Name FROM Win32_Service")
	release := func(context string) string {
		return message(wmi, enum+"Release", "",
			`<n:Release><n:EnumerationContext>`+context+`</n:EnumerationContext></n:Release>`)
	}
	ends := map[string]func(b *bench, context string){
		"released":     func(b *bench, context string) { b.ok(t, release(context)) },
		"pulled":       func(b *bench, context string) { b.ok(t, pull(context, largest)) },
		"expired":      func(*bench, string) { time.Sleep(5 * time.Minute) },
		"rebooted":     func(b *bench, _ string) { b.enter("rebooted") },
		"never opened": nil,
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t)
				context := "uuid:1"
				if end != nil {
					context = part(b.ok(t, query), "<n:EnumerationContext>", "<")
					end(b, context)
				}
				status, reply := b.post(t, pull(context, largest))
				if status != http.StatusInternalServerError || !strings.Contains(reply, "InvalidEnumerationContext") {
					t.Errorf("got HTTP %d: %s", status, reply)
				}
			})
		})
	}
}

func TestSlowHostTimesOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.enter("slow")
		query := `<n:Enumerate><w:OptimizeEnumeration/>` + wql +
			`SELECT Name FROM Win32_ComputerSystem</w:Filter></n:Enumerate>`
		begin := time.Now()
		status, reply := b.post(t, message(wmi, enum+"Enumerate", `<w:OperationTimeout>PT20.5S</w:OperationTimeout>`, query))
		if status != 500 || !strings.Contains(reply, "w:TimedOut") || time.Since(begin) != 20500*time.Millisecond {
			t.Errorf("after %v: HTTP %d: %s", time.Since(begin), status, reply)
		}
		begin = time.Now()
		b.ok(t, message(wmi, enum+"Enumerate", `<w:OperationTimeout>PT60S</w:OperationTimeout>`, query))
		if time.Since(begin) != 30*time.Second {
			t.Errorf("thought for %v", time.Since(begin))
		}
	})
}

func TestOldWindowsDoesNotKnowDelayedAutoStart(t *testing.T) {
	b := newBench(t)
	b.enter("old")
	if status, _ := b.post(t, enumerate("SELECT DelayedAutoStart FROM Win32_Service")); status != 500 {
		t.Errorf("got HTTP %d", status)
	}
	reply := b.ok(t, enumerate("SELECT Version FROM Win32_OperatingSystem"))
	if !strings.Contains(reply, "<Version>6.3.9600</Version>") {
		t.Error(reply)
	}
}

func TestProcessesAreNewAfterABoot(t *testing.T) {
	b := newBench(t)
	query := enumerate("SELECT ProcessId FROM Win32_Service WHERE Name='Winmgmt'")
	pid := func() string { return regexp.MustCompile(`<ProcessId>\d+<`).FindString(b.ok(t, query)) }
	before := pid()
	if again := pid(); again != before || before == "" {
		t.Errorf("got %q, then %q", before, again)
	}
	b.enter("rebooted")
	if after := pid(); after == before {
		t.Errorf("still %q", after)
	}
}
