package wsman

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"postpatch/probes/lab/estate"
)

const (
	wmiBase     = "http://schemas.microsoft.com/wbem/wsman/1/wmi/"
	wmiResource = wmiBase // lower case already
	cimv2       = "root/cimv2"
)

// The two ways in which WMI has no such class.
var (
	errNoClass     = errors.New("invalid class")
	errNoNamespace = errors.New("invalid namespace")
)

// find returns a class of a host.
func find(h estate.Host, namespace, class string) (table, error) {
	namespace = strings.ReplaceAll(namespace, `\`, "/")
	known := strings.EqualFold(namespace, cimv2) || strings.EqualFold(namespace, "root/default")
	t := table{namespace: namespace, class: class}
	found := false
	if strings.EqualFold(namespace, cimv2) {
		t.namespace = cimv2
		t, found = builtin(h, class)
	}
	for name, rows := range h.WMI {
		space, bare, qualified := strings.Cut(name, ":")
		if !qualified {
			space, bare = cimv2, name
		}
		if !strings.EqualFold(strings.ReplaceAll(space, `\`, "/"), namespace) {
			continue
		}
		known = true
		if strings.EqualFold(bare, class) {
			t = extend(t, bare, rows, found)
			found = true
		}
	}
	if h.Member && !found {
		member, isClass, isSpace := memberClass(h, namespace, class)
		known = known || isSpace
		if isClass {
			t, found = member, true
		}
	}
	switch {
	case found:
		return t, nil
	case known:
		return t, errNoClass
	default:
		return t, errNoNamespace
	}
}

// extend adds the estate's own rows to a class. Of a class that has always one
// instance they fill in that one.
func extend(t table, class string, rows []map[string]any, isBuiltin bool) table {
	columns := map[string]bool{}
	for _, c := range t.columns {
		columns[c] = true
	}
	for _, r := range rows {
		for name := range r {
			if c, has := t.column(name); !has {
				columns[c] = true
			}
		}
	}
	if !isBuiltin {
		t.class, t.loose = class, len(rows) == 0
	}
	t.columns = slices.Sorted(maps.Keys(columns))
	if t.class == "Win32_Volume" {
		t.rows = extendVolumes(t.rows, rows)
		return t
	}
	singleton := isBuiltin && len(t.rows) == 1
	for _, r := range rows {
		added := row(r)
		if singleton {
			merged := maps.Clone(t.rows[0])
			for name, value := range r {
				column, _ := t.column(name)
				merged[column] = value
			}
			t.rows = []row{merged}
			continue
		}
		if t.class == "Win32_QuickFixEngineering" {
			added = maps.Clone(t.rowDefaults())
			maps.Copy(added, r)
		}
		t.rows = append(t.rows, added)
	}
	return t
}

// rowDefaults are what every hotfix has.
func (t table) rowDefaults() row {
	return row{"Description": "Update", "InstalledBy": `NT AUTHORITY\SYSTEM`}
}

// run answers a query. The columns are those to show, sorted, or nil for whole
// instances.
func run(h estate.Host, namespace, source string) (t table, columns []string, err error) {
	q, err := parseQuery(source)
	if err != nil {
		return t, nil, err
	}
	if err := refusal(h, namespace, namespace+":"+q.class); err != nil {
		return t, nil, err
	}
	t, err = find(h, namespace, q.class)
	if err != nil {
		return t, nil, err
	}
	for _, name := range q.columns {
		column, has := t.column(name)
		if !has {
			return t, nil, errQuery
		}
		columns = append(columns, column)
	}
	slices.Sort(columns)
	columns = slices.Compact(columns)
	if q.where == nil {
		return t, columns, nil
	}
	for _, name := range q.where.uses() {
		if _, has := t.column(name); !has {
			return t, nil, errQuery
		}
	}
	t.rows = slices.DeleteFunc(slices.Clone(t.rows), func(r row) bool { return !q.where.holds(r) })
	return t, columns, nil
}
