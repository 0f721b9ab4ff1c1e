package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/zalando/go-keyring"

	"postpatch/probes/host"
	"postpatch/runner/report"
	"postpatch/suites"
)

const (
	maxSecret  = 64 << 10 // bytes of a password, from wherever it comes
	maxKeyFile = 1 << 20  // bytes of a keytab, a ticket cache, a certificate, a key
	// secretTime is how long a command may take, and keyringTime how long a
	// keyring, which may be asking a human to unlock it.
	secretTime  = 30 * time.Second
	keyringTime = 2 * time.Minute
)

// secretSource reads a secret from where the credentials file says it is, until
// ctx is done.
func secretSource(ctx context.Context, a app) func(suites.SecretRef) (host.Secret, error) {
	return func(ref suites.SecretRef) (host.Secret, error) {
		switch {
		case ref.Env != "":
			if secret := a.getenv(ref.Env); secret != "" {
				return host.NewSecret(secret), nil
			}
			return host.Secret{}, errors.New("it is not set, or empty")
		case len(ref.Command) > 0:
			return commandSecret(ctx, ref.Command)
		case ref.Keyring != suites.Keyring{}:
			return keyringSecret(ctx, ref.Keyring)
		default:
			return fileSecret(ref)
		}
	}
}

// fileSecret reads a file that nobody but its owner can read, if it is to be so.
func fileSecret(ref suites.SecretRef) (host.Secret, error) {
	most := int64(maxSecret)
	if ref.Form != suites.PasswordFile {
		most = maxKeyFile
	}
	info, err := os.Stat(ref.File) // of what a symlink leads to
	if err != nil {
		return host.Secret{}, withoutPath(err)
	}
	if !info.Mode().IsRegular() { // to open a pipe could take for ever
		return host.Secret{}, errors.New("it is not a regular file; take {command: …} for what has to be asked")
	}
	file, err := os.Open(ref.File)
	if err != nil {
		return host.Secret{}, withoutPath(err)
	}
	defer func() { _ = file.Close() }()
	// What counts is the file that was opened, whatever its name leads to by now.
	if info, err = file.Stat(); err != nil {
		return host.Secret{}, withoutPath(err)
	}
	if ref.Form != suites.PublicFile && ref.Form != suites.SSHPublicFile {
		if err := ownersOnly(ref.File, info); err != nil {
			return host.Secret{}, err
		}
	}
	content, err := io.ReadAll(io.LimitReader(file, most+1))
	if err != nil {
		return host.Secret{}, withoutPath(err)
	}
	if int64(len(content)) > most {
		return host.Secret{}, fmt.Errorf("it is larger than %d KiB", most>>10)
	}
	return host.NewSecret(string(content)), nil
}

// withoutPath drops the path, which the message has already.
func withoutPath(err error) error {
	if path := (*fs.PathError)(nil); errors.As(err, &path) {
		return path.Err
	}
	return err
}

// keyringSecret asks the operating system's keyring.
func keyringSecret(ctx context.Context, k suites.Keyring) (host.Secret, error) {
	ctx, stop := context.WithTimeout(ctx, keyringTime)
	defer stop()
	type answer struct {
		text string
		err  error
	}
	// The library takes no context. A keyring that does not answer keeps this one
	// goroutine until the program ends, which is soon: without it nothing goes on.
	answers := make(chan answer, 1)
	go func() {
		text, err := keyring.Get(k.Service, k.User)
		answers <- answer{text, err}
	}()
	select {
	case <-ctx.Done():
		return host.Secret{}, fmt.Errorf("the keyring does not answer: %w", context.Cause(ctx))
	case got := <-answers:
		switch {
		case errors.Is(got.err, keyring.ErrNotFound):
			return host.Secret{}, errors.New("the keyring has no such entry")
		case got.err != nil:
			return host.Secret{}, fmt.Errorf("there is no keyring to ask here, or it is locked: %s; "+
				"where nobody is logged on take {file: …} or {command: …}", report.CleanLine(got.err.Error()))
		}
		return host.NewSecret(fromKeyring(got.text)), nil
	}
}

// fromKeyring undoes the UTF-16 in which Windows' own tools (cmdkey) put
// passwords into the Credential Manager. No password has a NUL.
func fromKeyring(text string) string {
	if !strings.Contains(text, "\x00") || len(text)%2 != 0 {
		return text
	}
	units := make([]uint16, 0, len(text)/2)
	for i := 0; i < len(text); i += 2 {
		units = append(units, uint16(text[i])|uint16(text[i+1])<<8)
	}
	return string(utf16.Decode(units))
}

// commandSecret runs a program, without a shell, and returns what it prints. Its
// arguments may say more than one wants to read, so no message repeats them.
func commandSecret(ctx context.Context, words []string) (host.Secret, error) {
	ctx, stop := context.WithTimeoutCause(ctx, secretTime, fmt.Errorf("it took longer than %v", secretTime))
	defer stop()
	cmd := exec.CommandContext(ctx, words[0], words[1:]...)
	cmd.WaitDelay = time.Second // a child of it may hold on to the pipes
	// As much of what it says as could hold the secret, because what is cut in the
	// middle of one is not found again.
	stdout, stderr := &bounded{most: maxSecret, full: stop}, &bounded{most: maxSecret + maxTalk}
	cmd.Stdout, cmd.Stderr = stdout, stderr
	err := cmd.Run()
	said := talkOf(stderr.String(), stdout.String(), stderr.over)
	switch {
	case stdout.over:
		return host.Secret{}, fmt.Errorf("it printed more than %d KiB", maxSecret>>10)
	case ctx.Err() != nil && stdout.String() != "": // perhaps a half, which is not found in what it said
		return host.Secret{}, context.Cause(ctx)
	case ctx.Err() != nil:
		return host.Secret{}, fmt.Errorf("%w%s", context.Cause(ctx), said)
	case err != nil:
		return host.Secret{}, fmt.Errorf("%w%s", withoutName(err), said)
	case stdout.String() == "":
		return host.Secret{}, fmt.Errorf("it printed nothing%s", said)
	}
	return host.NewSecret(stdout.String()), nil
}

// withoutName drops the program's name, which the message has already.
func withoutName(err error) error {
	if missing := (*exec.Error)(nil); errors.As(err, &missing) {
		return missing.Err
	}
	return withoutPath(err)
}

// bounded keeps the first most bytes of what a program prints.
type bounded struct {
	kept []byte
	most int
	over bool
	full func() // called when there are more; nil to let the program go on
}

func (b *bounded) String() string { return string(b.kept) }

// Write implements io.Writer.
func (b *bounded) Write(p []byte) (int, error) {
	n := len(p)
	if room := b.most - len(b.kept); n > room {
		p, b.over = p[:room], true
		if b.full != nil {
			b.full()
		}
	}
	b.kept = append(b.kept, p...)
	return n, nil
}
