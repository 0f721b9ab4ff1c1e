// Package disk observes the volumes of a Windows host.
package disk

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/choice"
	"postpatch/probes/internal/named"
	"postpatch/probes/internal/note"
)

// Kind is what a suite calls "disk".
var Kind = probes.Define(probes.Kind{
	Name:  "disk",
	Doc:   "The volumes of fixed disks, mount points too: are they there, their file system, their free space.",
	Item:  "the volume's letter, such as C:, or the folder where it is mounted: E:\\Logs, /var",
	Items: probes.AnyCase,
	Main:  "name",
	Example: "- disk: {}\n" +
		"  why: a driver of the patch must not lose a volume\n" +
		"- disk: [D, 'E:\\Mounts\\Logs']\n" +
		"  expect: {file_system: ReFS, free_percent: \"> 10%\"}\n",
	Notes: []string{note.WMI},
	Readings: []probes.ReadingSpec{
		{
			Name: "present", Type: fact.TypeBool, Gate: true, Severity: fact.Fail, Expect: "true",
			Doc: "Whether Windows has a volume there; false only of one that the suite names.",
		},
		{
			Name: "file_system", Type: fact.TypeText, Gate: true, Rule: fact.Rule{Op: fact.SameText}, Severity: fact.Fail,
			Keep: "!= RAW",
			Doc:  "NTFS, ReFS, ext4… RAW when Windows knows none: damaged, locked, of no driver; of Linux if it is read-only.",
		},
		{
			Name: "volume", Type: fact.TypeText, Rule: fact.Rule{Op: fact.SameText},
			Doc: "The volume's GUID: another one under the same letter or folder is another volume.",
		},
		{
			Name: "label", Type: fact.TypeText, Severity: fact.Note,
			Doc: "The name that people gave it.",
		},
		{
			Name: "size", Type: fact.TypeInt, Unit: "bytes",
			Doc: "How much fits on it.",
		},
		{
			Name: "free", Type: fact.TypeInt, Unit: "bytes", Rule: fact.Rule{Op: fact.Ignore},
			Doc: "How much is free; it is never still, so the percentage is what is compared.",
		},
		{
			Name: "free_percent", Type: fact.TypeInt, Unit: "%",
			Rule: fact.Rule{Op: fact.Within, Number: 10, Unit: "points"}, Keep: ">= 1%",
			Doc: "How much of it is free, rounded down; compared in percentage points.",
		},
		{
			Name: "dirty", Type: fact.TypeBool,
			Doc: "Windows wants to check the file system at the next boot; Linux does not tell.",
		},
	},
}, params{}, newProbe)

type params struct {
	Names  []string `param:"name" absent:"all that have one" doc:"Letters or folders of the volumes."`
	Except []string `param:"except" doc:"Letters or folders that this check leaves out, such as disks of a cluster."`
}

type probe struct {
	names  []string
	except map[string]bool // by lower-case name
}

func newProbe(p params) (probes.Probe, error) {
	built := probe{except: map[string]bool{}}
	for _, name := range p.Names {
		if !isPlace(name) {
			return nil, probes.Fieldf("name", `want a letter like D or a folder like E:\Logs or /var, got %q`, name)
		}
		if fold := func(s string) bool { return strings.EqualFold(s, place(name)) }; slices.ContainsFunc(built.names, fold) {
			return nil, probes.Fieldf("name", "%q is there twice", name)
		}
		built.names = append(built.names, place(name))
	}
	for _, name := range p.Except {
		if !isPlace(name) {
			return nil, probes.Fieldf("except", `want a letter like D or a folder like E:\Logs or /var, got %q`, name)
		}
		built.except[strings.ToLower(place(name))] = true
	}
	return built, choice.AllBut(p.Except, "volumes", "name", p.Names)
}

// isPlace says whether a suite may name a volume so: D, D:, D:\ or D:\Folder, and /var on
// Linux.
func isPlace(name string) bool {
	name = place(name)
	if strings.HasPrefix(name, "/") {
		return true
	}
	if len(name) < 2 || name[1] != ':' || name[0] < 'A' || name[0] > 'Z' {
		return false
	}
	return len(name) == 2 || len(name) > 3 && name[2] == '\\'
}

// place writes a letter or a path in one form: D:, D:\Folder.
func place(name string) string {
	name = strings.TrimSpace(name)
	if strings.HasPrefix(name, "/") { // Linux
		return "/" + strings.Trim(name, "/")
	}
	name = strings.TrimRight(name, `\`)
	if len(name) == 1 {
		name += ":"
	}
	if len(name) >= 2 && name[1] == ':' {
		name = strings.ToUpper(name[:1]) + name[1:]
	}
	return name
}

// question is one for all checks: there are few volumes, and a condition on a
// path is easily written wrong.
func question() host.WQL {
	return host.WQL{
		Class: "Win32_Volume", Where: "DriveType=3",
		Columns: []string{
			"DeviceID", "DriveLetter", "DriveType", "Name", "Label", "FileSystem", "Capacity", "FreeSpace", "DirtyBitSet",
		},
	}
}

// Questions implements probes.Asker.
func (probe) Questions() []host.Question { return []host.Question{question()} }

// Observe implements probes.Probe. A value that cannot be read is named in the
// error, and the others stay beside it.
func (p probe) Observe(_ context.Context, t probes.Target) ([]fact.Reading, error) {
	rows, err := t.Answers.To(question())
	if err != nil {
		return nil, err
	}
	all := volumes(rows)
	if len(all) == 0 {
		// Windows runs from a volume: an empty list is an answer cut off.
		return nil, errors.New("reading the volumes: the host named none of a fixed disk")
	}
	if len(p.names) == 0 {
		all = slices.DeleteFunc(all, func(v volume) bool { return p.except[strings.ToLower(v.item)] })
	} else {
		all = p.named(all)
	}
	if len(all) == 0 {
		return nil, errors.New("reading the volumes: the check leaves out every one that the host has")
	}
	var readings []fact.Reading
	for _, v := range all {
		made, oddity := v.readings()
		readings = append(readings, made...)
		err = cmp.Or(err, oddity)
	}
	return readings, err
}

// named picks the volumes that the suite names, under the names that it uses: so
// one that is gone stays the same item.
func (p probe) named(all []volume) []volume {
	picked := make([]volume, len(p.names))
	for i, name := range p.names {
		picked[i].item = name
		at := slices.IndexFunc(all, func(v volume) bool { return strings.EqualFold(v.item, name) })
		if at >= 0 {
			picked[i].row = all[at].row
		}
	}
	return picked
}

// volume is one row; of a volume that is not there the row is nil.
type volume struct {
	item string
	row  host.Row
}

// volumes sorts what has a letter or a folder by it. Others, such as the
// recovery partition, nobody reaches.
func volumes(rows []host.Row) []volume {
	var all []volume
	for _, row := range rows {
		// The answer may be of a query that another check has widened.
		if strings.TrimSpace(row.Get("DriveType").Text) != "3" {
			continue
		}
		name := place(cmp.Or(row.Get("DriveLetter").Text, row.Get("Name").Text))
		if name != "" && !strings.HasPrefix(name, `\\?\`) {
			all = append(all, volume{name, row})
		}
	}
	slices.SortFunc(all, func(a, b volume) int {
		return cmp.Or(strings.Compare(strings.ToLower(a.item), strings.ToLower(b.item)),
			strings.Compare(a.row.Get("DeviceID").Text, b.row.Get("DeviceID").Text))
	})
	var twins named.Twins
	for i, v := range all {
		all[i].item = twins.Item(v.item)
	}
	return all
}
