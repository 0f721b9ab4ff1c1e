// Package signing signs manifests and says whose signatures count. A signature is
// one of OpenSSH, so that `ssh-keygen -Y verify -n postpatch` can check it too:
// https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.sshsig
package signing

import (
	"bufio"
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hiddeco/sshsig"
	"golang.org/x/crypto/ssh"
)

// namespace keeps a signature of something else from counting for a manifest.
const namespace = "postpatch"

// Key signs.
type Key struct{ signer ssh.Signer }

// ParseKey reads a private key of OpenSSH, or an Ed25519 key as PKCS #8 in PEM. Of an
// encrypted one the error is ErrPassphrase, unless its passphrase is given. Errors
// tell nothing of the key.
func ParseKey(text, passphrase []byte) (Key, error) {
	var signer ssh.Signer
	var err error
	if len(passphrase) > 0 {
		signer, err = ssh.ParsePrivateKeyWithPassphrase(text, passphrase)
	} else {
		signer, err = ssh.ParsePrivateKey(text)
	}
	if missing := (*ssh.PassphraseMissingError)(nil); errors.As(err, &missing) {
		return Key{}, ErrPassphrase
	}
	switch {
	case errors.Is(err, x509.IncorrectPasswordError):
		return Key{}, errors.New("the passphrase is wrong")
	case err != nil:
		return Key{}, errors.New("it is no private key of OpenSSH, and none of PKCS #8 in PEM")
	case signer.PublicKey().Type() == "ssh-dss":
		return Key{}, errors.New("a key of DSA proves nothing: want Ed25519, ECDSA or RSA")
	}
	return Key{signer}, nil
}

// ErrPassphrase says that a key is encrypted and no passphrase was given.
var ErrPassphrase = errors.New("it is encrypted, and no passphrase is given")

// Sign signs a manifest.
func (k Key) Sign(manifest []byte) ([]byte, error) {
	s, err := sshsig.Sign(bytes.NewReader(manifest), k.signer, sshsig.HashSHA512, namespace)
	if err != nil {
		return nil, fmt.Errorf("signing: %w", err)
	}
	return sshsig.Armor(s), nil
}

// Trust are the keys whose signatures count. The zero Trust trusts nobody.
type Trust struct{ keys []trusted }

type trusted struct {
	key  ssh.PublicKey
	name string
}

// ParseTrust reads public keys: lines as in OpenSSH's authorized_keys or
// allowed_signers files, or Ed25519 keys in PEM.
func ParseTrust(text []byte) (Trust, error) {
	var t Trust
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		key, err := pemKey(block)
		if err != nil {
			return Trust{}, err
		}
		t.keys = append(t.keys, trusted{key: key})
	}
	if len(t.keys) > 0 {
		return t, nil
	}
	lines := bufio.NewScanner(bytes.NewReader(text))
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		key, err := lineKey(line)
		if err != nil {
			return Trust{}, fmt.Errorf("line %d: %w", n, err)
		}
		t.keys = append(t.keys, key)
	}
	if err := lines.Err(); err != nil {
		return Trust{}, err
	}
	if len(t.keys) == 0 {
		return Trust{}, errors.New("it has no public key")
	}
	return t, nil
}

