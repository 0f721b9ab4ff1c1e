package host_test

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"text/template"

	"gopkg.in/yaml.v3"

	"postpatch/probes/host"
)

const password = "hunter2-Ω"

// holder hides its secrets where fmt calls no method.
type holder struct {
	hidden  host.Secret
	pointer *host.Secret
	nested  map[string]host.Credential
	any     any
}

func TestSecretNeverPrints(t *testing.T) {
	s := host.NewSecret(password)
	c := host.Credential{User: "CORP\\probe", Password: s}
	things := []any{
		s, &s, c, &c,
		[]host.Secret{s},
		map[string]host.Secret{"a": s},
		map[host.Secret]int{s: 1},
		struct{ S host.Secret }{s},
		holder{s, &s, map[string]host.Credential{"a": c}, c},
		&holder{hidden: s},
		fmt.Errorf("logging in as %v: %w", c, fmt.Errorf("%v", s)),
	}
	for _, thing := range things {
		for _, verb := range []string{
			"%v", "%+v", "%#v", "%s", "%+s", "%q", "%#q", "%x", "%X", "% x", "%d", "%T", "%t", "%c", "%U", "%e", "%p", "%10.3s", "%!",
		} {
			hides(t, verb, fmt.Sprintf(verb, thing))
		}
		hides(t, "Sprint", fmt.Sprint(thing), fmt.Sprintln(thing))
		if data, err := json.Marshal(thing); err == nil {
			hides(t, "JSON", string(data))
		}
		if data, err := xml.Marshal(thing); err == nil {
			hides(t, "XML", string(data))
		}
		if _, isHolder := thing.(*holder); !isHolder {
			if data, err := yaml.Marshal(thing); err == nil {
				hides(t, "YAML", string(data))
			}
		}
		var b bytes.Buffer
		_ = gob.NewEncoder(&b).Encode(thing)
		slog.New(slog.NewTextHandler(&b, nil)).Info("m", "thing", thing)
		slog.New(slog.NewJSONHandler(&b, nil)).Info("m", "thing", thing)
		_ = template.Must(template.New("").Parse("{{.}}{{printf `%#v` .}}{{html .}}")).Execute(&b, thing)
		hides(t, "gob, slog, template", b.String())
	}
}

// hides looks for the password as it is, in hex and as a list of bytes.
func hides(t *testing.T, how string, printed ...string) {
	t.Helper()
	forms := []string{
		password, "hunter2", fmt.Sprintf("%x", password), fmt.Sprintf("%X", password), fmt.Sprintf("% x", password),
		strings.Trim(fmt.Sprintf("%d", []byte(password)), "[]"),
	}
	for _, text := range printed {
		for _, form := range forms {
			if strings.Contains(text, form) {
				t.Errorf("%s shows the secret: %s", how, text)
			}
		}
	}
}

func TestSecretPrintsStars(t *testing.T) {
	s := host.NewSecret(password)
	data, err := json.Marshal(host.Credential{User: "sa", Password: s})
	if err != nil || string(data) != `{"User":"sa","Password":"***","Keytab":"***",`+
		`"CCache":"***","Certificate":null,"Key":"***","Token":"***","Current":false,"Passphrase":"***","Named":false,"SQL":{"Encrypt":"","Insecure":false,"CA":null,`+
		`"Pin":null,"TLSMin":0,"SPN":"","Unbound":false},"Mail":null}` {
		t.Errorf("got %s, %v", data, err)
	}
	for _, got := range []string{
		fmt.Sprint(s), fmt.Sprintf("%q", s), fmt.Sprintf("%#v", s), s.String(), s.GoString(), s.LogValue().String(),
	} {
		if got != "***" {
			t.Errorf("got %s", got)
		}
	}
	printed := "{User:sa Password:*** Keytab:*** CCache:*** Certificate:[] Key:*** Token:*** " +
		"Current:false Passphrase:*** Named:false SQL:{Encrypt: Insecure:false CA:[] Pin:[] TLSMin:0 SPN: Unbound:false Prove:<nil> Entra:<nil>} Mail:<nil> Prove:<nil>}"
	if got := fmt.Sprintf("%+v", host.Credential{User: "sa", Password: s}); got != printed {
		t.Errorf("got %s", got)
	}
}

func TestSecretReveals(t *testing.T) {
	if got := host.NewSecret(password).Reveal(); got != password {
		t.Errorf("got %q", got)
	}
	if got := (host.Secret{}).Reveal(); got != "" {
		t.Errorf("got %q", got)
	}
	if host.NewSecret("") != (host.Secret{}) {
		t.Error("an empty secret is not the zero one")
	}
}
