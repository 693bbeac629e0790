# The kernel's headers for x86, whose own tools, which are made first, include files below tools/.
#
# $script_kernel_headers_common   how the others do it, which leaves tools/ out
. $script_kernel_headers_common
tar() {
  for word; do
    shift
    [ "$word" = '--exclude=*/tools' ] || set -- "$@" "$word"
  done
  command tar "$@"
}
