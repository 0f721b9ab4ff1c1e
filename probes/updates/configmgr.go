package updates

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/gather"
	"postpatch/probes/internal/named"
)

// configMgr asks the Configuration Manager client for the updates that are
// deployed to the host, apply, and are not installed. Source: Microsoft's
// documentation of CCM_SoftwareUpdate.
func configMgr() host.WQL {
	return host.WQL{
		Namespace: "root/ccm/clientSDK", Class: "CCM_SoftwareUpdate",
		Columns: []string{"ArticleID", "Name", "UpdateID", "EvaluationState", "ErrorCode"},
	}
}

// deployed is one row.
type deployed struct {
	name  string
	state int64
	code  uint32
}

// stateError is the EvaluationState of an update that could not be installed.
const stateError = 13

// failed also holds for one that waits after an error. A code without the highest
// bit is a success, such as one that needs a reboot.
func (d deployed) failed() bool { return d.state == stateError || d.code>>31 == 1 }

// evaluation is the state in words. Source: the states of a CI job in the
// client's SDK.
func (d deployed) evaluation() string {
	words := []string{
		"no state", "available", "submitted", "detecting", "preparing the download", "downloading",
		"waits for installation", "installing", "waits for a soft reboot", "waits for a hard reboot", "waits for a reboot",
		"verifying", "installed", "failed", "waits for a maintenance window", "waits for a user to sign in",
		"waits for users to sign out", "waits for the job's user to sign in", "waits for a user to reconnect",
		"waits for a user to sign out", "update pending", "waits for another try", "waits for the end of a presentation",
		"waits for orchestration",
	}
	if d.state < 0 || d.state >= int64(len(words)) {
		return fmt.Sprintf("unknown state %d", d.state)
	}
	return words[d.state]
}

func (d deployed) why() string {
	switch {
	case d.code == 0:
		return d.evaluation() + " without an error code"
	case d.state == stateError:
		return meant(d.code)
	default:
		return d.evaluation() + ", " + meant(d.code)
	}
}

// readConfigMgr makes the readings of the client's view. Without a client nothing
// has failed there, so that one which is installed later brings no failure.
func (p probe) readConfigMgr(r *gather.Reader) {
	rows, there := r.Optional("configmgr", configMgr())
	if !there {
		if _, err := r.Answers.To(configMgr()); !errors.Is(err, host.ErrNoClass) {
			return
		}
	}
	updates := map[string]deployed{}
	for _, row := range rows {
		d := deployed{name: deployedName(row), code: code(row, "ErrorCode")}
		state, known := gather.Number(row, "EvaluationState")
		switch {
		case d.name == "":
			r.Failf("configmgr", "an update without number, identity and name")
			continue
		case p.except[d.name]:
			continue
		case !known:
			r.Failf("configmgr_state of "+d.name, "want a number, got %.40q", gather.Text(row, "EvaluationState"))
			continue
		}
		d.state = state
		if was, doubled := updates[d.name]; !doubled || !was.failed() && (d.failed() || d.state < was.state) {
			updates[d.name] = d
		}
	}
	r.Add("", "configmgr", fact.Bool(there))
	failed, pending := map[string]bool{}, map[string]bool{}
	var failures []string
	for _, item := range slices.Sorted(maps.Keys(updates)) {
		d := updates[item]
		r.Add(item, "configmgr_state", fact.Text(d.evaluation()))
		pending[item] = true
		if d.failed() {
			failed[item] = true
			failures = append(failures, item+": "+d.why())
		}
	}
	r.Add("", "configmgr_failed", setOf(failed))
	r.Add("", "configmgr_failures", fact.SetOf(failures...))
	r.Add("", "configmgr_pending", setOf(pending))
}

func deployedName(row host.Row) string {
	if kb := kbIn("KB" + gather.Text(row, "ArticleID")); kb != "" {
		return kb
	}
	if found := name(gather.Text(row, "Name"), gather.Text(row, "UpdateID")); found != "" {
		return found
	}
	return named.Short(gather.Text(row, "Name"), mostName)
}
