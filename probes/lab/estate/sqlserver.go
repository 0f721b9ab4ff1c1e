package estate

import "time"

// SQLServer is what an instance says of itself, beside its build.
type SQLServer struct {
	BuildType string `yaml:"build_type"` // GDR, OD; none when ""
	// ResourceVersion is the build of the resource database, 16.00.4165; as the engine's when "".
	ResourceVersion string `yaml:"resource_version"`
	Name            string `yaml:"name"`      // ServerName; the host's name, and the instance's, when ""
	Node            string `yaml:"node"`      // the machine that it runs on; the host when ""
	Collation       string `yaml:"collation"` // SQL_Latin1_General_CP1_CI_AS
	Clustered       bool   `yaml:"clustered"`
	// HADR says that Always On availability groups are enabled.
	HADR bool `yaml:"hadr"`
	// HADRManager is where they are; running when "".
	HADRManager string `yaml:"hadr_manager" oneof:"pending,running,failed"`
	SingleUser  bool   `yaml:"single_user"`
	// Services are those of the instance, by the names that Windows shows, over the engine
	// and its Agent, which run.
	Services map[string]SQLService `yaml:"services"`
	Dumps    []time.Time           `yaml:"dumps"` // of memory
	// Listeners replace those at the instance's port, at the administrator's connection
	// and, with Always On, at port 5022.
	Listeners []SQLListener `yaml:"listeners"`
}

// SQLService is one row of sys.dm_server_services.
type SQLService struct {
	State     string    `yaml:"state" oneof:"running,stopped,start pending,stop pending,paused"` // running when ""
	Start     string    `yaml:"start" oneof:"auto,manual,disabled"`                              // auto when ""
	Account   string    `yaml:"account"`
	File      string    `yaml:"file"` // its program
	Started   time.Time `yaml:"started"`
	Clustered bool      `yaml:"clustered"`
}

// SQLListener is one row of sys.dm_tcp_listener_states.
type SQLListener struct {
	Address string `yaml:"address"` // 0.0.0.0 when ""
	Port    int    `yaml:"port"`
	Type    string `yaml:"type" oneof:"TSQL,SERVICE_BROKER,DATABASE_MIRRORING"` // TSQL when ""
	State   string `yaml:"state" oneof:"ONLINE,PENDING_RESTART"`                // ONLINE when ""
}
