# What the build systems that write files for ninja have in common: sourced in place of package.sh.
#
# $script_cpu_family $kernel_arch $bits   see cpu-family.sh
. $script_package
. $script_cpu_family

build() {
  eval "set -- $make_args"
  ninja -C ../build -j${NIX_BUILD_CORES:-1} "$@"
}
install() {
  eval "set -- ${install_args:-install}"
  ninja -C ../build "$@"
}
