package tds

import "strings"

func textOrNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// serverProperty is SERVERPROPERTY; a name that the server does not know is
// null.
func (sc scope) serverProperty(name string) any {
	switch strings.ToLower(name) {
	case "productversion":
		return sc.sql.Version
	case "productlevel":
		return orElse(sc.sql.Level, "RTM")
	case "productupdatelevel":
		return textOrNull(sc.sql.Update)
	case "productupdatereference":
		return textOrNull(sc.sql.KB)
	case "productmajorversion":
		major, _, _ := strings.Cut(sc.sql.Version, ".")
		return major
	case "edition":
		return edition(sc.sql)
	default:
		return sc.ownProperty(name)
	}
}

func (sc scope) connectionProperty(name string) any {
	switch strings.ToLower(name) {
	case "net_transport", "physical_net_transport":
		return "TCP"
	case "protocol_type":
		return "TSQL"
	case "auth_scheme":
		return "SQL"
	default:
		return nil
	}
}

func (sc scope) databaseProperty(database, property string) any {
	_, db, found := findDatabase(sc.sql, database)
	if !found {
		return nil
	}
	switch strings.ToLower(property) {
	case "status":
		return db.State
	case "updateability":
		if db.ReadOnly {
			return "READ_ONLY"
		}
		return "READ_WRITE"
	case "useraccess":
		return db.Access
	case "recovery":
		return db.Recovery
	case "lastgoodcheckdbtime":
		return sc.lastCheckDB(database, db)
	default:
		return nil
	}
}

// hasAccess is HAS_DBACCESS: null for a database that there is not.
func (sc scope) hasAccess(database string) any {
	name, db, found := findDatabase(sc.sql, database)
	switch {
	case !found:
		return nil
	case cannotOpen(name, db) != nil, sc.denied(name, "", nil) != nil:
		return int64(0)
	default:
		return int64(1)
	}
}
