package tds

import (
	"slices"
	"strings"
)

// view is a table or view that every instance has.
type view struct {
	name  string // as a query writes it behind the database
	msdb  bool   // only there, and not in every database
	needs string // the permission of the server; "" for none
	since int    // the first major version that has it; 0 for all
	build func(scope) table
}

// catalogue lists all that FROM finds.
func catalogue() []view {
	return []view{
		{name: "sys.databases", build: scope.databasesTable},
		{name: "sys.objects", build: scope.objectsTable},
		{name: "sys.dm_os_sys_info", needs: viewServerState, build: scope.sysInfo},
		{name: "sys.dm_exec_connections", needs: viewSecurity, build: scope.connectionsTable},
		{name: "sys.dm_server_services", needs: viewSecurity, build: scope.servicesTable},
		{name: "sys.dm_server_memory_dumps", needs: viewPerformance, build: scope.dumpsTable},
		{name: "sys.dm_tcp_listener_states", needs: viewSecurity, build: scope.listenersTable},
		{name: "dbo.backupset", msdb: true, build: scope.backupSets},
		{name: "dbo.restorehistory", msdb: true, build: scope.restores},
		{name: "dbo.sysjobs", msdb: true, build: scope.jobsTable},
		{name: "dbo.sysjobservers", msdb: true, build: scope.jobServers},
		{name: "dbo.sysjobhistory", msdb: true, build: scope.jobHistory},
		{name: "dbo.sysjobactivity", msdb: true, build: scope.jobActivity},
		{name: "dbo.syssessions", msdb: true, build: scope.agentSessions},
		{name: "dbo.syscategories", msdb: true, build: scope.jobCategories},
		{name: "dbo.suspect_pages", msdb: true, build: scope.suspectPages},
	}
}

// The permissions that views of the server's state want. From SQL Server 2022 on there
// are two of them in the place of VIEW SERVER STATE, which gives both.
// Source: Microsoft, "System dynamic management views", permissions.
const (
	viewServerState    = "VIEW SERVER STATE"
	viewPerformance    = "VIEW SERVER PERFORMANCE STATE"
	viewSecurity       = "VIEW SERVER SECURITY STATE"
	firstWithTwoStates = 16
)

func (sc scope) view(parts []string, msdb bool) (view, bool) {
	name := strings.Join(parts, ".")
	all := catalogue()
	i := slices.IndexFunc(all, func(v view) bool {
		return strings.EqualFold(v.name, name) && (msdb || !v.msdb) && version(sc.sql.Version).part(0) >= v.since
	})
	if i < 0 {
		return view{}, false
	}
	return all[i], true
}

// withheld says why the login may not read a view of the server's state: an estate
// withholds VIEW SERVER STATE, or one of the two that it gives.
func (sc scope) withheld(v view) error {
	needs := v.needs
	if version(sc.sql.Version).part(0) < firstWithTwoStates && needs != "" {
		needs = viewServerState
	}
	if needs == "" || !sc.isDenied(needs) && !sc.isDenied(viewServerState) {
		return nil
	}
	return failf(300, 14, "%s permission was denied on object 'server', database 'master'.", needs)
}
