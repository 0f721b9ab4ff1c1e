package sql

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"postpatch/probes/lab/estate"
)

// TestGrantsAreWhatIsAsked holds that the script grants each table of msdb that a query
// names, and nothing that none does.
func TestGrantsAreWhatIsAsked(t *testing.T) {
	asked := strings.Join([]string{backupQuery, restoreQuery, agentQuery, integrityQuery}, "\n")
	var tables []string
	for _, found := range regexp.MustCompile(`msdb\.(dbo\.\w+)`).FindAllStringSubmatch(asked, -1) {
		if !slices.Contains(tables, found[1]) {
			tables = append(tables, found[1])
		}
	}
	given := granted(func(grant string) bool { return !isOfServer(grant) })
	slices.Sort(tables)
	slices.Sort(given)
	if !slices.Equal(tables, given) {
		t.Errorf("asked %q, granted %q", tables, given)
	}
}

// TestWithoutOneGrant holds that each grant is needed, by whom the script says, and by
// nobody else: without it those parts say what they need, and all others are read.
func TestWithoutOneGrant(t *testing.T) {
	h := changed(func(s *estate.SQL) {
		s.Server.HADR = true
		s.Groups = map[string]estate.Group{"AG1": {Databases: map[string]estate.Copy{"Orders": {}}}}
	})
	whole := observed(t, h)
	for _, grant := range granted(func(string) bool { return true }) {
		without := h
		sql := *h.SQL
		without.SQL = &sql
		sql.Denied = []string{grant}
		if !isOfServer(grant) {
			sql.Denied = []string{"msdb." + grant}
		}
		got := observed(t, without)
		for _, p := range allParts() {
			needs := slices.Contains(strings.Split(partsWith(grant), ", "), p.name)
			state, was := got[" "+p.state], whole[" "+p.state]
			switch {
			case p.optIn:
			case was != wasRead:
				t.Errorf("%s is %q even with all grants", p.name, was)
			case needs && state != p.notAllowed() && got[" agent"] != agentUnread:
				t.Errorf("without %s, %s is %q", grant, p.name, state)
			case !needs && state != wasRead:
				t.Errorf("without %s, %s is %q", grant, p.name, state)
			}
		}
	}
}
