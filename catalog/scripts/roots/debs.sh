# Unpacks distribution packages with busybox alone. Sourced by root.sh and by the toolchain scripts.

# unpack_debs TREE DEB...: into a merged-/usr tree. The links come first, so that /lib/x of a package lands in /usr/lib.
unpack_debs() {
  tree=$1
  shift
  for dir in bin sbin lib lib32 lib64 libx32; do
    $busybox mkdir -p $tree/usr/$dir
    [ -L $tree/$dir ] || $busybox ln -s usr/$dir $tree/$dir
  done
  for deb; do
    member=$($busybox ar t "$deb" | $busybox grep '^data\.tar')
    case $member in
      data.tar.xz) filter="xz -dc" ;;
      data.tar.gz) filter="gzip -dc" ;;
      data.tar) filter=cat ;;
      *) echo "$deb: cannot unpack '$member'" >&2; exit 1 ;;
    esac
    $busybox ar p "$deb" "$member" | $busybox $filter | $busybox tar -x -o --no-same-permissions -f - -C $tree
  done
  # Documentation is never read by a build, and is a third of the files.
  for dir in doc man info locale lintian bug; do $busybox rm -rf $tree/usr/share/$dir; done
  $busybox chmod -R u+w,a+rX $tree
}
