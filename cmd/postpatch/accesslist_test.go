package main

import (
	"slices"
	"strings"
	"testing"
)

func TestWhoMayUseAFile(t *testing.T) {
	const us, other = "S-1-5-21-1-2-3-1001", "S-1-5-21-1-2-3-1002"
	me, users := trustee{us, `CORP\op`}, trustee{"S-1-5-32-545", `BUILTIN\Users`}
	allow := func(who trustee, mask uint32) accessEntry { return accessEntry{who: who, mask: mask} }
	const full, reads, lists = 0x1f01ff, 0x120089, 0x20080
	mine := []accessEntry{
		allow(me, full), allow(trustee{sidSystem, "SYSTEM"}, full), allow(trustee{sidAdministrators, ""}, full),
		allow(trustee{"S-1-5-21-9-9-9-512", `CORP\Domain Admins`}, full), allow(trustee{"S-1-3-4", "OWNER RIGHTS"}, full),
	}
	and := func(more ...accessEntry) []accessEntry { return slices.Concat(mine, more) }
	const mend = `icacls "C:\op's keys\pw.txt" /inheritance:r`
	const keep = " /grant:r *" + us + ":F *S-1-5-18:F *S-1-5-32-544:F"
	for name, test := range map[string]struct {
		list         accessList
		read, change string // why each is refused
	}{
		"a profile's":        {list: accessList{owner: me, entries: mine}},
		"an administrator's": {list: accessList{owner: trustee{sidAdministrators, ""}, entries: mine}},
		"who lets nobody in": {list: accessList{owner: me}},
		"for all to read": {
			list: accessList{owner: me, entries: and(allow(users, reads))},
			read: `BUILTIN\Users can read or change it: ` + mend + " /remove:g *S-1-5-32-545" + keep,
		},
		"for all to see that it is there": {list: accessList{owner: me, entries: and(allow(users, lists))}},
		"for others to append": {
			list:   accessList{owner: me, entries: and(allow(trustee{sid: other}, 0x4))},
			read:   other + " can read or change it: " + mend + " /remove:g *" + other + keep,
			change: other + " can change it: " + mend + " /remove:g *" + other + keep,
		},
		"for others to let themselves in": {
			list:   accessList{owner: me, entries: and(allow(users, 0x40000))},
			read:   `BUILTIN\Users can read or change it`,
			change: `BUILTIN\Users can change it`,
		},
		"to read by a generic right": {
			list: accessList{owner: me, entries: and(allow(users, genericRead))}, read: `BUILTIN\Users can read`,
		},
		"denied first": {
			list: accessList{owner: me, entries: slices.Concat(
				[]accessEntry{{who: users, denies: true, mask: full}}, and(allow(users, reads)),
			)},
		},
		"denied too late": {
			list: accessList{owner: me, entries: and(allow(users, reads), accessEntry{who: users, denies: true, mask: full})},
			read: `BUILTIN\Users can read`,
		},
		"denied to another": {
			list: accessList{owner: me, entries: slices.Concat(
				[]accessEntry{{who: me, denies: true, mask: full}}, and(allow(users, reads)),
			)},
			read: `BUILTIN\Users can read`,
		},
		"a user whose number ends like an administrator's": {
			list: accessList{owner: me, entries: and(allow(trustee{sid: "S-1-5-21-1-2-3-1512"}, reads))},
			read: "S-1-5-21-1-2-3-1512 can",
		},
		"two who are named twice": {
			list: accessList{
				owner: me, entries: and(allow(users, reads), allow(trustee{other, `CORP\x`}, reads), allow(users, 2)),
			},
			read: `BUILTIN\Users, CORP\x can read or change it: ` + mend +
				" /remove:g *S-1-5-32-545 /remove:g *" + other + keep,
			change: `BUILTIN\Users can change it: `,
		},
		"somebody else's": {
			list: accessList{owner: trustee{other, `CORP\x`}, entries: mine},
			read: `it belongs to somebody else (CORP\x), who can let anybody in: ` +
				`takeown /f "C:\op's keys\pw.txt", and then ` + mend + keep,
			change: `it belongs to somebody else (CORP\x)`,
		},
		"nobody's": {list: accessList{entries: mine}, read: "it belongs to somebody else ()", change: "it belongs to"},
		"no list":  {list: accessList{owner: me, none: true}, read: "everybody can read and change it", change: "everybody can"},
		"an entry of a kind of its own": {
			list:   accessList{owner: me, entries: and(allow(trustee{name: "an entry"}, genericAll))},
			read:   "an entry can read or change it: " + mend + keep,
			change: "an entry can change it",
		},
	} {
		const path = `C:\op's keys\pw.txt`
		for rights, want := range map[uint32]string{canRead | canChange: test.read, canChange: test.change} {
			got := plain(test.list.refuse(path, us, rights))
			if (got == "") != (want == "") || !strings.HasPrefix(got, want) {
				t.Errorf("%s, for %#x: got %q, want %q", name, rights, got, want)
			}
		}
	}
}

// A list of a thousand makes a message of one line that a console takes.
func TestWhoMayUseAFileOfAThousand(t *testing.T) {
	list := accessList{owner: trustee{sid: sidSystem}}
	for sid := range strings.FieldsSeq(manySIDs()) {
		list.entries = append(list.entries, accessEntry{who: trustee{sid: sid}, mask: 1})
	}
	got := plain(list.refuse(`C:\x`, "S-1-1", canRead|canChange))
	if !strings.Contains(got, "995 more can read or change it") || len(got) > 2000 {
		t.Errorf("%d characters: %s", len(got), got)
	}
}

func manySIDs() string {
	var b strings.Builder
	for n := range strings.FieldsSeq(numbers(1000)) {
		b.WriteString("S-1-5-21-1-2-3-" + n + " ")
	}
	return b.String()
}
