package sql

import (
	"context"
	stdsql "database/sql"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	mssql "github.com/microsoft/go-mssqldb"
	"github.com/microsoft/go-mssqldb/integratedauth"
	"github.com/microsoft/go-mssqldb/msdsn"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/reach"
)

// provider is what the driver knows our proofs by. Without a name it would choose by itself:
// NTLM for a user with a backslash, and on Windows the account that runs this program.
const provider = "postpatch"

var errProvider = integratedauth.SetIntegratedAuthenticationProvider(provider, integratedauth.ProviderFunc(proofOf))

// proofOf is the driver's question for the proof of a connection: none for a SQL login.
func proofOf(c msdsn.Config) (integratedauth.IntegratedAuthenticator, error) {
	if p, found := c.ProtocolParameters[provider].(*proving); found {
		return p, nil
	}
	return nil, nil
}

// proving is the proof of a Windows account on one connection, as the driver asks for it.
type proving struct {
	ctx     context.Context // the check's
	prove   func(ctx context.Context, s host.SQLService) (host.Proof, error)
	service host.SQLService
	proof   host.Proof // nil until it is begun
	failed  error      // why it is not, before anything of it was sent
}

// InitialBytes implements the driver's interface.
func (p *proving) InitialBytes() ([]byte, error) {
	proof, err := p.prove(p.ctx, p.service)
	if err != nil {
		p.failed = err
		return nil, err
	}
	p.proof = proof
	out, _, err := proof.Step(p.ctx, nil)
	if err != nil {
		p.failed = err
	}
	return out, err
}

// NextBytes implements the driver's interface.
func (p *proving) NextBytes(token []byte) ([]byte, error) {
	out, _, err := p.proof.Step(p.ctx, token)
	return out, err
}

// Free implements the driver's interface.
func (p *proving) Free() {}

// SetChannelBinding implements the driver's interface. It is called first of all.
func (p *proving) SetChannelBinding(b *integratedauth.ChannelBindings) {
	p.service.Bindings = b.ApplicationData
}

// credential is the operator's for the server that is asked. Where the suite leads to
// another server, that one's own entry counts.
func (p probe) credential(t probes.Target) (host.Credential, error) {
	if p.Address == "" {
		return t.Credential("sql")
	}
	if t.CredentialAt == nil {
		return host.Credential{}, fmt.Errorf("%w: no credential for %q", probes.ErrNotTried, p.Address)
	}
	return t.CredentialAt("sql", p.Address)
}

// enter readies the door for an account. The error means that nothing may be sent.
func (d *door) enter(c host.Credential, t probes.Target) error {
	d.way, d.roots = d.probe.stricter(c.SQL), t.Roots
	unproved := d.way.Encrypt == encryptDisable || d.way.Insecure && d.way.Pin == nil
	led := reach.Led(t, d.probe.Address, c)
	switch {
	case errProvider != nil:
		return errProvider
	case d.way.Prove != nil:
		d.proving = &proving{ctx: d.ctx, prove: d.way.Prove, service: host.SQLService{
			Host: d.name, SPN: d.spn(), OnlyKerberos: led && unproved,
		}}
	case led && unproved:
		return fmt.Errorf("%w: the suite leads to %q, and the login would be shown to whatever is there: "+
			"leave out insecure and encrypt: disable in the credentials file (ca_file and pin say whom to trust), "+
			"or lead the host there yourself, by --connect-to and not by the suite", probes.ErrNotTried, d.probe.name(t))
	case d.way.Entra == nil && c.Password == (host.Secret{}):
		return fmt.Errorf("%w: the credential for SQL Server holds no password", probes.ErrNotTried)
	}
	return nil
}

// spn is what Kerberos knows the instance by.
func (d *door) spn() string {
	if d.way.SPN != "" {
		return d.way.SPN
	}
	return fmt.Sprintf("MSSQLSvc/%s:%d", strings.TrimSuffix(d.name, "."), d.probe.port())
}

