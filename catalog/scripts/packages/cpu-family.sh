# cpu_family: what CMake calls the host's processors, in the words of meson's reference tables. Sourced.
#
# $kernel_arch $bits
case $kernel_arch-$bits in
  arm64-*) cpu_family=aarch64 ;;
  arm-*) cpu_family=arm ;;
  mips-64) cpu_family=mips64 ;;
  mips-*) cpu_family=mips ;;
  powerpc-64) cpu_family=ppc64 ;;
  powerpc-*) cpu_family=ppc ;;
  riscv-*) cpu_family=riscv$bits ;;
  x86-64) cpu_family=x86_64 ;;
  x86-*) cpu_family=x86 ;;
  s390-*) cpu_family=s390x ;;
  sh-*) cpu_family=sh4 ;;
  sparc-64) cpu_family=sparc64 ;;
  loongarch-*) cpu_family=loongarch64 ;;
  openrisc-*) cpu_family=or1k ;;
  *) cpu_family=$kernel_arch ;;
esac
