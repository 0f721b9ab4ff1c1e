package assert_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"postpatch/probes/fact"
	"postpatch/suites/assert"
)

func readings() map[string]fact.Type {
	return map[string]fact.Type{
		"state": fact.TypeText, "version": fact.TypeText, "free": fact.TypeInt, "size": fact.TypeInt,
		"latency": fact.TypeDuration, "booted": fact.TypeTime, "members": fact.TypeSet, "ok": fact.TypeBool, "gone": fact.TypeInt,
	}
}

func at(text string) fact.Value {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return fact.Time(t)
}

// subject has every reading but gone.
func subject() assert.Subject {
	before := map[string]fact.Value{
		"state": fact.Text("stopped"), "version": fact.Text("15.2.9"), "free": fact.Int(100), "size": fact.Int(1000),
		"latency": fact.Duration(20 * time.Millisecond), "booted": at("2026-11-01T02:00:00Z"), "ok": fact.Bool(false),
		"members": fact.SetOf("a", "b"),
	}
	after := map[string]fact.Value{
		"state": fact.Text("running"), "version": fact.Text("15.2.10"), "free": fact.Int(95), "size": fact.Int(1000),
		"latency": fact.Duration(29 * time.Millisecond), "booted": at("2026-11-27T02:00:00Z"), "ok": fact.Bool(true),
		"members": fact.SetOf("a", "b", "c"),
	}
	return assert.Subject{
		Host: assert.Host{
			Name: "web01", Address: "10.0.0.1", Tags: []string{"pilot", "web"}, Vars: map[string]string{"least": "90"},
		},
		Item:   "W3SVC",
		Before: func(reading string) fact.Value { return before[reading] },
		After:  func(reading string) fact.Value { return after[reading] },
	}
}

func compile(t *testing.T, source string) *assert.Assertion {
	t.Helper()
	a, problems := assert.Compile(source, readings())
	if len(problems) > 0 {
		t.Fatalf("%s: %v", source, problems)
	}
	return a
}

func TestHolds(t *testing.T) {
	for source, want := range map[string]bool{
		`after.state == "running"`:                                             true,
		`after.state == before.state`:                                          false,
		`after.state in ["running", "starting"] and after.ok`:                  true,
		`upper(after.state) == "RUNNING" and not before.ok`:                    true,
		`after.state matches "^run" && !(after.state contains "x")`:            true,
		`after.free >= before.free * 0.9`:                                      true,
		`after.free >= before.free`:                                            false,
		`after.free * 100 / after.size > 9`:                                    true,
		`1 < after.free < 2000`:                                                true,
		`max(after.free, before.free) == 100`:                                  true,
		`after.latency < before.latency * 2`:                                   true,
		`after.latency < before.latency * 1.5`:                                 true,
		`after.latency < 1.25 * before.latency`:                                false,
		`after.latency < duration("1s")`:                                       true,
		`after.latency.Seconds() < 0.5`:                                        true,
		`after.booted > before.booted`:                                         true,
		`after.booted - before.booted == duration("624h")`:                     true,
		`after.booted >= date("2026-11-27")`:                                   true,
		`after.booted == date("2026-11-27T03:00:00+01:00")`:                    true,
		`after.booted.Unix() > 0`:                                              true,
		`compareVersions(after.version, before.version) > 0`:                   true,
		`covers(after.members, before.members)`:                                true,
		`covers(before.members, after.members)`:                                false,
		`covers(["a", "b", "x"], before.members)`:                              true,
		`all(before.members, # in after.members)`:                              true,
		`none(after.members, # == "c")`:                                        false,
		`count(after.members, # != "a") == 2`:                                  true,
		`after.members == ["a", "b", "c"]`:                                     true,
		`len(filter(after.members, not (# in before.members))) == 1`:           true,
		`item == "W3SVC" and after.ok`:                                         true,
		`host.name == "web01" and "pilot" in host.tags ? after.ok : before.ok`: true,
		`after.free > int(host.vars.least)`:                                    true,
		`host.address startsWith "10." and after["free"] == 95`:                true,
		`before.ok or after.gone > 0 or true`:                                  false, // gone is needed, and is not there
		`after.ok or after.gone > 0`:                                           true,  // it is not needed
		`not (after.gone == 1)`:                                                false,
		`after.gone != 1`:                                                      false,
		`after.free % (after.free - 95) == 0`:                                  false,
		`not (int(after.state) == 1)`:                                          false,
		`after.members[7] != "x"`:                                              false,
		`compareVersions(after.state, "1") != 0`:                               false,
	} {
		got, err := compile(t, source).Holds(subject())
		if got != want || got && err != nil {
			t.Errorf("%s: %t, %v", source, got, err)
		}
	}
}

