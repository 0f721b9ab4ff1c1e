package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"postpatch/probes/host"
	"postpatch/suites"
)

// entraTokens are the identities of Entra ID of one run, each with the tokens that it has got:
// a hundred databases ask for one.
type entraTokens struct {
	options azcore.ClientOptions // a test's own; the cloud is the server's unless they name one

	mu         sync.Mutex
	identities map[string]azcore.TokenCredential
}

// of is how a token for a server is got, as an entry of the credentials file says. What it is
// good for is never the server's word: SQL Server names an authority and a service in the
// course of a login, and a stranger's would name others.
func (e *entraTokens) of(
	c host.Credential, s suites.SQLSettings,
) (func(context.Context, string) (host.Secret, error), error) {
	if s.Identity == "token" {
		return func(context.Context, string) (host.Secret, error) { return c.Token, nil }, nil
	}
	if _, err := e.identity(c, s, cloud.AzurePublic); err != nil {
		return nil, fmt.Errorf("preparing the identity of Entra ID: %w", plainEntra(err))
	}
	return func(ctx context.Context, server string) (host.Secret, error) {
		where, scope := cloudOf(server)
		identity, err := e.identity(c, s, where)
		if err != nil {
			return host.Secret{}, fmt.Errorf("preparing the identity of Entra ID: %w", plainEntra(err))
		}
		token, err := identity.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{scope}})
		if err != nil {
			return host.Secret{}, fmt.Errorf("getting a token of Entra ID for SQL Server: %w", plainEntra(err))
		}
		return host.NewSecret(token.Token), nil
	}, nil
}

// cloudOf is the cloud that a server is in, by its name, and what its tokens are for.
// Source: Microsoft, "Azure SQL Database: endpoints of national clouds".
func cloudOf(server string) (where cloud.Configuration, scope string) {
	server = strings.ToLower(strings.TrimSuffix(server, "."))
	switch {
	case strings.HasSuffix(server, ".usgovcloudapi.net"):
		return cloud.AzureGovernment, "https://database.usgovcloudapi.net/.default"
	case strings.HasSuffix(server, ".chinacloudapi.cn"):
		return cloud.AzureChina, "https://database.chinacloudapi.cn/.default"
	default:
		return cloud.AzurePublic, "https://database.windows.net/.default"
	}
}

// identity is that of an entry, made once in a run.
func (e *entraTokens) identity(
	c host.Credential, s suites.SQLSettings, where cloud.Configuration,
) (azcore.TokenCredential, error) {
	h := sha256.New()
	for _, part := range []string{
		s.Identity, s.Tenant, c.User, c.Password.Reveal(), string(c.Certificate), c.Key.Reveal(),
		where.ActiveDirectoryAuthorityHost,
	} {
		_, _ = fmt.Fprintf(h, "%d %s", len(part), part)
	}
	id := string(h.Sum(nil))
	e.mu.Lock()
	defer e.mu.Unlock()
	if made := e.identities[id]; made != nil {
		return made, nil
	}
	options := e.options
	if options.Cloud.ActiveDirectoryAuthorityHost == "" {
		options.Cloud = where
	}
	made, err := newIdentity(c, s, options)
	if err == nil {
		if e.identities == nil {
			e.identities = map[string]azcore.TokenCredential{}
		}
		e.identities[id] = made
	}
	return made, err
}

func newIdentity(c host.Credential, s suites.SQLSettings, o azcore.ClientOptions) (azcore.TokenCredential, error) {
	own := o.Transport != nil // a test's authority, which no directory of authorities knows
	switch {
	case s.Identity == "managed_identity":
		options := azidentity.ManagedIdentityCredentialOptions{ClientOptions: o}
		if c.User != "" {
			options.ID = azidentity.ClientID(c.User)
		}
		return azidentity.NewManagedIdentityCredential(&options)
	case s.Identity == "workload_identity":
		return azidentity.NewWorkloadIdentityCredential(&azidentity.WorkloadIdentityCredentialOptions{
			ClientOptions: o, ClientID: c.User, TenantID: s.Tenant, DisableInstanceDiscovery: own,
		})
	case c.Certificate != nil:
		both := bytes.Join([][]byte{c.Certificate, []byte(c.Key.Reveal())}, []byte("\n"))
		certificates, key, err := azidentity.ParseCertificates(both, nil)
		if err != nil {
			return nil, err
		}
		return azidentity.NewClientCertificateCredential(s.Tenant, c.User, certificates, key,
			&azidentity.ClientCertificateCredentialOptions{ClientOptions: o, DisableInstanceDiscovery: own})
	default:
		return azidentity.NewClientSecretCredential(s.Tenant, c.User, c.Password.Reveal(),
			&azidentity.ClientSecretCredentialOptions{ClientOptions: o, DisableInstanceDiscovery: own})
	}
}

// plainEntra is an error of Entra ID in one line; the library's have a request and a response.
func plainEntra(err error) error {
	text := err.Error()
	if _, said, found := strings.Cut(text, `"error_description": "`); found {
		text, _, _ = strings.Cut(said, `"`)
		text, _, _ = strings.Cut(text, `\r\n`)
	}
	first, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return plainError{cmp.Or(strings.TrimSpace(first), "refused"), errors.Join(err)}
}

// plainError says something else than what it wraps.
type plainError struct {
	text string
	err  error
}

func (e plainError) Error() string { return e.text }

func (e plainError) Unwrap() error { return e.err }
