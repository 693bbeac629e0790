# make && make install: see package.sh.
. $script_package

configure() { :; }
build() {
  eval "set -- $make_args"
  make $jobs "$@"
}
install() {
  eval "set -- $make_args ${install_args:-install}"
  make "$@"
}
steps
