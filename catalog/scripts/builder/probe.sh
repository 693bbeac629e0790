# Says what a build sees of the machine that it runs on: `swage builder check` reads the lines `probe: NAME=VALUE`.
#
# Runs without a root, as the builder itself, and tries what enter.sh needs in the way that enter.sh does it.
bb=$busybox
say() { echo "probe: $1=$2"; }

# The value of a setting of the kernel's; "" it has no such setting.
setting() { [ ! -r "/proc/sys/$1" ] || $bb cat "/proc/sys/$1"; }

say machine "$($bb uname -m)"
say kernel "$($bb uname -r)"
say cores "$($bb nproc)"
say memory "$($bb awk '/^MemTotal:/ { print $2 * 1024 }' /proc/meminfo)"
say disk "$($bb df -Pk . | $bb awk 'NR == 2 { print $4 * 1024 }')"
say directory "$NIX_BUILD_TOP"
# In a sandbox there are none of a machine's own files.
outside=no
for name in boot home root srv usr; do [ ! -e /$name ] || outside=yes; done
say outside $outside
say interfaces "$($bb awk -F: 'NR > 2 { gsub(" ", "", $1); printf "%s ", $1 }' /proc/net/dev)"

new=/tmp/.probe
$bb mkdir -p $new
if why=$($bb unshare --user --map-root-user --mount $bb sh -ec '
    bb=$1 new=$2
    $bb mount -t tmpfs -o mode=0755 root $new
    for name in nix build proc dev; do
      $bb mkdir $new/$name
      $bb mount --rbind "/$name" $new/$name
    done
    $bb chroot $new $bb true' sh $bb $new 2>&1); then say nested yes
else say nested no; say nested_why "$(echo "$why" | $bb tail -n 1)"
fi
say max_user_namespaces "$(setting user/max_user_namespaces)"
say unprivileged_userns_clone "$(setting kernel/unprivileged_userns_clone)"
say apparmor_restricts "$(setting kernel/apparmor_restrict_unprivileged_userns)"

if [ -r /dev/kvm ] && [ -w /dev/kvm ]; then say kvm yes; else say kvm no; fi
if why=$($bb unshare --user --map-root-user --mount $bb mount -t binfmt_misc binfmt_misc $new 2>&1); then say binfmt yes
else say binfmt no; say binfmt_why "$(echo "$why" | $bb tail -n 1)"
fi
echo done > $out
