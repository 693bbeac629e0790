# Enters the root of another platform, whose programs run under emulation: registers the emulator in a user namespace of its own, in which
# enter.sh then makes its own. The arguments are those of the builder contract: enter.sh and the recipe's script.
#
# $script_binfmt $binfmt $emulator $emulators $host_triple   see binfmt.sh      $busybox
set -eu
if [ "$1" != --inside ]; then
  exec $busybox unshare --user --map-root-user --mount $busybox sh "$0" --inside "$@"
fi
shift
. $script_binfmt
exec $busybox sh "$@"
