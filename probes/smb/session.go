package smb

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"

	smb2 "github.com/cloudsoda/go-smb2"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/reach"
)

// entering is one logon.
type entering struct {
	*visit

	conn    net.Conn
	session *smb2.Session
	by      string
	proof   steps
	took    time.Duration
	why     error // what the server said to the proof
}

// enter logs on, on a connection of its own since the account may have to wait for its turn,
// and looks at the shares and the files.
func (v *visit) enter(ctx context.Context) error {
	e := &entering{visit: v}
	defer e.leave()
	err := v.target.LogOn(ctx, use, "SMB at "+v.address, func(c host.Credential) (host.Shown, error) {
		start := time.Now()
		shown, err := e.logOn(ctx, c)
		e.took, e.why = time.Since(start), err
		return shown, err
	})
	no, said := errors.AsType[*declined](err)
	switch {
	case err == nil:
		v.add(v.item, "login", fact.Text(ok))
		v.add(v.item, "login_time", fact.Duration(e.took))
		v.add(v.item, "proved_by", fact.Text(e.by))
		return e.look(ctx)
	case errors.Is(e.why, errGuest):
		v.add(v.item, "login", fact.Text(guest))
		err = e.why
	case errors.Is(err, probes.ErrRefused):
		v.add(v.item, "login", fact.Text(refused))
		if e.why != nil { // else it was refused earlier
			err = e.why
		}
	case said:
		v.add(v.item, "login", fact.Text(no.ofLogon()))
	default:
		return err
	}
	v.because(v.item, err.Error())
	return nil
}

// logOn shows a proof of the account.
func (e *entering) logOn(ctx context.Context, c host.Credential) (host.Shown, error) {
	conn, err := reach.Dial(ctx, e.target, "tcp", e.address)
	if err != nil {
		return host.Later, err
	}
	e.conn = conn
	by, ended, err := e.initiator(ctx, c)
	if err != nil {
		return whatDomainSaid(err), err
	}
	to := &watched{Conn: conn, most: mostTalk + len(e.probe.Files)*2*mostFile}
	// Every server of SMB 2 can sign; what is not signed proves nothing.
	dialer := &smb2.Dialer{Initiator: by, Negotiator: smb2.Negotiator{RequireMessageSigning: true}}
	e.session, err = dialer.DialConn(ctx, to, e.target.Host)
	switch said := to.last(); {
	case said.declined() != nil:
		err = e.meant(said.status)
	case said.isGuest():
		err = errGuest
	case err != nil && e.proof.err != nil:
		err = fmt.Errorf("proving the account: %w", e.proof.err)
	case err != nil && said.answered && said.status == 0:
		err = fmt.Errorf("%w: %w", errOpen, told(err))
	case err != nil:
		err = told(err)
	default:
		err = e.confirm(ctx)
	}
	err = reach.Cause(ctx, err)
	shown := e.shown(err)
	ended(shown)
	return shown, err
}

// shown is what became of the password.
func (e *entering) shown(err error) host.Shown {
	no, said := errors.AsType[*declined](err)
	switch {
	case err == nil:
		return host.Taken
	case e.by != byNTLM, !e.proof.out: // the domain has taken it already; or it was not shown
		return host.Later
	case errors.Is(err, errGuest):
		return host.Refused
	case said:
		return no.shown()
	default:
		return host.Unsaid
	}
}

// meant is the status with which a logon was declined. Who comes with a ticket, or has not
// shown a password yet, has none that is wrong.
func (e *entering) meant(status uint32) error {
	no := &declined{status: status}
	switch status {
	case 0xC000006D, 0xC0000022:
		if e.by != byNTLM {
			no.instead = "the server does not take the ticket: its own account's password, or who has its SPN, is not " +
				"what the domain knows"
		} else if !e.proof.out {
			no.instead = "the server declines NTLM before it has seen an account"
		}
	}
	return no
}

