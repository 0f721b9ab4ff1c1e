package sql

import (
	"fmt"
	"slices"
	"strings"
)

const (
	viewServerState = "VIEW SERVER STATE"
	grantee         = `[CORP\probe]`
)

// grantScript is what a DBA runs once on an instance for the login of the checks.
// Source: Microsoft, "GRANT Server Permissions (Transact-SQL)", "System dynamic management
// views" and "sys.databases (Transact-SQL)".
func grantScript() []string {
	lines := []string{
		"USE master;",
		line("CREATE LOGIN "+grantee+" FROM WINDOWS;", "or WITH PASSWORD = '...', for a SQL login"),
	}
	for _, permission := range granted(isOfServer) {
		for _, one := range versions(permission) {
			lines = append(lines, line("GRANT "+one.permission+" TO "+grantee+";", partsWith(permission)+one.since))
		}
	}
	lines = append(lines,
		line("GRANT CONNECT ANY DATABASE TO "+grantee+";", "answers: from 2014 on; before, a user in each database"),
		line("GRANT VIEW ANY DATABASE TO "+grantee+";", "which everybody has unless somebody revoked it"),
		line("-- GRANT CREATE DATABASE TO "+grantee+";", "to a user of it in master: shows databases that are OFFLINE"),
		"USE msdb;",
		"CREATE USER "+grantee+" FOR LOGIN "+grantee+";",
	)
	for _, table := range granted(func(grant string) bool { return !isOfServer(grant) }) {
		lines = append(lines, line("GRANT SELECT ON "+table+" TO "+grantee+";", partsWith(table)))
	}
	return lines
}

func line(statement, why string) string { return fmt.Sprintf("%-60s -- %s", statement, why) }

func isOfServer(grant string) bool { return !strings.HasPrefix(grant, "dbo.") }

// granted are the grants of all parts, each once.
func granted(wanted func(string) bool) []string {
	var all []string
	for _, p := range allParts() {
		for _, grant := range p.grants {
			if wanted(grant) && !slices.Contains(all, grant) {
				all = append(all, grant)
			}
		}
	}
	return all
}

// partsWith names the parts that need a grant.
func partsWith(grant string) string {
	var names []string
	for _, p := range allParts() {
		if slices.Contains(p.grants, grant) {
			names = append(names, p.name)
		}
	}
	return strings.Join(names, ", ")
}

type versioned struct{ permission, since string }

// versions is how a permission is called by the versions of SQL Server.
func versions(permission string) []versioned {
	if permission != viewServerState {
		return []versioned{{permission, ""}}
	}
	return []versioned{
		{permission, ": until 2019"},
		{"VIEW SERVER PERFORMANCE STATE", ": from 2022 on"},
		{"VIEW SERVER SECURITY STATE", ": from 2022 on"},
	}
}
