#!/bin/sh
# Makes a root folder what a container sees, and becomes its first process. Runs inside new namespaces, so
# that everything it mounts is gone with it.
#
#   enter.sh ROOT LAYER pivot|chroot COMMAND…
#
# What is written goes into the folder LAYER, and is gone with the container; with `-` into ROOT itself. Standard
# input has lines `bind FROM TO`, `bind-read-only FROM TO`, `tmpfs TO OPTIONS` and `read-only`.
set -eu
root=$1 layer=$2 way=$3
shift 3

if [ "$layer" = - ]; then
  mount --bind "$root" "$root"
else
  mount -t tmpfs -o mode=0755 tmpfs "$layer"
  mkdir "$layer/upper" "$layer/work"
  mount -t overlay -o "lowerdir=$root,upperdir=$layer/upper,workdir=$layer/work" overlay "$root"
fi
mount -t proc -o nosuid,nodev,noexec proc "$root/proc"
mount -t sysfs -o ro,nosuid,nodev,noexec sysfs "$root/sys"
mount -t tmpfs -o mode=0755,nosuid tmpfs "$root/dev"
mkdir "$root/dev/shm" "$root/dev/pts" "$root/dev/.outside"
mount -t tmpfs -o mode=1777,nosuid,nodev,noexec,size=64m tmpfs "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
for name in null zero full random urandom tty; do
  : > "$root/dev/$name"
  mount --bind "/dev/$name" "$root/dev/$name"
done
for pair in fd: stdin:/0 stdout:/1 stderr:/2; do
  ln -s "/proc/self/fd${pair#*:}" "$root/dev/${pair%%:*}"
done

is_read_only=
while read -r kind one two; do
  case $kind in
    bind)
      if [ -d "$one" ]; then mkdir -p "$root$two"; else : >> "$root$two"; fi
      mount --bind "$one" "$root$two"
      ;;
    bind-read-only)
      if [ -d "$one" ]; then mkdir -p "$root$two"; else : >> "$root$two"; fi
      mount --bind "$one" "$root$two"
      mount -o remount,bind,ro "$root$two"
      ;;
    tmpfs) mkdir -p "$root$one"; mount -t tmpfs -o "$two" tmpfs "$root$one" ;;
    read-only) is_read_only=yes ;;
    *) echo "enter.sh: $kind is not known" >&2; exit 2 ;;
  esac
done
if [ -n "$is_read_only" ]; then mount -o remount,bind,ro "$root"; fi
exec < /dev/null

case $way in
  # As container engines do it: nothing of the host is left, and the kernel does not take us for one in a
  # chroot, who may make no user namespace.
  pivot)
    cd "$root"
    pivot_root . dev/.outside
    umount -l /dev/.outside
    exec chroot . "$@"
    ;;
  chroot) exec chroot "$root" "$@" ;;
esac
