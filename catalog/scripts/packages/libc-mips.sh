# The C library for MIPS, whose compiler's libraries stay without a path: patchelf 0.14.3 moves .MIPS.xhash and leaves DT_MIPS_XHASH where it
# was, after which the loader finds none of a library's symbols. Programs have a DT_RPATH, which holds for what they load, too.
#
# $script_libc   how the others do it
patchelf() {
  case $1 in --set-rpath) ;; *) command patchelf "$@" ;; esac
}
. $script_libc
