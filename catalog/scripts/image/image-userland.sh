# The root file system of an image as a tar, since nobody but root could give files to others.
#
# $packages            PATH|FILES of static packages: these files, or else bin, sbin and usr
# $users $groups       lines of passwd, with the password's hash, and of group     $keys      USER|KEY, whom SSH lets in
# $services            WHEN|TTY|COMMAND, for busybox's init
# $files               FILE|PATH, a line each; what begins with #! may be run
# $image $host $console   for @name@, @host@ and @console@     $partitions  as image.sh has them, for @boot@, a label     $script_tar
# $drivers                names of modules of $kernel, a root with the distribution's kernel     $script_modules
# $driver_files           FILE|NAME, a line each: files that they load; the file a shell pattern, the name a directory where it ends with /
# Result: $out/root.tar, list (mode, owner, size and name of each file).
fail() { echo "image-userland: $*" >&2; exit 1; }
mkdir -p $out root
cd root
mkdir -p bin sbin usr/bin usr/sbin etc dev proc sys run tmp root home mnt var/log
printf '%s\n' "$packages" > ../lines
while IFS='|' read -r package only; do
  [ -n "$package" ] || continue
  for file in $only; do
    [ -f $package/$file ] || fail "'$file' is not in ${package#/nix/store/*-}"
    mkdir -p ${file%/*}
    cp -a --no-preserve=ownership $package/$file $file
  done
  [ -z "$only" ] || continue
  for directory in bin sbin usr/bin usr/sbin; do
    [ ! -d $package/$directory ] || cp -a --no-preserve=ownership $package/$directory/. $directory/
  done
done < ../lines
chmod -R u+w .
plain() { printf '%s' "$1" | sed 's/[\\&,]/\\&/g'; } # as what a pattern is replaced by
boot=$(printf '%s\n' "$partitions" | awk -F '|' '$6 == "boot" { print $4 }')
fill_in() { sed "s,@boot@,$(plain "$boot"),g; s,@console@,$(plain "$console"),g; s,@host@,$(plain "$host"),g; s,@name@,$(plain "$image"),g"; }
printf '%s\n' "$files" > ../lines
while IFS='|' read -r file path; do
  [ -n "$file" ] || continue
  case $path in etc/inittab | etc/passwd | etc/group | etc/shadow | etc/modules) fail "'$path' is made of users, services and drivers, and a part has it as a file" ;; esac
  mkdir -p "$(dirname "$path")"
  case $(realpath "$(dirname "$path")")/ in "$PWD"/*) ;; *) fail "'$path' of a part is not in the root file system" ;; esac
  rm -f "$path" # which may be a link to a program that others need
  fill_in < $file > "$path"
  if head -n 1 "$path" | grep -q '^#!'; then chmod 0755 "$path"; else chmod 0644 "$path"; fi
done < ../lines
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
    [ -f "$file" ] || fail "'${file#/nix/store/*-}' is not there"
    case $name in */) to=$name${file##*/} ;; *) to=$name ;; esac
    mkdir -p ${to%/*}
    cp -L "$file" $to
    chmod 0644 $to
  done
done < ../lines
[ -e etc/resolv.conf ] || ln -s ../run/resolv.conf etc/resolv.conf
mkdir -p etc/dropbear
chmod 0755 etc etc/dropbear
chmod 0600 etc/shadow
chmod 0700 root
chmod 1777 tmp
# Everything is root's, but what is in the homes of others: below /home, and of whom SSH lets in.
{ printf '%s\n' "$keys"; echo --; printf '%s\n' "$users" | tr : '|'; } | awk -F '|' '
  $0 == "--" { users = 1; next }
  !users { has_key[$1] = 1; next }
  $3 != 0 && ($6 ~ /^\/home\// || has_key[$1]) { print $3 " " $4 " " substr($6, 2) }' > ../owned
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
