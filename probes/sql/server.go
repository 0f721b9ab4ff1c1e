package sql

import (
	"context"
	stdsql "database/sql"
	"errors"
	"fmt"
	"net/netip"
	"path"
	"slices"
	"strings"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/internal/named"
)

// What the server itself tells, as four results of one batch. The views are of SQL Server
// 2008 R2 SP1 and later; the number of a state and of a start mode is in no language, and
// the name of the column that describes it is not the same in all documents.
// Source: Microsoft, "sys.dm_server_services", "sys.dm_server_memory_dumps",
// "sys.dm_tcp_listener_states" and "sys.dm_exec_connections (Transact-SQL)".
const serverQuery = `SELECT servicename, startup_type, status, last_startup_time, service_account, filename,
 is_clustered FROM sys.dm_server_services;
SELECT TOP (1000) creation_time FROM sys.dm_server_memory_dumps ORDER BY creation_time DESC;
SELECT ip_address, port, type_desc, state_desc FROM sys.dm_tcp_listener_states;
SELECT encrypt_option FROM sys.dm_exec_connections WHERE session_id = @@SPID`

// serverPart is what the server tells of its services, dumps and listeners.
func serverPart() part {
	return part{
		name: "server", state: "server_state",
		needs: viewServerState, grants: []string{viewServerState},
		specs: slices.Concat(serviceReadings(), listenerReadings()), notes: serverNotes(), read: readServer,
	}
}

func serverNotes() []string {
	return []string{
		"Its services, memory dumps and listeners are told where the login has VIEW SERVER STATE.",
		"From SQL Server 2022 on VIEW SERVER SECURITY STATE and VIEW SERVER PERFORMANCE STATE together do as well.",
	}
}

const behindServer = "server_state" // as in serverPart

func serviceReadings() []probes.ReadingSpec {
	return []probes.ReadingSpec{
		{
			Name: "service", Type: fact.TypeText, Rule: fact.Rule{Op: fact.Ignore}, Severity: fact.Fail, Keep: running,
			Behind: behindServer, Waits: []fact.Value{fact.Text(startPending)}, Excused: []fact.Value{fact.Text(onDemand)},
			Doc: "State of the service: running, stopped, paused, start pending; stopped (on demand) for a manual one that " +
				"the engine starts when it needs it.",
		},
		{
			Name: "service_start", Type: fact.TypeText, Severity: fact.Fail, Behind: behindServer,
			Doc: "How the service is started: auto, manual or disabled.",
		},
		{
			Name: "service_account", Type: fact.TypeText, Rule: fact.Rule{Op: fact.SameText}, Behind: behindServer,
			Doc: "The account that the service runs as.",
		},
		{
			Name: "service_started", Type: fact.TypeTime, Rule: fact.Rule{Op: fact.Ignore}, Behind: behindServer,
			Doc: "When the service was started; for a plan, as started is.",
		},
		{
			Name: "dumps", Type: fact.TypeInt, Of: "dumps", Rule: fact.Rule{Op: fact.Ignore}, Behind: behindServer,
			Doc: "How many memory dumps the engine has left on the disk; 1000 stands for more.",
		},
		{
			Name: "last_dump", Type: fact.TypeTime, Rule: fact.Rule{Op: fact.AtMost}, Behind: behindServer,
			Doc: "When the newest memory dump was written, a sign of a crash or a hang; 1900-01-01 when there is none.",
		},
	}
}

// The words of services.
const (
	running      = "running"
	stopped      = "stopped"
	startPending = "start pending"
	onDemand     = "stopped (on demand)"
	manual       = "manual"
)

// mostRows are more than any server has services or listeners.
const mostRows = 1000

func readServer(ctx context.Context, v *visit) ([]fact.Reading, error) {
	rows, err := v.conn.QueryContext(ctx, begun+serverQuery)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() { // the one row that begins it
	}
	var readings []fact.Reading
	for i, read := range []func(*stdsql.Rows) ([]fact.Reading, error){
		readServices, readDumps, v.readListeners, readEncryption,
	} {
		if !rows.NextResultSet() {
			return nil, errors.Join(rows.Err(), fmt.Errorf("want 4 results, got %d", i))
		}
		more, err := read(rows)
		if err != nil {
			return nil, err
		}
		readings = append(readings, more...)
	}
	return readings, rows.Err()
}

func readServices(rows *stdsql.Rows) ([]fact.Reading, error) {
	var readings []fact.Reading
	seen := map[string]bool{}
	for rows.Next() {
		var name, account, file, clustered stdsql.NullString
		var start, status stdsql.NullInt64
		var started stdsql.NullTime
		if err := rows.Scan(&name, &start, &status, &started, &account, &file, &clustered); err != nil {
			return nil, err
		}
		item := "service/" + name.String
		key := named.Fold(item)
		if name.String == "" {
			return nil, errors.New("a service without a name")
		}
		if seen[key] || len(seen) == mostRows {
			continue
		}
		seen[key] = true
		mode := startWord(start.Int64)
		state := stateWord(status.Int64)
		// A cluster starts by itself what is manual.
		if state == stopped && mode == manual && !strings.EqualFold(clustered.String, "Y") && isHelper(file.String) {
			state = onDemand
		}
		if status.Valid {
			readings = append(readings, probes.Read(item, "service", fact.Text(state)))
		}
		if start.Valid {
			readings = append(readings, probes.Read(item, "service_start", fact.Text(mode)))
		}
		if account.String != "" {
			readings = append(readings, probes.Read(item, "service_account", fact.Text(account.String)))
		}
		if started.Valid {
			readings = append(readings, probes.Read(item, "service_started", fact.Time(started.Time.UTC())))
		}
	}
	return readings, rows.Err()
}

