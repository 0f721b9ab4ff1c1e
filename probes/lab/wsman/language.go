package wsman

import (
	"cmp"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"postpatch/probes/lab/estate"
)

// What PowerShell says to a script that its language mode or its age does not
// allow. Only the first of a script's offences is told.
const (
	noType   = "Cannot create type. Only core types are supported in this language mode."
	noMethod = "Cannot invoke method. Method invocation is supported only on core types in this language mode."
	noJSON   = "The term 'ConvertFrom-Json' is not recognized as the name of a cmdlet, function, script file, or " +
		"operable program. Check the spelling of the name, or if a path was included, verify that the path is correct " +
		"and try again."
)

// refuses returns why a script does not run on this host; "" when it does.
func refuses(h estate.Host, script string) string {
	if config(h).Language == "ConstrainedLanguage" {
		creates := regexp.MustCompile(`(?i)\bNew-Object\b`).FindStringIndex(script)
		calls := regexp.MustCompile(`(\]::|[\w)]\.)\w+\(`).FindStringIndex(script)
		switch {
		case creates != nil && (calls == nil || creates[0] < calls[0]):
			return noType
		case calls != nil:
			return noMethod
		}
	}
	major, _, _ := strings.Cut(psVersion(h), ".")
	if n, _ := strconv.Atoi(major); n < 3 && strings.Contains(script, "ConvertFrom-Json") {
		return noJSON
	}
	return ""
}

func psVersion(h estate.Host) string {
	return cmp.Or(config(h).PSVersion, fmt.Sprintf("5.1.%d.%d", h.OS.Build, h.OS.UBR))
}

// property returns what a variable with its properties comes to as text. What
// PowerShell does not know is $null there, and empty as text.
func property(h estate.Host, path string) string {
	switch strings.ToLower(path) {
	case "psversiontable.psversion", "host.version":
		return psVersion(h)
	case "psversiontable.psedition":
		return "Desktop"
	case "psversiontable":
		return "System.Collections.Hashtable"
	case "executioncontext.sessionstate.languagemode":
		return cmp.Or(config(h).Language, "FullLanguage")
	case "executioncontext":
		return "System.Management.Automation.EngineIntrinsics"
	case "executioncontext.sessionstate":
		return "System.Management.Automation.SessionState"
	case "env:computername":
		return computer(h)
	default:
		return ""
	}
}

// expandString evaluates a script that is one expandable string: variables with
// and without braces, and subexpressions of a variable and its properties. Its
// second result is false for any other script.
func expandString(h estate.Host, script string) (string, bool) {
	inside, opened := strings.CutPrefix(strings.TrimSpace(script), `"`)
	inside, closed := strings.CutSuffix(inside, `"`)
	if !opened || !closed {
		return "", false
	}
	tokens := regexp.MustCompile("`.|\"\"|\\$\\(|\\$\\{[^}]*\\}|\\$(?:env:)?\\w+|[^`\"$]+|.")
	within := regexp.MustCompile(`^\s*\$((?:env:)?\w+(?:\.\w+)*)\s*\)`)
	var b strings.Builder
	for inside != "" {
		token := tokens.FindString(inside)
		inside = inside[len(token):]
		switch {
		case token == "$(":
			m := within.FindStringSubmatch(inside)
			if m == nil {
				return "", false
			}
			b.WriteString(property(h, m[1]))
			inside = inside[len(m[0]):]
		case token == `""`:
			b.WriteByte('"')
		case token == `"`: // the string ends before its script
			return "", false
		case token[0] == '`' && len(token) > 1:
			b.WriteString(token[1:])
		case token[0] == '$' && len(token) > 1:
			b.WriteString(property(h, strings.Trim(token[1:], "{}")))
		default:
			b.WriteString(token)
		}
	}
	return b.String(), true
}
