package wsman

import (
	"errors"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	"postpatch/probes/host"
	"postpatch/probes/host/packed"
	"postpatch/probes/lab/estate"
)

// collect answers a payload as its script does on Windows.
func (p *process) collect(h estate.Host, questions []packed.Question, marks packed.Marks) {
	line, err := p.kept.line(questions, marks, h, p.answers)
	if err != nil {
		p.stderr, p.exit = []byte(err.Error()+"\r\n"), 1
		return
	}
	p.print(line)
}

// answers are those to some questions of a payload.
func (p *process) answers(h estate.Host, questions []packed.Question) []packed.Answer {
	answers := make([]packed.Answer, len(questions))
	for i, q := range questions {
		rows, err := p.answer(h, q)
		answers[i] = packed.Answer{ID: q.ID, Rows: rows}
		if err != nil {
			answers[i] = packed.Answer{ID: q.ID, Error: err.Error(), Code: codeOf(err)}
		}
	}
	return answers
}

// said is an error in PowerShell's words.
type said struct {
	text string
	code packed.Code
}

func (s *said) Error() string { return s.text }

func isSaid(err error) bool {
	_, ok := errors.AsType[*said](err)
	return ok
}

func codeOf(err error) packed.Code {
	if s, ok := errors.AsType[*said](err); ok {
		return s.code
	}
	return ""
}

// answer returns the rows of one question; its error is PowerShell's text.
func (p *process) answer(h estate.Host, q packed.Question) ([]host.Row, error) {
	if err := refusal(h, q.Collector, callOf(q), "script "+q.Script); q.Collector != "" && err != nil {
		return nil, err
	}
	switch {
	case q.Script != "":
		rows, found := h.Collectors["script "+q.Script]
		if !found {
			return nil, errors.New("the lab knows no answer of the script " + q.Script)
		}
		return cells(rows), nil
	case q.Collector == "registry":
		return readRegistry(h, q)
	case q.Collector == "reach":
		return reaches(h, q)
	case q.Collector == "eventlog":
		return eventLogs(h, q), nil
	case q.Collector == "request":
		return p.requests(h, q)
	case q.Collector == "snapin":
		return p.snapIn(h, q)
	case q.Collector != "":
		rows, found := h.Collectors[callOf(q)]
		if !found {
			rows, found = h.Collectors[q.Collector]
		}
		if own := builtinCollector(q.Collector); !found && own != nil {
			return own(h), nil
		}
		if own := memberCollector(h, q.Collector); !found && h.Member && own != nil {
			return own(h, q), nil
		}
		if !found {
			return nil, errors.New("no such collector")
		}
		return cells(rows), nil
	}
	t, _, err := run(h, q.Namespace, q.Query)
	switch {
	case errors.Is(err, errNoClass):
		return nil, &said{"Invalid class ", packed.NoClass}
	case errors.Is(err, errNoNamespace):
		return nil, &said{"Invalid namespace ", packed.NoClass}
	case isSaid(err):
		return nil, err
	case err != nil:
		return nil, errors.New("Invalid query ") //nolint:staticcheck // Windows' own text
	}
	if q.Most > 0 && len(t.rows) > q.Most {
		return nil, fmt.Errorf("more than %d instances", q.Most)
	}
	answers := make([]host.Row, len(t.rows))
	for i, r := range t.rows {
		answers[i] = host.Row{}
		for _, column := range q.Columns {
			answers[i][column] = cell(r.get(column))
		}
	}
	return answers, nil
}

func cells(rows []map[string]any) []host.Row {
	answers := make([]host.Row, len(rows))
	for i, r := range rows {
		answers[i] = host.Row{}
		for name, value := range r {
			answers[i][name] = cell(value)
		}
	}
	return answers
}

// callOf is how an estate file writes a collector with its arguments.
func callOf(q packed.Question) string {
	args := map[string][]string{}
	for _, a := range q.Args {
		args[a.Name] = a.Values
	}
	return host.Collector{Name: q.Collector, Args: args}.String()
}

