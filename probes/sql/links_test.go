package sql

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/fact"
	"postpatch/probes/lab/estate"
	"postpatch/runner/runnertest"
)

// linked is an instance with linked servers of every sort.
func linked(changes ...func(map[string]estate.Linked)) estate.Host {
	return changed(func(s *estate.SQL) {
		s.Linked = map[string]estate.Linked{
			"ERP": {RPCOut: true, Source: `erp\prod`}, "Old": {Error: 7303}, "hop": {Error: 18456, NoData: true},
			"no map": {Error: 7416}, "x]'; DROP": {},
		}
		for _, change := range changes {
			change(s.Linked)
		}
	})
}

func linkTexts(observed []fact.Reading, names ...string) []string {
	var lines []string
	for _, r := range observed {
		if slices.Contains(names, r.Key.Name) {
			lines = append(lines, r.Key.Item+" "+r.Key.Name+"="+r.Value.String())
		}
	}
	return lines
}

func TestLinks(t *testing.T) {
	for name, c := range map[string]struct {
		args map[string]any
		host estate.Host
		want []string
	}{
		"not wanted": {map[string]any{}, linked(), nil},
		"all of them": {map[string]any{"part": []string{"links"}}, linked(), []string{
			" link_test=read", "link/ERP other_link=ok", "link/hop other_link=failed 18456",
			"link/no map other_link=failed 7416", "link/Old other_link=failed 7303", "link/x]'; DROP other_link=ok",
		}},
		"by their names": {map[string]any{"linked_server": []string{"erp", "Gone", "x]'; DROP"}}, linked(), []string{
			" link_test=read", "link/Gone link=absent", "link/erp link=ok", "link/x]'; DROP link=ok",
		}},
		"some by a pattern": {map[string]any{"linked_server": []string{"ERP", "*o*"}}, linked(), []string{
			" link_test=read", "link/ERP link=ok", "link/hop other_link=failed 18456", "link/no map other_link=failed 7416",
			"link/Old other_link=failed 7303", "link/x]'; DROP other_link=ok",
		}},
		"none there": {map[string]any{"part": []string{"links"}}, healthy(), []string{" link_test=read"}},
		"one of many gets the time of one": {map[string]any{"linked_server": []string{"hop"}}, linked(), []string{
			" link_test=read", "link/hop link=failed 18456",
		}},
		"no right to the procedure": {
			map[string]any{"part": []string{"links"}},
			without(linked(), "sp_testlinkedserver"),
			[]string{" link_test=not checked: needs EXECUTE on sys.sp_testlinkedserver"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, c.host, selfSigned(t, 7))
			all, err := build(t, c.args).Observe(t.Context(), s.target())
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.want, linkTexts(all, "link_test", "link", "other_link")); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
	s := serve(t, linked(), selfSigned(t, 7))
	all, err := build(t, map[string]any{"linked_server": []string{"ERP"}}).Observe(t.Context(), s.target())
	got := readings(all)
	for key, want := range map[string]string{
		"link/ERP link_product": "SQL Server", "link/ERP link_provider": "MSOLEDBSQL", "link/ERP link_source": `erp\prod`,
		"link/ERP link_data_access": "true", "link/ERP link_rpc_out": "true", "link/hop link_data_access": "false",
		" backup_history": "read",
	} {
		if got[key] != want || err != nil {
			t.Errorf("%s is %q and the error %v, want %q", key, got[key], err, want)
		}
	}
}

// TestLinkHangs holds that a linked server which does not answer costs nothing but what is
// asked after it, whether the server hears a cancel or not.
func TestLinkHangs(t *testing.T) {
	slow := func(l estate.Linked) estate.Host {
		return linked(func(all map[string]estate.Linked) { all["ERP"] = l })
	}
	for name, c := range map[string]struct {
		host     estate.Host
		links    []string
		patience time.Duration
		want     []string
	}{
		"it hears a cancel": {slow(estate.Linked{Takes: time.Hour}), []string{"ERP", "h*"}, time.Millisecond, []string{
			" link_test=read", "link/ERP link=no answer", "link/hop other_link=failed 18456",
		}},
		"it hears nothing": {slow(estate.Linked{Hangs: true}), []string{"ERP", "h*"}, time.Millisecond, []string{
			" link_test=not checked: no answer in time", "link/ERP link=no answer",
		}},
		"it is the last one": {slow(estate.Linked{Hangs: true}), []string{"ERP"}, time.Millisecond, []string{
			" link_test=read", "link/ERP link=no answer",
		}},
		"there was too little time to say": {slow(estate.Linked{Takes: time.Hour}), []string{"ERP"}, time.Minute, []string{
			" link_test=not checked: no answer in time",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, c.host, selfSigned(t, 7))
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			p, _ := build(t, map[string]any{"linked_server": c.links}).(probe)
			p.patience = c.patience
			all, err := p.Observe(ctx, s.target())
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.want, linkTexts(all, "link_test", "link", "other_link")); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
			if got := readings(all); got["Orders other_state"] != "ONLINE" || got[" backup_history"] != "read" {
				t.Errorf("it costs the rest: %v", got)
			}
		})
	}
	leavesNone(t)
}

