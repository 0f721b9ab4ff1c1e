# Tells what is asked of a Linux host, each part by itself between two marks, and changes
# nothing. It keeps to POSIX, Debian's dash and busybox among them, and to the first
# commands that every system has; it comes on standard input, so nothing in it may read
# that. Two lines stand before it: id=… and parts="…". Lines that begin with # are not
# sent.
PATH=$PATH:/usr/sbin:/usr/bin:/sbin:/bin
LC_ALL=C
LANG=C
export PATH LC_ALL LANG

has() { command -v "$1" >/dev/null 2>&1; }

within() {
	if has timeout; then timeout 40 "$@"; else "$@"; fi
}

lacks() {
	echo "$1" >&2
	return 69
}

part() {
	printf '\n#%s begin %s\n' "$id" "$1"
	words=$("$1" 2>&1 >&4 </dev/null)
	code=$?
	words=$(printf '%s' "$words" | tr '\n\r\t' '   ' | cut -c1-300)
	printf '\n#%s end %s %s %s\n' "$id" "$1" "$code" "$words"
}

system() {
	echo "kernel=$(uname -s)"
	echo "release=$(uname -r)"
	echo "machine=$(uname -m)"
	echo "name=$(uname -n)"
	for file in /etc/os-release /usr/lib/os-release; do
		if [ -r "$file" ]; then
			cat "$file"
			return
		fi
	done
}

clock() {
	grep '^btime ' /proc/stat || return
	echo "now $(date +%s)"
}

identity() {
	for file in /etc/machine-id /var/lib/dbus/machine-id; do
		if [ -s "$file" ]; then
			cat "$file"
			return
		fi
	done
	lacks 'the host has no machine-id'
}

hardware() {
	for name in sys_vendor product_name; do
		if [ -r "/sys/class/dmi/id/$name" ]; then
			echo "$name=$(cat "/sys/class/dmi/id/$name")"
		fi
	done
	variable=/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c
	if [ ! -d /sys/firmware/efi ]; then
		echo secure_boot=unsupported
	elif [ -r "$variable" ]; then
		echo "secure_boot=$(od -An -t u1 "$variable" | tr -s ' ' '\n' | tail -n 1)"
	fi
}

units() {
	has systemctl && [ -d /run/systemd/system ] || lacks 'systemd does not run there' || return
	within systemctl show --no-pager --all --property="$properties" '*.service'
}

properties=Id,Names,LoadState,ActiveState,SubState,UnitFileState,Job,Result,ExecMainCode,ExecMainStatus
properties=$properties,User,ExecStart,Requires,WantedBy,RequiredBy,TriggeredBy,Transient

unitfiles() {
	has systemctl && [ -d /run/systemd/system ] || lacks 'systemd does not run there' || return
	within systemctl list-unit-files --no-pager --no-legend --full --type=service
}

volumes() {
	while read -r number above device root place options rest; do
		rest=" $rest"
		rest=${rest##* - }
		type=${rest%% *}
		rest=${rest#* }
		source=${rest%% *}
		options=$options,${rest#* }
		case $type in
		ext2 | ext3 | ext4 | xfs | btrfs | zfs | f2fs | jfs | reiserfs | bcachefs | vfat | exfat | ntfs | ntfs3 | ocfs2 | gfs2) ;;
		*) [ "$place" = / ] || continue ;;
		esac
		printf '%s %s %s %s %s %s ' "$device" "$root" "$place" "$options" "$type" "$source"
		within stat -f -c '%S %b %a' "$(printf '%b' "$place")" || echo
	done </proc/self/mountinfo
	for by in uuid label; do
		for link in "/dev/disk/by-$by"/*; do
			[ -h "$link" ] && echo "$by ${link##*/} $(readlink -f "$link")"
		done
	done
	return 0
}

ports() {
	cd /proc/net || return
	cat /proc/sys/net/ipv4/ip_local_port_range || return
	for table in tcp tcp6; do
		[ -r $table ] && awk -v t=$table '$4 == "0A" { print t, $2 }' $table
	done
	for table in udp udp6; do
		[ -r $table ] && awk -v t=$table 'NR > 1 && $4 == "07" { print t, $2 }' $table
	done
	return 0
}

owners() {
	has ss || lacks 'the host has no ss' || return
	within ss -H -lntup
}

processes() {
	for process in /proc/[0-9]*; do
		{ read -r name <"$process/comm"; } 2>/dev/null && echo "${process#/proc/} $name"
	done
	return 0
}

packages() {
	if has dpkg-query; then
		echo dpkg
		within dpkg-query -W -f '${db:Status-Abbrev}\t${Package}\t${Architecture}\t${Version}\n'
	elif has rpm; then
		echo rpm
		within rpm -qa --qf 'ii \t%{NAME}\t%{ARCH}\t%|EPOCH?{%{EPOCH}:}:{}|%{VERSION}-%{RELEASE}\n'
	else
		lacks 'the host has neither dpkg nor rpm'
	fi
}

reboot() {
	echo "running $(uname -r)"
	for file in /run/reboot-required /var/run/reboot-required /run/reboot-needed; do
		[ -e "$file" ] && echo "required $file"
	done
	if [ -r /run/reboot-required.pkgs ]; then
		sed 's/^/package /' /run/reboot-required.pkgs
	fi
	for file in /boot/vmlinuz-*; do
		[ -e "$file" ] && echo "kernel ${file#/boot/vmlinuz-}"
	done
	if has needs-restarting; then
		within needs-restarting -r >/dev/null 2>&1
		echo "restarting $?"
	fi
	return 0
}

exec 4>&1
for name in $parts; do
	part "$name"
done
printf '\n#%s done\n' "$id"
exit 0
