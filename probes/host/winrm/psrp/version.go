package psrp

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// version is of the protocol.
type version struct{ major, minor int }

func (v version) String() string { return fmt.Sprintf("%d.%d", v.major, v.minor) }

func (v version) less(other version) bool {
	return v.major < other.major || v.major == other.major && v.minor < other.minor
}

func parseVersion(text string) (version, error) {
	major, minor, _ := strings.Cut(text, ".")
	minor, _, _ = strings.Cut(minor, ".") // a build number may follow
	var v version
	var errs [2]error
	v.major, errs[0] = strconv.Atoi(major)
	v.minor, errs[1] = strconv.Atoi(minor)
	if errors.Join(errs[:]...) != nil || v.major < 0 || v.minor < 0 {
		return version{}, fmt.Errorf("%w: the host's protocol version is %q", ErrMalformed, clean(text))
	}
	return v, nil
}
