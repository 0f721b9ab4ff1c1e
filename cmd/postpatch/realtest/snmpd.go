//go:build real

package realtest

import (
	"encoding/hex"
	"fmt"
	"path/filepath"
	"testing"
)

// StartSNMPD starts Net-SNMP's agent (package snmpd), whose name is srv.example.test. It
// knows the community "c0mmunity", and the user with the passphrase by SHA and AES.
func StartSNMPD(t testing.TB, user, passphrase string) *Server {
	t.Helper()
	s := &Server{Addr: FreeAddress(t), dir: folder(t)}
	config := filepath.Join(s.dir, "snmpd.conf")
	write(t, config, fmt.Sprintf("rocommunity c0mmunity 127.0.0.1\nsysName srv.example.test\nsysServices 76\n"+
		"createUser %[1]s SHA %[2]q AES %[2]q\nrouser %[1]s authpriv\n", user, passphrase))
	// GET of sysName by that community.
	question, err := hex.DecodeString("302c020101040963306d6d756e697479" +
		"a01c02047fffffff020100020100300e300c06082b060102010105000500")
	if err != nil {
		t.Fatal(err)
	}
	s.up = func(t testing.TB) func() error {
		t.Helper()
		return run(t, answers(s.Addr, question), "env", "SNMP_PERSISTENT_DIR="+s.dir, "/usr/sbin/snmpd", "-f", "-Lo", "-C",
			"-c", config, "-p", filepath.Join(s.dir, "pid"), "udp:"+s.Addr).stop
	}
	s.begin(t)
	return s
}
