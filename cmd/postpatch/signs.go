package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/pflag"

	"postpatch/baseline"
	"postpatch/baseline/signing"
	"postpatch/suites"
)

func trustFlag(f *pflag.FlagSet, into *string) {
	f.StringVar(into, "trust", "",
		"file of public keys (authorized_keys, allowed_signers or PEM): read only runs that one signed")
}

// signer reads the key that signs; no file signs nothing.
func signer(file, passphrase string) (baseline.Signer, error) {
	if file == "" {
		return nil, nil
	}
	info, err := os.Stat(file)
	if err != nil {
		return nil, fmt.Errorf("reading --sign: %w", err)
	}
	if err := ownersOnly(file, info); err != nil {
		return nil, fmt.Errorf("reading --sign %q: %w", file, err)
	}
	text, err := keyFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading --sign: %w", err)
	}
	key, err := signing.ParseKey(text, []byte(passphrase))
	if errors.Is(err, signing.ErrPassphrase) {
		err = fmt.Errorf("%w: set POSTPATCH_SIGN_PASSPHRASE", err)
	}
	if err != nil {
		return nil, fmt.Errorf("reading --sign %q: %w", file, err)
	}
	return key.Sign, nil
}

// trusting has the store check signatures: without a file of keys, that they are
// right, whoever signed; with one, that one of these did.
func trusting(store *baseline.Store, file string) error {
	if file == "" {
		store.Trust(signing.By, false)
		return nil
	}
	text, err := keyFile(file)
	if err != nil {
		return fmt.Errorf("reading --trust: %w", err)
	}
	trust, err := signing.ParseTrust(text)
	if err != nil {
		return fmt.Errorf("reading --trust %q: %w", file, err)
	}
	store.Trust(trust.Check, true)
	return nil
}

func keyFile(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	text, err := io.ReadAll(io.LimitReader(f, maxKeyFile+1))
	if err == nil && len(text) > maxKeyFile {
		err = fmt.Errorf("%q is longer than %d bytes", file, maxKeyFile)
	}
	return suites.Decoded(text), err
}
