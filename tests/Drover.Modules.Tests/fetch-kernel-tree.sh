#!/bin/sh
# Unpacks the kernel package that a Debian meta package stands for: fetch-kernel-tree.sh TREES NAME META
# gives TREES/NAME/lib/modules/RELEASE. Whoever comes while another fetches waits for the lock and finds the tree there.
set -eu
trees=$1 name=$2 meta=$3
mkdir -p "$trees"
exec 9>"$trees/.lock"
flock 9
[ -d "$trees/$name/lib/modules" ] && exit 0

new=$(mktemp -d "$trees/.new.XXXXXX")
trap 'rm -rf "$new"' EXIT
cd "$new"
download() {
    package=$(apt-cache depends "$meta" | sed -n 's/^ *Depends: \(linux-image-[0-9].*\)$/\1/p' | head -n 1)
    [ -n "$package" ] && apt-get download -qq -o APT::Sandbox::User=root "$package"
}
# lists may be missing, or name a package that has been superseded
download || { apt-get update -qq && download; }
dpkg-deb -x ./*.deb tree
rm -rf "${trees:?}/$name"
mv tree "$trees/$name"
