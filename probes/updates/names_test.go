package updates

import "testing"

func TestNames(t *testing.T) {
	for text, want := range map[string]string{
		"2025-10 Cumulative Update (KB5066782) (20348.4294)":      "KB5066782",
		"Malicious Software Removal Tool x64 - v5.136 - kb890830": "KB890830",
		"KB5066782を含む更新プログラム":                                     "KB5066782",
		"更新KB5066782":              "KB5066782",
		"XKB5066782":               "id-1",
		"64 KB (KB5066782)":        "KB5066782",
		"64KB1234567 (KB5066782)":  "KB5066782",
		"KB1, KB12 and KB123456":   "KB123456",
		"KB12345678901":            "id-1",
		"KB":                       "id-1",
		"Intel - net - 12.19.2.45": "id-1",
		"":                         "id-1",
	} {
		if got := name(text, " ID-1\n"); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