func TestWhatAPatchBreaksOfLinks(t *testing.T) {
	broken := func(number int) estate.Host {
		return linked(func(all map[string]estate.Linked) {
			all["ERP"] = estate.Linked{Error: number, RPCOut: true, Source: `erp\prod`}
		})
	}
	for name, c := range map[string]struct {
		linked        []string
		before, after estate.Host
		want          []string
	}{
		"what failed before":       {[]string{"*"}, linked(), linked(), []string{"passed"}},
		"what was reached is not":  {[]string{"*"}, linked(), broken(18456), []string{"regressed failing", "link/ERP other_link: regressed ok -> failed 18456"}},
		"one that is named":        {[]string{"ERP"}, linked(), broken(7399), []string{"regressed failing", "link/ERP link: regressed ok -> failed 7399"}},
		"a named one never worked": {[]string{"hop"}, linked(), linked(), []string{"pre-existing", "link/hop link: pre-existing failed 18456 -> failed 18456"}},
		"it answers now":           {[]string{"ERP"}, broken(53), linked(), []string{"fixed", "link/ERP link: fixed failed 53 -> ok"}},
		"it is gone": {[]string{"ERP"}, linked(), linked(func(all map[string]estate.Linked) { delete(all, "ERP") }), []string{
			"regressed failing", "link/ERP link: regressed ok -> absent",
		}},
		"the provider is another": {
			[]string{"*"}, linked(), linked(func(all map[string]estate.Linked) {
				all["ERP"] = estate.Linked{Provider: "SQLNCLI11", RPCOut: true, Source: `erp\prod`}
			}), []string{"drifted failing", "link/ERP link_provider: drifted MSOLEDBSQL -> SQLNCLI11"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var seen [2]runnertest.Seen
			for i, h := range []estate.Host{c.before, c.after} {
				s := serve(t, h, selfSigned(t, 7))
				seen[i].Readings, seen[i].Err = build(t, map[string]any{"linked_server": c.linked}).Observe(t.Context(), s.target())
			}
			got := runnertest.Told(t, Kind, "- sql: {linked_server: ['"+strings.Join(c.linked, "', '")+"']}", seen)
			got = slices.DeleteFunc(got, func(line string) bool {
				return strings.Contains(line, "link_") && strings.Contains(line, "-> ") && strings.HasSuffix(line, "-> ")
			})
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

func TestLinkParameters(t *testing.T) {
	for _, bad := range [][]string{{""}, {"ERP", "erp"}} {
		if _, err := Kind.Build(map[string]any{"linked_server": bad}); err == nil {
			t.Errorf("%q: no error", bad)
		}
	}
	build(t, map[string]any{"linked_server": []string{"a"}, "part": []string{"backups", "links"}})
}
