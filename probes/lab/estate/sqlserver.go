package estate

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
}
