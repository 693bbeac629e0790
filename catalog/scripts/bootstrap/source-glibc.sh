# glibc and the kernel's headers, in the sysroot.
#
# $src   $linux $kernel_arch   the kernel whose headers are taken
. $script_bootstrap
. $script_kernel_headers
unpack $src source
kernel_headers $linux $kernel_arch
# Debian's archive has no manual, for its licence.
[ -d source/manual ] || sed -i '/^all-subdirs/,/[^\\]$/s/ manual / /' source/Makeconfig
# The gcc of this stage has no shared libgcc, and then no libgcc_eh either: it is the same one.
libgcc=$($target-gcc -print-libgcc-file-name)
[ -e ${libgcc%/*}/libgcc_eh.a ] || ln -s libgcc.a ${libgcc%/*}/libgcc_eh.a
cd build
BUILD_CC=gcc CC=$target-gcc AR=$target-ar RANLIB=$target-ranlib CFLAGS="-O2 -w" ../source/configure --host=$target --build=$(gcc -dumpmachine) \
  --prefix=/usr --with-headers=$sysroot/usr/include --disable-werror --disable-profile --without-selinux --disable-nscd --enable-kernel=3.2 \
  libc_cv_slibdir=/lib libc_cv_rtlddir=/lib $configure
# No C++ compiler for the target is there yet, and configure takes the build machine's: one program for the tests would be C++.
bmake CXX=
make CXX= install_root=$sysroot install
cd ..
finish