func pemKey(block *pem.Block) (ssh.PublicKey, error) {
	if block.Type != "PUBLIC KEY" {
		return nil, fmt.Errorf("want PUBLIC KEY, got %.40q", block.Type)
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	key, isEd25519 := parsed.(ed25519.PublicKey)
	if err != nil || !isEd25519 {
		return nil, errors.New("the PUBLIC KEY is none of Ed25519")
	}
	return ssh.NewPublicKey(key)
}

// lineKey reads "[options] TYPE KEY [comment]" or "NAMES [options] TYPE KEY". Options
// narrow what a key may do, so one that is not understood is refused.
func lineKey(line string) (trusted, error) {
	key, comment, options, _, err := ssh.ParseAuthorizedKey([]byte(line))
	names := comment
	if err == nil && len(options) > 0 && !strings.Contains(options[0], "=") && isName(options[0]) {
		names, options = strings.Join(options, ","), nil // of allowed_signers, without options
	}
	if err != nil {
		first, rest, found := strings.Cut(line, " ")
		if !found {
			return trusted{}, errors.New("it is no public key of OpenSSH")
		}
		names = first
		if key, _, options, _, err = ssh.ParseAuthorizedKey([]byte(rest)); err != nil {
			return trusted{}, errors.New("it is no public key of OpenSSH")
		}
	}
	for _, option := range options {
		name, value, _ := strings.Cut(option, "=")
		if !strings.EqualFold(name, "namespaces") {
			return trusted{}, fmt.Errorf("option %.40q is not understood; namespaces=%q is", option, namespace)
		}
		if !allows(strings.Trim(value, `"`)) {
			return trusted{}, fmt.Errorf("the key is for other namespaces than %q", namespace)
		}
	}
	return trusted{key, names}, nil
}

// isName tells who an allowed_signers line is of from an option without a value.
func isName(word string) bool {
	switch strings.ToLower(word) {
	case "cert-authority", "agent-forwarding", "no-agent-forwarding", "no-port-forwarding", "no-pty", "no-user-rc",
		"no-x11-forwarding", "port-forwarding", "pty", "user-rc", "x11-forwarding", "restrict", "verify-required",
		"no-touch-required", "touch-required":
		return false
	default:
		return true
	}
}

func allows(namespaces string) bool {
	for n := range strings.SplitSeq(namespaces, ",") {
		if n == namespace {
			return true
		}
	}
	return false
}

// Check says who signed a manifest, by the name that the keys give and the
// fingerprint. It is an error when the signature is none of the manifest's, or of a
// key that is not trusted.
func (t Trust) Check(manifest, signature []byte) (by string, err error) {
	key, err := signedBy(manifest, signature)
	if err != nil {
		return "", err
	}
	for _, known := range t.keys {
		if bytes.Equal(known.key.Marshal(), key.Marshal()) {
			return strings.TrimSpace(known.name + " " + ssh.FingerprintSHA256(key)), nil
		}
	}
	return "", fmt.Errorf("it is signed by %s, which is not trusted", ssh.FingerprintSHA256(key))
}

// By is Check of whoever signed: it says who, and that the signature is the
// manifest's.
func By(manifest, signature []byte) (fingerprint string, err error) {
	key, err := signedBy(manifest, signature)
	if err != nil {
		return "", err
	}
	return ssh.FingerprintSHA256(key), nil
}

func signedBy(manifest, signature []byte) (ssh.PublicKey, error) {
	block, _ := pem.Decode(signature)
	if block == nil || !bytes.Equal(signature, armored(block, signature)) {
		return nil, errors.New("its signature cannot be read")
	}
	s, err := sshsig.Unarmor(signature)
	if err != nil {
		return nil, errors.New("its signature cannot be read")
	}
	if s.HashAlgorithm.Supported() != nil {
		return nil, errors.New("its signature uses an unknown hash")
	}
	if err := sshsig.Verify(bytes.NewReader(manifest), s, s.PublicKey, s.HashAlgorithm, namespace); err != nil {
		return nil, errors.New("its signature is not that of its manifest")
	}
	return s.PublicKey, nil
}

// armored writes a signature down as OpenSSH does, in lines as long as the first one of
// what was read: Go's are shorter. So each has one form only, and no byte can change.
func armored(block *pem.Block, read []byte) []byte {
	_, body, _ := bytes.Cut(read, []byte("\n"))
	width := max(1, bytes.IndexByte(body, '\n'))
	out := []byte("-----BEGIN " + block.Type + "-----\n")
	for line := range slices.Chunk([]byte(base64.StdEncoding.EncodeToString(block.Bytes)), width) {
		out = append(append(out, line...), '\n')
	}
	return append(out, "-----END "+block.Type+"-----\n"...)
}
