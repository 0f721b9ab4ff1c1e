package exchange

import (
	"strings"
	"testing"
)

func FuzzParse(f *testing.F) {
	for _, page := range []string{"200 OK<br/>EX01.example.org", "200 OK\nex01", "200 OK<br", "200 OK<br/>", ""} {
		f.Add([]byte(page))
	}
	f.Fuzz(func(t *testing.T, page []byte) {
		ok, node := parse(page)
		if !ok && node != "" {
			t.Errorf("a node %q of a page that is not healthy", node)
		}
		if len(node) > 255*3 || strings.ContainsAny(node, " \t\r\n<") {
			t.Errorf("node %q", node)
		}
		if ok && !strings.Contains(string(page), "200 OK") {
			t.Error("healthy without saying so")
		}
	})
}
