# Enters the root of another platform, whose programs run under emulation: registers the emulator in a user namespace of its own, in which
# enter.sh then makes its own. The arguments are those of the builder contract: enter.sh and the recipe's script.
#
# $script_binfmt $binfmt $emulator $emulators $host_triple   see binfmt.sh      $busybox
# $accelerators   "", or a root of the build platform: its programs stand in the root in place of those of the same names. The check of
#                 a package finds the root itself in $foreign_root then. `uname` stays: it is asked what machine this is.
set -eu
if [ "$1" != --inside ]; then
  exec $busybox unshare --user --map-root-user --mount $busybox sh "$0" --inside "$@"
fi
shift
. $script_binfmt
if [ -n "${accelerators-}" ]; then
  export foreign_root=$root root=/tmp/.foreign
  $busybox mkdir $root
  $busybox mount -t overlay -o lowerdir=$accelerators:$foreign_root overlay $root
  $busybox mount --bind $foreign_root/usr/bin/uname $root/usr/bin/uname
fi
# gnulib's configure tests getcwd in a directory some thousand levels deep, which takes a minute under emulation. It finds this.
export gl_cv_func_getcwd_path_max=yes
exec $busybox sh "$@"
