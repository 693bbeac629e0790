# Compares the root's tools with $tools, a line "make 4.3" for each, and prints them. Sourced by linux.sh: the resolver counted on
# what the root declares, so a root that has another tool than that must not build a kernel. A declared 3.0 stands for every 3.0.x.
tool_version() {
  case $1 in
    host-gcc) gcc -dumpfullversion ;;
    perl) perl -e 'printf "%vd", $^V' ;;
    bash) bash --version | sed -n '1s/.*version \([0-9.]*\).*/\1/p' ;;
    python) python3 --version | sed 's/.* //' ;;
    openssl) openssl version | sed 's/^[^ ]* \([0-9.]*\).*/\1/' ;;
    pahole) pahole --version | sed 's/^v//' ;;
    *) $1 --version | sed -n '1s/.* \([0-9][0-9.]*\).*/\1/p' ;;
  esac
}
printf '%s\n' "$tools" | while read -r tool declared; do
  [ -n "$tool" ] || continue
  found=$(tool_version $tool)
  case $found. in
    $declared.*) echo "tool: $tool $found" ;;
    *) echo "root: $tool is '$found', the catalog declares '$declared'" >&2; exit 1 ;;
  esac
done
