# Enters a hermetic root and runs a recipe's script there as mapped root.
#
# Builder contract (docs/builder.md): the derivation's builder is a static busybox, its arguments are `sh`, this file and
# the recipe's script. It runs inside the sandbox of swage or of Nix, where nothing but the inputs, /build, /proc and /dev
# exists. Old build systems expect /bin/sh, /usr/bin/awk and so on, so this script builds a file system from the root in
# $root (a tree of distribution packages), with the store, /build, /proc and /dev bound into it, and changes into it.
#
# Two passes of the same file: the second runs inside a new user and mount namespace, where mounting is allowed.
set -eu
bb=$busybox
new=/tmp/.root

if [ "$1" != --inside ]; then
  # The namespace's first process stays until the script is done; its exit status is the builder's.
  exec $bb unshare --user --map-root-user --mount $bb sh "$0" --inside "$1"
fi
script=$2

$bb mkdir -p $new
$bb mount -t tmpfs -o mode=0755 root $new

bind() {
  $bb mkdir -p "$new/$2"
  $bb mount --rbind "$1" "$new/$2"
}

for entry in "$root"/*; do
  name=${entry##*/}
  case $name in
    nix | build | proc | dev | tmp | run | root) continue ;;
  esac
  if [ -L "$entry" ]; then
    $bb cp -P "$entry" "$new/$name"
  elif [ -d "$entry" ]; then
    bind "$entry" "$name"
    # Inputs are read-only already in swage's sandbox; a stock Nix leaves that to file ownership.
    $bb mount -o remount,bind,ro "$new/$name" 2>/dev/null || true
  fi
done
bind /nix nix
bind /build build
bind /proc proc
bind /dev dev
$bb mkdir -p $new/tmp $new/run $new/root $new/var
$bb chmod 1777 $new/tmp

PATH=/usr/sbin:/usr/bin:/sbin:/bin
for dependency in ${deps_build-}; do PATH=$dependency/bin:$PATH; done
export PATH
export HOME=/build LC_ALL=C TZ=UTC0 SHELL=/bin/sh SOURCE_DATE_EPOCH=315532800
exec $bb chroot $new /bin/sh -c 'cd /build && exec /bin/sh -eu "$1"' sh "$script"
