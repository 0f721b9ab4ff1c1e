package signing_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"postpatch/baseline/signing"
)

// pair is a private key as OpenSSH writes it, and its public line.
type pair struct {
	private []byte
	line    string
}

func openSSH(t testing.TB, key crypto.Signer, passphrase string) pair {
	t.Helper()
	block, err := ssh.MarshalPrivateKey(key, "")
	if passphrase != "" {
		block, err = ssh.MarshalPrivateKeyWithPassphrase(key, "", []byte(passphrase))
	}
	if err != nil {
		t.Fatal(err)
	}
	public, err := ssh.NewPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	return pair{pem.EncodeToMemory(block), strings.TrimSpace(string(ssh.MarshalAuthorizedKey(public)))}
}

func newKey(t testing.TB) ed25519.PrivateKey {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func sign(t testing.TB, private []byte, manifest string) []byte {
	t.Helper()
	key, err := signing.ParseKey(private, nil)
	if err != nil {
		t.Fatal(err)
	}
	signature, err := key.Sign([]byte(manifest))
	if err != nil {
		t.Fatal(err)
	}
	return signature
}

func trust(t testing.TB, text string) signing.Trust {
	t.Helper()
	trust, err := signing.ParseTrust([]byte(text))
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return trust
}

func TestEverySortOfKey(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	ecdsaKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, key := range map[string]crypto.Signer{"Ed25519": newKey(t), "RSA": rsaKey, "ECDSA": ecdsaKey} {
		p := openSSH(t, key, "")
		signature := sign(t, p.private, "manifest")
		by, err := trust(t, p.line+" ops@example.org").Check([]byte("manifest"), signature)
		if err != nil || !strings.HasPrefix(by, "ops@example.org SHA256:") {
			t.Errorf("%s: %q, %v", name, by, err)
		}
		if _, err := trust(t, p.line).Check([]byte("Manifest"), signature); err == nil {
			t.Errorf("%s: another manifest passes", name)
		}
		if by, err := signing.By([]byte("manifest"), signature); err != nil || !strings.HasPrefix(by, "SHA256:") {
			t.Errorf("%s: %q, %v", name, by, err)
		}
		if by, err := signing.By([]byte("Manifest"), signature); err == nil || by != "" {
			t.Errorf("%s: another manifest is signed by %q", name, by)
		}
	}
}

// An Ed25519 key as openssl makes it.
func TestPEM(t *testing.T) {
	key := newKey(t)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	signature := sign(t, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), "manifest")
	text := string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}))
	if _, err := trust(t, "# ops\n"+text).Check([]byte("manifest"), signature); err != nil {
		t.Error(err)
	}
}

func TestPassphrase(t *testing.T) {
	p := openSSH(t, newKey(t), "open-sesame")
	if _, err := signing.ParseKey(p.private, nil); !errors.Is(err, signing.ErrPassphrase) {
		t.Errorf("without: %v", err)
	}
	if _, err := signing.ParseKey(p.private, []byte("wrong")); err == nil || strings.Contains(err.Error(), "wrong\"") {
		t.Errorf("a wrong one: %v", err)
	}
	if _, err := signing.ParseKey(p.private, []byte("open-sesame")); err != nil {
		t.Error(err)
	}
	if _, err := signing.ParseKey([]byte("no key"), nil); err == nil || strings.Contains(err.Error(), "no key\"") {
		t.Errorf("no key: %v", err)
	}
}

func TestTrustFiles(t *testing.T) {
	p, other := openSSH(t, newKey(t), ""), openSSH(t, newKey(t), "")
	signature := sign(t, p.private, "manifest")
	for text, want := range map[string]string{
		p.line: "SHA256:",
		"# who may\n\n" + other.line + "\n" + p.line:  "SHA256:",
		"ops@example.org " + p.line:                   "ops@example.org SHA256:",
		"a@x,b@x " + p.line:                           "a@x,b@x SHA256:",
		`ops@x namespaces="file,postpatch" ` + p.line: "ops@x SHA256:",
	} {
		by, err := trust(t, text).Check([]byte("manifest"), signature)
		if err != nil || !strings.HasPrefix(by, want) {
			t.Errorf("%q: %q, %v", text, by, err)
		}
	}
	if _, err := trust(t, other.line).Check([]byte("manifest"), signature); err == nil ||
		!strings.Contains(err.Error(), "which is not trusted") {
		t.Errorf("another's: %v", err)
	}
	if _, err := (signing.Trust{}).Check([]byte("manifest"), signature); err == nil {
		t.Error("nobody is trusted, and it passes")
	}
	ecdsaKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	other256, err := x509.MarshalPKIXPublicKey(&ecdsaKey.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: other256})):    "none of Ed25519",
		string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: []byte("x")})): "none of Ed25519",
		"":                                    "no public key",
		"# nothing":                           "no public key",
		"hello":                               "line 1: it is no public key",
		p.line + "\nssh-ed25519 AAAA":         "line 2: it is no public key",
		`ops@x namespaces="git" ` + p.line:    "other namespaces",
		`ops@x valid-before="2020" ` + p.line: "is not understood",
		"cert-authority " + p.line:            "is not understood",
		"ops@x cert-authority " + p.line:      "is not understood",
		string(p.private):                     "want PUBLIC KEY",
	} {
		if _, err := signing.ParseTrust([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: want %q, got %v", text, want, err)
		}
	}
}

// No byte of a signature or a manifest can change and pass.
func TestEveryByteCounts(t *testing.T) {
	p := openSSH(t, newKey(t), "")
	manifest := "{\n  \"format\": 2\n}\n"
	signature, keys := sign(t, p.private, manifest), trust(t, p.line)
	for i := range manifest {
		bad := []byte(manifest)
		bad[i] ^= 1
		if _, err := keys.Check(bad, signature); err == nil {
			t.Errorf("byte %d of the manifest", i)
		}
	}
	body, _ := pem.Decode(signature)
	for i := range body.Bytes {
		bad := bytes.Clone(body.Bytes)
		bad[i] ^= 1
		if _, err := keys.Check([]byte(manifest), pem.EncodeToMemory(&pem.Block{Type: body.Type, Bytes: bad})); err == nil {
			t.Errorf("byte %d of the signature", i)
		}
	}
	for i := range signature {
		if _, err := keys.Check([]byte(manifest), signature[:i]); err == nil && i < len(signature)-1 {
			t.Errorf("cut at %d", i)
		}
	}
}

func FuzzCheck(f *testing.F) {
	p := openSSH(f, newKey(f), "")
	signature, keys := sign(f, p.private, "manifest"), trust(f, p.line)
	f.Add(signature)
	f.Fuzz(func(t *testing.T, signature []byte) {
		if _, err := keys.Check([]byte("Manifest"), signature); err == nil {
			t.Fatal("a signature of something else passes")
		}
	})
}

func FuzzParseTrust(f *testing.F) {
	f.Add("ops@x ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJtJ5Ep5dYw6Jw0TTaOoKZHwIm7kJmhVqzqv2q7mEfGJ")
	f.Add("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n")
	f.Fuzz(func(t *testing.T, text string) {
		trust, err := signing.ParseTrust([]byte(text))
		if err != nil {
			return
		}
		if _, err := trust.Check([]byte("manifest"), []byte("none")); err == nil {
			t.Fatal("no signature passes")
		}
	})
}
