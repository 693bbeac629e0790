# The root file system of an image as a tar, since nobody but root could give files to others.
#
# $packages            PATH|FILES of static packages: these files, or else bin, sbin and usr
# $users $groups       lines of passwd, with the password's hash, and of group     $keys      USER|KEY, whom SSH lets in
# $services            WHEN|TTY|COMMAND, for busybox's init
# $files               FILE|PATH, a line each; what begins with #! may be run
# $image $host $console   for @name@, @host@ and @console@     $script_tar
# $drivers                names of modules of $kernel, a root with the distribution's kernel     $script_modules
# $driver_files           FILE|NAME, a line each: files that they load; the file a shell pattern, the name a directory where it ends with /
# Result: $out/root.tar, list (mode, owner, size and name of each file).
mkdir -p $out root
cd root
mkdir -p bin sbin usr/bin usr/sbin etc dev proc sys run tmp root home mnt var/log
printf '%s\n' "$packages" > ../lines
while IFS='|' read -r package only; do
  [ -n "$package" ] || continue
  for file in $only; do
    [ -f $package/$file ] || { echo "image-userland: '$file' is not in ${package#/nix/store/*-}" >&2; exit 1; }
    mkdir -p ${file%/*}
    cp -a --no-preserve=ownership $package/$file $file
  done
  [ -z "$only" ] || continue
  for directory in bin sbin usr/bin usr/sbin; do
    [ ! -d $package/$directory ] || cp -a --no-preserve=ownership $package/$directory/. $directory/
  done
done < ../lines
chmod -R u+w .
fill_in() { sed "s,@console@,$console,g; s,@host@,$host,g; s,@name@,$image,g"; }
printf '%s\n' "$files" | while IFS='|' read -r file path; do
  [ -n "$file" ] || continue
  mkdir -p "$(dirname "$path")"
  fill_in < $file > "$path"
  if head -n 1 "$path" | grep -q '^#!'; then chmod 0755 "$path"; else chmod 0644 "$path"; fi
done
printf '%s\n' "$services" | fill_in | awk -F '|' '
  BEGIN { split("start sysinit keep respawn once once stop shutdown ctrl-alt-del ctrlaltdel", words, " ")
          for (i = 1; i in words; i += 2) action[words[i]] = words[i + 1] }
  NF { command = $0; sub(/^[^|]*\|[^|]*\|/, "", command); print $2 "::" action[$1] ":" command }' > etc/inittab
printf '%s\n' "$groups" > etc/group
printf '%s\n' "$users" | sed 's/^\([^:]*\):[^:]*:/\1:x:/' > etc/passwd
printf '%s\n' "$users" | awk -F : '{ print $1 ":" $2 ":10957:0:99999:7:::" }' > etc/shadow
if [ -n "$drivers" ]; then
  script_name=image-userland
  (cd ..; . $script_modules; mkdir modules; add_modules modules "a part" $drivers)
  version=$(basename $kernel/usr/lib/modules/*)
  mkdir -p lib/modules/$version
  cp ../modules/*.ko lib/modules/$version/   # busybox's modprobe looks for them by itself
  cp ../modules/order etc/modules
fi
printf '%s\n' "$driver_files" > ../lines
while IFS='|' read -r pattern name; do
  [ -n "$pattern" ] || continue
  for file in $pattern; do
    [ -f "$file" ] || { echo "image-userland: '${file#/nix/store/*-}' is not there" >&2; exit 1; }
    case $name in */) to=$name${file##*/} ;; *) to=$name ;; esac
    mkdir -p ${to%/*}
    cp -L "$file" $to
    chmod 0644 $to
  done
done < ../lines
ln -s ../run/resolv.conf etc/resolv.conf
mkdir -p etc/dropbear
chmod 0755 etc etc/dropbear
chmod 0600 etc/shadow
chmod 0700 root
chmod 1777 tmp
# Everything is root's, but what is in the homes of others.
printf '%s\n' "$users" | awk -F : '$3 != 0 && $6 ~ /^\/home\// { print $3 " " $4 " " substr($6, 2) }' > ../owned
while read -r uid gid home; do mkdir -p "$home"; done < ../owned
printf '%s\n' "$keys" > ../lines
while IFS='|' read -r user key; do
  [ -n "$user" ] || continue
  ssh=$(awk -F : -v user="$user" '$1 == user { print substr($6, 2) }' etc/passwd)/.ssh
  mkdir -p -m 0700 $ssh
  printf '%s\n' "$key" >> $ssh/authorized_keys
  chmod 0600 $ssh/authorized_keys
done < ../lines
cd ..
python3 $script_tar root owned $out/root.tar > $out/list
