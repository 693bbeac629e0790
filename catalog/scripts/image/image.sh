# Makes a disk image of its parts, without a loop device, a mount or another user: file systems are made as files and copied to their
# places.
#
# $table mbr | gpt | hybrid     $start  bytes before the first partition     $partitions  NAME|TYPE|FS|LABEL|SIZE|CONTENT|bootable
# $firmware FILE|NAME  $texts FILE|NAME  $loader WHAT|NAME  what is in the boot file system     $raw FILE|OFFSET  blobs outside
# $kernel $userland $initramfs   $overlays  a directory, or nothing   $dtb $console $cmdline of the board   $contents what it is made of, for the scripts
# $load WHAT|ADDRESS  where the loader puts kernel, initramfs and dtb in memory     $loader_name
# $script_manifest $script_sbom $script_boot_map $script_hybrid
# Result: $out/image.img.zst, image.bmap, manifest.json, sizes, sbom.spdx.json, sbom.cdx.json, licences.
MiB=1048576
fail() { echo "image: $*" >&2; exit 1; }
id_of() { echo "$image/$1" | sha256sum | cut -c 1-32; }
uuid_of() { id_of "$1" | sed 's/\(........\)\(....\).\(...\).\(...\)\(............\)/\1-\2-4\3-8\4-\5/'; }
bytes() { # bytes 64M
  case $1 in
    *K) echo $((${1%K} * 1024)) ;;
    *M) echo $((${1%M} * MiB)) ;;
    *G) echo $((${1%G} * 1024 * MiB)) ;;
    *) echo $1 ;;
  esac
}
one_file() { # one_file PATTERN: the file that it names
  set -- $1
  [ $# = 1 ] && [ -f "$1" ] || fail "'$*' is not one file"
  echo "$1"
}
part_of_kernel() {
  case $1 in
    kernel) one_file "$kernel/boot/vmlinu[xz]-*" ;;
    initramfs) echo $initramfs/initramfs.cpio.gz ;;
    dtb) one_file "$kernel/usr/lib/linux-image-*/$dtb" ;;
  esac
}
root=root=$(echo "$partitions" | awk -F '|' '$6 == "root" { print $3 == "squashfs" ? "PARTLABEL=" $1 : "LABEL=" $4 }')   # squashfs has no labels
plain() { printf '%s' "$1" | sed 's/[\\&,]/\\&/g'; } # as what a pattern is replaced by
fill_in() { sed "s,@console@,$(plain "$console"),g; s,@dtb@,$(plain "${dtb##*/}"),g; s,@cmdline@,$(plain "$cmdline"),g; s,@root@,$(plain "$root") rootwait,g; s,  *, ,g"; }

# What the board starts from.
mkdir -p $out boot
put() { # put FILE NAME
  mkdir -p "boot/$(dirname "$2")"
  [ ! -e "boot/$2" ] || fail "two files are called '$2' in the boot file system"
  cp "$1" "boot/$2"
}
echo "$firmware" > lines
while IFS='|' read -r file name; do
  [ -n "$file" ] || continue
  for each in $file; do [ -f "$each" ] || fail "'$each' is not there"; put "$each" "${name:-${each##*/}}"; done
done < lines
echo "$loader" > lines
while IFS='|' read -r what name; do
  [ -n "$what" ] && [ "$what$dtb" != dtb ] || continue
  if [ $what = overlays ]; then
    for file in ${overlays:+$overlays/*.dtb*}; do put $file ${name%/}/${file##*/}; done
    continue
  fi
  file=$(part_of_kernel $what)
  put "$file" "$(echo "$name" | fill_in)"
done < lines
echo "$texts" > lines
while IFS='|' read -r file name; do
  [ -n "$file" ] || continue
  if [ -n "$dtb" ]; then fill_in < $file > text; else sed '/@dtb@/d' $file | fill_in > text; fi
  put text "$name"
done < lines
find boot -exec touch -h -d @$SOURCE_DATE_EPOCH {} +

# Where the loader puts it, if its row says so, or itself: of what it loads nothing may lie over another.
place_of() { case "$loader" in *"$1|"*) part_of_kernel $1 ;; *) echo - ;; esac; }
echo "$load" | tr '|' ' ' | sed '/^$/d' > load
tree=-
[ -z "$dtb" ] || tree=$(place_of dtb)
u_boots=$(find boot -name 'u-boot*'; echo "$raw" | sed -n 's,^\(.*/u-boot[^/|]*\)|.*,\1,p' | while read -r file; do one_file "$file"; done)
python3 $script_boot_map $loader_name load "$(place_of kernel)" "$(place_of initramfs)" "$tree" $u_boots > boot-map

