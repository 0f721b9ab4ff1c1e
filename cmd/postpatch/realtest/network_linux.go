//go:build real

package realtest

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

const ownNetwork = "POSTPATCH_TEST_OWN_NETWORK" // is set where a test has one

// OwnNetwork carries a test out once more, in a process with a network of its own whose
// loopback interface is up, as root or as a user whom the kernel lets be root of their own,
// and under a prefix. It is not ok in the process that only waits for that.
func OwnNetwork(t *testing.T, prefix ...string) (ok bool) {
	t.Helper()
	if _, has := os.LookupEnv(ownNetwork); has {
		loopbackUp(t)
		return true
	}
	t.Parallel()
	args := append(prefix, os.Args[0], "-test.v", "-test.count=1", "-test.run=^"+t.Name()+"$")
	test := exec.CommandContext(t.Context(), args[0], args[1:]...)
	test.Env = append(os.Environ(), ownNetwork+"=1")
	test.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	if os.Getuid() != 0 {
		test.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		test.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		test.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	out, err := test.CombinedOutput()
	if _, ci := os.LookupEnv("CI"); errors.Is(err, syscall.EPERM) && !ci {
		t.Skip("a network of one's own is not allowed here")
	}
	t.Logf("in a network of its own:\n%s", out)
	if err != nil {
		t.Error(err)
	}
	return false
}

// SetInterface sets one thing of an interface in the network that a test has, such as
// unix.SIOCSIFADDR.
func SetInterface(t *testing.T, name string, what uint, value func(*unix.Ifreq) error) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unix.Close(fd) }()
	request, err := unix.NewIfreq(name)
	if err == nil {
		err = value(request)
	}
	if err == nil {
		err = unix.IoctlIfreq(fd, what, request)
	}
	if err != nil {
		t.Fatalf("setting up %s, %#x: %v", name, what, err)
	}
}

// Up brings an interface up; see SetInterface.
func Up(r *unix.Ifreq) error {
	r.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	return nil
}

func loopbackUp(t *testing.T) {
	t.Helper()
	SetInterface(t, "lo", unix.SIOCSIFFLAGS, Up)
}
