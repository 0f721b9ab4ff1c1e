package updates_test

import (
	"testing"

	"postpatch/probes/probetest"
	"postpatch/probes/updates"
)

func FuzzAnswers(f *testing.F) {
	probetest.FuzzAnswers(f, updates.Kind, nil,
		"server2022.json", "configmgr.json", "odd.json")
}

func FuzzMissing(f *testing.F) {
	probetest.FuzzAnswers(f, updates.Kind, offline(), "offline.json")
}
