package estate

// SSH is OpenSSH's server; without Linux it leads to Windows' cmd.exe, in which WinRM's
// settings of PowerShell count. It knows one user, "lab" with the password "lab" when empty.
type SSH struct {
	User     string `yaml:"user"`
	Password string `yaml:"password"`
	// Keys are public keys that let the user in, as authorized_keys has them.
	Keys []string `yaml:"keys"`
	// Interactive asks for the password by keyboard-interactive alone, as PAM does.
	Interactive bool `yaml:"interactive"`
	// Version is what the server calls itself: "OpenSSH_10.0p2 Debian-7".
	Version string `yaml:"version"`
	Fault   Fault  `yaml:"fault"`
}

// Linux makes the host one of Linux: its services are systemd's units, and SSH leads to its
// plain shell. What it has of OS are Boot, Clock, Up and UUID.
type Linux struct {
	Name    string `yaml:"name"`    // of the distribution: Debian GNU/Linux
	Version string `yaml:"version"` // 13
	Kernel  string `yaml:"kernel"`  // that runs: 6.12.43+deb13-amd64
	// Packages are dpkg's, with their versions; one that is not installed to its end has
	// that in front: "half-configured 1.2-3".
	Packages map[string]string `yaml:"packages"`
	// Volumes are by where they are mounted; without any there is "/".
	Volumes map[string]LinuxVolume `yaml:"volumes"`
	// Ports are those of TCP on which somebody listens, at all addresses.
	Ports []int `yaml:"ports"`
	// Kernels are those in /boot beside the one that runs.
	Kernels []string `yaml:"kernels"`
	// NeedsReboot has the packages that want one.
	NeedsReboot []string `yaml:"needs_reboot"`
	// NoSystemd is a host that something else starts.
	NoSystemd bool `yaml:"no_systemd"`
}

// LinuxVolume is a file system.
type LinuxVolume struct {
	Type     string `yaml:"type"` // ext4 when empty
	Size     int64  `yaml:"size"` // bytes
	Free     int64  `yaml:"free"`
	ReadOnly bool   `yaml:"read_only"`
}
