# How sources become trees. Sourced by every script that unpacks or patches one.
#
# $archives   a root with bsdtar: libarchive, by which swage itself reads archives (src/fetch/unpack.cpp)     $busybox

# Of whatever root this runs in, by a loader of its own; names are UTF-8, as everywhere.
bsdtar() {
  LC_ALL=C.UTF-8 LOCPATH=$archives/usr/lib/locale $(echo $archives/usr/lib/*-linux-gnu/ld-linux-*.so.*) --library-path $(echo $archives/usr/lib/*-linux-gnu) \
    $archives/usr/bin/bsdtar "$@"
}

refuse_source() { # refuse_source SOURCE WHY
  echo "unpack: '${1#/nix/store/*-}' $2" >&2
  exit 1
}

# unpack_source SOURCE DIRECTORY: a copy of a tree, or what an archive holds: its one directory, or everything where there is more on top.
# What would be written elsewhere, and what is neither file, directory nor link, is refused; so is a checksum of gzip's that is wrong,
# at which libarchive does not look.
unpack_source() {
  mkdir -p "$2"
  if [ -d "$1" ]; then
    cp -a "$1/." "$2/"
    chmod -R u+w "$2"
    return
  fi
  messages=/tmp/unpack-messages
  bsdtar -x --no-same-owner --no-same-permissions --no-acls --no-fflags --no-xattrs -f "$1" -C "$2" < /dev/null 2> $messages || {
    head -n 5 $messages >&2
    refuse_source "$1" "is damaged, or not an archive, or would write outside of its tree"
  }
  case $(head -c 2 "$1" | od -A n -t x1) in
    *1f*8b*) $busybox gunzip -t < "$1" || refuse_source "$1" "is damaged" ;;
  esac
  ! grep 'Removing leading' $messages >&2 || refuse_source "$1" "has absolute names"
  cat $messages >&2
  [ -z "$(find "$2" -mindepth 501 -printf x -quit)" ] || refuse_source "$1" "has a name that is more than 500 directories deep"
  find "$2" ! -type f ! -type d ! -type l > $messages
  [ ! -s $messages ] || refuse_source "$1" "has '$(head -n 1 $messages)', which is neither a file, a directory nor a link"
  if [ "$(find "$2" -mindepth 1 -maxdepth 1 -printf '%y')" = d ]; then
    top=top   # a name of its own, whatever the archive has
    while [ -n "$(find "$2" -mindepth 1 -maxdepth 2 -name $top)" ]; do top=$top-; done
    find "$2" -mindepth 1 -maxdepth 1 -exec mv {} "$2/$top" \;
    find "$2/$top" -mindepth 1 -maxdepth 1 -exec mv -t "$2" {} +
    rmdir "$2/$top"
  fi
  [ -n "$(ls -A "$2")" ] || refuse_source "$1" "is an empty archive"
}

patch_name() { # patch_name FILE: as the recipe calls it
  name=${1##*/}
  echo "${name#*-}"
}

# check_patch FILE: patch takes an empty file for one that changes nothing, a last hunk that ends early for one without its blank lines, and
# the beginning of the next file's change for words.
check_patch() {
  grep -q '[^[:space:]]' "$1" || { echo "patch: '$(patch_name "$1")' is empty" >&2; exit 1; }
  whole=1
  [ -z "$(tail -c 1 "$1")" ] || whole=
  awk -v name="$(patch_name "$1")" -v whole=$whole '
    function number(word) { return split(word, parts, ",") > 1 ? parts[2] : 1 }
    old > 0 || new > 0 {
      hunk_line = NR
      kind = substr($0, 1, 1)
      if (kind == "-" || kind == " " || $0 == "") --old
      if (kind == "+" || kind == " " || $0 == "") --new
      next
    }
    /^\+\+\+ / && before ~ /^--- / { headed = 1; line = NR }
    /^@@ -[0-9,]+ \+[0-9,]+ @@/ { old = number($2); new = number($3); headed = 0; line = NR }
    { before = $0 }
    /[^ \t\r]/ { last = $0; last_line = NR }
    # What never ends a change: its files are named next, or what becomes of them.
    function is_beginning(text) {
      if (text ~ /^--- [0-9,]+ ----$/) return 0           # of a context diff
      if (text ~ /^index [0-9a-f]+\.\./) return text !~ /e69de29/   # of an empty file, which has no lines to change
      return text ~ /^(--- |diff -|Index: |===*$|(new|deleted) file mode |old mode |(dis)?similarity index |(rename|copy) from )/
    }
    END {
      if (!headed && old <= 0 && new <= 0 && is_beginning(last)) { headed = 1; line = last_line }
      if (!whole && !headed && old <= 0 && new <= 0) { headed = 1; if (hunk_line != NR) line = NR }
      if (old > 0 || new > 0 || headed) { print "patch: '\''" name "'\'' is cut off: its change of line " line " is not whole" > "/dev/stderr"; exit 1 }
    }
  ' "$1"
}

apply_patch() { # apply_patch FILE: in the tree that is the working directory
  check_patch "$1"
  echo "patch: $(patch_name "$1")"
  patch -p1 --no-backup-if-mismatch < "$1"
}