# The file systems, each as a file.
make_vfat() { # make_vfat FILE BYTES LABEL CONTENT
  truncate -s $2 $1
  mkfs.vfat --invariant -F 32 -i $(id_of $3 | cut -c 1-8) -n $3 $1 > /dev/null
  (cd $4 && find . -mindepth 1 -type d | LC_ALL=C sort) | while read -r directory; do mmd -i $1 "::${directory#./}"; done
  (cd $4 && find . -type f | LC_ALL=C sort) | while read -r file; do
    mcopy -m -i $1 "$4/${file#./}" "::${file#./}" || fail "'$1' of $2 bytes is too small for what it is to hold, '${file#./}' for one"
  done
}
make_ext4() { # make_ext4 FILE BYTES LABEL TAR
  rm -f $1
  mke2fs -q -t ext4 -b 4096 -m 1 -L $3 -U $(uuid_of $3) -E hash_seed=$(uuid_of $3/hash),root_owner=0:0 -d $4 $1 $(($2 / 1024))k 2> errors ||
    { cat errors >&2; ! grep -q 'allocate\|No space\|no space' errors || fail "'$3' of $2 bytes is too small for its content"; fail "'$3' cannot be made"; }
}
# Those that are only read are as large as their content; `make_erofs FILE LABEL TAR`.
make_erofs() {
  mkfs.erofs --quiet -zlz4hc -T$SOURCE_DATE_EPOCH -U $(uuid_of $2) -L $2 --tar=f $1 $3 > errors 2>&1 || { cat errors >&2; fail "'$2' cannot be made"; }
  fsck.erofs $1 > errors 2>&1 || { cat errors >&2; fail "'$2' is damaged"; }
}
make_squashfs() { tar2sqfs -q -f -c zstd $1 < $3 > errors 2>&1 || { cat errors >&2; fail "'$2' cannot be made"; }; }
content_bytes() { # content_bytes boot | root: with what a file system adds
  case $1 in
    boot) find boot -type f -printf '%s\n' | awk '{ n += int(($1 + 4095) / 4096) * 4096 } END { print int(n * 1.02) + 2 * 1048576 }' ;;
    root) awk '{ n += int(($3 + 4095) / 4096) * 4096 + 512 } END { print int(n * 1.06) + 4 * 1048576 }' $userland/list ;;
  esac
}
at=$start
taken=512
[ $table = mbr ] || taken=17408
[ $at -ge $taken ] && [ $((at % 512)) = 0 ] || fail "the first partition cannot begin at $at: the table takes $taken, and sectors have 512"
case $table in
  mbr) printf 'label: dos\nlabel-id: 0x%s\nunit: sectors\n' $(id_of disk | cut -c 1-8) > table ;;
  gpt | hybrid) printf 'label: gpt\nlabel-id: %s\nunit: sectors\nfirst-lba: 34\n' $(uuid_of disk) > table ;;
esac
number=0
echo "$partitions" > lines
while IFS='|' read -r name type fs label size content bootable; do
  number=$((number + 1))
  case $content in boot) from=boot ;; root) from=$userland/root.tar ;; esac
  case $fs in
    erofs | squashfs) make_$fs part$number "$label" $from; takes=$(stat -c %s part$number) ;;
    *) takes=$(content_bytes $content) ;;
  esac
  case $size in
    +*) size=$((takes + $(bytes ${size#+}))) ;;
    *) size=$(bytes $size) ;;
  esac
  size=$(((size + MiB - 1) / MiB * MiB))
  case $fs in
    erofs | squashfs) [ $takes -le $size ] || fail "'$label' of $size bytes is too small for its content, which takes $takes"; truncate -s $size part$number ;;
    *) make_$fs part$number $size "$label" $from ;;
  esac
  line="start=$((at / 512)), size=$((size / 512)), type=$type"
  case $table,$bootable in
    mbr,bootable) line="$line, bootable" ;;
    gpt,* | hybrid,*) line="$line, uuid=$(uuid_of $name), name=$name"; [ -z "$bootable" ] || line="$line, attrs=LegacyBIOSBootable" ;;
  esac
  echo "$line" >> table
  echo "$number $name $at $size $fs" >> places
  at=$((at + size))
done < lines
[ $table = mbr ] || at=$((at + MiB))   # the second table
truncate -s $at disk
sfdisk -q --no-reread --no-tell-kernel disk < table
[ $table != hybrid ] || python3 $script_hybrid disk places
while read -r number name offset size fs; do
  dd if=part$number of=disk bs=$MiB oflag=seek_bytes seek=$offset conv=notrunc,sparse status=none
done < places

# Blobs between the table and the first partition.
echo "$raw" > lines
echo "0 $taken the partition table" > used
while IFS='|' read -r file offset; do
  [ -n "$file" ] || continue
  file=$(one_file "$file")
  end=$((offset + $(stat -c %s $file)))
  [ $end -le $start ] || fail "'${file##*/}' from byte $offset to $end lies over the first partition, which begins at $start"
  over=$(awk -v from=$offset -v to=$end '$1 < to && from < $2 { $1 = $2 = ""; sub(/^ */, ""); print; exit }' used)
  [ -z "$over" ] || fail "'${file##*/}' from byte $offset to $end lies over $over"
  echo "$offset $end ${file##*/}" >> used
  dd if=$file of=disk bs=64K oflag=seek_bytes seek=$offset conv=notrunc status=none
done < lines

sfdisk -q --verify disk
python3 $script_manifest disk boot $userland/list places $out
echo "$contents" > contents
python3 $script_sbom $out/manifest.json contents $out
zstd -q -9 -T2 disk -o $out/image.img.zst
