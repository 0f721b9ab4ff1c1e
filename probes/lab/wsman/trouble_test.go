package wsman_test

import (
	"encoding/xml"
	"runtime"
	"strings"
	"testing"

	"postpatch/probes/lab/estate"
)

// troubled is an authenticated connection to a host with a trouble, which seals
// or does not.
func troubled(t *testing.T, clear bool, faults map[estate.Moment]estate.Trouble) (*bench, *wire) {
	t.Helper()
	b := newBench(t)
	b.configure(func(c *estate.WinRM) { c.Plain, c.Faults = clear, faults })
	w := b.dial(t, b.listen(t))
	w.logon(t)
	return b, w
}

// post sends a message, sealed unless clear.
func (w *wire) post(t *testing.T, clear bool, message string) answer {
	t.Helper()
	if clear {
		return w.send(t, "", soap, message)
	}
	return w.send(t, "", sealed, w.seal(t, message))
}

func TestTroublesInPlaceOfTheEffect(t *testing.T) {
	for trouble, want := range map[estate.Trouble]string{
		estate.TroubleTimeout:    "2150858793",
		estate.TroubleShells:     "2150859173",
		estate.TroubleOperations: "2150859174",
		estate.TroubleShellGone:  "2150858843",
		estate.TroubleDenied:     "5",
		estate.TroubleInternal:   "1359",
	} {
		b, w := troubled(t, false, map[estate.Moment]estate.Trouble{"Create 2": trouble})
		for i, code := range []string{"", want, ""} {
			status, reply := w.ask(t, create(nil))
			if part(reply, `WSManFault" Code="`, `"`) != code && !strings.Contains(reply, `Code="`+code+`"`) {
				t.Errorf("%s, %d: got %d: %s", trouble, i+1, status, reply)
			}
			if (status == 500) != (code != "") {
				t.Errorf("%s, %d: got %d", trouble, i+1, status)
			}
		}
		if got := b.Stats(); got.Shells != 2 || got.Messages["Create"] != 3 {
			t.Errorf("%s: counted %+v", trouble, got)
		}
	}
}

func TestTroublesWithTheAnswer(t *testing.T) {
	isXML := func(text string) bool { return xml.Unmarshal([]byte(text), new(struct{ XMLName xml.Name })) == nil }
	const id = "<a:RelatesTo>uuid:00000000-0000-0000-0000-00000000000A<"
	for name, test := range map[string]struct {
		trouble estate.Trouble
		clear   bool
		right   func(*wire, answer) bool
	}{
		"drop":                {estate.TroubleDrop, false, func(_ *wire, a answer) bool { return a.err != nil && a.status == 0 }},
		"drop, in clear":      {estate.TroubleDrop, true, func(_ *wire, a answer) bool { return a.err != nil && a.status == 0 }},
		"cut":                 {estate.TroubleCut, false, func(_ *wire, a answer) bool { return a.err != nil && a.status == 200 && a.body != "" }},
		"cut, in clear":       {estate.TroubleCut, true, func(_ *wire, a answer) bool { return a.err != nil && a.status == 200 && !isXML(a.body) }},
		"unsealed":            {estate.TroubleUnsealed, false, func(_ *wire, a answer) bool { return isXML(a.body) && a.header.Get("Content-Type") == soap }},
		"wrong id":            {estate.TroubleID, false, func(w *wire, a answer) bool { return !strings.Contains(w.open(t, a, "--"), id) }},
		"wrong id, in clear":  {estate.TroubleID, true, func(_ *wire, a answer) bool { return isXML(a.body) && !strings.Contains(a.body, id) }},
		"right id, in clear":  {"", true, func(_ *wire, a answer) bool { return isXML(a.body) && strings.Contains(a.body, id) }},
		"length, in clear":    {estate.TroubleLength, true, func(_ *wire, a answer) bool { return a.err != nil && strings.HasSuffix(a.body, "Envelope") }},
		"garbage":             {estate.TroubleGarbage, false, func(w *wire, a answer) bool { return !isXML(w.open(t, a, "--")) }},
		"garbage, in clear":   {estate.TroubleGarbage, true, func(_ *wire, a answer) bool { return a.err == nil && !isXML(a.body) }},
		"bad boundary":        {estate.TroubleBoundary, false, func(_ *wire, a answer) bool { return strings.HasPrefix(a.body, "--Decrypted Boundary\r\n") }},
		"huge":                {estate.TroubleHuge, false, func(_ *wire, a answer) bool { return len(a.body) == 4<<20 }},
		"huge, in clear":      {estate.TroubleHuge, true, func(_ *wire, a answer) bool { return len(a.body) == 4<<20 }},
		"boundary, in clear":  {estate.TroubleBoundary, true, func(_ *wire, a answer) bool { return isXML(a.body) }},
		"unsealed, in clear":  {estate.TroubleUnsealed, true, func(_ *wire, a answer) bool { return isXML(a.body) }},
		"length is one above": {estate.TroubleLength, false, tooLong},
	} {
		b, w := troubled(t, test.clear, map[estate.Moment]estate.Trouble{"Create": test.trouble})
		if test.trouble == "" {
			b.configure(func(c *estate.WinRM) { c.Faults = nil })
		}
		if got := w.post(t, test.clear, create(nil)); !test.right(w, got) {
			t.Errorf("%s: got %d, %d bytes, %v: %.300s", name, got.status, len(got.body), got.err, got.body)
		}
		if got := b.Stats().Shells; got != 1 {
			t.Errorf("%s: %d shells, want the message to have its effect", name, got)
		}
	}
}

