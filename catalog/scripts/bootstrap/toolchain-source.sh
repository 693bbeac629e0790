# The last stage of a toolchain built from source: its programs made to run in any root, and the whole checked against its row.
#
# $deps_host   the finished gcc       $target       $kernel_roots   the roots that it must work in
# What the row declares: see check-toolchain.sh.
. $script_relocate
mkdir -p $out
cp -a $deps_host/. $out/
chmod -R u+w $out

bring_libraries $out/bin $out/libexec $out/$target/bin
relocate_programs $out/bin $out/libexec $out/$target/bin

sysroot=$out/$target/sysroot
# Links of the sysroot mean the sysroot.
[ ! -d $sysroot ] || find $sysroot -type l -lname '/*' | while read -r link; do ln -snf "$sysroot$(readlink "$link")" "$link"; done
native=
echo "$native" > $out/userland-flags
. $script_check_toolchain
if [ -n "$libc" ]; then
  # And a C++ program, with exceptions, which need the unwinder.
  cat > hello.cc <<'END'
#include <iostream>
#include <stdexcept>
#include <vector>
int main() {
  try { std::vector<int>(1).at(2); } catch (const std::out_of_range &) { std::cout << "hello c++" << std::endl; }
}
END
  $out/bin/${prefix}g++ $flags -O2 -static hello.cc -o hello-cxx
  $out/bin/${prefix}g++ $flags -O2 hello.cc -o hello-cxx-dynamic
  if [ -n "$emulator" ]; then
    expect cxx_program "hello c++" "$(timeout 120 $emulators/usr/bin/qemu-$emulator ./hello-cxx)"
    expect dynamic_cxx_program "hello c++" "$(timeout 120 $emulators/usr/bin/qemu-$emulator -L $sysroot -E LD_LIBRARY_PATH=$out/$target/lib:$out/$target/lib64 ./hello-cxx-dynamic)"
  fi
  [ -z "$failed" ]
fi
