package tds

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"postpatch/probes/lab/conns"
	"postpatch/probes/lab/estate"
)

// testLinkedServer connects to a linked server. While a provider logs in, it does not hear
// that the client has cancelled.
func testLinkedServer(sc scope, args []param) ([]table, error) {
	if sc.isDenied("sp_testlinkedserver") {
		return nil, failf(229, 14, "The EXECUTE permission was denied on the object 'sp_testlinkedserver', database "+
			"'mssqlsystemresource', schema 'sys'.")
	}
	if len(args) != 1 {
		return nil, failf(201, 16, "Procedure or function 'sp_testlinkedserver' expects parameter '@servername'.")
	}
	name, _ := args[0].value.(string)
	for known, l := range sc.sql.Linked {
		if strings.EqualFold(known, name) {
			return nil, sc.session.connectLinked(sc.run.ctx, known, l)
		}
	}
	return nil, failf(7202, 11, "Could not find server '%s' in sys.servers. Verify that the correct server name was "+
		"specified.", name)
}

func (s *session) connectLinked(ctx context.Context, name string, l estate.Linked) error {
	if l.Hangs {
		<-s.ended
		return errors.New("the session ended while a provider hung")
	}
	if !conns.Wait(ctx, l.Takes) {
		return context.Cause(ctx)
	}
	switch l.Error {
	case 0:
		return nil
	case 18456:
		return failf(18456, 14, "Login failed for user 'NT AUTHORITY\\ANONYMOUS LOGON'.")
	case 7416:
		return failf(7416, 16, "Access to the remote server is denied because no login-mapping exists.")
	default:
		return failf(l.Error, 16, "The OLE DB provider for linked server \"%s\" failed.", name)
	}
}

func (sc scope) serversTable() table {
	text := colType{kind: kindText, size: longestText, nullable: true}
	bit := colType{kind: kindBit}
	t := table{columns: []column{
		tableColumn("server_id", colType{kind: kindInt}), tableColumn("name", sysname()),
		tableColumn("product", sysname()), tableColumn("provider", sysname()), tableColumn("data_source", text),
		tableColumn("is_linked", bit), tableColumn("is_rpc_out_enabled", bit), tableColumn("is_data_access_enabled", bit),
	}}
	own := sc.ownProperty("servername")
	t.rows = [][]any{{int64(0), own, "SQL Server", "SQLNCLI", own, false, true, false}}
	for i, name := range slices.Sorted(maps.Keys(sc.sql.Linked)) {
		l := sc.sql.Linked[name]
		t.rows = append(t.rows, []any{
			int64(i + 1), name, orElse(l.Product, "SQL Server"), orElse(l.Provider, "MSOLEDBSQL"), orElse(l.Source, name),
			true, l.RPCOut, !l.NoData,
		})
	}
	return t
}
