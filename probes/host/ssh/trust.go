package ssh

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"

	xssh "golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// ErrHostKey is wrapped by errors that mean: what answers has not proved to be the host.
// Nothing of the account was shown to it.
var ErrHostKey = errors.New("this is not proved to be the host")

// mostKnown bounds a known_hosts file; a fleet of ten thousand hosts has 4 MB.
const mostKnown = 64 << 20

// KnownHosts are the host keys of known_hosts files: names that are hashed, patterns,
// authorities (@cert-authority) and keys that are good no more (@revoked) among them.
// It may be used by several goroutines.
type KnownHosts struct {
	files       []string
	check       xssh.HostKeyCallback
	authorities map[string]bool // lines, as file:line
}

// ReadKnownHosts reads files of OpenSSH's format. The error names file and line.
func ReadKnownHosts(files ...string) (*KnownHosts, error) {
	k := &KnownHosts{files: files, authorities: map[string]bool{}}
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil {
			return nil, fmt.Errorf("reading known_hosts: %w", err)
		}
		if info.Size() > mostKnown {
			return nil, fmt.Errorf("reading known_hosts: %q has more than %d bytes", file, mostKnown)
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("reading known_hosts: %w", err)
		}
		lines := bufio.NewScanner(bytes.NewReader(text))
		lines.Buffer(nil, 1<<20)
		for n := 1; lines.Scan(); n++ {
			if strings.HasPrefix(strings.TrimSpace(lines.Text()), "@cert-authority") {
				k.authorities[file+":"+strconv.Itoa(n)] = true
			}
		}
	}
	check, err := knownhosts.New(files...)
	if err != nil {
		return nil, fmt.Errorf("reading known_hosts: %w", err)
	}
	k.check = check
	return k, nil
}

// trust says which key is the host's.
type trust struct {
	at     string // name and port, by which its key is known
	known  *KnownHosts
	pins   []pin
	offers []string // the algorithms of keys that are asked for; nil for all good ones
	took   string   // the algorithm of the key that was right
}

// pin is one key that the operator has named.
type pin struct {
	fingerprint string
	algorithms  []string // nil where only the fingerprint is known
}

func newTrust(o Options) (*trust, error) {
	name := strings.ToLower(strings.TrimSuffix(o.Host, "."))
	t := &trust{at: net.JoinHostPort(name, strconv.Itoa(o.Port)), known: o.Known}
	for _, text := range o.Pins {
		p, err := parsePin(text)
		if err != nil {
			return nil, err
		}
		t.pins = append(t.pins, p)
	}
	if len(t.pins) > 0 {
		t.offers = pinned(t.pins)
		return t, nil
	}
	if t.known == nil {
		return nil, errors.New("there are no known host keys to tell the host by")
	}
	want, err := t.known.of(t.at)
	if err != nil {
		return nil, err
	}
	t.offers = want
	return t, nil
}

// parsePin reads a fingerprint, or a key with its type in front.
func parsePin(text string) (pin, error) {
	text = strings.TrimSpace(text)
	if strings.HasPrefix(text, "SHA256:") {
		return pin{fingerprint: strings.TrimRight(text, "=")}, nil
	}
	key, _, _, _, err := xssh.ParseAuthorizedKey([]byte(text))
	if err != nil {
		return pin{}, fmt.Errorf("reading the host key %.60q: want SHA256:… or the line of a .pub file", text)
	}
	return pin{xssh.FingerprintSHA256(key), algorithmsOf(key.Type())}, nil
}

// pinned are the algorithms to ask for: of keys that are known whole theirs alone, since a
// host shows but one of its keys.
func pinned(pins []pin) []string {
	var all []string
	for _, p := range pins {
		if p.algorithms == nil {
			return nil
		}
		all = append(all, p.algorithms...)
	}
	return all
}

// algorithmsOf are those by which a key of a type signs; SHA-1 is not among them.
func algorithmsOf(keyType string) []string {
	if keyType == xssh.KeyAlgoRSA {
		return []string{xssh.KeyAlgoRSASHA512, xssh.KeyAlgoRSASHA256}
	}
	return []string{keyType}
}

