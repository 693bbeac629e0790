# Runs a command where of all programs only those of a fresh Debian are found, with git and make, and swage. First arguments: an empty
# directory, a file with the names of the programs, and swage's own path; then the command. In a user and mount namespace of its own.
set -eu
place=$1 names=$2 program=$3
shift 3
mount -t tmpfs bare "$place"
mkdir "$place/bin" "$place/sbin" "$place/new" "$place/none"
for directory in bin sbin; do
  mount --rbind /usr/$directory "$place/$directory"
done
for directory in bin sbin; do
  mkdir "$place/new/$directory"
  while read -r name; do
    [ ! -e "$place/$directory/$name" ] || ln -s "$place/$directory/$name" "$place/new/$directory/$name"
  done < "$names"
done
ln -s "$program" "$place/new/bin/swage"
for directory in bin sbin; do
  mount --rbind "$place/new/$directory" /usr/$directory
done
for directory in /usr/local/bin /usr/local/sbin /opt; do
  [ ! -d $directory ] || mount --bind "$place/none" $directory
done
exec "$@"
