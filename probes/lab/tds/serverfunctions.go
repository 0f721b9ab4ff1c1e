package tds

import (
	"crypto/rand"
	"slices"
	"strings"
)

// counter compiles the variables of the session that begin with @@.
func (sc scope) counter(variable string) (compiled, bool) {
	number := func(of func() int) (compiled, bool) {
		return compiled{colType{kind: kindInt}, func([]any) any { return int64(of()) }}, true
	}
	s := sc.session
	switch variable {
	case "@@TRANCOUNT":
		return number(func() int { return s.tran.count })
	case "@@ROWCOUNT":
		return number(func() int { return s.rowCount })
	case "@@ERROR":
		return number(func() int { return s.lastError })
	case "@@LOCK_TIMEOUT":
		return number(func() int { return s.settings.lockTimeout })
	case "@@DATEFIRST":
		return number(func() int { return 7 })
	case "@@NESTLEVEL":
		return number(func() int { return s.nested })
	case "@@MAX_CONNECTIONS":
		return number(func() int { return 32767 })
	}
	return compiled{}, false
}

// serverFunctions tell of the server, the session and the error in hand.
func (sc scope) serverFunctions() map[string]function {
	number := fixedType(colType{kind: kindInt, nullable: true})
	named := fixedType(sysname())
	caught := func(of func(e *sqlError) any) function {
		return function{typ: number, eval: func([]any) any {
			if e := sc.session.caught; e != nil {
				return of(e)
			}
			return nil
		}}
	}
	message := caught(func(e *sqlError) any { return e.text })
	message.typ = fixedType(colType{kind: kindText, size: longestText, nullable: true})
	return map[string]function{
		"ERROR_NUMBER":    caught(func(e *sqlError) any { return int64(e.number) }),
		"ERROR_SEVERITY":  caught(func(e *sqlError) any { return int64(e.class) }),
		"ERROR_STATE":     caught(func(e *sqlError) any { return int64(e.state) }),
		"ERROR_LINE":      caught(func(*sqlError) any { return int64(1) }),
		"ERROR_PROCEDURE": {typ: named, eval: func([]any) any { return nil }},
		"ERROR_MESSAGE":   message,
		"XACT_STATE": {typ: fixedType(colType{kind: kindSmallInt}), eval: func([]any) any {
			switch t := sc.session.tran; {
			case t.count == 0:
				return int64(0)
			case t.doomed:
				return int64(-1)
			}
			return int64(1)
		}},
		"ROWCOUNT_BIG": {typ: fixedType(colType{kind: kindBigInt}), eval: func([]any) any {
			return int64(sc.session.rowCount)
		}},
		"SCHEMA_NAME": {args: "|i", typ: named, eval: func([]any) any { return "dbo" }},
		"USER_NAME":   {args: "|i", typ: named, eval: func([]any) any { return "guest" }},
		"SUSER_SNAME": {args: "|v", typ: named, eval: func(v []any) any {
			if raw, isSID := append(v, nil)[0].([]byte); isSID {
				if len(raw) == 1 && raw[0] == 1 {
					return "sa"
				}
				return nil
			}
			return sc.session.login.user
		}},
		"NEWID": {typ: fixedType(colType{kind: kindGUID}), eval: func([]any) any {
			var g guid
			_, _ = rand.Read(g[:])
			return g
		}},
		"CONCAT": {args: "TT|TTTTTTTTTTTTTTTTTT", typ: asText(longestText), eval: func(v []any) any {
			var all strings.Builder
			for _, part := range v {
				text, _ := part.(string)
				all.WriteString(text)
			}
			return all.String()
		}},
	}
}

