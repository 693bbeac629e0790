# Lays a kernel that was built out as the distribution's packages have theirs, so that images take one as the other.
#
# $kernel   what linux.sh made
# Result: links in $out/boot (vmlinuz-RELEASE), $out/usr/lib/modules and $out/usr/lib/linux-image-RELEASE (device trees by their names alone).
set -- $kernel/lib/modules/*
[ $# = 1 ] && [ -d "$1" ] || { echo "image-kernel: ${kernel#/nix/store/*-} does not have the modules of one kernel" >&2; exit 1; }
release=${1##*/}
trees=$out/usr/lib/linux-image-$release
mkdir -p $out/boot $trees
ln -s $kernel/kernel $out/boot/vmlinuz-$release
ln -s $kernel/lib/modules $out/usr/lib/modules
find $kernel/dtbs -name '*.dtb' | LC_ALL=C sort | while read -r file; do ln -sf $file $trees/${file##*/}; done
