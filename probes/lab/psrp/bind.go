package psrp

import (
	"regexp"
	"slices"
	"strings"

	"postpatch/probes/lab/estate"
)

// cmdlet is a command of the estate that is to run.
type cmdlet struct {
	estate.Cmdlet
	name   string
	action string // -ErrorAction, in lower case
}

func (c cmdlet) class() string {
	if c.Class != "" {
		return c.Class
	}
	return c.name
}

// bind finds a command and gives it its parameters, or says what Windows does.
func bind(e estate.Endpoint, c command) (cmdlet, *failure) {
	if c.isScript {
		if e.Language == "" || e.Language == "none" {
			return cmdlet{}, noScripts(c.name)
		}
		// Of a script, the lab knows only a command that stands alone.
		name := strings.TrimSpace(c.name)
		if !regexp.MustCompile(`^\w+-\w+$`).MatchString(name) {
			return cmdlet{}, noInterpreter(c.name)
		}
		c.name = name
	}
	for name, known := range e.Cmdlets {
		if strings.EqualFold(name, c.name) {
			found := cmdlet{Cmdlet: known, name: name}
			return found.bind(c.args)
		}
	}
	return cmdlet{}, commandNotFound(c.name)
}

func (c cmdlet) bind(args []argument) (cmdlet, *failure) {
	var bound []string
	for _, a := range args {
		if a.name == "" {
			continue
		}
		name, failed := c.parameter(a.name)
		if failed != nil {
			return c, failed
		}
		if slices.Contains(bound, name) {
			return c, badBinding("Cannot bind parameter because parameter '"+name+"' is specified more than once.",
				"ParameterAlreadyBound", c)
		}
		bound = append(bound, name)
		if name == "ErrorAction" {
			c.action = actionOf(a.value)
		}
	}
	for _, a := range args {
		if a.name != "" {
			continue
		}
		free := slices.IndexFunc(c.Parameters, func(name string) bool { return !slices.Contains(bound, name) })
		if free < 0 {
			return c, badBinding("A positional parameter cannot be found that accepts argument '"+a.value.text+"'.",
				"PositionalParameterNotFound", c)
		}
		bound = append(bound, c.Parameters[free])
	}
	return c, nil
}

// parameter finds a parameter by its name, an alias, or the beginning of one.
func (c cmdlet) parameter(name string) (string, *failure) {
	var begun []string
	for _, known := range append(common(), c.Parameters...) {
		full, alias, _ := strings.Cut(known, "/")
		if strings.EqualFold(full, name) || alias != "" && strings.EqualFold(alias, name) {
			return full, nil
		}
		if len(name) < len(full) && strings.EqualFold(full[:len(name)], name) {
			begun = append(begun, full)
		}
	}
	switch len(begun) {
	case 1:
		return begun[0], nil
	case 0:
		return "", badBinding("A parameter cannot be found that matches parameter name '"+name+"'.",
			"NamedParameterNotFound", c)
	default:
		return "", badBinding("Parameter cannot be processed because the parameter name '"+name+
			"' is ambiguous. Possible matches include: -"+strings.Join(begun, " -")+".", "AmbiguousParameter", c)
	}
}

// common are the parameters that every command has, with their aliases.
func common() []string {
	return []string{
		"Verbose/vb", "Debug/db", "ErrorAction/ea", "WarningAction/wa", "InformationAction/infa", "ErrorVariable/ev",
		"WarningVariable/wv", "InformationVariable/iv", "OutVariable/ov", "OutBuffer/ob", "PipelineVariable/pv",
	}
}

// actionOf reads an ActionPreference, which comes as a name, a number or an
// enumeration's value.
func actionOf(v *value) string {
	if v.base != nil {
		v = v.base
	}
	switch text := strings.ToLower(v.text); text {
	case "0":
		return "silentlycontinue"
	case "1":
		return "stop"
	case "4":
		return "ignore"
	default:
		return text
	}
}
