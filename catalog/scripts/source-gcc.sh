# gcc for one target.
#
# $src $configure $host_cc $host_cxx   what is built, the component's own arguments, and what compiles its host programs
# $purpose        kernel: C without a C library, for kernels and to build the C library with; userland: C and C++ on top of that
# $gcc_configure  the platform's processor and ABI: --with-arch=...
# $libc           with purpose kernel: "", or the C library that is built with it
. $script_bootstrap
unpack $src source
# A distribution's archive may hold empty files for gcc's documentation, with which installing would compare what it generates.
grep -q '@hook TARGET_ASM_OPEN_PAREN' source/gcc/doc/tm.texi.in ||
  sed -i 's/^s-tm-texi: build.*/s-tm-texi:\n\ttouch $@\nno-tm-texi:/' source/gcc/Makefile.in
case $purpose in
  kernel) set -- --without-headers --with-newlib --disable-shared --disable-threads --enable-languages=c ;;
  *) set -- --enable-shared --enable-threads=posix --enable-languages=c,c++ ;;
esac
optimise=-O2
if [ $purpose = kernel ] && [ -n "$libc" ]; then
  # It compiles its C library and nothing else: a compiler that is made sooner.
  optimise=-O1
  set -- "$@" --disable-lto --disable-plugin
fi
cd build
CC="$host_cc" CXX="$host_cxx" CFLAGS="$optimise -w" CXXFLAGS="$optimise -w" CFLAGS_FOR_TARGET="-O2 -g0" CXXFLAGS_FOR_TARGET="-O2 -g0" \
  ../source/configure --prefix=$toolchain --target=$target --with-sysroot=$sysroot "$@" $gcc_configure \
  --disable-bootstrap --disable-multilib --disable-nls --disable-werror --disable-libsanitizer --disable-libgomp --disable-libquadmath \
  --disable-libssp --disable-libvtv --disable-libitm --disable-libmudflap --disable-libcc1 --disable-decimal-float --without-isl --without-zstd \
  --enable-checking=release $configure
if [ $purpose = kernel ]; then
  bmake all-gcc all-target-libgcc
  bmake install-gcc install-target-libgcc
else
  bmake
  bmake install
fi
cd ..
finish