func TestWhatIsMissingIsNamed(t *testing.T) {
	a := compile(t, "before.free == 100 and after.gone == before.gone")
	_, err := a.Holds(subject())
	lack := (*assert.LackError)(nil)
	if !errors.As(err, &lack) || lack.Before || lack.Reading != "gone" || err.Error() != "after.gone is not there" {
		t.Errorf("got %v", err)
	}
	if looks := a.Looks(); !a.LooksBack() || len(looks) != 3 || looks[0].String() != "before.free" {
		t.Errorf("looks at %v", looks)
	}
	other := subject()
	other.After = func(string) fact.Value { return fact.Int(1) } // of another type than the kind declares
	if held, err := compile(t, `after.state != "stopped"`).Holds(other); held || err == nil {
		t.Errorf("a number in place of a text: %t, %v", held, err)
	}
	if held, err := compile(t, "after.ok").Holds(assert.Subject{}); held || err == nil {
		t.Errorf("nothing at all: %t, %v", held, err)
	}
}

func TestStringIsOnOneLine(t *testing.T) {
	for source, want := range map[string]string{
		" after.ok ": "after.ok",
		"after.ok\n  and // why not\n  before.ok": "after.ok and before.ok",
	} {
		if got := compile(t, source).String(); got != want {
			t.Errorf("want %q, got %q", want, got)
		}
	}
}

func TestProblems(t *testing.T) {
	for source, want := range map[string]struct {
		offset int
		msg    string
	}{
		"": {0, "the expression is empty"},
		"after.ok and " + strings.Repeat(" ", 4000): {0, "more than 4000 bytes"},
		"after.ok\xff":                           {0, "not UTF-8"},
		strings.Repeat("not ", 500) + "after.ok": {-1, "more than 400 parts"},
		`after.stat == "x"`:                      {6, `unknown reading "stat"`},
		`aftr.state == "x"`:                      {0, `unknown name "aftr"`},
		`state == "x"`:                           {0, `"state" is a reading`},
		`after == before`:                        {0, "want one of its readings"},
		`after.ok and host.nam == ""`:            {18, `unknown field "nam" of host`},
		`after.free`:                             {0, "want true or false, got int"},
		`after.free == "x"`:                      {11, "mismatched types int and text"},
		`after.ok and after.state > "a"`:         {25, "orders texts letter by letter"},
		`after.ok = true`:                        {9, `"=" where none can be`},
		`after.ok and`:                           {12, "ends too early"},
		`item == "x"`:                            {0, "looks at no reading"},
		`after.ok and now() > after.booted`:      {13, "now is not part"},
		`after.booted.Local() == after.booted`:   {13, `unknown function "Local"`},
		`timezone("Local") == after.booted`:      {0, `unknown function "timezone"`},
		`date("soon") < after.booted`:            {5, "want a time like"},
		`duration("5") < after.latency`:          {9, "want one like 20ms"},
		`compareVersions(after.version, "x")>0`:  {31, "want a version number"},
		`after.state matches "("`:                {20, "missing closing )"},
		`after.state matches item`:               {20, "want a regular expression in quotes"},
		`1..9 == [1] or after.ok`:                {1, ".. is not part"},
		`(after.gone ?? 1) == 1`:                 {12, "?? is not part"},
		`after?.gone == 1`:                       {7, "?. is not part"},
		`after.gone == nil`:                      {14, "nil is not part"},
		`let x = after.gone; x == 1`:             {4, "let is not part"},
		`{a: after.ok}["a"]`:                     {-1, "unknown field"},
		strings.Repeat("(1 < ", 60) + "after.free" + strings.Repeat(" < 9)", 60):   {-1, "in a < b < c"},
		strings.Repeat("(", 60) + "after.ok" + strings.Repeat(" ?: after.ok)", 60): {-1, "in a < b < c"},
		`after.ok; true`:                                    {-1, "; is not part"},
		`if after.ok {true} else {false}`:                   {9, "if is not part"},
		`$env.after.ok`:                                     {-1, "unknown"},
		`"ok" in after`:                                     {8, "want one of its readings"},
		`get(after, "ok")`:                                  {0, `unknown function "get"`},
		`reduce(after.members, #acc + #, "") == ""`:         {0, `unknown function "reduce"`},
		`repeat(after.state, 9) == ""`:                      {0, `unknown function "repeat"`},
		`all(after.members, any(before.members, # == "a"))`: {39, "cannot stand inside of another"},
		`after[item] == 1`:                                  {5, "want a name, written out"},
		`(after.ok ? 1 : "a") == 1`:                         {16, "of one type"},
		`after.free in [1, "a"]`:                            {18, "of one type"},
		`max(after.members) == "a"`:                         {10, "want numbers"},
		`after.free > 99999999999999999999`:                 {32, "value out of range"},
	} {
		a, problems := assert.Compile(source, readings())
		if a != nil || len(problems) == 0 {
			t.Errorf("%.60q is taken", source)
			continue
		}
		p := problems[0]
		if !strings.Contains(p.Msg, want.msg) || want.offset >= 0 && p.Offset != want.offset {
			t.Errorf("%.60q: want %d: %s, got %d: %s", source, want.offset, want.msg, p.Offset, p.Msg)
		}
	}
}

