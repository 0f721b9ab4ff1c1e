package local

import (
	"errors"
	"fmt"

	"postpatch/probes/host"
)

// hresult is what COM's functions return; it is a failure when its highest bit is set.
type hresult uint32

// What WMI and COM say. Source: the Windows SDK's wbemcli.h and winerror.h.
const (
	wbemNotFound         hresult = 0x80041002
	wbemDenied           hresult = 0x80041003
	wbemInvalidNamespace hresult = 0x8004100E
	wbemInvalidClass     hresult = 0x80041010
	wbemInvalidQuery     hresult = 0x80041017
	wbemPrivilege        hresult = 0x80041062
	wbemQuota            hresult = 0x8004106C
	comDenied            hresult = 0x80070005
)

// errWMI is a failure of WMI's or COM's.
type errWMI struct {
	code hresult
	says string // the system's own words, which may be none
}

func (e *errWMI) Error() string {
	words := map[hresult]string{
		0x80041001: "its provider failed", wbemNotFound: "not found", wbemDenied: "WMI refuses the account",
		0x80041004: "its provider failed", 0x80041006: "out of memory", 0x80041008: "an invalid parameter",
		wbemInvalidNamespace: "no such namespace", wbemInvalidClass: "no such class", 0x80041011: "its provider is not there",
		0x80041013: "its provider could not be loaded", wbemInvalidQuery: "WMI cannot read the query",
		0x80041032: "it was cancelled", 0x80041033: "WMI is shutting down", wbemPrivilege: "a privilege is not held",
		wbemQuota: "WMI's quota is reached", 0x80041069: "not within WMI's time",
	}[e.code]
	if words == "" {
		words = oneLine(e.says)
	}
	return fmt.Sprintf("%s (0x%08X)", words, uint32(e.code))
}

// Is makes the host's own errors out of WMI's.
func (e *errWMI) Is(target error) bool {
	switch target {
	case host.ErrNoClass:
		return e.code == wbemInvalidClass || e.code == wbemInvalidNamespace
	case host.ErrDenied:
		return e.code == wbemDenied || e.code == wbemPrivilege || e.code == comDenied
	case host.ErrBusy:
		return e.code == wbemQuota
	default:
		return false
	}
}

// isCode says whether an error is this one of WMI's.
func isCode(err error, code hresult) bool {
	var e *errWMI
	return errors.As(err, &e) && e.code == code
}
