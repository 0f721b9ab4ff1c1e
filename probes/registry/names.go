package registry

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"postpatch/probes"
)

const (
	mostKeys   = 50
	mostValues = 100
	// Windows ends the name of a key at 255 characters, and that of a value at
	// 16,383 (Microsoft, "Registry element size limits"); no value that means
	// anything to a suite comes near that.
	longestName = 255
	longestKey  = 1000
	// ownValue is what regedit calls the value that has no name.
	ownValue = "(default)"
)

// checkKey returns a key with its hive's short name.
func checkKey(key string) (string, error) {
	wrong := func(format string, args ...any) (string, error) { return "", probes.Fieldf("key", format, args...) }
	hive, path, _ := strings.Cut(key, `\`)
	short := shortHive(hive)
	switch {
	case !printable(key) || utf8.RuneCountInString(key) > longestKey:
		return wrong("want at most %d printable characters, got %.100q", longestKey, key)
	case short == "" && shortHive(strings.TrimSuffix(hive, ":")) != "":
		return wrong("want %s without the colon, got %q", strings.TrimSuffix(hive, ":"), key)
	case short == "" && strings.ContainsRune(hive, '/'):
		return wrong(`want \ between the keys, got %q`, key)
	case short == "":
		return wrong(`must begin with HKLM\, HKU\, HKCU\ or HKCR\, got %q`, key)
	case path == "":
		return wrong("want a key below %s, got %q", short, key)
	}
	for part := range strings.SplitSeq(path, `\`) {
		if strings.TrimSpace(part) == "" || utf8.RuneCountInString(part) > longestName {
			return wrong(`want a name of at most %d characters between any two \, got %q`, longestName, key)
		}
	}
	return short + `\` + path, nil
}

// shortHive names a hive; empty when there is no such hive.
func shortHive(hive string) string {
	switch strings.ToUpper(hive) {
	case "HKLM", "HKEY_LOCAL_MACHINE":
		return "HKLM"
	case "HKU", "HKEY_USERS":
		return "HKU"
	case "HKCU", "HKEY_CURRENT_USER":
		return "HKCU"
	case "HKCR", "HKEY_CLASSES_ROOT":
		return "HKCR"
	default:
		return ""
	}
}

func checkValue(name string) error {
	switch {
	case name == "":
		return probes.Fieldf("values", "a name is empty: the key's own value is called %s", ownValue)
	case !printable(name) || utf8.RuneCountInString(name) > longestName:
		return probes.Fieldf("values", "want at most %d printable characters, got %.100q", longestName, name)
	default:
		return nil
	}
}

func printable(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) })
}