// A host may send a set and a text of the size that one reading can have; to hold
// each element against the text is given up before it takes long.
func TestTooMuchToLookAtIsNotMet(t *testing.T) {
	var elems []string
	for i := range 20_000 {
		elems = append(elems, string(rune('a'+i%26))+strings.Repeat("x", i%7)+string(rune(0x100+i)))
	}
	s := subject()
	s.After = func(reading string) fact.Value {
		if reading == "members" {
			return fact.SetOf(elems...)
		}
		return fact.Text(strings.Repeat("y", 100_000))
	}
	for source, holds := range map[string]bool{
		`none(after.members, after.state contains #)`: false,
		`all(after.members, # in after.members)`:      false,
		`covers(after.members, after.members)`:        true,
		`none(after.members, # matches "^b+$")`:       true,
	} {
		if got, err := compile(t, source).Holds(s); got != holds {
			t.Errorf("%s: %t, %v", source, got, err)
		}
	}
}

func FuzzAssert(f *testing.F) {
	for _, seed := range []string{
		`after.state == "running"`, `all(before.members, # in after.members)`, `after.latency < before.latency * 1.5`,
		`after.free * 100 / after.size > int(host.vars.least)`, `after.booted - before.booted < duration("1h")`,
		`let x = after.ok; x`, `(1 < (1 < after.free < 3) < 3)`, `((after.ok ?: after.ok) ?: after.ok)`, `reduce(after.members, #acc + #)`, `((((((after.ok))))))`, `!!!!!!after.ok`, `1..9999999999`,
		`sum(map(after.members, len(#))) > 1`, `after.members | filter(# != "a") | len() > 1`, `after["ok"]?.b ?? c`, `::all(`,
		`[after.ok, [after.ok]][0] == {a: 1}.a`, `after.state[1:] == "x" ? true : after.ok`, "after.ok // x\n and `raw`", `#`,
		`after.free ** 999999 > 0`, `map(after.members, #index) == [0]`, `if after.ok {true} else {after.ok}`, `b"x" == after.ok`,
		`after.state matches "(a*)*$"`, `float("1e999") > after.free`, `int(after.latency) == 1`, `abs(-after.free) ^ 2 == 1`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, source string) {
		a, problems := assert.Compile(source, readings())
		if (a == nil) != (len(problems) > 0) {
			t.Fatalf("an assertion beside %v", problems)
		}
		for _, p := range problems {
			if p.Msg == "" || p.Offset < 0 || p.Offset > len(source)+1 || strings.Contains(p.Msg, "cannot be read") {
				t.Fatalf("%+v", p)
			}
		}
		if a == nil {
			return
		}
		if len(a.Looks()) == 0 || a.String() == "" || strings.ContainsAny(a.String(), "\n\r") {
			t.Fatalf("%q looks at %v", a, a.Looks())
		}
		first, err := a.Holds(subject())
		again, _ := a.Holds(subject())
		if first != again || first && err != nil {
			t.Fatalf("%t, then %t, %v", first, again, err)
		}
		for _, look := range a.Looks() {
			if look.Reading != "gone" {
				continue
			}
			// What is not there never makes it hold, unless it is not needed: then its
			// value does not count.
			s := subject()
			given := func(side func(string) fact.Value) func(string) fact.Value {
				return func(reading string) fact.Value {
					if reading == "gone" {
						return fact.Int(7)
					}
					return side(reading)
				}
			}
			s.Before, s.After = given(s.Before), given(s.After)
			if with, _ := a.Holds(s); first && !with {
				t.Fatalf("%s holds without %s, and not with it", a, look)
			}
		}
	})
}

func TestManyMayAskAtOnce(t *testing.T) {
	a := compile(t, `all(before.members, # in after.members) and after.state matches "^run"`)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 50 {
				if held, err := a.Holds(subject()); !held {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
}
