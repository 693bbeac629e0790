# What must be so of every package before it becomes one. Sourced last; its status is the package's.
#
# $elf_machine $elf_class $endian $float_abi   the host platform's
# $native     not "" when the build platform runs the host's programs itself
# $emulator   qemu-user's suffix, or "" when there is none: then the tests of a foreign package are not run      $emulators   its root
# $tests      shell lines
bad=
complain() { echo "check: $*" >&2; bad=1; }
case $endian in little) data="2's complement, little endian" ;; *) data="2's complement, big endian" ;; esac

all=
for name in $outputs; do eval "all=\"\$all \$$name\""; done
short() { echo ${1#/nix/store/*-}; }   # of a file of an output

# Read by libelf: eu-readelf.
find $all -type f | sort > files
while read -r file; do
  case $(od -An -N4 -c "$file" | tr -d ' ') in 177ELF) ;; *) continue ;; esac
  case $file in *.ko) continue ;; esac
  name=$(short "$file")
  machine=$(od -An -j18 -N2 -t u2 --endian=$endian "$file" | tr -d ' ')
  header=$(eu-readelf -h "$file")
  field() { echo "$header" | sed -n "s/^ *$1: *//p"; }
  [ "$machine" = "$elf_machine" ] || complain "$name is for machine $machine ($(field Machine)), not $elf_machine"
  [ "$(field Class)" = "ELF$elf_class" ] || complain "$name is $(field Class), not ELF$elf_class"
  [ "$(field Data)" = "$data" ] || complain "$name is $(field Data), not $endian endian"
  if [ "$machine" = 40 ]; then
    case $(eu-readelf -A "$file" 2>/dev/null) in *'ABI_VFP_args: VFP registers'*) abi=hard ;; *) abi=soft ;; esac
    [ "$abi" = "$float_abi" ] || complain "$name passes floats $abi, not $float_abi"
  fi
  # What it is linked with is found, without the environment's help.
  loader=$(patchelf --print-interpreter "$file" 2>/dev/null || true)
  case $loader in '' | /nix/store/*) ;; *) complain "$name wants the loader $loader, which is not in the store" ;; esac
  path=$(patchelf --print-rpath "$file" 2>/dev/null || true)
  for library in $(patchelf --print-needed "$file" 2>/dev/null || true); do
    case $library in ld-linux* | ld.so* | ld64.so* | ld-uClibc* | ld-musl*) continue ;; esac
    found=
    for directory in $(echo "$path" | tr : ' '); do [ ! -e $directory/$library ] || found=1; done
    [ -n "$found" ] || complain "$name needs $library, and its path '$path' does not have it"
  done
done < files

# Nothing of the build platform: the compiler, tools, and the root that the build ran in; and nothing that only builds need, but by what only
# they need itself.
refers() { # refers INPUT WHAT OUTPUT...
  input=$1 what=$2
  shift 2
  for allowed in $allowed_references; do case $input in /nix/store/*-$allowed | /nix/store/*-$allowed-[0-9]*) return 0 ;; esac; done
  hash=${input#/nix/store/}
  for file in $(grep -rlF ${hash%%-*} $* || true); do complain "$(short "$file") refers to $input, $what"; done
}
for input in $deps_build $root ${foreign_root-} ${accelerators-} $emulators $script_package; do
  case " $deps_host " in *" $input "*) ;; *) refers $input "which is of the build platform" $all ;; esac
done
runtime=
for output in $all; do [ $output = "${dev-}" ] || runtime="$runtime $output"; done
for input in $deps_host ${dev-}; do
  case $input in *-dev) refers $input "which only builds need" $runtime ;; esac
done
while read -r file; do
  [ -x "$file" ] || continue
  line=$(head -c 200 "$file" | head -n 1 | tr -d '\0')
  case $line in
    '#!'*/nix/store/*) ;;
    '#! /bin/sh'* | '#!/bin/sh'* | '#!/usr/bin/env '*) ;;
    '#!'*) echo "note: $(short "$file") starts with '$line'" ;;
  esac
done < files
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
