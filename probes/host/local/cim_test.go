package local

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/host"
)

func TestCell(t *testing.T) {
	for name, tt := range map[string]struct {
		kind  cimType
		value any
		want  host.Cell
	}{
		"null":                         {cimUint32, nil, host.Cell{Null: true}},
		"an unsigned number":           {cimUint32, int32(-1), host.Cell{Text: "4294967295"}},
		"a signed one":                 {3, int32(-1), host.Cell{Text: "-1"}},
		"an unsigned one of 16 bits":   {cimUint16, int32(65535), host.Cell{Text: "65535"}},
		"a character":                  {cimChar16, int16(-1), host.Cell{Text: "65535"}},
		"one of 64 bits comes as text": {21, "18446744073709551615", host.Cell{Text: "18446744073709551615"}},
		"a boolean":                    {11, true, host.Cell{Text: "true"}},
		"a small float":                {4, float32(0.1), host.Cell{Text: "0.1"}},
		"a float":                      {5, 1e20, host.Cell{Text: "1E+20"}},
		"a text":                       {8, "20261123125631.730000+060", host.Cell{Text: "20261123125631.730000+060"}},
		"a time":                       {cimDatetime, "20261123125631.730000+060", host.Cell{Text: "2026-11-23T11:56:31.73Z"}},
		"a list":                       {cimUint32 | cimArray, []any{int32(-1), nil}, host.Cell{List: []string{"4294967295", ""}}},
		"a list of nothing":            {8 | cimArray, []any{}, host.Cell{List: []string{}}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := cimCell(tt.kind, tt.value)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("cell (-want +got):\n%s", d)
			}
		})
	}
	for _, value := range []any{struct{}{}, []any{struct{}{}}} {
		if cell, err := cimCell(8, value); err == nil {
			t.Errorf("%v: got %v and no error", value, cell)
		}
	}
}

func TestTime(t *testing.T) {
	for text, want := range map[string]string{
		"20261128035756.141000+000": "2026-11-28T03:57:56.141Z",
		"20261128035756.000000-480": "2026-11-28T11:57:56Z",
		"20261128035756.612000+00":  "2026-11-28T03:57:56.612Z", // Wine's
		"20261128035756.73+060":     "2026-11-28T02:57:56.73Z",
		"00000001020304.000000:000": "1.02:03:04",
		"00000000020304.500000:000": "02:03:04.5000000",
		"2026**********.******+***": "2026**********.******+***",
		"20261328035756.000000+000": "20261328035756.000000+000",
		"00010101000000.000000+999": "00010101000000.000000+999", // before all years
		"20261128035756.000000+":    "20261128035756.000000+",
		"":                          "",
	} {
		if got := cimTime(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

// FuzzTime: what is made of a time is a time, an interval, or what was there.
func FuzzTime(f *testing.F) {
	for _, seed := range []string{"20261128035756.141000+000", "20261128035756.1+00", "00000001020304.000000:000", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := cimTime(text)
		if _, err := (host.Cell{Text: got}).Time(); err != nil && got != text && (len(text) < 16 || got[len(got)-1] < '0') {
			t.Errorf("%q became %q", text, got)
		}
		if again := cimTime(text); again != got {
			t.Errorf("%q became %q, and then %q", text, got, again)
		}
	})
}

func TestErrorsOfWMI(t *testing.T) {
	for code, want := range map[hresult]error{
		wbemInvalidClass: host.ErrNoClass, wbemInvalidNamespace: host.ErrNoClass, wbemDenied: host.ErrDenied,
		comDenied: host.ErrDenied, wbemPrivilege: host.ErrDenied, wbemQuota: host.ErrBusy,
	} {
		if err := error(&errWMI{code: code}); !errors.Is(err, want) || !isCode(err, code) {
			t.Errorf("%v is not %v", err, want)
		}
	}
	err := error(&errWMI{code: wbemInvalidQuery})
	for _, other := range []error{host.ErrNoClass, host.ErrDenied, host.ErrBusy} {
		if errors.Is(err, other) {
			t.Errorf("%v is %v", err, other)
		}
	}
	if got := (&errWMI{code: 0x800706BA, says: "The RPC server\r\nis unavailable.\x1b"}).Error(); got !=
		"The RPC server is unavailable. (0x800706BA)" {
		t.Errorf("got %q", got)
	}
}