// isHelper says whether a service is neither the engine nor its Agent, by its program:
// the display name is in Windows' language.
func isHelper(command string) bool {
	program := strings.ToLower(command)
	if i := strings.Index(program, ".exe"); i >= 0 {
		program = program[:i]
	}
	program = path.Base(strings.ReplaceAll(strings.Trim(program, `" `), `\`, "/"))
	return !slices.Contains([]string{"sqlservr", "sqlagent", "."}, program)
}

func startWord(number int64) string {
	switch number {
	case 2:
		return "auto"
	case 3:
		return manual
	case 4:
		return "disabled"
	default:
		return "other"
	}
}

func stateWord(number int64) string {
	words := []string{stopped, startPending, "stop pending", running, "continue pending", "pause pending", "paused"}
	if number < 1 || number > int64(len(words)) {
		return fmt.Sprint(number)
	}
	return words[number-1]
}

func readDumps(rows *stdsql.Rows) ([]fact.Reading, error) {
	newest, count := never(), 0
	for rows.Next() {
		var at stdsql.NullTime
		if err := rows.Scan(&at); err != nil {
			return nil, err
		}
		count++
		if at.Valid {
			newest = later(newest, at.Time.UTC())
		}
	}
	return []fact.Reading{
		probes.Read("", "dumps", fact.Int(count)), probes.Read("", "last_dump", fact.Time(newest)),
	}, rows.Err()
}

func listenerReadings() []probes.ReadingSpec {
	superset := fact.Rule{Op: fact.Superset}
	return []probes.ReadingSpec{
		{
			Name: "sql_ports", Type: fact.TypeSet, Rule: superset, Behind: behindServer,
			Doc: "The TCP ports at which the engine lets clients in, but for the one that the Browser told.",
		},
		{
			Name: "endpoint_ports", Type: fact.TypeSet, Rule: superset, Severity: fact.Fail, Behind: behindServer,
			Doc: "The TCP ports at which it lets other servers in: mirroring 5022, which availability groups go by, " +
				"and broker.",
		},
		{
			Name: "encrypted", Type: fact.TypeBool, Behind: behindServer,
			Doc: "Whether the server says that all of this connection is encrypted, and not the login alone.",
		},
	}
}

// listener is where the engine listens, if it is up.
type listener struct {
	address netip.Addr
	port    int64
	kind    string
}

func (v *visit) readListeners(rows *stdsql.Rows) ([]fact.Reading, error) {
	var all []listener
	for rows.Next() {
		var address, kind, state stdsql.NullString
		var port stdsql.NullInt64
		if err := rows.Scan(&address, &port, &kind, &state); err != nil {
			return nil, err
		}
		if strings.EqualFold(state.String, "ONLINE") && len(all) < mostRows {
			ip, _ := netip.ParseAddr(address.String)
			all = append(all, listener{ip, port.Int64, strings.ToUpper(kind.String)})
		}
	}
	// Beside one for all addresses those of single ones come and go: the listeners of
	// availability groups, and the administrator's connection at the loopback address.
	isWild := slices.ContainsFunc(all, func(l listener) bool { return l.kind == "TSQL" && l.address.IsUnspecified() })
	var clients, servers []string
	for _, l := range all {
		switch {
		case l.kind != "TSQL":
			word := map[string]string{"DATABASE_MIRRORING": "mirroring", "SERVICE_BROKER": "broker"}[l.kind]
			if word == "" {
				word = strings.ToLower(l.kind)
			}
			servers = append(servers, fmt.Sprint(word, " ", l.port))
		case l.port == int64(v.probe.found): // port says it
		case l.port >= firstDynamic && l.port != int64(v.probe.port()):
			// The administrator's connection, where it is open to others, has another at each start.
		case l.address.IsUnspecified(), !isWild && !l.address.IsLoopback():
			clients = append(clients, fmt.Sprint(l.port))
		}
	}
	return []fact.Reading{
		probes.Read("", "sql_ports", fact.SetOf(clients...)), probes.Read("", "endpoint_ports", fact.SetOf(servers...)),
	}, rows.Err()
}

// firstDynamic is the first port that Windows gives to whoever asks for any.
// Source: Microsoft, "Service overview and network port requirements for Windows".
const firstDynamic = 49152

func readEncryption(rows *stdsql.Rows) ([]fact.Reading, error) {
	var readings []fact.Reading
	for rows.Next() {
		var option stdsql.NullString
		if err := rows.Scan(&option); err != nil {
			return nil, err
		}
		if readings == nil && option.Valid {
			readings = []fact.Reading{probes.Read("", "encrypted", fact.Bool(strings.EqualFold(option.String, "TRUE")))}
		}
	}
	return readings, rows.Err()
}
