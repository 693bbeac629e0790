# gcc for one target: its compilers, and the part of its own library that needs no C library.
#
# $src $configure $host_cc $host_cxx   what is built, the component's own arguments, and what compiles its host programs
# $gcc_configure       the platform's processor and ABI: --with-arch=...
# $libc $libc_version  "": C, for kernels; or the C library that is built with it: C and C++, for which source-gcc-libraries.sh makes the rest
. $script_bootstrap
. $script_gcc_libraries
unpack $src source
# A distribution's archive may hold empty files for gcc's documentation, with which installing would compare what it generates.
grep -q '@hook TARGET_ASM_OPEN_PAREN' source/gcc/doc/tm.texi.in ||
  sed -i 's/^s-tm-texi: build.*/s-tm-texi:\n\ttouch $@\nno-tm-texi:/' source/gcc/Makefile.in
case $libc in
  '') set -- --without-headers --with-newlib --disable-shared --disable-threads --enable-languages=c ;;
  *) set -- --enable-shared --enable-threads=posix --enable-languages=c,c++ ;;
esac
[ "$libc" != glibc ] || set -- "$@" --with-glibc-version=$libc_version   # what it would read in the headers
mkdir -p $sysroot/usr/include
cd build
CC="$host_cc" CXX="$host_cxx" CFLAGS="-O2 -w" CXXFLAGS="-O2 -w" CFLAGS_FOR_TARGET="-O2 -g0" CXXFLAGS_FOR_TARGET="-O2 -g0" \
  ../source/configure --prefix=$toolchain --target=$target --with-sysroot=$sysroot "$@" $gcc_configure \
  --disable-bootstrap --disable-multilib --disable-nls --disable-werror --disable-libsanitizer --disable-libgomp --disable-libquadmath \
  --disable-libssp --disable-libvtv --disable-libitm --disable-libmudflap --disable-libcc1 --disable-decimal-float --without-isl --without-zstd \
  --enable-checking=release $configure
if [ -z "$libc" ]; then
  bmake all-gcc all-target-libgcc
  bmake install-gcc install-target-libgcc
else
  # <limits.h> goes on with the C library's, for which an empty one stands until that is there.
  touch $sysroot/usr/include/limits.h
  bmake all-gcc
  bmake install-gcc
  keep_gcc_configuration
  library libgcc --disable-shared
  rm $sysroot/usr/include/limits.h
fi
cd ..
finish
