# Makes a relocated cross toolchain from an archive of Buildroot's SDK and checks that it is what its catalog row declares.
#
# $src          the archive: .tar.xz, .tar.bz2 or .tar, with one directory in it
# $prefix       aarch64-linux-: the short names that the archive gives its programs
# What the row declares: see check-toolchain.sh.
#
# Result: $out/bin holds the programs, linked to $out/sdk/bin. Those are linked dynamically, so the C library and the loader that they
# run with come along from the root of this build. $out/toolchain says what was checked.
. $script_relocate

mkdir -p $out/bin unpacked
case $src in
  *.tar.xz) $busybox xzcat $src > archive.tar ;;
  *.tar.bz2) $busybox bzcat $src > archive.tar ;;
  *) ln -s $src archive.tar ;;
esac
$busybox tar -x -f archive.tar -C unpacked
rm archive.tar
location=share/buildroot/sdk-location
if [ ! -e unpacked/*/$location ]; then
  echo "'$src' is no SDK of Buildroot's: it has no $location" >&2
  exit 1
fi
mv unpacked/* $out/sdk

# What its relocate-sdk.sh does, which wants file(1): text that names the place where the SDK was made names the one where it is now.
old=$(cat $out/sdk/$location)
grep -rlIF -e "$old" $out/sdk | while read -r file; do sed -i "s|$old|$out/sdk|g" "$file"; done

# relocate.sh looks for the loader and for all libraries in these places: the root's, and links to the SDK's own.
mkdir -p $out/usr/lib64 $out/usr/lib/x86_64-linux-gnu
cp -L /lib64/ld-linux-x86-64.so.2 $out/usr/lib64/
for library in libc.so.6 libm.so.6 libdl.so.2 libpthread.so.0 librt.so.1 libstdc++.so.6 libgcc_s.so.1; do
  for directory in /usr/lib/x86_64-linux-gnu /lib/x86_64-linux-gnu; do
    [ ! -e $directory/$library ] || cp -L $directory/$library $out/usr/lib/x86_64-linux-gnu/
  done
done
for library in $out/sdk/lib/*.so*; do
  [ ! -e "$library" ] || [ -e $out/usr/lib/x86_64-linux-gnu/${library##*/} ] || ln -s $library $out/usr/lib/x86_64-linux-gnu/
done
relocate_programs $out/sdk/bin $out/sdk/lib $out/sdk/libexec $out/sdk/$dumpmachine/bin

for program in $out/sdk/bin/$prefix*; do ln -s ../sdk/bin/${program##*/} $out/bin/; done
if [ ! -e $out/bin/${prefix}gcc ]; then
  echo "self-check: the archive has no ${prefix}gcc; its programs are" $(ls $out/sdk/bin) >&2
  exit 1
fi

# A cross compiler knows its sysroot from where it is.
native=
sysroot=$($out/bin/${prefix}gcc -print-sysroot)
echo > $out/userland-flags
. $script_check_toolchain
