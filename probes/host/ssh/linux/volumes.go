package linux

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"postpatch/probes/host"
)

// volumes are the rows of Win32_Volume: file systems of this host's own disks, by where
// they are mounted. One that became read-only, as after an error, says so.
func volumes(t Told) ([]host.Row, error) {
	lines, err := t.of(partVolumes)
	if err != nil {
		return nil, err
	}
	ids, labels := map[string]string{}, map[string]string{}
	var rows []host.Row
	seen := map[string]bool{}
	for _, line := range lines {
		fields := strings.Split(line, " ")
		switch {
		case len(fields) == 3 && fields[0] == "uuid":
			ids[fields[2]] = fields[1]
		case len(fields) == 3 && fields[0] == "label":
			labels[fields[2]] = unescape(fields[1], `\x`, 16, 2)
		}
	}
	for _, line := range lines {
		fields := strings.Split(strings.TrimRight(line, " "), " ")
		if fields[0] == "uuid" || fields[0] == "label" {
			continue
		}
		if len(fields) != 6 && len(fields) != 9 {
			return nil, fmt.Errorf("reading the mounts: got %.80q", line)
		}
		row, is := volume(fields, ids, labels)
		if place := row.Get("Name").Text; is && !seen[place] {
			seen[place] = true
			rows = append(rows, row)
		}
	}
	if len(rows) == 0 {
		return nil, errors.New("reading the mounts: the host named none")
	}
	return rows, nil
}

// volume makes a row of "8:1 / /var rw,relatime ext4 /dev/sda1 4096 1000 500".
func volume(fields []string, ids, labels map[string]string) (row host.Row, is bool) {
	root, place, options := fields[1], unescape(fields[2], `\`, 8, 3), strings.Split(fields[3], ",")
	fileSystem, source := fields[4], unescape(fields[5], `\`, 8, 3)
	// A part of a file system that is mounted once more, but for subvolumes.
	if place != "/" && root != "/" && fileSystem != "btrfs" || isFleeting(place) {
		return nil, false
	}
	if slices.Contains(options, "ro") {
		fileSystem += ", read-only"
	}
	row = host.Row{
		"Name": text(place), "DriveLetter": {Null: true}, "DriveType": {Text: "3"}, "FileSystem": text(fileSystem),
		"DeviceID": text(ids[source]), "Label": text(labels[source]), "DirtyBitSet": {Null: true},
		"Capacity": {Null: true}, "FreeSpace": {Null: true},
	}
	if len(fields) == 9 {
		block, blockErr := strconv.ParseInt(fields[6], 10, 64)
		total, totalErr := strconv.ParseInt(fields[7], 10, 64)
		free, freeErr := strconv.ParseInt(fields[8], 10, 64)
		most := int64(1) << 62
		if errors.Join(blockErr, totalErr, freeErr) == nil && block > 0 && total >= 0 && free >= 0 && total < most/block {
			row["Capacity"], row["FreeSpace"] = number(block*total), number(block*min(free, total))
		}
	}
	return row, true
}

// isFleeting says whether mounts come and go there by themselves.
func isFleeting(place string) bool {
	for _, above := range []string{
		"/run/", "/snap/", "/var/lib/docker/", "/var/lib/containers/", "/var/lib/kubelet/", "/var/lib/containerd/",
	} {
		if strings.HasPrefix(place, above) {
			return true
		}
	}
	return false
}

// unescape reads \040 of the kernel's mounts, or \x20 of udev's links.
func unescape(s, mark string, base, digits int) string {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(s, mark)
		b.WriteString(before)
		if !found {
			return b.String()
		}
		if len(after) >= digits {
			if n, err := strconv.ParseUint(after[:digits], base, 8); err == nil {
				b.WriteByte(byte(n))
				s = after[digits:]
				continue
			}
		}
		b.WriteString(mark)
		s = after
	}
}
