package ssh

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"postpatch/probes/lab/estate"
	"postpatch/probes/lab/wsman"
)

// shell knows the one script that is sent to Linux by its first two lines, and answers what
// its parts would print there.
func shell(h estate.Host, script string) wsman.Ran {
	m := regexp.MustCompile(`^id=([\w-]+)\nparts="([a-z ]*)"\n`).FindStringSubmatch(script)
	if m == nil {
		return wsman.Ran{Stderr: []byte("sh: 1: the lab runs no other script\n"), Exit: 2}
	}
	var out strings.Builder
	for name := range strings.FieldsSeq(m[2]) {
		text, problem := part(h, name)
		code := 0
		if problem != "" {
			code = 69
		}
		fmt.Fprintf(&out, "\n#%[1]s begin %[2]s\n%[3]s\n#%[1]s end %[2]s %[4]d %[5]s\n", m[1], name, text, code, problem)
	}
	fmt.Fprintf(&out, "\n#%s done\n", m[1])
	return wsman.Ran{Stdout: []byte(out.String())}
}

// part is what one part prints, or why it has nothing to print.
func part(h estate.Host, name string) (text, problem string) {
	const noSystemd = "systemd does not run there"
	switch name {
	case "system":
		return system(h), ""
	case "clock":
		return fmt.Sprintf("btime %d\nnow %d", h.OS.Boot.Add(h.OS.Clock).Unix(), time.Now().Add(h.OS.Clock).Unix()), ""
	case "identity":
		return strings.ToLower(strings.ReplaceAll(h.OS.UUID, "-", "")), ""
	case "hardware":
		return "sys_vendor=QEMU\nproduct_name=Standard PC (Q35 + ICH9, 2009)\nsecure_boot=unsupported", ""
	case "units", "unitfiles":
		if h.Linux.NoSystemd {
			return "", noSystemd
		}
		if name == "unitfiles" {
			return "", ""
		}
		return units(h), ""
	case "volumes":
		return volumes(h), ""
	case "ports":
		return ports(h), ""
	case "owners":
		return "", "the host has no ss"
	case "processes":
		return "1 systemd\n2 kthreadd", ""
	case "packages":
		return packages(h), ""
	case "reboot":
		return reboot(h), ""
	}
	return "", "there is no such part"
}

func or(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

func kernel(h estate.Host) string { return or(h.Linux.Kernel, "6.12.43+deb13-amd64") }

func system(h estate.Host) string {
	name, _, _ := strings.Cut(h.Name, ".")
	return fmt.Sprintf("kernel=Linux\nrelease=%s\nmachine=x86_64\nname=%s\nNAME=%q\nVERSION_ID=%q\nID=lab",
		kernel(h), name, or(h.Linux.Name, "Debian GNU/Linux"), or(h.Linux.Version, "13"))
}

// units are the host's services as systemctl show prints them.
func units(h estate.Host) string {
	var blocks []string
	for _, name := range slices.Sorted(maps.Keys(h.Services)) {
		s := h.Services[name]
		active, result, code := "active", "success", 0
		switch {
		case s.State == "Start Pending":
			active = "activating"
		case s.State != "" && s.State != "Running":
			active = "inactive"
		}
		if s.ExitCode != 0 {
			active, result, code = "failed", "exit-code", s.ExitCode
		}
		file := map[string]string{"Manual": "disabled", "Disabled": "masked"}[s.Mode]
		requires := []string{"sysinit.target"}
		for _, other := range s.DependsOn {
			requires = append(requires, other+".service")
		}
		blocks = append(blocks, fmt.Sprintf("Id=%[1]s.service\nNames=%[1]s.service\nLoadState=loaded\nActiveState=%[2]s\n"+
			"UnitFileState=%[3]s\nResult=%[4]s\nExecMainCode=1\nExecMainStatus=%[5]d\nUser=%[6]s\n"+
			"ExecStart={ path=%[7]s ; argv[]=%[7]s ; ignore_errors=no ; pid=0 }\nRequires=%[8]s\nWantedBy=\nTransient=no\n",
			name, active, or(file, "enabled"), result, code, s.Account, or(s.Path, "/usr/sbin/"+name),
			strings.Join(requires, " ")))
	}
	return strings.Join(blocks, "\n")
}

func volumes(h estate.Host) string {
	all := h.Linux.Volumes
	if len(all) == 0 {
		all = map[string]estate.LinuxVolume{"/": {Size: 1 << 35, Free: 1 << 34}}
	}
	const block = 4096
	var lines []string
	for i, place := range slices.Sorted(maps.Keys(all)) {
		v := all[place]
		way := "rw,relatime"
		if v.ReadOnly {
			way = "rw,relatime,ro"
		}
		lines = append(lines, fmt.Sprintf("8:%d / %s %s %s /dev/sda%d %d %d %d",
			i+1, strings.ReplaceAll(place, " ", `\040`), way, or(v.Type, "ext4"), i+1, block, v.Size/block, v.Free/block))
	}
	return strings.Join(lines, "\n")
}

func ports(h estate.Host) string {
	lines := []string{"32768\t60999"}
	for _, port := range append([]int{22}, h.Linux.Ports...) {
		lines = append(lines, fmt.Sprintf("tcp 00000000:%04X", port))
	}
	return strings.Join(lines, "\n")
}

// packages are dpkg's, with what every system has.
func packages(h estate.Host) string {
	lines := []string{"dpkg", "ii \tbase-files\tamd64\t13.8"}
	states := map[string]string{"unpacked": "iU ", "half-configured": "iF ", "half-installed": "iH "}
	for _, name := range slices.Sorted(maps.Keys(h.Linux.Packages)) {
		version, state := h.Linux.Packages[name], "ii "
		if word, rest, is := strings.Cut(version, " "); is && states[word] != "" {
			state, version = states[word], rest
		}
		lines = append(lines, state+"\t"+name+"\tamd64\t"+version)
	}
	return strings.Join(lines, "\n")
}

func reboot(h estate.Host) string {
	lines := []string{"running " + kernel(h)}
	if len(h.Linux.NeedsReboot) > 0 {
		lines = append(lines, "required /run/reboot-required")
	}
	for _, name := range h.Linux.NeedsReboot {
		lines = append(lines, "package "+name)
	}
	for _, name := range append([]string{kernel(h)}, h.Linux.Kernels...) {
		lines = append(lines, "kernel "+name)
	}
	return strings.Join(lines, "\n")
}
