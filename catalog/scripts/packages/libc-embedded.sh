# What programs of bare metal need at run time: nothing, since the toolchain's C library is in each of them. There is no loader.
#
# $deps_build   the toolchain, which packages refer to only while they are built
mkdir -p $out/lib
echo none > $out/loader
