# Binutils for one target.
#
# $src $version $configure      what is built, and the component's own arguments
. $script_bootstrap
unpack $src source
cd build
CC="$host_cc" CXX="$host_cxx" CFLAGS="-O2 -w" CXXFLAGS="-O2 -w" ../source/configure --prefix=$toolchain --target=$target --with-sysroot=$sysroot \
  --disable-nls --disable-werror --disable-multilib --disable-gdb --disable-gdbserver --disable-sim --disable-libdecnumber --disable-readline \
  --disable-gprof --disable-gprofng --enable-deterministic-archives --without-zstd $configure
bmake
bmake install
cd ..
finish
