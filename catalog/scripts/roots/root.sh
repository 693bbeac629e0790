# Builds a hermetic root: unpacks the distribution packages in $debs (already sorted) into $out. Runs under busybox alone,
# because a root is what everything else needs first.
#
# Maintainer scripts do not run. What they would have made and builds rely on is made here: sh and awk, the user and group
# tables, mount points.
set -eu
. $script_debs
unpack_debs $out $debs

link() { # link NAME TARGET: /usr/bin/NAME, unless it is there or the target is not
  [ -e $out/usr/bin/$1 ] || [ ! -e $out/usr/bin/$2 ] || $busybox ln -s $2 $out/usr/bin/$1
}
link sh dash
link awk gawk
link awk mawk
link cc gcc   # by the alternatives system elsewhere
link c++ g++
$busybox mkdir -p $out/etc $out/tmp $out/proc $out/dev $out/build $out/nix $out/root $out/run $out/var
$busybox cat > $out/etc/passwd <<EOF
root:x:0:0:root:/build:/bin/sh
nobody:x:65534:65534:nobody:/:/bin/false
EOF
$busybox cat > $out/etc/group <<EOF
root:x:0:
nogroup:x:65534:
EOF
