# Installs the kernel's interface to programs: $out/include.
#
# $src   the unpacked tree     $arch  ARCH=
mkdir -p source build $out
$busybox mount --bind $src source
make -C source O=/build/build ARCH=$arch INSTALL_HDR_PATH=/build/headers headers_install
# What kbuild leaves beside them.
find headers \( -name '..install.cmd' -o -name .install \) -delete
cp -a headers/include $out/include