// of are the algorithms of the keys that are known of a host: a server that has several
// keys has to show one of those. Names of certificates come first where an authority is
// known. No key at all is an error.
func (k *KnownHosts) of(at string) ([]string, error) {
	err := k.check(at, &net.TCPAddr{}, nobodysKey{})
	wrong, is := errors.AsType[*knownhosts.KeyError](err)
	if !is {
		return nil, fmt.Errorf("looking for %s in known_hosts: %w", knownhosts.Normalize(at), err)
	}
	if len(wrong.Want) == 0 {
		return nil, fmt.Errorf("%w: no key is known of %s in %s: take it from the host itself (ssh-keygen -lf "+
			"/etc/ssh/ssh_host_ed25519_key.pub there, or C:\\ProgramData\\ssh on Windows), compare it with ssh-keyscan's, "+
			"and add its line", ErrHostKey, knownhosts.Normalize(at), strings.Join(k.files, ", "))
	}
	var certificates, plain []string
	for _, w := range wrong.Want {
		if k.authorities[w.Filename+":"+strconv.Itoa(w.Line)] {
			certificates = certificateAlgorithms()
			continue
		}
		plain = append(plain, algorithmsOf(w.Key.Type())...)
	}
	var all []string
	for _, algorithm := range slices.Concat(certificates, preferred(plain)) {
		if !slices.Contains(all, algorithm) {
			all = append(all, algorithm)
		}
	}
	return all, nil
}

// preferred sorts algorithms as we would have them.
func preferred(algorithms []string) []string {
	order := hostKeyAlgorithms()
	slices.SortStableFunc(algorithms, func(a, b string) int {
		return cmp.Compare(slices.Index(order, a), slices.Index(order, b))
	})
	return algorithms
}

// nobodysKey is a key that no file has.
type nobodysKey struct{}

func (nobodysKey) Type() string                         { return "nobody" }
func (nobodysKey) Marshal() []byte                      { return []byte("nobody") }
func (nobodysKey) Verify([]byte, *xssh.Signature) error { return errors.New("nobody has signed") }

// see is an ssh.HostKeyCallback. The name is the one by which the operator knows the
// host, wherever a suite or the DNS has led to.
func (t *trust) see(_ string, remote net.Addr, key xssh.PublicKey) error {
	shown := key.Type() + " " + xssh.FingerprintSHA256(key)
	if len(t.pins) > 0 {
		if !slices.ContainsFunc(t.pins, func(p pin) bool { return p.fingerprint == xssh.FingerprintSHA256(key) }) {
			return fmt.Errorf("%w: it shows the key %s, which is none of the host_keys of the credentials file "+
				"(a fingerprint cannot say which of its keys a host has to show: write the whole line of the .pub file "+
				"if it has several)", ErrHostKey, shown)
		}
		t.took = key.Type() + ", pinned"
		return nil
	}
	err := t.known.check(t.at, remote, key)
	name := knownhosts.Normalize(t.at)
	if revoked, is := errors.AsType[*knownhosts.RevokedError](err); is {
		return fmt.Errorf("%w: it shows the key %s, which %s:%d has revoked", ErrHostKey, shown,
			revoked.Revoked.Filename, revoked.Revoked.Line)
	}
	wrong, is := errors.AsType[*knownhosts.KeyError](err)
	switch {
	case err == nil:
		t.took = key.Type() + ", known"
		return nil
	case is && len(wrong.Want) > 0:
		w := wrong.Want[0]
		return fmt.Errorf("%w: it shows the key %s, and %s:%d has another one for %s: somebody may stand between, or the "+
			"host has new keys; compare them on the host before you change that line",
			ErrHostKey, shown, w.Filename, w.Line, name)
	case is:
		return fmt.Errorf("%w: it shows the key %s, and none is known of %s", ErrHostKey, shown, name)
	default:
		return fmt.Errorf("%w: it shows the key %s: %w", ErrHostKey, shown, err)
	}
}
