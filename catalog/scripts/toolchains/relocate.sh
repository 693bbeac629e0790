# Makes prebuilt programs run in any root. Sourced by the toolchain scripts, after unpack_debs.

# What patchelf says of a file that is no program is an answer. That there is no patchelf is none.
for tool in find patchelf sed sort; do
  command -v $tool > /dev/null || { echo "'$tool' is not in the root of this build" >&2; exit 1; }
done

libraries=$out/usr/lib/x86_64-linux-gnu
loader=$out/usr/lib64/ld-linux-x86-64.so.2

files_in() { # files_in DIR... FIND_ARGUMENT...: of those directories that there are
  directories=
  while [ -n "${1##-*}" ]; do
    [ ! -d "$1" ] || directories="$directories $1"
    shift
  done
  [ -z "$directories" ] || find $directories "$@" | sort -u
}

interpreter_of() { patchelf --print-interpreter "$1" 2> /dev/null || :; }   # nothing: a script or a static program

# bring_libraries DIR...: the loader of this root, the libraries that the programs in DIR... name, and those that these name, until there
# are no new ones. Fails when the root lacks one.
bring_libraries() {
  mkdir -p $out/usr/lib64 $libraries
  cp -L /lib64/ld-linux-x86-64.so.2 $loader
  missing=
  while :; do
    new=
    for library in $(files_in "$@" $libraries -type f | while read -r file; do patchelf --print-needed "$file" 2> /dev/null || :; done | sort -u); do
      case " $missing ld-linux-x86-64.so.2 " in *" $library "*) continue ;; esac
      [ ! -e $libraries/$library ] || continue
      new=1
      for directory in /usr/lib/x86_64-linux-gnu /lib/x86_64-linux-gnu; do
        [ ! -e $directory/$library ] || cp -L $directory/$library $libraries/
      done
      [ -e $libraries/$library ] || missing="$missing $library"
    done
    [ -n "$new" ] || break
  done
  chmod -R u+w $out/usr
  [ -z "$missing" ] || { echo "self-check: the programs want$missing, which the root of this build does not have" >&2; return 1; }
}

# relocate_programs DIR...: interpreter and DT_RPATH of every program and library for this machine point into $out. RPATH, because
# RUNPATH does not reach the libraries of libraries: the assembler's libopcodes would not find libbfd. Static programs and
# scripts stay as they are.
relocate_programs() {
  files_in "$@" -type f -perm /111 | while read -r file; do
    [ -n "$(interpreter_of "$file")" ] || continue
    patchelf --set-interpreter $loader --force-rpath --set-rpath $libraries "$file"
  done
  # A library with a RUNPATH of its own does not inherit the program's.
  files_in "$@" -type f -name '*.so*' | while read -r file; do
    [ -n "$(patchelf --print-rpath "$file" 2> /dev/null)" ] || continue
    patchelf --force-rpath --set-rpath $libraries "$file"
  done
}

# at_home PROGRAM...: whether each loads nothing but what is in $out, and so is the same in every root. Says what it loads else.
at_home() {
  abroad=
  for program; do
    interpreter=$(interpreter_of "$program")
    [ -n "$interpreter" ] || continue
    if [ "$interpreter" != $loader ]; then
      echo "self-check: the loader of '$program' is $interpreter, which other roots may not have" >&2
      abroad=1
      continue
    fi
    $loader --list "$program" > loaded 2>&1 || { cat loaded >&2; abroad=1; }
    # "libbfd.so => /usr/lib/libbfd.so (0x7f...)", "libbfd.so => not found"
    for library in $(sed -n "\\,=> $out/,d; s/^[[:space:]]*\\(.*\\) => .*/\\1/p" loaded); do
      echo "self-check: '$program' takes $library from the root that it runs in" >&2
      abroad=1
    done
  done
  [ -z "$abroad" ]
}
