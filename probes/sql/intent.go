package sql

import (
	"errors"
	"fmt"
	"strings"

	"postpatch/probes"
)

// readOnly is the intent of who only reads, by which a listener sends on to a secondary.
const readOnly = "read_only"

// firstDatabase is the one that is entered. The master lets in those whose own database is
// broken; an intent means something in a database of a group alone.
func (p probe) firstDatabase() string {
	if p.Intent == readOnly {
		return p.Databases[0]
	}
	return "master"
}

func checkIntent(p params) error {
	switch {
	case p.Intent == "":
		return nil
	case p.Intent != readOnly:
		return probes.Fieldf("intent", "must be read_only, got %q", p.Intent)
	case len(p.Databases) == 0:
		return probes.Fieldf("intent", "needs a database: the first that is named is entered with it")
	default:
		return nil
	}
}

// again is why nothing is connected to a second time, though the driver asks for it; it is
// called with the lock held. A server may send a login on to another one, which is not the
// one that is asked after, and may have no entry in the credentials file.
func (d *door) again(address string) error {
	if strings.EqualFold(address, d.at) {
		return errors.New("connecting again: once is enough")
	}
	d.untaken = fmt.Errorf("the server sends the login on to %q, which is another server: "+
		"ask it by a check of its own, with its address", address)
	return d.untaken
}
