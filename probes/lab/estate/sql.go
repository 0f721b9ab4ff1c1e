package estate

import "time"

// SQL is a SQL Server instance.
type SQL struct {
	Instance  string              `yaml:"instance"` // SHOP; "" for the default instance
	Hidden    bool                `yaml:"hidden"`   // from the Browser
	NoTCP     bool                `yaml:"no_tcp"`   // only named pipes are enabled
	Port      int                 `yaml:"port"`     // when 0, 1433, or one by the instance's name
	User      string              `yaml:"user"`
	Password  string              `yaml:"password"`
	Version   string              `yaml:"version"` // 16.0.4165.4
	Level     string              `yaml:"level"`   // RTM
	Update    string              `yaml:"update"`  // CU16
	KB        string              `yaml:"kb"`      // KB5048033
	Edition   string              `yaml:"edition"`
	Started   time.Time           `yaml:"started"`
	Databases map[string]Database `yaml:"databases"`
	Agent     Agent               `yaml:"agent"`
	Jobs      map[string]Job      `yaml:"jobs"`
	Server    SQLServer           `yaml:"server"`
	Groups    map[string]Group    `yaml:"groups"`   // availability groups
	Endpoint  MirroringEndpoint   `yaml:"endpoint"` // of instances that have groups
	Linked    map[string]Linked   `yaml:"linked"`
	// Denied are databases that the login may not enter, "msdb", tables that it may not
	// read, "msdb.dbo.backupset", and permissions of the server that it has not, "VIEW SERVER STATE".
	Denied []string `yaml:"denied"`
	// LoginError is an error number that every login gets: 18401, 18456…
	LoginError int `yaml:"login_error"`
	// Encrypt is "" for a server that encrypts when the client wants it,
	// "required" for one that insists, "none" for one that cannot.
	Encrypt string `yaml:"encrypt" oneof:"required,none"`
	TLS     *TLS   `yaml:"tls"` // the certificate; of the host's name when nil
	// Windows accounts are taken beside the SQL login, and Token is an access token of Entra ID.
	Windows *SQLWindows `yaml:"windows"`
	Token   string      `yaml:"token"`
	Wire    *SQLWire    `yaml:"wire"`
	Fault   Fault       `yaml:"fault" oneof:"sql"`
}

// Database is one row of sys.databases.
type Database struct {
	State         string `yaml:"state"`         // ONLINE…
	Access        string `yaml:"access"`        // MULTI_USER
	ReadOnly      bool   `yaml:"read_only"`     //
	Recovery      string `yaml:"recovery"`      // FULL, SIMPLE
	Compatibility int    `yaml:"compatibility"` // 160
	Snapshot      bool   `yaml:"snapshot"`      // allows the isolation of that name
	// Tables are its users' ones: dbo.Orders, or Orders for short.
	Tables     map[string]Table `yaml:"tables"`
	Collation  string           `yaml:"collation"` // the server's when ""
	Standby    bool             `yaml:"standby"`
	AutoClose  bool             `yaml:"auto_close"`
	CDC        bool             `yaml:"cdc"`
	NoBroker   bool             `yaml:"no_broker"`   // Service Broker is disabled
	LogWait    string           `yaml:"log_wait"`    // NOTHING when ""
	SnapshotOf string           `yaml:"snapshot_of"` // the database that it is a snapshot of
	// Backups and Restores are what msdb knows of it.
	Backups  []Backup  `yaml:"backups"`
	Restores []Restore `yaml:"restores"`
	// CheckDB is when DBCC CHECKDB last found it well, in the server's own time; it has
	// never been looked at when that is zero.
	CheckDB      time.Time     `yaml:"last_checkdb"`
	CheckDBAge   time.Duration `yaml:"last_checkdb_age"` // instead of CheckDB
	SuspectPages []SuspectPage `yaml:"suspect_pages"`
}

// Backup is one row of msdb.dbo.backupset.
type Backup struct {
	Type     string        `yaml:"type"`      // D, I, L…; D when ""
	Finished time.Time     `yaml:"finished"`  // in the server's own time
	Age      time.Duration `yaml:"age"`       // instead of Finished: so long ago, whenever it is asked
	Zone     *int          `yaml:"time_zone"` // in quarters of an hour; null when nil
	CopyOnly bool          `yaml:"copy_only"` //
	Damaged  bool          `yaml:"damaged"`   //
	Snapshot bool          `yaml:"snapshot"`  // of the volume, by other software
	Server   string        `yaml:"server"`    // the host's own name when ""
}

// Restore is one row of msdb.dbo.restorehistory, of a full backup.
type Restore struct {
	As     string        `yaml:"as"`     // the database that it made
	Type   string        `yaml:"type"`   // D, L, V…; D when ""
	Date   time.Time     `yaml:"date"`   // in the server's own time
	Age    time.Duration `yaml:"age"`    // instead of Date
	Server string        `yaml:"server"` // that took the backup; the host's own name when ""
}
