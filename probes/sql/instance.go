package sql

import (
	"context"
	stdsql "database/sql"
	"fmt"
	"strconv"
	"strings"
	"time"

	"postpatch/probes"
	"postpatch/probes/fact"
)

// A property that an old server does not know is null.
// Source: Microsoft, "SERVERPROPERTY (Transact-SQL)".
const instanceQuery = `SELECT CAST(SERVERPROPERTY('ProductVersion') AS nvarchar(128)) AS version,
 CAST(SERVERPROPERTY('ProductLevel') AS nvarchar(128)) AS product_level,
 CAST(SERVERPROPERTY('ProductUpdateLevel') AS nvarchar(128)) AS cu,
 CAST(SERVERPROPERTY('ProductUpdateReference') AS nvarchar(128)) AS kb,
 CAST(SERVERPROPERTY('ProductBuildType') AS nvarchar(128)) AS build_type,
 CAST(SERVERPROPERTY('ResourceVersion') AS nvarchar(128)) AS resource_version,
 CAST(SERVERPROPERTY('Edition') AS nvarchar(128)) AS edition,
 CAST(SERVERPROPERTY('ServerName') AS nvarchar(128)) AS server_name,
 CAST(SERVERPROPERTY('InstanceName') AS nvarchar(128)) AS instance_name,
 CAST(SERVERPROPERTY('ComputerNamePhysicalNetBIOS') AS nvarchar(128)) AS node,
 CAST(SERVERPROPERTY('Collation') AS nvarchar(128)) AS collation_name,
 CAST(SERVERPROPERTY('EngineEdition') AS int) AS engine,
 CAST(SERVERPROPERTY('IsClustered') AS int) AS is_clustered,
 CAST(SERVERPROPERTY('IsHadrEnabled') AS int) AS is_hadr,
 CAST(SERVERPROPERTY('HadrManagerStatus') AS int) AS hadr_manager,
 CAST(SERVERPROPERTY('IsSingleUser') AS int) AS is_single_user,
 HAS_PERMS_BY_NAME(NULL, NULL, 'VIEW ANY DATABASE') AS sees_others,
 HAS_PERMS_BY_NAME(NULL, NULL, 'ALTER ANY DATABASE') AS sees_offline,
 HAS_PERMS_BY_NAME('master', 'DATABASE', 'CREATE DATABASE') AS sees_offline_too,
 CAST(CONNECTIONPROPERTY('auth_scheme') AS nvarchar(40)) AS auth_scheme,
 DATEDIFF(second, GETUTCDATE(), GETDATE()) AS utc_offset`

// readInstance asks what the instance is, and keeps for the parts what their questions
// depend on.
// Of another instance than the suite's only the name is told.
func (v *visit) readInstance(ctx context.Context) (readings []fact.Reading, right bool, err error) {
	var version, level, update, kb, build, resource, edition, server, name, node, collation, scheme stdsql.NullString
	var engine, clustered, hadr, manager, single, others, offline, creates, ahead stdsql.NullInt64
	row := v.conn.QueryRowContext(ctx, instanceQuery)
	err = row.Scan(&version, &level, &update, &kb, &build, &resource, &edition, &server, &name, &node, &collation,
		&engine, &clustered, &hadr, &manager, &single, &others, &offline, &creates, &scheme, &ahead)
	if err != nil {
		return nil, false, fmt.Errorf("reading the instance: %w", err)
	}
	if readings, right = v.probe.whose(name.String); !right {
		return readings, false, nil
	}
	major, _, _ := strings.Cut(version.String, ".")
	v.major, _ = strconv.Atoi(major) // 0 for what no SQL Server says: then nothing that came later is asked
	v.hadr, v.edition = hadr.Int64 == 1, int(engine.Int64)
	v.offset = fromUTC(ahead.Int64)
	if !update.Valid {
		update.String = "none"
	}
	if !kb.Valid {
		kb.String = "none"
	}
	for _, r := range []struct{ name, text string }{
		{"version", version.String},
		{"level", level.String},
		{"update", update.String},
		{"kb", kb.String},
		{"build_type", build.String},
		{"resource_version", resource.String},
		{"edition", edition.String},
		{"server_name", server.String},
		{"node", node.String},
		{"collation", collation.String},
		{"auth_scheme", scheme.String},
	} {
		if r.text != "" {
			readings = append(readings, probes.Read("", r.name, fact.Text(r.text)))
		}
	}
	for _, r := range []struct {
		name  string
		value stdsql.NullInt64
	}{{"clustered", clustered}, {"hadr", hadr}, {"single_user", single}} {
		if r.value.Valid {
			readings = append(readings, probes.Read("", r.name, fact.Bool(r.value.Int64 == 1)))
		}
	}
	sees := seen(others.Int64 == 1, offline.Int64 == 1 || creates.Int64 == 1)
	readings = append(readings, probes.Read("", "sees", fact.Text(sees)))
	if v.hadr && manager.Valid {
		readings = append(readings, probes.Read("", "hadr_manager", fact.Text(managerWord(manager.Int64))))
	}
	return readings, true, nil
}

// fromUTC is how far a server's local times are from UTC, which it counts in seconds. Its
// clock may go on between the two times that it asks: a zone has no odd seconds.
func fromUTC(seconds int64) time.Duration {
	return (time.Duration(seconds) * time.Second).Round(time.Minute)
}

// The states of Always On's manager.
const (
	managerPending = "pending"
	managerRunning = "running"
	managerFailed  = "failed"
)

func managerWord(status int64) string {
	switch status {
	case 0: // not started, pending communication
		return managerPending
	case 1:
		return managerRunning
	case 2: // not started and failed
		return managerFailed
	default:
		return strconv.FormatInt(status, 10)
	}
}

// versionReadings are what the instance says of itself beside its build.
func versionReadings() []probes.ReadingSpec {
	return []probes.ReadingSpec{
		{
			Name: "level", Type: fact.TypeText, Doc: "The level of the product: RTM, or a service pack such as SP3.",
		},
		{
			Name: "build_type", Type: fact.TypeText,
			Doc: "The line of updates: GDR (security only) or OD (on demand); not told between the lines.",
		},
		{
			Name: "resource_version", Type: fact.TypeText, Severity: fact.Note,
			Doc: "The build of the resource database, which setup puts beside the engine.",
		},
		{
			Name: "server_name", Type: fact.TypeText, Rule: fact.Rule{Op: fact.SameText}, Severity: fact.Fail,
			Doc: "What the instance is called, such as SQL01 or SQL01\\SHOP.",
		},
		{
			Name: "node", Type: fact.TypeText, Rule: fact.Rule{Op: fact.SameText}, Severity: fact.Note,
			Doc: "The machine that it runs on now; of a failover cluster, the node.",
		},
		{
			Name: "collation", Type: fact.TypeText, Severity: fact.Fail, Doc: "The server's collation.",
		},
		{
			Name: "clustered", Type: fact.TypeBool, Severity: fact.Fail,
			Doc: "Whether it is an instance of a failover cluster.",
		},
		{
			Name: "hadr", Type: fact.TypeBool, Severity: fact.Fail,
			Doc: "Whether Always On availability groups are enabled.",
		},
		{
			Name: "hadr_manager", Type: fact.TypeText, Severity: fact.Fail, Expect: managerRunning,
			Waits: []fact.Value{fact.Text(managerPending)},
			Doc:   "Where they are: running; pending, when it waits for the cluster; failed.",
		},
		{
			Name: "single_user", Type: fact.TypeBool, Severity: fact.Fail, Expect: "false",
			Doc: "Whether it was started for one user alone, as for maintenance.",
		},
	}
}