// confirm makes sure that the server has the key of the session, which who lets in whoever
// comes has not: the answer has to be signed, whatever it says.
func (e *entering) confirm(ctx context.Context) error {
	tree, err := e.session.WithContext(ctx).Mount(`\\` + e.target.Host + `\IPC$`)
	if err == nil {
		_ = tree.WithContext(ctx).Umount()
		return nil
	}
	err = told(err)
	if _, said := errors.AsType[*declined](err); said {
		return nil
	}
	return fmt.Errorf("%w: %w", errOpen, err)
}

func (e *entering) leave() {
	if e.conn != nil {
		_ = e.conn.Close()
	}
}

// look opens the shares and reads the files.
func (e *entering) look(ctx context.Context) error {
	session := e.session.WithContext(ctx)
	var problems []error
	for _, share := range e.probe.Shares {
		err := e.open(ctx, session, share)
		problems = append(problems, e.became(ctx, aim{share, "share", "open"}, err))
	}
	for _, file := range e.probe.Files {
		err := e.read(ctx, session, file)
		problems = append(problems, e.became(ctx, aim{file, "file", "read"}, err))
	}
	_ = session.Logoff()
	return errors.Join(problems...)
}

// aim is a share or a file: its reading's name, and what that is when all is well.
type aim struct{ item, name, good string }

// became makes a reading of what came of a share or a file.
func (e *entering) became(ctx context.Context, a aim, err error) error {
	err = reach.Cause(ctx, told(err))
	no, said := errors.AsType[*declined](err)
	switch {
	case err == nil:
		e.add(a.item, a.name, fact.Text(a.good))
		return nil
	case said:
		e.add(a.item, a.name, fact.Text(no.name()))
		e.because(a.item, no.Error())
		return nil
	default:
		return fmt.Errorf("%s %q: %w", a.name, a.item, err)
	}
}

// open connects to a share, and looks for its folder: a share outlives what it shares.
func (e *entering) open(ctx context.Context, session *smb2.Session, share string) error {
	tree, err := session.Mount(`\\` + e.target.Host + `\` + share)
	if err != nil {
		return err
	}
	tree = tree.WithContext(ctx)
	defer func() { _ = tree.Umount() }()
	root, err := tree.Open("")
	if err != nil {
		return err
	}
	return root.Close()
}

func (e *entering) read(ctx context.Context, session *smb2.Session, file string) error {
	share, path, _ := strings.Cut(file, `\`)
	tree, err := session.Mount(`\\` + e.target.Host + `\` + share)
	if err != nil {
		return err
	}
	tree = tree.WithContext(ctx)
	defer func() { _ = tree.Umount() }()
	f, err := tree.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if info.IsDir() {
		return &declined{status: 0xC00000BA}
	}
	hash := sha256.New()
	n, err := io.Copy(hash, io.LimitReader(f, mostFile+1))
	if err != nil {
		return err
	}
	e.add(file, "size", fact.Int(info.Size()))
	if n <= mostFile {
		e.add(file, "sha256", fact.Text(fmt.Sprintf("%x", hash.Sum(nil))))
	}
	return nil
}

// told is an error of the library with the status that it hides in it.
func told(err error) error {
	if err == nil {
		return nil
	}
	status, is := errors.AsType[*smb2.ResponseError](err)
	transport, broken := errors.AsType[*smb2.TransportError](err)
	switch {
	case is:
		return &declined{status: status.Code}
	case errors.Is(err, os.ErrNotExist):
		return &declined{status: 0xC0000034}
	case errors.Is(err, os.ErrPermission):
		return &declined{status: 0xC0000022}
	case errors.Is(err, smb2.ErrRequestNotAccepted):
		return &declined{status: 0xC00000D0}
	case broken && (errors.Is(transport.Err, io.EOF) || errors.Is(transport.Err, io.ErrUnexpectedEOF) ||
		reach.State(transport.Err) == reach.Reset):
		return reach.Tell(reach.ErrEnded.Error(), reach.ErrEnded, err)
	}
	return errors.New(reach.Printable(err.Error(), 300))
}
