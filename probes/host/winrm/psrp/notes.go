package psrp

import "fmt"

// Notes count what the host sent and nobody needs: evidence when an answer is
// not what was expected.
type Notes struct {
	Warnings, Verbose, Debug, Information, Progress int
	HostCalls                                       int // that wanted no answer
	Other                                           int // messages of other types
	// FirstWarning is the first warning as one clean line.
	FirstWarning string
	PowerShell   string // the host's version of it, when a pool was told
}

// count counts a message of one of the streams beside output and errors.
func (n *Notes) count(m message) (known bool, err error) {
	switch m.kind {
	case warningRecord:
		n.Warnings++
		return true, n.warn(m.data)
	case verboseRecord:
		n.Verbose++
	case debugRecord:
		n.Debug++
	case informationRecord:
		n.Information++
	case progressRecord:
		n.Progress++
	default:
		return false, nil
	}
	return true, nil
}

// warn keeps the first warning's text (MS-PSRP 2.2.3.16).
func (n *Notes) warn(data []byte) error {
	if n.FirstWarning != "" {
		return nil
	}
	v, err := decode(data)
	if err != nil {
		return fmt.Errorf("reading a warning: %w", err)
	}
	n.FirstWarning = clean(v.textOf("InformationalRecord_Message"))
	return nil
}
