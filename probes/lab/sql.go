package lab

import (
	"postpatch/probes/lab/estate"
	"postpatch/probes/lab/tds"
)

// addSQL makes the doors of a host's instances of SQL Server, and of the Browser that
// tells where they are. Two instances can have the same port in different states.
func (m *machine) addSQL(h estate.Host) {
	for _, sql := range h.AllSQL() {
		port := sql.Listens()
		at := func() estate.Host {
			now := m.host()
			now.SQL, _ = now.SQLAt(port)
			return now
		}
		m.add(tcp(port), func(h estate.Host) bool {
			sql, listens := h.SQLAt(port)
			return listens && sql.Fault != estate.Refuse && !sql.NoTCP
		}, fresh{func() server { return m.sql(at) }})
	}
	if _, runs := h.SQLBrowser(); runs {
		m.add("udp/1434", func(h estate.Host) bool {
			browser, runs := h.SQLBrowser()
			return runs && browser.Fault != estate.Refuse
		}, fresh{func() server { return tds.NewBrowser(m.host) }})
	}
}
