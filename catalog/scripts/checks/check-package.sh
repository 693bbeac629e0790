# What must be so of every package before it becomes one. Sourced last; its status is the package's.
#
# $elf_machine $elf_class $endian $float_abi   the host platform's
# $native     not "" when the build platform runs the host's programs itself
# $emulator   qemu-user's suffix, or "" when there is none: then the tests of a foreign package are not run      $emulators   its root
# $tests      shell lines      $freestanding $static   see package.sh, of which the functions are used
bad=
complain() { echo "check: $*" >&2; bad=1; }
case $endian in little) data="2's complement, little endian" ;; *) data="2's complement, big endian" ;; esac

all=
for name in $outputs; do eval "all=\"\$all \$$name\""; done
short() { echo "${1#/nix/store/*-}"; }   # of a file of an output

find $all -name '*
*' > /build/files
[ ! -s /build/files ] || complain "a file's name has a line break: $(cat /build/files)"

# check_program FILE: what the dynamic linker needs to start it: a loader and libraries that are found without the environment's help.
check_program() {
  loader=$(echo "$facts" | sed -n 's/.*Requesting program interpreter: \(.*\)]/\1/p')
  case $loader in '' | /nix/store/*) ;; *) complain "$name wants the loader $loader, which is not in the store" ;; esac
  path=$(echo "$facts" | sed -n 's/.*Library r.*path: \[\(.*\)]/\1/p')
  for library in $(echo "$facts" | sed -n 's/.*Shared library: \[\(.*\)]/\1/p'); do
    case $library in ld-linux* | ld.so* | ld64.so* | ld-uClibc* | ld-musl*) continue ;; esac
    found=
    for directory in $(echo "$path" | tr : ' '); do [ ! -e $directory/$library ] || found=1; done
    [ -n "$found" ] || complain "$name needs $library, and its path '$path' does not have it"
  done
}
# check_floats FILE: how floats are passed must be agreed on by what is linked with each other: not by what stands alone.
check_floats() {
  [ "$machine" = 40 ] || return 0
  case $static$facts in
    1* | *'Requesting program interpreter'* | *'Shared library:'* | *'Library soname:'*) ;;
    *) return 0 ;;
  esac
  case $(eu-readelf -A "$1") in *'ABI_VFP_args: VFP registers'*) abi=hard ;; *) abi=soft ;; esac
  [ "$abi" = "$float_abi" ] || complain "$name passes floats $abi, not $float_abi"
}

# Read by libelf: eu-readelf.
find $all -type f | sort > /build/files
while IFS= read -r file; do
  is_elf "$file" || continue
  case $file in *.ko) continue ;; esac
  ! is_freestanding "$file" || continue
  name=$(short "$file")
  machine=$(elf_half "$file" 18)
  facts=$(eu-readelf -h -l -d "$file") || { complain "$name cannot be read"; continue; }
  field() { echo "$facts" | sed -n "s/^ *$1: *//p" | head -n 1; }
  [ "$machine" = "$elf_machine" ] || complain "$name is for machine $machine ($(field Machine)), not $elf_machine"
  [ "$(field Class)" = "ELF$elf_class" ] || complain "$name is $(field Class), not ELF$elf_class"
  [ "$(field Data)" = "$data" ] || complain "$name is $(field Data), not $endian endian"
  check_floats "$file"
  check_program
done < /build/files

# Nothing of the build platform: the compiler, tools, and the root that the build ran in; and nothing that only builds need, but by what only
# they need itself.
refers() { # refers INPUT WHAT OUTPUT...
  input=$1 what=$2
  shift 2
  for allowed in $allowed_references; do case $input in /nix/store/*-$allowed | /nix/store/*-$allowed-[0-9]*) return 0 ;; esac; done
  hash=${input#/nix/store/}
  grep -rlF ${hash%%-*} "$@" > /build/referring || [ $? = 1 ] || complain "the outputs cannot be searched"
  while IFS= read -r file; do complain "$(short "$file") refers to $input, $what"; done < /build/referring
}
for input in $deps_build ${deps_build_build-} $root $archives ${foreign_root-} ${accelerators-} $emulators $script_package; do
  case " $deps_host " in *" $input "*) ;; *) refers $input "which is of the build platform" $all ;; esac
done
runtime=
for output in $all; do [ $output = "${dev-}" ] || runtime="$runtime $output"; done
for input in $deps_host ${dev-}; do
  case $input in *-dev) refers $input "which only builds need" $runtime ;; esac
done
while IFS= read -r file; do
  [ -x "$file" ] || continue
  line=$(head -c 200 "$file" | head -n 1 | tr -d '\0')
  case $line in
    '#!'*/nix/store/*) ;;
    '#! /bin/sh'* | '#!/bin/sh'* | '#!/usr/bin/env '*) ;;
    '#!'*) echo "note: $(short "$file") starts with '$line'" ;;
  esac
done < /build/files
[ -z "$bad" ] || exit 1

# The package's own tests. Programs of another platform run under emulation, by binfmt_misc of this namespace.
if [ -n "$tests" ]; then
  if [ -n "$native" ]; then :
  elif [ -n "$emulator" ]; then . $script_binfmt
  else
    echo "note: there is no emulator for $host_triple, so the tests are not run"
    tests=
  fi
  printf '%s\n' "$tests" | while IFS= read -r line; do
    [ -n "$line" ] || continue
    echo "=== test: $line"
    eval "$line" < /dev/null || { echo "check: this test fails: $line" >&2; exit 1; }
  done
fi
