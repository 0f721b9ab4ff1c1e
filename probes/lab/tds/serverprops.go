package tds

import (
	"fmt"
	"slices"
	"strings"

	"postpatch/probes/lab/estate"
)

// machine is the host's name as NetBIOS has it.
func (sc scope) machine() string {
	name, _, _ := strings.Cut(sc.session.server.host().Name, ".")
	return strings.ToUpper(name)
}

// ownProperty is SERVERPROPERTY for what an estate says of the instance beside its build.
// Source: Microsoft, "SERVERPROPERTY (Transact-SQL)".
func (sc scope) ownProperty(name string) any {
	server := sc.sql.Server
	switch strings.ToLower(name) {
	case "engineedition":
		return engineEdition(edition(sc.sql))
	case "productbuildtype":
		return textOrNull(server.BuildType)
	case "resourceversion":
		v := version(sc.sql.Version)
		return orElse(server.ResourceVersion, fmt.Sprintf("%d.%02d.%04d", v.part(0), v.part(1), v.part(2)))
	case "servername":
		return orElse(server.Name, withInstance(sc.machine(), sc.sql))
	case "instancename":
		return textOrNull(sc.sql.Instance)
	case "machinename":
		return sc.machine()
	case "computernamephysicalnetbios":
		return orElse(server.Node, sc.machine())
	case "isclustered":
		return oneIf(server.Clustered)
	case "ishadrenabled":
		return oneIf(server.HADR || len(sc.sql.Groups) > 0)
	case "hadrmanagerstatus":
		if !server.HADR && len(sc.sql.Groups) == 0 {
			return int64(2) // not started and failed, as it is where nobody wants it (from memory)
		}
		return int64(slices.Index([]string{"pending", "running", "failed"}, orElse(server.HADRManager, "running")))
	case "issingleuser":
		return oneIf(server.SingleUser)
	case "isintegratedsecurityonly":
		return int64(0)
	case "collation":
		return orElse(server.Collation, "SQL_Latin1_General_CP1_CI_AS")
	default:
		return nil
	}
}

// withInstance is a server's name as an instance of it bears it.
func withInstance(server string, sql estate.SQL) string {
	if sql.Instance == "" {
		return server
	}
	return server + `\` + sql.Instance
}

// engineEdition is EngineEdition of what Edition says.
func engineEdition(edition string) int64 {
	for prefix, number := range map[string]int64{
		"Enterprise": 3, "Developer": 3, "Evaluation": 3, "Express": 4, "SQL Azure": 5, "Azure SQL Managed Instance": 8,
	} {
		if strings.HasPrefix(edition, prefix) {
			return number
		}
	}
	return 2 // Standard, Web and Business Intelligence
}

func oneIf(yes bool) int64 {
	if yes {
		return 1
	}
	return 0
}
