# What make is told of how many processes it may start: $jobs. Sourced.
#
# The jobserver of the executor arrives in MAKEFLAGS; a stock Nix has none.
jobs=
case "${MAKEFLAGS-}" in
  *jobserver*) ;;
  *) jobs=-j${NIX_BUILD_CORES:-1} ;;
esac
