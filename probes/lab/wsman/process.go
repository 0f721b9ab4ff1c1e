package wsman

import (
	"cmp"
	"crypto/tls"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"

	"postpatch/probes/host/packed"
	"postpatch/probes/lab/estate"
)

// process is a command of a shell. It has run when it is started; only its
// output waits.
type process struct {
	ready          time.Time
	stdout, stderr []byte
	exit           int
	end            time.Duration                              // by when our payload has to be answered; 0 for none
	thought        time.Duration                              // what its commands took, beside the host's own
	piece          int                                        // bytes that one Receive hands out; 0 for what has room
	input          string                                     // standard input
	kept           *Kept                                      // of hosts that are alike; may be nil
	certs          func(estate.TLS) (*tls.Certificate, error) // of the host's other servers
}

const maxCommandLine = 8191 // of cmd.exe

// start runs a command line as cmd.exe does.
func (s *Server) start(h estate.Host, env map[string]string, line string) *process {
	p := &process{certs: s.certs, kept: s.Kept}
	if len(line) > maxCommandLine {
		p.stderr, p.exit = []byte("The command line is too long.\r\n"), 1
	} else {
		p.run(h, env, line, 0)
	}
	if pieces := config(h).Pieces; pieces > 0 {
		p.piece = max(1, (len(p.stdout)+len(p.stderr)+pieces-1)/pieces)
	}
	p.ready = time.Now().Add(h.Think + p.thought)
	return p
}

