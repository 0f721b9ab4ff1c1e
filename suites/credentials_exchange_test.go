package suites

import "testing"

func TestExchangeBySnapIn(t *testing.T) {
	c, _ := credentials(t, `credentials:
  - {hosts: "ex*", user: u, password: {env: P}, winrm: {exchange: snapin}}
  - {hosts: "ey*", user: u, password: {env: P}, winrm: {exchange: remote}}
  - {hosts: "*", user: u, password: {env: P}}
`, nil)
	for host, want := range map[string]bool{"ex01": true, "ey01": false, "web01": false} {
		if got := c.WinRM(host).SnapIn; got != want {
			t.Errorf("%s: %t", host, got)
		}
	}
}
