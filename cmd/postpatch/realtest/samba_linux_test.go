//go:build real

package realtest_test

import (
	"strings"
	"testing"

	"postpatch/cmd/postpatch/realtest"
)

func TestSamba(t *testing.T) {
	if !realtest.OwnNetwork(t) {
		return
	}
	samba := realtest.StartSamba(t)
	samba.Tool(t, "user", "create", "probe", "Swordfish-1")
	if users := samba.Tool(t, "user", "list"); !strings.Contains(users, "probe\n") {
		t.Errorf("the users are %q", users)
	}
	samba.Stop(t)
	if listens(t, samba.Addr) {
		t.Error("still there after Stop")
	}
	samba.Clock = "+10m"
	samba.Global = []string{"server services = -kdc"}
	samba.Start(t)
	if !listens(t, samba.Addr) || listens(t, realtest.SambaAddress+":88") {
		t.Error("it is not as it was started again")
	}
}
