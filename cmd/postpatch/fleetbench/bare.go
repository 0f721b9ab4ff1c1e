//go:build linux

package fleetbench

import (
	"bufio"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"postpatch/probes/host"
	"postpatch/probes/host/packed"
	"postpatch/probes/lab/swarm"
)

// Bare says whom a bare client talks to.
type Bare struct {
	Swarm       SwarmOptions
	Concurrency int
	Port        int
}

// Run holds the conversation with every host that answers, and does nothing else: one
// connection, five messages that are there already, the replies read and thrown away.
// It is what the machine charges for the work itself, at the moment and with the load
// that it has: processor time is compared with it and not with another day's.
func (b Bare) Run(ctx context.Context) error {
	env, boot, err := packed.Pack([]host.Question{
		host.WQL{Class: "Win32_Service", Columns: []string{
			"Name", "State", "StartMode", "StartName", "PathName", "ExitCode", "ServiceSpecificExitCode",
		}},
		host.Collector{Name: "servicekeys"},
		host.Collector{Name: "updatehistory"},
		host.WQL{Class: "Win32_ComputerSystemProduct", Columns: []string{"UUID"}},
	})
	if err != nil {
		return err
	}
	messages := conversation(env, boot)
	hosts, failed := make(chan int), make(chan error, b.Concurrency)
	var all sync.WaitGroup
	for range b.Concurrency {
		all.Go(func() {
			for i := range hosts {
				if err := b.visit(ctx, b.Swarm.Profile(i).Address, messages); err != nil {
					failed <- fmt.Errorf("host %d: %w", i, err)
					return
				}
			}
		})
	}
	for i := range b.Swarm.Hosts {
		if b.Swarm.Profile(i).In(swarm.After).Death != swarm.Alive {
			continue
		}
		select {
		case hosts <- i:
		case err := <-failed:
			return err
		}
	}
	close(hosts)
	all.Wait()
	select {
	case err := <-failed:
		return err
	default:
		return nil
	}
}

func (b Bare) visit(ctx context.Context, address netip.Addr, messages []string) error {
	at := net.JoinHostPort(address.String(), strconv.Itoa(b.Port))
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp4", at)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		return err
	}
	authorization := base64.StdEncoding.EncodeToString([]byte(swarm.User + ":" + swarm.Password))
	in := bufio.NewReader(conn)
	for _, m := range messages {
		_, err := fmt.Fprintf(conn, "POST /wsman HTTP/1.1\r\nHost: %s\r\nAuthorization: Basic %s\r\n"+
			"Content-Type: application/soap+xml;charset=UTF-8\r\nContent-Length: %d\r\n\r\n%s", at, authorization, len(m), m)
		if err != nil {
			return err
		}
		reply, err := http.ReadResponse(in, nil)
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, reply.Body)
		_ = reply.Body.Close()
		if err != nil || reply.StatusCode != http.StatusOK {
			return fmt.Errorf("%s: %w", reply.Status, err)
		}
	}
	return nil
}

// conversation is Create, Command, twice Receive, and Delete. Shell and command have
// names of our own.
func conversation(env map[string]string, boot string) []string {
	const (
		shell   = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
		name    = "11111111-2222-4333-8444-555555555555"
		receive = `<rsp:Receive xmlns:rsp="` + shell + `"><rsp:DesiredStream CommandId="` + name +
			`">stdout stderr</rsp:DesiredStream></rsp:Receive>`
	)
	var variables strings.Builder
	for _, key := range slices.Sorted(maps.Keys(env)) {
		fmt.Fprintf(&variables, `<rsp:Variable Name="%s">%s</rsp:Variable>`, key, env[key])
	}
	message := func(action, selector, body string) string {
		return `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" ` +
			`xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" ` +
			`xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"><s:Header><a:To>x</a:To>` +
			`<a:ReplyTo><a:Address>x</a:Address></a:ReplyTo><a:MessageID>uuid:` + name + `</a:MessageID>` +
			`<a:Action>` + action + `</a:Action><w:ResourceURI>` + shell + `/cmd</w:ResourceURI>` +
			`<w:MaxEnvelopeSize>512000</w:MaxEnvelopeSize><w:OperationTimeout>PT60S</w:OperationTimeout>` +
			selector + `</s:Header><s:Body>` + body + `</s:Body></s:Envelope>`
	}
	const transfer = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
	const selector = `<w:SelectorSet><w:Selector Name="ShellId">` + name + `</w:Selector></w:SelectorSet>`
	return []string{
		message(transfer+"/Create", "", `<rsp:Shell xmlns:rsp="`+shell+`" ShellId="`+name+`"><rsp:Environment>`+
			variables.String()+`</rsp:Environment></rsp:Shell>`),
		message(shell+"/Command", selector, `<rsp:CommandLine xmlns:rsp="`+shell+`" CommandId="`+name+
			`"><rsp:Command>powershell.exe</rsp:Command><rsp:Arguments>-EncodedCommand</rsp:Arguments><rsp:Arguments>`+
			boot+`</rsp:Arguments></rsp:CommandLine>`),
		message(shell+"/Receive", selector, receive), message(shell+"/Receive", selector, receive),
		message(transfer+"/Delete", selector, ""),
	}
}
