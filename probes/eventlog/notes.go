package eventlog

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"postpatch/probes/internal/note"
)

// notes tell what the tables of known.go hold.
func notes() []string {
	updaters := idlerParts()
	for i, part := range updaters {
		updaters[i] = "*" + part + "*"
	}
	crashes := slices.DeleteFunc(graves(), func(p pattern) bool {
		return slices.Contains(starts(), p) || slices.Contains(failedStarts(), p)
	})
	return slices.Concat(
		[]string{
			"At most +199% or gone: three times as many in the worst hour are a finding; one that ends is none.",
		},
		sorts("In serious:", crashes),
		note.List("In serious, of "+applicationError+" 1000:", "And:", ", ", gravePrograms()),
		sorts("In failed_starts:", failedStarts()),
		sorts("As unclean_start:", starts()),
		sorts("Noise:", hummed()),
		sorts(fmt.Sprintf("Noise up to %d times:", fewHums), hummedOnce()),
		[]string{"Noise with one of these in its text: " + esent + " 455 (" + strings.Join(hummedTexts(), ", ") + ")."},
		sorts("Noise where a service mostly rests:", idleEvents()),
		note.List("These services are:", "And:", ", ", slices.Concat(slices.Sorted(slices.Values(idlers())), updaters)),
		[]string{
			"The account has to be in the group Event Log Readers, or an administrator.",
			note.PowerShell,
		},
	)
}

// sorts tells of patterns, with the ids behind each provider. Providers that write the
// same, as one that an update of Windows has renamed, share them.
func sorts(lead string, all []pattern) []string {
	type sort struct {
		providers []string
		ids       []int
	}
	var found []sort
	for _, p := range all {
		provider := strings.TrimPrefix(p.provider, "Microsoft-Windows-")
		at := slices.IndexFunc(found, func(s sort) bool { return s.providers[0] == provider })
		if at < 0 {
			at, found = len(found), append(found, sort{providers: []string{provider}})
		}
		if !slices.Contains(found[at].ids, p.id) {
			found[at].ids = append(found[at].ids, p.id)
		}
	}
	var merged []sort
	for _, s := range found {
		slices.Sort(s.ids)
		if last := len(merged) - 1; last >= 0 && slices.Equal(merged[last].ids, s.ids) {
			merged[last].providers = append(merged[last].providers, s.providers...)
			continue
		}
		merged = append(merged, s)
	}
	texts := make([]string, len(merged))
	for i, s := range merged {
		ids := make([]string, len(s.ids))
		for j, id := range s.ids {
			ids[j] = strconv.Itoa(id)
		}
		texts[i] = strings.Join(s.providers, "/") + " " + strings.Join(ids, ", ")
	}
	return note.List(lead, "And:", "; ", texts)
}
