# Builds OpenSBI for a boot test.
#
# $src   its sources     $prefix   /nix/store/...-toolchain/bin/riscv64-linux-gnu-     $xlen   bits of a register
jobs=
case "${MAKEFLAGS-}" in
  *jobserver*) ;;
  *) jobs=-j${NIX_BUILD_CORES:-1} ;;
esac
. $script_unpack
unpack_source "$src" source
cd source
make $jobs PLATFORM=generic CROSS_COMPILE=$prefix PLATFORM_RISCV_XLEN=$xlen
mkdir -p $out
cp build/platform/generic/firmware/fw_dynamic.bin $out/