// nameFunctions tell of what there is by its name, and of what the login may.
func (sc scope) nameFunctions() map[string]function {
	number := fixedType(colType{kind: kindInt, nullable: true})
	return map[string]function{
		"DB_NAME": {args: "|i", typ: fixedType(sysname()), eval: func(v []any) any { return sc.databaseName(v) }},
		"DB_ID": {args: "|t", typ: fixedType(colType{kind: kindSmallInt, nullable: true}), eval: func(v []any) any {
			name := sc.session.database
			if len(v) > 0 {
				name = v[0].(string)
			}
			known := func(n string) bool { return strings.EqualFold(n, name) }
			if i := slices.IndexFunc(databases(sc.sql), known); i >= 0 {
				return int64(i + 1)
			}
			return nil
		}},
		"OBJECT_ID": {args: "t|t", typ: number, eval: func(v []any) any { return sc.objectID(v[0].(string)) }},
		"HAS_PERMS_BY_NAME": {args: "TTt|TT", typ: number, eval: func(v []any) any {
			securable, _ := v[0].(string)
			class, _ := v[1].(string)
			return sc.hasPermission(securable, strings.ToUpper(class), strings.ToUpper(v[2].(string)))
		}},
		"IS_SRVROLEMEMBER": {args: "t|t", typ: number, eval: func(v []any) any { return serverRole(v[0].(string)) }},
		"IS_MEMBER":        {args: "t", typ: number, eval: func([]any) any { return int64(0) }},
	}
}

func (sc scope) databaseName(v []any) any {
	if len(v) == 0 {
		return sc.session.database
	}
	all := databases(sc.sql)
	if id := v[0].(int64); id >= 1 && int(id) <= len(all) {
		return all[id-1]
	}
	return nil
}

// objectID is null for what there is not, or what the login may not see.
func (sc scope) objectID(text string) any {
	lexemes, err := lex(text)
	if err != nil {
		return nil
	}
	p := &parser{lexemes: lexemes}
	parts, err := p.nameParts()
	if err != nil {
		return nil
	}
	if _, err := sc.find(parts, true); err != nil {
		return nil
	}
	var id int64 = 1
	for _, r := range strings.ToLower(strings.Join(parts, ".")) {
		id = (id*31 + int64(r)) & 0x7fffffff
	}
	return id
}

// hasPermission is HAS_PERMS_BY_NAME: null for a question that cannot be answered.
// Source: Microsoft, "HAS_PERMS_BY_NAME (Transact-SQL)".
func (sc scope) hasPermission(securable, class, permission string) any {
	switch class {
	case "", "SERVER":
		return sc.serverPermission(permission)
	case "DATABASE":
		if permission == createDatabase && strings.EqualFold(securable, "master") {
			return number64(!sc.isDenied(permission))
		}
		return sc.hasAccess(orElse(securable, sc.session.database))
	case "OBJECT":
		if sc.objectID(securable) == nil {
			return nil
		}
		return int64(1)
	}
	return nil
}

func (sc scope) serverPermission(permission string) any {
	switch permission {
	case viewServerState, "VIEW ANY DEFINITION", viewAnyDatabase, alterAnyDatabase, "CONNECT SQL", "ANY":
		return number64(!sc.isDenied(permission))
	case viewPerformance, viewSecurity:
		if version(sc.sql.Version).part(0) < firstWithTwoStates {
			return nil
		}
		return number64(!sc.isDenied(permission) && !sc.isDenied(viewServerState))
	case "CONTROL SERVER", "ALTER SETTINGS", "ALTER TRACE", "SHUTDOWN", "ALTER ANY LOGIN", "ADMINISTER BULK OPERATIONS",
		"ALTER SERVER STATE", "ALTER ANY LINKED SERVER", "CREATE ANY DATABASE":
		return int64(0)
	}
	return nil
}

// serverRole is IS_SRVROLEMEMBER of a login that has no role but public.
func serverRole(role string) any {
	switch strings.ToLower(role) {
	case "public":
		return int64(1)
	case "sysadmin", "serveradmin", "securityadmin", "processadmin", "setupadmin", "bulkadmin", "diskadmin", "dbcreator":
		return int64(0)
	}
	return nil
}
