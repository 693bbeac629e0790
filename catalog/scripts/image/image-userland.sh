# The root file system of an image as a tar, since nobody but root could give files to others.
#
# $packages            static packages, whose bin, sbin and usr are taken
# $users $groups       lines of passwd, with the password's hash, and of group     $services  lines of inittab
# $files               FILE|PATH, a line each; what begins with #! may be run
# $image $console      for @name@ and @console@     $script_tar
# Result: $out/root.tar, list (mode, owner, size and name of each file).
mkdir -p $out root
cd root
mkdir -p bin sbin usr/bin usr/sbin etc dev proc sys run tmp root home mnt var/log
for package in $packages; do
  for directory in bin sbin usr/bin usr/sbin; do
    [ ! -d $package/$directory ] || cp -a --no-preserve=ownership $package/$directory/. $directory/
  done
done
chmod -R u+w .
fill_in() { sed "s,@console@,$console,g; s,@name@,$image,g"; }
: > ../owned
echo "$files" | while IFS='|' read -r file path; do
  [ -n "$file" ] || continue
  mkdir -p "$(dirname "$path")"
  fill_in < $file > "$path"
  if head -n 1 "$path" | grep -q '^#!'; then chmod 0755 "$path"; else chmod 0644 "$path"; fi
done
echo "$services" | fill_in > etc/inittab
echo "$groups" > etc/group
echo "$users" | sed 's/^\([^:]*\):[^:]*:/\1:x:/' > etc/passwd
echo "$users" | awk -F : '{ print $1 ":" $2 ":10957:0:99999:7:::" }' > etc/shadow
ln -s ../run/resolv.conf etc/resolv.conf
mkdir etc/dropbear
chmod 0755 etc etc/dropbear
chmod 0600 etc/shadow
chmod 0700 root
chmod 1777 tmp
# Everything is root's, but what is in the homes of others.
echo "$users" | awk -F : '$3 != 0 && $6 ~ /^\/home\// { print $3 " " $4 " " substr($6, 2) }' > ../owned
while read -r uid gid home; do mkdir -p "$home"; done < ../owned
cd ..
python3 $script_tar root owned $out/root.tar > $out/list