// tooLong says whether the announced length is one above the message's.
func tooLong(w *wire, a answer) bool {
	var length int
	for _, r := range part(a.body, "Length=", "\r") {
		length = length*10 + int(r-'0')
	}
	rest := part(a.body, "octet-stream\r\n\x10\x00\x00\x00", "--Encrypted Boundary--")
	plain, err := w.client.SecuritySession().Unwrap([]byte(rest[16:]), []byte(rest[:16]))
	return err == nil && length == len(plain)+1
}

func TestSilentMessage(t *testing.T) {
	b, w := troubled(t, false, map[estate.Moment]estate.Trouble{"Create 1": estate.TroubleSilent})
	answered := make(chan answer, 1)
	body := w.seal(t, create(nil))
	go func() { answered <- w.send(t, "", sealed, body) }()
	for b.Stats().Messages["Create"] == 0 {
		runtime.Gosched()
	}
	if err := b.Close(); err != nil { // ends what waits
		t.Fatal(err)
	}
	if got := <-answered; got.err == nil || got.status != 0 {
		t.Errorf("got %+v", got)
	}
	if got := b.Stats(); got.Shells != 0 || got.Messages["Create"] != 1 {
		t.Errorf("counted %+v", got)
	}
}

func TestOutputInPieces(t *testing.T) {
	for pieces, want := range map[int]int{0: 2, 1: 2, 2: 3, 5: 6} {
		b := newBench(t)
		b.configure(func(c *estate.WinRM) { c.Pieces = pieces })
		id := b.openShell(t, nil)
		text := strings.Repeat("0123456789", 300)
		out := b.collect(t, id, b.start(t, id, "echo "+text), "")
		if out.Receives != want || out.Stdout != text+"\r\n" || out.Exit != 0 {
			t.Errorf("%d pieces: got %d receives, %d bytes", pieces, out.Receives, len(out.Stdout))
		}
	}
}

func TestNoise(t *testing.T) {
	b := newBench(t)
	b.configure(func(c *estate.WinRM) { c.Noise = true })
	id := b.openShell(t, nil)
	const encoded = "aABvAHMAdABuAGEAbQBlAA==" // hostname
	out := b.collect(t, id, b.start(t, id, "powershell -enc "+encoded), "")
	if out.Stdout != "SQL01\r\n" || out.Exit != 0 || !strings.HasPrefix(out.Stderr, "#< CLIXML\r\n<Objs") ||
		!strings.Contains(out.Stderr, `S="progress"`) || !strings.Contains(out.Stderr, `<S S="Error">`) {
		t.Errorf("got %+v", out)
	}
	if out := b.collect(t, id, b.start(t, id, "hostname"), ""); out.Stderr != "" {
		t.Errorf("without PowerShell: got %+v", out)
	}
}
