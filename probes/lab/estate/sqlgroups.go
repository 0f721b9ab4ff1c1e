package estate

import "time"

// Group is an availability group of which an instance holds a replica.
type Group struct {
	// Role is what the replica here is; NONE has no state here, as a distributed group has
	// where no primary of its two groups is.
	Role    string `yaml:"role" oneof:"PRIMARY,SECONDARY,RESOLVING,NONE"` // PRIMARY when ""
	Kind    string `yaml:"kind" oneof:"basic,distributed,contained"`
	Cluster string `yaml:"cluster" oneof:"wsfc,external,none"` // wsfc when ""
	// Replicas are all of the group, by the names of their instances. The one here bears
	// the instance's own name; it is added where it is not described.
	Replicas map[string]Replica `yaml:"replicas"`
	// Databases are those of the group, with the state of the copy here.
	Databases map[string]Copy     `yaml:"databases"`
	Listeners map[string]Listener `yaml:"listeners"`
}

// Replica is a row of sys.availability_replicas, and of the view of their states.
type Replica struct {
	Mode     string `yaml:"mode"`     // SYNCHRONOUS_COMMIT…
	Failover string `yaml:"failover"` // AUTOMATIC…
	Seeding  string `yaml:"seeding"`  // AUTOMATIC, MANUAL
	// Connections is who may read it while it is a secondary: NO, READ_ONLY, ALL.
	Connections  string `yaml:"connections"`
	Connection   string `yaml:"connection"`  // CONNECTED…
	Operational  string `yaml:"operational"` // ONLINE…; of the one here
	ConnectError int    `yaml:"connect_error"`
	// Copies are how the primary sees the copies of another replica, where they are not
	// as they should be. One that is unjoined has no row.
	Copies map[string]Copy `yaml:"copies"`
}

// Copy is a row of sys.dm_hadr_database_replica_states.
type Copy struct {
	// State is SYNCHRONIZED, SYNCHRONIZING, NOT SYNCHRONIZING…; as the replica's mode has
	// it when "".
	State     string        `yaml:"state"`
	Suspended bool          `yaml:"suspended"`
	Reason    string        `yaml:"reason"` // SUSPEND_FROM_USER…
	Unjoined  bool          `yaml:"unjoined"`
	SendQueue int           `yaml:"send_queue"` // KB
	RedoQueue int           `yaml:"redo_queue"` // KB
	Lag       time.Duration `yaml:"lag"`
	Committed time.Time     `yaml:"committed"` // in the server's own time; null when not given
}

// Listener is a listener of an availability group.
type Listener struct {
	Port      int               `yaml:"port"`      // 1433 when 0
	Addresses map[string]string `yaml:"addresses"` // with their states: ONLINE, OFFLINE, ONLINE_PENDING, FAILED
	DHCP      bool              `yaml:"dhcp"`
}

// MirroringEndpoint is the database mirroring endpoint, by which replicas talk.
type MirroringEndpoint struct {
	State string `yaml:"state" oneof:"STARTED,STOPPED,DISABLED"` // STARTED when ""
	Port  int    `yaml:"port"`                                   // 5022 when 0
}

// Linked is a linked server, and what comes of a connection to it.
type Linked struct {
	Product  string `yaml:"product"`
	Provider string `yaml:"provider"` // MSOLEDBSQL when ""
	Source   string `yaml:"source"`   // its name when ""
	NoData   bool   `yaml:"no_data_access"`
	RPCOut   bool   `yaml:"rpc_out"`
	Error    int    `yaml:"error"` // with which the test fails: 18456, 7416…
	// Takes is how long the test takes; one that hangs does not hear a cancel either.
	Takes time.Duration `yaml:"takes"`
	Hangs bool          `yaml:"hangs"`
}
