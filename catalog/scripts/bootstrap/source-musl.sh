# musl and the kernel's headers, in the sysroot.
#
# $src   $linux $kernel_arch   the kernel whose headers are taken
. $script_bootstrap
. $script_kernel_headers
unpack $src source
kernel_headers $linux $kernel_arch
cd build
CC=$target-gcc CROSS_COMPILE=$target- CFLAGS=-O2 ../source/configure --host=$target --prefix=/usr --syslibdir=/lib
bmake
make DESTDIR=$sysroot install
# The loader is the library itself, under a name that is absolute.
for loader in $sysroot/lib/ld-musl-*; do ln -snf ../usr/lib/libc.so $loader; done
cd ..
finish
