//go:build real

package realtest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// SOGo is a groupware server whose phones come over HTTPS, through nginx.
type SOGo struct {
	*Nginx

	log string
}

// StartSOGo starts SOGo (packages sogo, sogo-activesync and mariadb-server-core), which
// only root can, for the mailbox of an IMAP server: its user and password.
func StartSOGo(t testing.TB, imap, name string, mailbox [2]string) *SOGo {
	t.Helper()
	for _, program := range []string{"mariadbd", "memcached", "sogod", "nginx"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Fatal(err)
		}
	}
	database := startMariaDB(t, fmt.Sprintf(`CREATE DATABASE sogo CHARACTER SET utf8mb4;
CREATE TABLE sogo.users
	(c_uid VARCHAR(60) PRIMARY KEY, c_name VARCHAR(60), c_password VARCHAR(60), c_cn VARCHAR(60), mail VARCHAR(60));
INSERT INTO sogo.users VALUES ('%[1]s', '%[1]s', '%[2]s', 'Probe', '%[1]s');
`, mailbox[0], mailbox[1]))
	daemon := startSOGod(t, imap, "mysql://root:none@"+database.Addr+"/sogo", startMemcached(t).Addr)
	s := &SOGo{log: filepath.Join(folder(t), "users.log")}
	s.Nginx = startNginx(t, name, fmt.Sprintf(`location = /Microsoft-Server-ActiveSync {
			proxy_pass http://%s/SOGo/Microsoft-Server-ActiveSync;
			access_log %s users;
		}`, daemon.Addr, s.log))
	return s
}

// Users stops nginx and tells of each request its method, its user, "-" for none, and
// the answer's status.
func (s *SOGo) Users(t testing.TB) []string {
	t.Helper()
	s.Stop(t) // what it has answered is in the log then
	text, err := os.ReadFile(s.log)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(text)), "\n")
}

// startMariaDB starts a database that asks nobody for a password.
func startMariaDB(t testing.TB, schema string) *Server {
	t.Helper()
	s := &Server{Addr: FreeAddress(t), dir: folder(t)}
	path := func(name string) string { return filepath.Join(s.dir, name) }
	write(t, path("schema.sql"), schema)
	if err := os.Mkdir(path("data"), 0o700); err != nil {
		t.Fatal(err)
	}
	s.up = func(t testing.TB) func() error {
		t.Helper()
		return run(t, connects(s.Addr), "mariadbd", "--no-defaults", "--user=root", "--skip-grant-tables",
			"--datadir="+path("data"), "--socket="+path("socket"), "--pid-file="+path("pid"), "--init-file="+path("schema.sql"),
			"--bind-address=127.0.0.1", "--port="+port(t, s.Addr),
			"--innodb-log-file-size=4M", "--innodb-buffer-pool-size=8M").stop
	}
	s.begin(t)
	return s
}

func startMemcached(t testing.TB) *Server {
	t.Helper()
	s := &Server{Addr: FreeAddress(t)}
	s.up = func(t testing.TB) func() error {
		t.Helper()
		return run(t, connects(s.Addr), "memcached", "-u", "nobody", "-l", "127.0.0.1", "-p", port(t, s.Addr), "-U", "0").stop
	}
	s.begin(t)
	return s
}

// startSOGod starts SOGo itself as Debian's user sogo, as it refuses to be root.
func startSOGod(t testing.TB, imap, database, memcached string) *Server {
	t.Helper()
	s := &Server{Addr: FreeAddress(t), dir: folder(t)}
	own(t, s.dir, "sogo")
	users := fmt.Sprintf(`({type = sql; id = users; viewURL = "%s/users"; canAuthenticate = YES; isAddressBook = NO;
		userPasswordAlgorithm = plain;})`, database)
	s.up = func(t testing.TB) func() error {
		t.Helper()
		p := run(t, connects(s.Addr), "setpriv", "--reuid=sogo", "--regid=sogo", "--clear-groups",
			"env", "HOME="+s.dir, "sogod", "-WOPort", s.Addr, "-WONoDetach", "YES", "-WOUseWatchDog", "NO",
			"-WOLogFile", "-", "-WOPidFile", filepath.Join(s.dir, "pid"), "-SOGoMailSpoolPath", s.dir,
			"-SOGoProfileURL", database+"/profiles", "-OCSFolderInfoURL", database+"/folders",
			"-OCSSessionsFolderURL", database+"/sessions", "-OCSEMailAlarmsFolderURL", database+"/alarms",
			"-OCSCacheFolderURL", database+"/cache", "-OCSStoreURL", database+"/store", "-OCSAclURL", database+"/acl",
			"-SOGoMemcachedHost", memcached, "-SOGoIMAPServer", "imap://"+imap, "-SOGoUserSources", users)
		return p.kill
	}
	s.begin(t)
	return s
}
