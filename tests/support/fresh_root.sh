# Runs a command in another root, as the only root that there is: user namespaces are refused to who is in a chroot. First arguments: the root,
# the home of swage's there, and the user; then the command. To be started by root in mount and process namespaces of its own.
set -eu
root=$1 home=$2 user=$3
shift 3
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount -t tmpfs tmp "$root/tmp" -o mode=1777
mount -t tmpfs dev "$root/dev" -o mode=755
for device in null zero full random urandom tty; do
  touch "$root/dev/$device"
  mount --bind /dev/$device "$root/dev/$device"
done
ln -s /proc/self/fd "$root/dev/fd"
[ ! -d "$home" ] || mount --bind "$home" "$root/home/$user/.local/share/swage"
cd "$root"
mkdir -p old
pivot_root . old
/old/bin/busybox umount -l /old   # the root may have none of its own
rmdir /old
cd "/home/$user"
exec runuser -u "$user" -- env -i HOME="/home/$user" PATH=/usr/local/bin:/usr/bin:/bin NO_COLOR=1 "$@"
