//go:build real

package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/textproto"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
)

// yamlServer is the YAML server of VS Code, Vim and Emacs: npm's yaml-language-server.
type yamlServer struct {
	t      *testing.T
	folder string // of the files that it is shown
	in     io.Writer
	told   chan published
	opened int
}

// published is what the server says of a file.
type published struct {
	URI         string
	Diagnostics []diagnostic
}

type diagnostic struct {
	Message string
	Range   struct{ Start struct{ Line int } }
}

// message is one of JSON-RPC, of either side.
type message struct {
	JSONRPC string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id,omitempty"`
	Method  string          `json:"method,omitempty"`
	Params  json.RawMessage `json:"params,omitempty"`
	Result  json.RawMessage `json:"result,omitempty"`
}

// startYAMLServer starts it; POSTPATCH_YAMLLS is where it is.
func startYAMLServer(t *testing.T) *yamlServer {
	t.Helper()
	program := os.Getenv("POSTPATCH_YAMLLS")
	if program == "" {
		if os.Getenv("CI") == "true" {
			t.Fatal("POSTPATCH_YAMLLS does not say where yaml-language-server is")
		}
		t.Skip("POSTPATCH_YAMLLS does not say where yaml-language-server is")
	}
	cmd := exec.CommandContext(t.Context(), program, "--stdio")
	cmd.Stderr = t.Output()
	in, inErr := cmd.StdinPipe()
	out, outErr := cmd.StdoutPipe()
	if inErr != nil || outErr != nil {
		t.Fatal(inErr, outErr)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s := &yamlServer{t: t, folder: t.TempDir(), in: in, told: make(chan published, 16)}
	ready := make(chan struct{})
	read := make(chan struct{})
	go func() {
		defer close(read)
		s.read(bufio.NewReader(out), ready)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-read
		_ = cmd.Wait()
	})
	s.send(message{ID: json.RawMessage("1"), Method: "initialize", Params: raw(map[string]any{
		"processId": os.Getpid(), "rootUri": nil, "capabilities": map[string]any{
			"workspace": map[string]any{"configuration": true},
		},
	})})
	<-ready
	return s
}

func raw(v any) json.RawMessage {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return text
}

func (s *yamlServer) send(m message) {
	m.JSONRPC = "2.0"
	text := raw(m)
	if _, err := fmt.Fprintf(s.in, "Content-Length: %d\r\n\r\n%s", len(text), text); err != nil {
		s.t.Error(err)
	}
}

// read takes what the server says until it ends; what it asks is answered.
func (s *yamlServer) read(out *bufio.Reader, ready chan struct{}) {
	defer close(s.told)
	configured := false
	for {
		header, err := textproto.NewReader(out).ReadMIMEHeader()
		if err != nil {
			return
		}
		length, err := strconv.Atoi(header.Get("Content-Length"))
		text := make([]byte, max(0, length))
		if _, readErr := io.ReadFull(out, text); err != nil || readErr != nil {
			return
		}
		var m message
		if err := json.Unmarshal(text, &m); err != nil {
			s.t.Errorf("%v: %s", err, text)
			return
		}
		switch m.Method {
		case "": // an answer: to initialize, the only question
			s.send(message{Method: "initialized", Params: raw(struct{}{})})
		case "workspace/configuration":
			s.send(message{ID: m.ID, Result: raw(configuration(m.Params))})
			if !configured {
				configured = true
				close(ready)
			}
		case "textDocument/publishDiagnostics":
			var p published
			if err := json.Unmarshal(m.Params, &p); err != nil {
				s.t.Error(err)
			}
			s.told <- p
		default:
			if m.ID != nil {
				s.send(message{ID: m.ID, Result: json.RawMessage("null")})
			}
		}
	}
}

// configuration answers which settings the user has: no schema but those that files name.
func configuration(params json.RawMessage) []any {
	var asked struct{ Items []struct{ Section string } }
	_ = json.Unmarshal(params, &asked)
	var all []any
	for _, item := range asked.Items {
		if item.Section == "yaml" {
			all = append(all, map[string]any{"validate": true, "schemaStore": map[string]any{"enable": false}})
		} else {
			all = append(all, nil)
		}
	}
	return all
}

// check shows the server a file, and returns what it finds wrong. One that has a name
// alone lies beside the schemas.
func (s *yamlServer) check(name string, text []byte) []diagnostic {
	s.t.Helper()
	path := name
	if !filepath.IsAbs(name) {
		s.opened++
		path = filepath.Join(s.folder, strconv.Itoa(s.opened)+"-"+name)
	}
	uri := "file://" + filepath.ToSlash(path)
	s.send(message{Method: "textDocument/didOpen", Params: raw(map[string]any{"textDocument": map[string]any{
		"uri": uri, "languageId": "yaml", "version": 1, "text": string(text),
	}})})
	for p := range s.told {
		if p.URI == uri {
			s.send(message{Method: "textDocument/didClose", Params: raw(map[string]any{
				"textDocument": map[string]any{"uri": uri},
			})})
			return p.Diagnostics
		}
	}
	s.t.Fatal("the server has ended")
	return nil
}
