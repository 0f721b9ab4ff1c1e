package updates_test

import (
	"testing"

	"postpatch/probes/probetest"
	"postpatch/probes/updates"
)

func FuzzAnswers(f *testing.F) {
	probetest.FuzzAnswers(f, updates.Kind, nil,
		"testdata/server2022.json", "testdata/configmgr.json", "testdata/odd.json")
}

func FuzzMissing(f *testing.F) {
	probetest.FuzzAnswers(f, updates.Kind, offline(), "testdata/offline.json")
}
