#!/bin/bash
# Installs the package $1 in a throw-away root over this system's files; $2 holds the mounts, $3 Python's packages.
set -e
mount -t tmpfs tmpfs "$2"
mkdir "$2/upper" "$2/work" "$2/root"
mount -t overlay -o "lowerdir=/,upperdir=$2/upper,workdir=$2/work" overlay "$2/root" || exit 77
root=$2/root
mount --bind /proc "$root/proc"
cp "$1" "$root/opt/package.deb"
inside() { chroot "$root" "$@"; }
say() { echo "== $1"; }

say install
inside dpkg -i /opt/package.deb
say status
inside dpkg-query -W -f '${Status}' ringfence
say verify
inside dpkg --verify ringfence
say accounts
inside getent passwd | grep '^ringfence-'
say loose
inside find /opt/ringfence /usr/bin/ringfence /etc/ringfence /usr/lib/systemd/system/ringfence{,-firewall}.service /etc/logrotate.d/ringfence \
    ! -type l \( -perm /6022 -o ! -user root -o ! -group root \)
say unit
inside systemd-analyze verify --recursive-errors=no ringfence.service ringfence-firewall.service 2>&1
say help
mount --bind "$3" "$root/opt/ringfence/.platform/venv/lib/python3.13/site-packages"
inside ringfence --help
umount "$root/opt/ringfence/.platform/venv/lib/python3.13/site-packages"
say purge
inside dpkg --purge ringfence
say left
for place in /opt/ringfence /usr/bin/ringfence /etc/ringfence /etc/logrotate.d/ringfence /var/lib/ringfence; do
    [ ! -e "$root$place" ] || echo "$place"
done
