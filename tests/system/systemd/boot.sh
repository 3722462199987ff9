#!/bin/bash
# Process 1 of a machine of its own, over a copy of this system's files that is thrown away with it. Runs in fresh
# namespaces: mounts, processes, host name, IPC and control groups; the network is the caller's.
#   $1 a folder for the mounts   $2 the package to lay beside it   $3 Python's packages of the lock
# Ends with 77 and a sentence on standard error where this machine cannot.
set -e
cannot() { echo "$1" >&2; exit 77; }
mount -t tmpfs tmpfs "$1" || cannot "no tmpfs can be mounted here"
mkdir "$1/upper" "$1/work" "$1/root"
root=$1/root
mount -t overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" overlay "$root" || cannot "no overlay file system"
[ -x "$root/usr/lib/systemd/systemd" ] || cannot "no systemd is installed"
[ -e "$root/usr/lib/systemd/system/dbus.service" ] || cannot "no D-Bus is installed"

mount -t proc -o nosuid,nodev,noexec proc "$root/proc" || cannot "no process namespace"
mount --bind "$root/proc/sys" "$root/proc/sys"
mount -o remount,bind,ro "$root/proc/sys"      # the kernel's settings are those of the machine outside
mount --bind "$root/proc/sys/net" "$root/proc/sys/net"
mount -o remount,bind,rw "$root/proc/sys/net"  # those of the network are this namespace's own
mount -t sysfs -o ro,nosuid,nodev,noexec sysfs "$root/sys" || cannot "no network namespace of its own"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup" || cannot "no second version of control groups"

mount -t tmpfs -o mode=755,nosuid tmpfs "$root/dev"
for node in null zero full random urandom tty; do
    : > "$root/dev/$node"
    mount --bind "/dev/$node" "$root/dev/$node"
done
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"

cp "$2" "$root/opt/package.deb"
packages=$root/opt/ringfence/.platform/venv/lib/python3.13/site-packages
mkdir -p "$packages"
# not the directory itself: what the package takes away at its end must be there for everybody else
mkdir "$1/packages" "$1/packages-work"
mount -t overlay -o "lowerdir=$3,upperdir=$1/packages,workdir=$1/packages-work" overlay "$packages"
echo ringfence-lab > "$root/etc/hostname"
: > "$root/etc/machine-id"
rm -f "$root/etc/resolv.conf" "$root/usr/sbin/policy-rc.d"
# what tests brought along: a phone system's machine has none of them running
for unit in firewalld ufw fail2ban postgresql postgresql@17-main systemd-modules-load; do
    ln -sf /dev/null "$root/etc/systemd/system/$unit.service"
done

cd "$root"
mount --move "$root" /
exec chroot . /usr/bin/env -i container=lab PATH=/usr/sbin:/usr/bin:/sbin:/bin /usr/lib/systemd/systemd --system