// open makes a pool of one connection, not yet made.
func (d *door) open(c host.Credential) (*stdsql.DB, error) {
	config := msdsn.Config{
		Host:        d.host,
		Port:        uint64(d.probe.port()),
		Protocols:   []string{"tcp"},
		Database:    d.probe.firstDatabase(),
		AppName:     "postpatch",
		Workstation: workstation(),
		// With it, a query is let in where only readers may.
		ReadOnlyIntent: d.probe.Intent == readOnly || d.probe.query != "",
		Encryption:     encryptions()[d.way.Encrypt],
		TLSConfig:      d.tlsConfig(),
		EpaEnabled:     !d.way.Unbound,
		DialTimeout:    -1, // the check's deadline is enough
		DisableRetry:   true,
		Parameters:     map[string]string{"authenticator": provider},
	}
	var connector *mssql.Connector
	switch {
	case d.way.Entra != nil:
		var err error
		connector, err = mssql.NewSecurityTokenConnector(config, d.token)
		if err != nil {
			return nil, err
		}
	case d.proving != nil:
		config.ProtocolParameters = map[string]any{provider: d.proving}
		connector = mssql.NewConnectorConfig(config)
	default:
		config.User, config.Password = c.User, c.Password.Reveal()
		connector = mssql.NewConnectorConfig(config)
	}
	connector.Dialer = d
	db := stdsql.OpenDB(guarded{connector})
	db.SetMaxOpenConns(1)
	return db, nil
}

// workstation is what the server lists as the client's host.
func workstation() string {
	name, err := os.Hostname()
	if err != nil {
		return "postpatch"
	}
	return name
}

// token is the driver's question for an access token; the server is known by then.
func (d *door) token(context.Context) (string, error) {
	secret, err := d.way.Entra(d.ctx, d.name)
	if err != nil {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.untaken = err
		return "", err
	}
	return secret.Reveal(), nil
}

// ownTrouble is what kept the login from being sent, and lies on this side or is refused on
// this side. It says nothing of what the server thinks of the login.
func (d *door) ownTrouble(ctx context.Context) (readings []fact.Reading, err error, is bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	mine := d.untaken
	if d.proving != nil && d.proving.failed != nil {
		mine = d.proving.failed
	}
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return nil, nil, false
	case d.untrusted != nil:
		return d.distrusted(), nil, true
	case errors.Is(mine, errPlainLogin):
		return nil, fmt.Errorf("logging in to SQL Server at %q: %w, so it was not sent: mend that, or allow it by "+
			"sql: {encrypt: disable} in the credentials file", d.at, mine), true
	case mine != nil:
		return nil, fmt.Errorf("logging in to SQL Server at %q: %w", d.at,
			reach.Tell(reach.Cause(ctx, mine).Error(), probes.ErrNotTried, mine)), true
	default:
		return nil, nil, false
	}
}

// settle tells the proof what became of the login, and returns by what it was proved.
func (d *door) settle(err error) []fact.Reading {
	if d.proving == nil || d.proving.proof == nil {
		return nil
	}
	var answer mssql.Error
	ending := host.Unsaid
	switch {
	case err == nil:
		ending = host.Taken
	case errors.As(err, &answer) && refusesLogin(answer):
		ending = host.Refused
	}
	d.proving.proof.Ended(ending)
	if _, why := d.proving.proof.Used(); why != "" {
		return []fact.Reading{probes.Read("", "login_note", fact.Text(why))}
	}
	return nil
}

// refusesLogin knows the errors of an account that was looked at and turned away: wrong or
// unknown (18456), not to be proved (18452), disabled (18470), locked (18486), its password
// expired or to be changed (18487, 18488). Source: Microsoft, "Database engine errors".
func refusesLogin(answer mssql.Error) bool {
	for _, e := range append(answer.All, answer) {
		if slices.Contains([]int32{18456, 18452, 18470, 18486, 18487, 18488}, e.Number) {
			return true
		}
	}
	return false
}