// refusal is what the host says to whoever asks one of the names; nil when it
// answers.
func refusal(h estate.Host, names ...string) error {
	for name, text := range h.Refuses {
		for _, asked := range names {
			if !strings.EqualFold(strings.ReplaceAll(name, `\`, "/"), strings.ReplaceAll(asked, `\`, "/")) {
				continue
			}
			if text == "" {
				return &said{"Access is denied.", packed.Denied}
			}
			return &said{text, ""}
		}
	}
	return nil
}

func cell(v any) host.Cell {
	switch v := v.(type) {
	case nil:
		return host.Cell{Null: true}
	case []any:
		list := make([]string, len(v))
		for i := range v {
			list[i] = cell(v[i]).Text
		}
		return host.Cell{List: list}
	case time.Time:
		return host.Cell{Text: v.UTC().Format("2006-01-02T15:04:05.0000000Z")}
	default:
		return host.Cell{Text: plain(v)}
	}
}

func readRegistry(h estate.Host, q packed.Question) ([]host.Row, error) {
	if len(q.Arg("key")) != 1 {
		return nil, errors.New("want one key")
	}
	key, ok := registryKey(q.Arg("key")[0])
	if !ok {
		return nil, errors.New("unknown registry hive")
	}
	values, found := registry(h)[key]
	if !found {
		return nil, nil
	}
	answer := host.Row{}
	for _, name := range q.Arg("values") {
		answer[name] = cell(row(values).get(name))
	}
	return []host.Row{answer}, nil
}

// registryKey is a key in one spelling: short hive, lower case.
func registryKey(path string) (string, bool) {
	hive, rest, _ := strings.Cut(path, `\`)
	short, known := map[string]string{
		"HKLM": "hklm", "HKEY_LOCAL_MACHINE": "hklm", "HKU": "hku", "HKEY_USERS": "hku",
		"HKCU": "hkcu", "HKEY_CURRENT_USER": "hkcu", "HKCR": "hkcr", "HKEY_CLASSES_ROOT": "hkcr",
	}[strings.ToUpper(hive)]
	return strings.TrimRight(short+`\`+strings.ToLower(rest), `\`), known
}

// registry returns all keys: the estate's own over those that follow from the
// rest of the host. A key's parents are there too.
func registry(h estate.Host) map[string]map[string]any {
	keys := map[string]map[string]any{}
	put := func(path string, values map[string]any) {
		key, ok := registryKey(path)
		if !ok {
			return
		}
		if keys[key] == nil {
			keys[key] = map[string]any{}
		}
		maps.Copy(keys[key], values)
		for i := strings.LastIndexByte(key, '\\'); i > 0; i = strings.LastIndexByte(key[:i], '\\') {
			if parent := key[:i]; keys[parent] == nil {
				keys[parent] = map[string]any{}
			}
		}
	}
	put(`HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion`, currentVersion(h))
	name := map[string]any{"ComputerName": computer(h)}
	put(`HKLM\SYSTEM\CurrentControlSet\Control\ComputerName\ActiveComputerName`, name)
	put(`HKLM\SYSTEM\CurrentControlSet\Control\ComputerName\ComputerName`, name)
	put(`HKLM\SYSTEM\CurrentControlSet\Control\Session Manager`, nil)
	put(`HKLM\SYSTEM\CurrentControlSet\Control`, nil)
	if h.Member {
		put(`HKLM\SYSTEM\CurrentControlSet\Control\Print`, nil)
	}
	put(`HKLM\SYSTEM\CurrentControlSet\Services\Tcpip\Parameters`, map[string]any{
		"Hostname": strings.ToLower(computer(h)), "Domain": domain(h),
	})
	put(`HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing`, nil)
	put(`HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\WindowsUpdate\Auto Update`, nil)
	for name, s := range h.Services {
		path := `HKLM\SYSTEM\CurrentControlSet\Services\` + name
		put(path, serviceKey(name, s))
		if s.Trigger {
			put(path+`\TriggerInfo\0`, nil)
		}
	}
	for path, values := range h.Registry {
		put(path, values)
	}
	return keys
}

func serviceKey(name string, s estate.Service) map[string]any {
	modes := map[string]int{"Boot": 0, "System": 1, "Auto": 2, "Manual": 3, "Disabled": 4}
	values := map[string]any{
		"DisplayName": service(estate.Host{}, name, s)["DisplayName"], "ErrorControl": 1, "ImagePath": s.Path,
		"ObjectName": s.Account, "Start": modes["Auto"], "Type": 0x10,
	}
	if mode, known := modes[s.Mode]; known {
		values["Start"] = mode
	}
	if s.Type == "Share Process" {
		values["Type"] = 0x20
	}
	if s.Delayed {
		values["DelayedAutostart"] = 1
	}
	if len(s.DependsOn) > 0 {
		var names []any
		for _, name := range s.DependsOn {
			names = append(names, name)
		}
		values["DependOnService"] = names
	}
	return values
}

func currentVersion(h estate.Host) map[string]any {
	build := strconv.Itoa(h.OS.Build)
	values := map[string]any{
		"ProductName": strings.TrimPrefix(h.OS.Caption, "Microsoft "), "CurrentBuild": build, "CurrentBuildNumber": build,
		"UBR": h.OS.UBR, "EditionID": h.OS.Edition, "InstallationType": h.OS.InstallType,
		"CurrentType":    "Multiprocessor Free",
		"CurrentVersion": "6.3", "CurrentMajorVersionNumber": 10, "CurrentMinorVersionNumber": 0,
		"BuildLabEx": fmt.Sprintf("%s.1.amd64fre.release", build), "SystemRoot": `C:\Windows`,
		"RegisteredOwner": "Windows User", "InstallDate": 1709630467,
	}
	display := map[int]string{17763: "1809", 20348: "21H2", 25398: "23H2", 26100: "24H2"}[h.OS.Build]
	if display != "" {
		values["ReleaseId"] = display
		if h.OS.Build >= 20348 {
			values["DisplayVersion"], values["ReleaseId"] = display, "2009"
		}
	}
	return values
}
