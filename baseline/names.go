package baseline

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path"
	"slices"
	"strings"
)

const (
	manifestName = "manifest.json"
	hostsFolder  = "hosts"
	hostSuffix   = ".jsonl.zst"

	maxRunName  = 100
	maxFileName = 100 // of the encoded host name, without suffixes

	escape = "__0x" // begins what the library of folders takes for a character of another name
)

// key is where in the store a run's file stands.
func key(run string, parts ...string) string { return path.Join(append([]string{run}, parts...)...) }

// isLitter tells what a write that was cut off leaves beside the file that it was to
// become: the folder's library writes under NAME.HEX.tmp first, this program did under
// .NAME.tmp once. Whatever begins with a dot is no host's: file managers leave such.
func isLitter(file string) bool {
	name := path.Base(file)
	if strings.HasPrefix(name, ".") {
		return true
	}
	name, temporary := strings.CutSuffix(name, ".tmp")
	end := path.Ext(name)
	whole, hex := strings.TrimSuffix(name, end), strings.TrimPrefix(end, ".")
	isOurs := strings.HasSuffix(whole, hostSuffix) || whole == begunName || strings.HasPrefix(whole, manifestName)
	return temporary && isOurs && hex != "" && strings.Trim(hex, "0123456789abcdef") == ""
}

// checkRun says whether a run can be named so, on every file system: a store
// is copied from a Linux agent to a Windows share and back.
func checkRun(run string) error {
	valid := run != "" && len(run) <= maxRunName && isAlphanumeric(run[0])
	for i := range len(run) {
		valid = valid && isNameByte(run[i])
	}
	if !valid {
		return fmt.Errorf("no baseline can be named %.120q: want letters, digits, dots, dashes and underscores, "+
			"a letter or digit first, at most %d", run, maxRunName)
	}
	if strings.Contains(run, escape) {
		return fmt.Errorf("no baseline can be named %q: choose one without %s", run, escape)
	}
	if isDevice(run) || strings.HasSuffix(run, ".") {
		return fmt.Errorf("no baseline can be named %q: Windows takes no such folder name", run)
	}
	return nil
}

// hostFile is the file that a host is stored in, below the run. Different hosts
// have different files, also where the file system ignores case: a name with
// capitals, or a long one, carries a hash of itself.
func hostFile(host string) string {
	var b strings.Builder
	for i := range len(host) {
		c := host[i]
		plain := isNameByte(c) && !strings.HasPrefix(host[i:], escape)
		if plain && (c != '.' || i > 0) && (i > 0 || !isDevice(host)) {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	name := b.String()
	if host == "" || host != strings.ToLower(host) || len(name) > maxFileName {
		sum := sha256.Sum256([]byte(host))
		name = name[:min(len(name), maxFileName*6/10)] + "~" + hex.EncodeToString(sum[:16])
	}
	return hostsFolder + "/" + name + hostSuffix
}

// isDevice reports whether Windows takes a name for a device: CON, and con.corp
// too.
func isDevice(name string) bool {
	base, _, _ := strings.Cut(strings.ToUpper(name), ".")
	if slices.Contains([]string{"CON", "PRN", "AUX", "NUL"}, base) {
		return true
	}
	return len(base) == 4 && (strings.HasPrefix(base, "COM") || strings.HasPrefix(base, "LPT")) &&
		base[3] >= '0' && base[3] <= '9'
}

func isNameByte(c byte) bool { return isAlphanumeric(c) || c == '.' || c == '_' || c == '-' }

func isAlphanumeric(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}
