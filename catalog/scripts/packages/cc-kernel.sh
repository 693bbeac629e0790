# As cc.sh, of a toolchain that has no C library: nothing is linked but what stands by itself, so its programs are called as they are.
#
# $deps_build_target   the toolchain      $prefix   its
toolchain=$deps_build_target
mkdir -p $out/bin
for program in $toolchain/bin/$prefix*; do ln -s $program $out/bin/; done
[ -e $out/bin/${prefix}cc ] || ln -s $toolchain/bin/${prefix}gcc $out/bin/${prefix}cc
echo $out/bin/$prefix > $out/compiler
