# Makes prebuilt programs run in any root. Sourced by the toolchain scripts, after unpack_debs.

# relocate_programs DIR...: interpreter and DT_RPATH of every program and library for this machine point into $out. RPATH, because
# RUNPATH does not reach the libraries of libraries: the assembler's libopcodes would not find libbfd. Static programs and
# scripts stay as they are.
relocate_programs() {
  libraries=$out/usr/lib/x86_64-linux-gnu
  loader=$out/usr/lib64/ld-linux-x86-64.so.2
  find "$@" -type f -perm /111 2>/dev/null | sort -u | while read -r file; do
    patchelf --print-interpreter "$file" >/dev/null 2>&1 || continue
    patchelf --set-interpreter $loader --force-rpath --set-rpath $libraries "$file"
  done
}
