# What `swage shell` has beside the programs of a toolchain: the compiler called as the platform needs it, the platform as build systems
# want it described, and an answer for every tool that the toolchain does not have, so that none of the build machine's stands in for it.
#
# $deps_build                      the toolchain     $id $compiler $prefix $flags   of it
# $triple $kernel_arch $bits $endian   the platform's
# $system_name                     CMake's word for its system: Linux, Generic, or "" where the compiler is called as it is, by Makefiles
#                                  that say themselves how
#
# Result: $out/bin, $out/toolchain.cmake, $out/cross.ini, and $out/lib/pkgconfig, which is empty: a toolchain brings the C library alone
toolchain=$deps_build
mkdir -p $out/bin $out/lib/pkgconfig
. $script_cpu_family

tools=$prefix cc=${prefix}gcc cxx=${prefix}g++ ld=${prefix}ld
if [ $compiler = clang ]; then tools=llvm- cc=${prefix}clang cxx=${prefix}clang++ ld=ld.lld; fi

program() { # program NAME WORDS: $out/bin/NAME is these words of the shell
  printf '#!/bin/sh\n%s\n' "$2" > $out/bin/$1
  chmod +x $out/bin/$1
}
native=
[ ! -e $toolchain/userland-flags ] || [ "$system_name" != Linux ] || native=$(cat $toolchain/userland-flags)
if [ $compiler = clang ]; then
  # One clang is for every platform: called without a target it would compile for the build machine.
  [ ! -e $toolchain/bin/clang ] || program $cc "exec $toolchain/bin/clang --target=$triple $flags \"\$@\""
elif [ -n "$flags$native" ]; then
  for tool in gcc g++ c++ cpp; do
    [ ! -e $toolchain/bin/$prefix$tool ] || program $prefix$tool "exec $toolchain/bin/$prefix$tool $flags $native \"\$@\""
  done
fi
for name in $cc $cxx $ld ${prefix}gcc ${prefix}g++ ${prefix}cc ${prefix}c++ ${prefix}cpp ${prefix}as ${prefix}ld ${prefix}gfortran \
  $(for tool in ar nm ranlib strip objcopy objdump readelf size strings addr2line; do echo $tools$tool $prefix$tool; done); do
  [ -e $toolchain/bin/$name ] || [ -e $out/bin/$name ] || program $name "echo \"swage: the toolchain $id has no $name\" >&2; exit 127"
done
program ${prefix}pkg-config "PKG_CONFIG_LIBDIR=\${PKG_CONFIG_LIBDIR:-$out/lib/pkgconfig} exec pkg-config \"\$@\""

where() { if [ -e $out/bin/$1 ]; then echo $out/bin/$1; else echo $toolchain/bin/$1; fi; }
# Where the platform's headers and libraries are: of a directory that does not exist CMake finds none, of none at all those of the build
# machine.
sysroot=$out/none
for place in $toolchain $toolchain/usr/${prefix%-} "$([ ! -e $toolchain/bin/$cc ] || $toolchain/bin/$cc -print-sysroot)"; do
  case $place in '' | /) continue ;; esac
  if [ -d "$place/include" ] || [ -d "$place/usr/include" ]; then sysroot=$place; fi
done

cat > $out/toolchain.cmake <<EOF
set(CMAKE_SYSTEM_NAME ${system_name:-Linux})
set(CMAKE_SYSTEM_PROCESSOR $cpu_family)
set(CMAKE_C_COMPILER $(where $cc))
set(CMAKE_CXX_COMPILER $(where $cxx))
set(CMAKE_ASM_COMPILER $(where $cc))
EOF
for tool in ar nm ranlib strip objcopy objdump readelf; do
  echo "set(CMAKE_$(echo $tool | tr a-z A-Z) $(where $tools$tool) CACHE FILEPATH \"\")"
done >> $out/toolchain.cmake
cat >> $out/toolchain.cmake <<EOF
set(CMAKE_LINKER $(where $ld) CACHE FILEPATH "")
set(PKG_CONFIG_EXECUTABLE $(where ${prefix}pkg-config) CACHE FILEPATH "")
set(CMAKE_FIND_ROOT_PATH $sysroot)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
EOF
[ "$system_name" != Generic ] || echo 'set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)' >> $out/toolchain.cmake

system=linux
[ "$system_name" != Generic ] || system=none
cat > $out/cross.ini <<EOF
[binaries]
c = '$(where $cc)'
cpp = '$(where $cxx)'
ar = '$(where ${tools}ar)'
nm = '$(where ${tools}nm)'
strip = '$(where ${tools}strip)'
objcopy = '$(where ${tools}objcopy)'
objdump = '$(where ${tools}objdump)'
readelf = '$(where ${tools}readelf)'
pkgconfig = '$(where ${prefix}pkg-config)'
[properties]
needs_exe_wrapper = true
[host_machine]
system = '$system'
cpu_family = '$cpu_family'
cpu = '${triple%%-*}'
endian = '$endian'
EOF