func (p *process) run(h estate.Host, env map[string]string, line string, depth int) {
	line = strings.TrimSpace(line)
	if len(line) > 1 && line[0] == '"' && line[len(line)-1] == '"' && strings.Contains(line, " ") {
		line = line[1 : len(line)-1]
	}
	program, rest, _ := strings.Cut(line, " ")
	rest = strings.TrimSpace(rest)
	name := path.Base(strings.ReplaceAll(strings.ToLower(strings.Trim(program, `"`)), `\`, "/"))
	name = strings.TrimSuffix(name, ".exe")
	switch {
	case name == "powershell" && config(h).NoPowerShell:
		p.unknown(program)
	case name == "powershell" && config(h).Blocked:
		p.exit, p.stderr = 1, []byte("This program is blocked by group policy. "+
			"For more information, contact your system administrator.\r\n")
	case name == "powershell":
		p.powershell(h, env, rest)
		if config(h).Noise && p.exit == 0 {
			p.stderr = append(clixml("The lab complains about nothing.\r\n"), p.stderr...)
		}
	case name == "hostname":
		p.print(computer(h))
	case name == "whoami":
		p.print(strings.ToLower(computer(h)) + `\` + strings.ToLower(config(h).User))
	case name == "ver":
		p.print(fmt.Sprintf("\r\nMicrosoft Windows [Version %s.%d]", version(h), h.OS.UBR))
	case name == "echo":
		p.print(rest)
	case name == "exit":
		p.exit, _ = strconv.Atoi(strings.TrimSpace(strings.TrimPrefix(rest, "/b")))
	case name == "cmd" && len(rest) > 2 && strings.EqualFold(rest[:2], "/c") && depth < 5:
		p.run(h, env, rest[2:], depth+1)
	default:
		p.unknown(program)
	}
}

func (p *process) print(line string) { p.stdout = append(p.stdout, line+"\r\n"...) }

func (p *process) unknown(program string) {
	p.exit = 1
	p.stderr = []byte("'" + strings.Trim(program, `"`) + "' is not recognized as an internal or external command,\r\n" +
		"operable program or batch file.\r\n")
}

// powershell answers our own payload, a few commands that people try first, and
// an error to everything else.
func (p *process) powershell(h estate.Host, env map[string]string, arguments string) {
	fields := strings.Fields(arguments)
	command, asText := "", false
	for i, field := range fields[:max(0, len(fields)-1)] {
		switch flag := strings.ToLower(field); {
		case len(flag) > 1 && strings.HasPrefix("-encodedcommand", flag) || flag == "-ec":
			command = strings.Trim(fields[i+1], `"`)
		case strings.HasPrefix("-outputformat", flag) && len(flag) > 1:
			asText = strings.EqualFold(fields[i+1], "Text")
		}
	}
	if fed, boot, err := packed.Unfeed(command, p.input); err == nil {
		env, command = fed, boot
	}
	questions, marks, err := p.kept.unpack(env, command)
	if seconds, err := strconv.Atoi(env[packed.End]); err == nil {
		p.end = time.Duration(seconds) * time.Second
	}
	message := refuses(h, decodeCommand(command))
	if err == nil && message == "" {
		p.collect(h, questions, marks)
		return
	}
	if message == "" {
		message = err.Error()
		if errors.Is(err, packed.ErrNotOurs) {
			script := decodeCommand(command)
			if p.script(h, script) {
				return
			}
			message = "The lab has no PowerShell that could run this script."
		}
	}
	p.exit = 1
	p.stderr = []byte(message + "\r\n    + CategoryInfo          : NotSpecified: (:) [], RuntimeException\r\n" +
		"    + FullyQualifiedErrorId : RuntimeException\r\n")
	if !asText {
		p.stderr = clixml(string(p.stderr))
	}
}

// script runs what the lab understands of PowerShell.
func (p *process) script(h estate.Host, script string) bool {
	quiet := regexp.MustCompile(`(?i)^\s*\$ProgressPreference\s*=\s*['"]SilentlyContinue['"];?`)
	script = strings.TrimSpace(quiet.ReplaceAllString(script, ""))
	if text, ok := h.Prints[script]; ok {
		p.print(strings.ReplaceAll(text, "$env:COMPUTERNAME", computer(h)))
		return true
	}
	if strings.EqualFold(script, "hostname") || strings.EqualFold(script, "$env:COMPUTERNAME") {
		p.print(computer(h))
		return true
	}
	if line, ok := expandString(h, script); ok {
		p.print(line)
		return true
	}
	m := regexp.MustCompile(`(?i)^(exit|Write-Output|echo) +['"]?([^'"$;|]*)['"]?$`).FindStringSubmatch(script)
	switch {
	case m == nil:
		return false
	case strings.EqualFold(m[1], "exit"):
		p.exit, _ = strconv.Atoi(m[2])
	default:
		p.print(m[2])
	}
	return true
}

func decodeCommand(encoded string) string {
	raw, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || len(raw)%2 != 0 {
		return ""
	}
	units := make([]uint16, 0, len(raw)/2)
	for pair := range slices.Chunk(raw, 2) {
		units = append(units, binary.LittleEndian.Uint16(pair))
	}
	return string(utf16.Decode(units))
}

// clixml is what PowerShell writes to a standard error that is no console.
func clixml(message string) []byte {
	var b strings.Builder
	b.WriteString("#< CLIXML\r\n" +
		`<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04">` +
		`<Obj S="progress" RefId="0"><TN RefId="0"><T>System.Management.Automation.PSCustomObject</T>` +
		`<T>System.Object</T></TN><MS><I64 N="SourceId">1</I64><PR N="Record">` +
		`<AV>Preparing modules for first use.</AV><AI>0</AI><Nil /><PI>-1</PI><PC>-1</PC><T>Completed</T>` +
		`<SR>-1</SR><SD> </SD></PR></MS></Obj>`)
	for line := range strings.Lines(message) {
		line = escape(strings.TrimRight(line, "\r\n"))
		b.WriteString(`<S S="Error">` + line + `_x000D__x000A_</S>`)
	}
	b.WriteString(`</Objs>`)
	return []byte(b.String())
}

const (
	chunk         = 4096 // what the shell reads from a pipe at once
	elementItself = 150  // of a Stream element, around its content
)

// next takes as much of the desired streams as has room, as Stream elements.
func (p *process) next(streams []string, command string, room int) string {
	var b strings.Builder
	piece := cmp.Or(p.piece, len(p.stdout)+len(p.stderr))
	for _, name := range []string{"stdout", "stderr"} {
		left := &p.stdout
		if name == "stderr" {
			left = &p.stderr
		}
		for slices.Contains(streams, name) {
			size := min(chunk, piece, len(*left), (room-b.Len()-elementItself)*3/4)
			if size <= 0 {
				break
			}
			b.WriteString(`<rsp:Stream Name="` + name + `" CommandId="` + escape(command) + `">` +
				base64.StdEncoding.EncodeToString((*left)[:size]) + `</rsp:Stream>`)
			*left, piece = (*left)[size:], piece-size
		}
	}
	return b.String()
}
