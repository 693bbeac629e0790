# Makes programs of the host platform runnable in this namespace: the kernel starts them with qemu-user. Sourced.
#
# $binfmt   MAGIC:MASK of what their files begin with      $emulator $emulators   see check-package.sh      $busybox
# Needs Linux 6.7 or newer, where a user namespace has a binfmt_misc of its own. A second time there is nothing left to do.
if [ ! -e /proc/sys/fs/binfmt_misc/swage ]; then
  $busybox mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc ||
    { echo "programs of $host_triple cannot be run: this kernel has no binfmt_misc for namespaces (Linux 6.7 has)" >&2; exit 1; }
  echo ":swage:M::$binfmt:$emulators/usr/bin/qemu-$emulator:F" > /proc/sys/fs/binfmt_misc/register
fi
