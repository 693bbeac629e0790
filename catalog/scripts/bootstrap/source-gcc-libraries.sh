# The libraries of gcc that need its C library: libgcc whole, for C++ and for atomic operations.
#
# $src $gcc_configure   as in source-gcc.sh
. $script_bootstrap
. $script_gcc_libraries
unpack $src source
cd build
library libgcc --enable-shared
library libstdc++-v3 --enable-shared
# A configuration whose programs did not link has nothing: neither poll nor atomic operations.
grep -qx '#define _GLIBCXX_HAVE_POLL 1' libraries/$target/libstdc++-v3/include/$target/bits/c++config.h ||
  { echo "libstdc++ was configured without a C library that works" >&2; exit 1; }
library libatomic --enable-shared
cd ..
rm -r $toolchain/gcc-configuration
finish
