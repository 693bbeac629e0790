# Compiles some of the objects that a kernel's configuration would build, where a whole build takes hours.
#
# $script_linux   linux.sh: everything that it does before it compiles is done here too, and its variables are those listed there
# $sample         how many objects; "" all that there are      $seed   which ones: another one chooses others
# $script_sample  chooses
#
# Result: $out/objects: a line for each, "compiled PATH" or "failed PATH", by path; $out/failures: what the tools said of each that failed,
# after a line "object PATH"; $out/of: how many there are in all; $out/config, config-drift and config-drift.json as of linux.sh.
#
# What there is to build is the tree's own word: `make -n` prints every command of a build, for all versions of Kbuild, and those that
# compile for the kernel say so (-D__KERNEL__). Left out is what only a whole build reaches: decompressors, vDSOs and the like, whose
# objects no `make PATH.o` makes. Each object is made as that, so what it needs is made first.

sed '/^kmake \$jobs vmlinux /,$d' $script_linux > configure.sh
! cmp -s configure.sh $script_linux || { echo "error: linux.sh has no line that begins to compile" >&2; exit 1; }
. ./configure.sh

kmake $jobs prepare scripts

# Some rules are run even so (`+`), and fail where nothing was built: that says nothing. A list that is not there does.
kmake $jobs -n -k vmlinux modules 2> listing |
  sed -n 's/.*-D__KERNEL__.* -c .*-o \([^ ;]*\.o\) .*/\1/p; s/.*-D__KERNEL__.* -o \([^ ;]*\.o\) -c .*/\1/p' |
  sed 's,^\./,,; s,/\.tmp_\([^/]*\)$,/\1,' |
  grep -v '^/\|^scripts/\|^usr/\|^tools/\|^arch/[^/]*/boot/\|/vdso[^/]*/\|/purgatory/\|/realmode/\|/nvhe/\|^arch/[^/]*/um/\|/\.[^/]*$\|\.mod\.o$' |
  LC_ALL=C sort -u > objects.all || true
[ -s objects.all ] || {
  echo "error: the tree's makefiles name no object to compile" >&2
  tail -n 20 listing >&2
  exit 1
}
wc -l < objects.all | tr -d ' ' > of
awk -v count="$sample" -v seed="$seed" -f $script_sample objects.all | LC_ALL=C sort > chosen
echo "objects: $(wc -l < chosen) of $(cat of)"

# Make's command line has an end.
split -l 200 chosen chosen.
for part in chosen.*; do kmake $jobs -k $(cat $part) || true; done

# What failed is made once more, alone, for what is said of it.
: > results
: > failures
while read -r object; do
  if [ ! -e build/$object ]; then kmake $object > said 2>&1 < /dev/null || true; fi
  if [ -e build/$object ]; then
    echo "compiled $object" >> results
  else
    echo "failed $object" | tee -a results
    {
      echo "object $object"
      sed 's|/build/source/||g' said | head -n 60
    } >> failures
  fi
done < chosen

mkdir -p $out
cp results $out/objects
cp failures of $out/
cp build/.config $out/config
cp config-drift config-drift.json $out/
