package winrm

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"postpatch/probes/host/winrm/markup"

	"github.com/masterzen/winrm/soap"
)

const (
	configuration       = "http://schemas.microsoft.com/wbem/wsman/1/config"
	actGet              = soap.NS_TRANSFER + "/Get"
	maxSettings         = 500       // a real configuration has some 60
	unlimited           = 1<<31 - 1 // is how Windows writes it, or 1<<32 - 1
	inService           = "Service/"
	inAuth              = "Service/Auth/"
	inShell             = "Winrs/"
	allowShells         = inShell + "AllowRemoteShellAccess"
	noFigure      int64 = -1
)

// figure is a limit of WinRM's configuration (MS-WSMV 2.2.4.10).
type figure struct {
	path  string
	unit  string // behind the number, for people
	least int64  // below which this program, or a run beside others, gets into trouble
	usual string // what Windows has since 2012
	free  bool   // 0 stands for any number (WindowsRemoteShell.admx)
}

func figures() []figure {
	return []figure{
		{"MaxEnvelopeSizekb", " kB an envelope", 150, "500", false},
		{"MaxTimeoutms", " ms an operation", 20_000, "60000", false},
		{inService + "MaxConcurrentOperationsPerUser", " operations", 15, "1500", false},
		{inService + "MaxConnections", " connections", 5, "300", false},
		{inShell + "MaxConcurrentUsers", " users", 2, "10", false},
		{inShell + "MaxShellsPerUser", " shells", 5, "30", true},
		{inShell + "MaxProcessesPerShell", " processes a shell", 3, "25", true},
		{inShell + "MaxMemoryPerShellMB", " MB a shell", 150, "1024", true},
	}
}

// quotas is the step "quotas". Only administrators may read the configuration.
func (x *examiner) quotas(ctx context.Context) Step {
	m := x.session.begin(actGet, configuration)
	m.NewBody()
	text, err := x.session.post(ctx, m)
	if isKind(err, AccessDenied) {
		return Step{
			State: Note, Saw: "access denied", Cause: "only an administrator may read WinRM's configuration",
			Cure: "nothing, if all else works; winrm get winrm/config on the host shows it",
		}
	}
	if err != nil && !belongsToQuestion(err) {
		return broken("quotas", err)
	}
	var config map[string]string
	if err == nil {
		config, err = readConfig(text)
	}
	if err != nil {
		return Step{
			State: Note, Saw: clean(err.Error()), Cause: "the host does not show WinRM's configuration",
			Cure: "winrm get winrm/config on the host shows it",
		}
	}
	x.shut = is(config[allowShells], "false")
	return judgeConfig(config)
}

// judgeConfig words the limits and what of them is worth a note.
func judgeConfig(config map[string]string) Step {
	var saw []string
	var step Step
	note := func(cause, section, name, value string) {
		step.note(cause, fmt.Sprintf("winrm set winrm/config%s @{%s=%q}", section, name, value))
	}
	for _, f := range figures() {
		n := number(config[f.path])
		if n == 0 && f.free {
			n = unlimited
		}
		switch {
		case n == noFigure:
			continue
		case n >= unlimited:
			saw = append(saw, "any number of"+f.unit)
		default:
			saw = append(saw, strconv.FormatInt(n, 10)+f.unit)
		}
		if n < f.least {
			section, name := split(f.path)
			note(fmt.Sprintf("%s is %d, %s is usual", name, n, f.usual), section, name, f.usual)
		}
	}
	if level := config[inAuth+"CbtHardeningLevel"]; level != "" {
		saw = append(saw, "channel binding "+strings.ToLower(clean(level)))
	}
	step.Saw = strings.Join(saw, ", ")
	if step.Saw == "" {
		step.Saw = "no limits in what the host shows"
	}
	if is(config[allowShells], "false") {
		note("AllowRemoteShellAccess is false, so PowerShell cannot be asked", "/winrs", "AllowRemoteShellAccess", "true")
	}
	if is(config[inService+"AllowUnencrypted"], "true") {
		cause := "AllowUnencrypted is true: who is on the way reads all"
		if is(config[inAuth+"Basic"], "true") {
			cause = "AllowUnencrypted and Basic are true: who is on the way reads all, passwords too"
		}
		note(cause, "/service", "AllowUnencrypted", "false")
	}
	return step
}

func is(value, word string) bool { return strings.EqualFold(strings.TrimSpace(value), word) }

// note adds what should be known of a step that works.
func (s *Step) note(cause, cure string) {
	s.State = Note
	join(&s.Cause, cause)
	join(&s.Cure, cure)
}

func join(text *string, more string) {
	if *text != "" {
		*text += "; "
	}
	*text += more
}

func number(text string) int64 {
	n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	if err != nil || n < 0 {
		return noFigure
	}
	return n
}

// split takes a path apart as winrm.cmd names it: the section in small letters.
func split(path string) (section, name string) {
	i := strings.LastIndexByte(path, '/')
	if i < 0 {
		return "", path
	}
	return "/" + strings.ToLower(path[:i]), path[i+1:]
}

// readConfig reads the settings by their path below Config: "Winrs/IdleTimeout".
func readConfig(text string) (map[string]string, error) {
	config := map[string]string{}
	err := readEnvelope(text, func(r *markup.Reader, root xml.StartElement) error {
		if root.Name.Local != "Config" {
			return fmt.Errorf("%q is no configuration", clean(root.Name.Local))
		}
		return readSetting(r, "", config)
	})
	if err == nil && len(config) == 0 {
		err = errors.New("an empty configuration")
	}
	return config, err
}

// readSetting reads an element up to its end: a value, or a section of more.
func readSetting(r *markup.Reader, path string, config map[string]string) error {
	var value strings.Builder
	err := r.Within(func(token xml.Token) error {
		switch token := token.(type) {
		case xml.CharData:
			value.Write(token)
		case xml.StartElement:
			return readSetting(r, strings.TrimPrefix(path+"/"+token.Name.Local, "/"), config)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if text := strings.TrimSpace(value.String()); text != "" && path != "" {
		config[path] = text
	}
	if len(config) > maxSettings {
		return fmt.Errorf("more than %d settings", maxSettings)
	}
	return nil
}
